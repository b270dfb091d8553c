"""The numbers of each case over the runs of a machine, in the order of time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench_lib.analysis.comparison.metrics import Metric
from bench_lib.analysis.comparison.values import side_of
from bench_lib.errors import UsageError
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number of one case over the runs of one machine, measured by one tool from one source.

    Attributes
    ----------
    metric
        Which number.
    runs
        The runs that have it, in order, by their places among all runs of the history.
    logs
        Its logarithm in each of them: the mean over the run's processes.
    """

    case: Case
    metric: Metric
    runs: tuple[int, ...]
    logs: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Runs in the order of time, and what they say of each case.

    Attributes
    ----------
    resourced
        Names of the operations whose source changed: a line of each begins anew with it.
    instruments
        Versions of the instrument that measured the runs: with each all lines begin anew.
    """

    runs: tuple[Run, ...]
    lines: tuple[Line, ...]
    resourced: tuple[str, ...]
    instruments: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Key:
    """What makes numbers those of one line."""

    machine: str
    source: str
    digest: str
    instrument: int
    case: Case
    metric: str


def lines_of(recordings: Iterable[Recording], metrics: Sequence[Metric]) -> Lines:
    """Return what runs say of each case.

    Recordings are taken one after the other, so that only one need be in memory. A run that comes twice counts once.

    Raises
    ------
    UsageError
        If no run has a number of what is asked for.
    """
    seen: dict[str, Run] = {}
    values: dict[_Key, dict[str, float]] = {}
    for recording in recordings:
        run = recording.run
        if run.id in seen:
            continue
        seen[run.id] = run
        digests = {workload.name: workload.source_sha256 for workload in run.workloads}
        side = side_of([recording])
        for metric in metrics:
            for case, rounds in side.rounds(metric)[0].items():
                digest = digests.get(case.workload, "")
                key = _Key(
                    machine=run.machine,
                    source=run.source,
                    digest=digest,
                    instrument=run.instrument,
                    case=case,
                    metric=metric.name,
                )
                values.setdefault(key, {})[run.id] = math.fsum(rounds.values()) / len(rounds)
    if not values:
        names = ", ".join(metric.name for metric in metrics)
        msg = f"a history needs runs that measured something; {len(seen)} were read, and none has a number of {names}"
        raise UsageError(msg)
    runs = tuple(sorted(seen.values(), key=lambda run: (run.machine, run.created, run.id)))
    place = {run.id: number for number, run in enumerate(runs)}
    by_name = {metric.name: metric for metric in metrics}
    lines = tuple(_line(key, by_name[key.metric], of, place) for key, of in values.items())
    instruments = tuple(sorted({key.instrument for key in values}))
    return Lines(runs=runs, lines=lines, resourced=_resourced(values), instruments=instruments)


def _line(key: _Key, metric: Metric, logs: dict[str, float], place: dict[str, int]) -> Line:
    ordered = sorted((place[run], log) for run, log in logs.items())
    return Line(
        case=key.case,
        metric=metric,
        runs=tuple(number for number, _ in ordered),
        logs=tuple(log for _, log in ordered),
    )


def _resourced(keys: Iterable[_Key]) -> tuple[str, ...]:
    """Return the operations that one tool measured on one machine from more than one source."""
    digests: dict[tuple[str, str, str], set[str]] = {}
    for key in keys:
        digests.setdefault((key.machine, key.source, key.case.workload), set()).add(key.digest)
    return tuple(sorted({workload for (_, _, workload), of in digests.items() if len(of) > 1}))
