"""What is asked of a comparison, checked: which metrics, which facts may differ, and which files are a side."""

from collections.abc import Collection, Sequence

from bench_lib.analysis.comparison.metrics import METRICS
from bench_lib.analysis.comparison.obstacles import FACTS
from bench_lib.errors import UsageError
from bench_lib.records.files import Paths, find, read_all
from bench_lib.records.line_reader import quoted
from bench_lib.records.recording import Recording
from bench_lib.records.sanitize import shorten


def metrics_of(names: Collection[str], option: str = "metrics") -> tuple[str, ...]:
    """Return the names of metrics, each once.

    Parameters
    ----------
    option
        What the names were given by, for the message.

    Raises
    ------
    UsageError
        If one is not of :data:`bench_lib.analysis.comparison.metrics.METRICS`.
    """
    return _known(names, [metric.name for metric in METRICS], option)


def facts_of(names: Collection[str], option: str = "across") -> tuple[str, ...]:
    """Return the names of facts that may differ, each once.

    Raises
    ------
    UsageError
        If one is not of :data:`bench_lib.analysis.comparison.obstacles.FACTS`.
    """
    return _known(names, FACTS, option)


def sides(before: Paths, after: Paths) -> tuple[list[Recording], list[Recording]]:
    """Read the files of both sides.

    Raises
    ------
    UsageError
        If a side has no file, or both have a file or a run in common.
    RecordError
        If there is nothing at a path, or a file cannot be read.
    """
    files = find(before), find(after)
    ours = {path.resolve() for path in files[0]}
    both = [quoted(path) for path in files[1] if path.resolve() in ours]
    a, b = (read_all(side) for side in files)
    runs = {recording.run.id for recording in a}
    both += [f"run {recording.run.id}" for recording in b if recording.run.id in runs]
    if both:
        msg = f"before and after are two sides, and {both[0]} is on both: give each side files of its own"
        raise UsageError(msg)
    return a, b


def _known(names: Collection[str], there: Sequence[str], option: str) -> tuple[str, ...]:
    unknown = [name for name in names if name not in there]
    if unknown:
        msg = f"{option} takes one of {', '.join(there)}; came {shorten(str(unknown[0]))}"
        raise UsageError(msg)
    return tuple(dict.fromkeys(names))
