"""A comparison as strict JSON, for scripts: docs/regressions.md describes its fields.

Each number has its unit in its name; what is not known is null.
"""

import json
import math
from typing import Any, Final

from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.records.checkout import COMMIT
from bench_lib.records.run import Run
from bench_lib.records.verdicts import CANNOT_TELL
from bench_lib.report.comparison import terms, words
from bench_lib.report.comparison.order import by_verdict

SCHEMA: Final = 1
KIND: Final = "crossover-comparison"


def as_json(comparison: Comparison) -> str:
    """Return a comparison as the text of a JSON document, each character of which is ASCII."""
    return json.dumps(document(comparison), indent=1, allow_nan=False) + "\n"


def document(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain objects."""
    found = by_verdict(comparison)
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "exit_code": comparison.exit_code,
        "headline": words.headline(comparison),
        "sentences": words.sentences(comparison),
        "threshold_relative": comparison.threshold,
        "is_paired": comparison.is_paired,
        "before": _side(comparison.before),
        "after": _side(comparison.after),
        "counts": {
            "worse": sum(one.verdict == "worse" for one in comparison.changes),
            "failed": sum(one.is_broken for one in found.worse),
            "better": len(found.better),
            "unchanged": len(found.unchanged),
            "cannot_tell": len(found.undecided),
            "not_comparable": len(found.not_comparable),
        },
        "obstacles": {
            "facts": list(comparison.obstacles.facts),
            "everywhere": list(comparison.obstacles.everywhere),
            "devices": dict(comparison.obstacles.devices),
            "workloads": sorted(comparison.obstacles.workloads),
        },
        "differences": [
            {"group": one.group, "name": one.name, "before": one.texts[0], "after": one.texts[1]}
            for one in comparison.obstacles.differences
        ],
        "calibration": _calibration(comparison),
        "changes": [row(change) for change in comparison.changes],
    }


def row(change: Change) -> dict[str, Any]:
    """Return one change as plain objects: what is compared, its verdict, and all numbers behind it."""
    case, unit = change.case, terms.metric_of(change).unit.replace(" ", "_")
    return {
        "workload": case.workload,
        "n": case.n,
        "dtype": case.dtype,
        "device": case.device,
        "residency": case.residency,
        "timing": case.timing,
        "metric": change.metric,
        "verdict": CANNOT_TELL if change.verdict == "undecided" else change.verdict,
        "word": change.word,
        "why": change.why,
        "is_broken": change.is_broken,
        "median_moved": change.median_moved,
        "trouble": change.trouble,
        "estimator": change.estimator,
        f"before_{unit}": known(change.before),
        f"after_{unit}": known(change.after),
        "ratio": known(change.ratio.value),
        "ratio_low": known(change.ratio.low),
        "ratio_high": known(change.ratio.high),
        "p_value": known(change.p_value),
        "q_value": known(change.q_value),
        "processes_before": change.processes[0],
        "processes_after": change.processes[1],
        "log_spreads": [known(spread) for spread in change.log_spreads],
        "margin_relative": known(change.margin),
        "sees_relative": known(change.min_detectable),
        "could_hide_relative": known(terms.could_hide(change)),
        "is_calibrated": change.is_calibrated,
    }


def known(value: float) -> float | None:
    """Return a number that JSON can hold; None for what is not known."""
    return value if math.isfinite(value) else None


def _side(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "label": run.settings.get("label"),
        COMMIT: run.settings.get(COMMIT),
        "machine": run.machine,
        "created": run.created,
        "source": run.source,
        "torch": run.software.get("torch"),
    }


def _calibration(comparison: Comparison) -> dict[str, Any] | None:
    learnt = comparison.calibration
    if learnt is None:
        return None
    return {
        "machine": learnt.machine,
        "threshold_relative": learnt.threshold,
        "comparisons": learnt.comparisons,
        "comparisons_failed": learnt.failed,
        "verdicts": learnt.judged,
        "verdicts_false": learnt.called,
    }
