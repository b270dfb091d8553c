"""What a history found, in sentences without markup, in which all foreign text is harmless."""

from collections import Counter
from typing import Final

from bench_lib import units
from bench_lib.analysis.comparison.metrics import METRICS
from bench_lib.analysis.history.engine import FEWEST_RUNS, LEVEL_RUNS
from bench_lib.analysis.history.judging import FALSE_DISCOVERIES, Beginning, History
from bench_lib.records.checkout import COMMIT, short
from bench_lib.records.run import Run
from bench_lib.records.sanitize import MAX_PROSE, clean
from bench_lib.report.comparison.terms import share
from bench_lib.report.sentences.words import listed

NAMED: Final = 5
"""Facts, or operations, that a sentence names; the others are counted."""


def headline(history: History) -> str:
    """Return the finding: how many numbers changed, begun by how many runs; or none did; or there are too few runs."""
    over = f"{units.count(len(history.runs), 'run')}{_machines(history)}"
    if not history.judged:
        return (
            f"Nothing can be said yet: a case needs {FEWEST_RUNS} runs at the least, {LEVEL_RUNS} before a change and "
            f"{LEVEL_RUNS} after, and none has them in {over}"
        )
    numbers = _count(history, history.judged)
    changes = sum(len(one.steps) for one in history.beginnings)
    if not changes:
        return f"No change of {share(history.threshold)} or more was found in {numbers} over {over}"
    begun = units.count(len(history.beginnings), "run")
    return f"{units.count(changes, 'change')} in {numbers} over {over}, begun by {begun}"


def sentences(history: History) -> list[str]:
    """Return how sure it is, and what was not looked at or left aside."""
    said = []
    if history.beginnings:
        said.append(
            f"Of the changes listed, at most {100 * FALSE_DISCOVERIES:.0f} in 100 are expected to be false, as far as "
            "one run varies independently of the next."
        )
    if history.short and history.judged:
        have = "has" if history.short == 1 else "have"
        said.append(
            f"{_count(history, history.short)} {have} fewer than {FEWEST_RUNS} runs, {LEVEL_RUNS} before a change and "
            f"{LEVEL_RUNS} after, and cannot be judged yet."
        )
    if history.open:
        said.append(
            f"In {_count(history, history.open)} the newest runs stand out, fewer than {LEVEL_RUNS} so far: the next "
            "will tell whether that lasts."
        )
    passed = history.aside - history.open
    if passed:
        said.append(
            f"In {_count(history, passed)} fewer than {LEVEL_RUNS} runs in a row stood out, and the next were as "
            "before: they are left aside."
        )
    if len(history.instruments) > 1:
        versions = listed([str(version) for version in history.instruments])
        said.append(f"Versions {versions} of the instrument measured these runs: with each the history begins anew.")
    if history.resourced:
        said.append(f"The source of {_few(history.resourced)} changed: there the history begins anew.")
    return said


def heading(beginning: Beginning) -> str:
    """Return which run began some changes, and what became of how many numbers."""
    counts = Counter(step.change.word for step in beginning.steps)
    words = [word for metric in METRICS for word in (metric.worse, metric.better)]
    parts = [f"{counts[word]:,} {word}" for word in dict.fromkeys(words) if counts[word]]
    return f"Since {moment(beginning.run)}, {name(beginning.run)}: {listed(parts)}"


def news(beginning: Beginning) -> str:
    """Return what was new in the run that began some changes: what its file tells otherwise than the one before."""
    new = facts(beginning)
    if not new:
        return f"Nothing that the files tell was new since the run before, {name(beginning.before)}"
    shown = [f"{fact} {before} \N{RIGHTWARDS ARROW} {after}" for fact, before, after in new[:NAMED]]
    more = len(new) - len(shown)
    shown += [f"{units.count(more, 'more fact')} in --format json"] if more else []
    return f"New in it: {', '.join(shown)}"


def facts(beginning: Beginning) -> list[tuple[str, str, str]]:
    """Return each fact that was new, what the run before told of it, and what the one that began the changes tells."""
    return [(clean(one.name), *(clean(text, MAX_PROSE) for text in one.texts)) for one in beginning.differences]  # type: ignore[misc]


def name(run: Run) -> str:
    """Return which run it is: its commit, or else its id; with its machine's name."""
    commit = run.settings.get(COMMIT)
    return f"{f'commit {clean(short(str(commit)))}' if commit else f'run {clean(run.id)}'} on {clean(run.machine)}"


def moment(run: Run) -> str:
    """Return when a run was made, to the minute, in UTC."""
    return f"{run.created[:10]} {run.created[11:16]}"


def _machines(history: History) -> str:
    machines = len({run.machine for run in history.runs})
    return f" of {units.count(machines, 'machine')}" if machines > 1 else ""


def _count(history: History, number: int) -> str:
    """Return how many: cases, or numbers where each case has several."""
    return units.count(number, "case" if len(history.metrics) == 1 else "number")


def _few(names: tuple[str, ...]) -> str:
    more = len(names) - NAMED
    shown = [clean(one) for one in names[: NAMED if more > 0 else None]]
    return listed([*shown, f"{more:,} more"] if more > 0 else shown)
