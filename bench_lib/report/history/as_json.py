"""A history as one strict JSON document, for other programs."""

import json
from typing import Any, Final

from bench_lib.analysis.history.judging import Beginning, History, Step
from bench_lib.records.checkout import COMMIT
from bench_lib.records.recording import to_object
from bench_lib.records.run import Run
from bench_lib.report.history import words

SCHEMA: Final = "crossover-history"
VERSION: Final = 1


def document(history: History) -> str:
    """Return a history as JSON, a line end behind it."""
    obj = {
        "schema": SCHEMA,
        "version": VERSION,
        "threshold": history.threshold,
        "finding": words.headline(history),
        "notes": words.sentences(history),
        "runs": [_run(run) for run in history.runs],
        "judged": history.judged,
        "too_short": history.short,
        "beginnings": [_beginning(beginning) for beginning in history.beginnings],
    }
    return f"{json.dumps(obj, ensure_ascii=False, allow_nan=False, indent=1)}\n"


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "created": run.created,
        "machine": run.machine,
        "commit": run.settings.get(COMMIT),
        "torch": run.software.get("torch"),
    }


def _beginning(beginning: Beginning) -> dict[str, Any]:
    return {
        "run": beginning.run.id,
        "before": beginning.before.id,
        "new": [{"fact": fact, "before": before, "after": after} for fact, before, after in words.facts(beginning)],
        "changes": [_change(step) for step in beginning.steps],
    }


def _change(step: Step) -> dict[str, Any]:
    change = step.change
    return {
        "case": to_object(change.case),
        "metric": change.metric,
        "verdict": change.word,
        "before": change.before,
        "after": change.after,
        "runs_before": change.processes[0],
        "runs_after": change.processes[1],
        "ratio": change.ratio.value,
        "ratio_low": change.ratio.low,
        "ratio_high": change.ratio.high,
        "q_value": change.q_value,
    }
