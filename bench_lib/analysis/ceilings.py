"""The ceilings of each device: the best over all rounds, and how far the rounds lie apart."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from bench_lib.analysis.levels import table
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Ceiling

COLUMNS: Final = (
    *("run", "device", "quantity", "dtype", "nbytes", "shape", "rounds", "seconds", "worst_seconds", "rate"),
    *("worst_rate", "reason"),
)
NAN: Final = float("nan")

Key = tuple[str, str, str, str, int]


def ceilings_table(runs: Sequence[Recording]) -> pd.DataFrame:
    """Return one row for each ceiling of each device of each run.

    Parameters
    ----------
    runs
        Result files, read. Those without ceilings add nothing.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, in the order measured. ``nbytes`` is the working set, 0 for matrix products and
        for what moves no data. ``shape`` is the best of those tried, ``seconds`` the best time of one call of it over
        all blocks of all rounds, and ``rate`` its work over that, in FLOP/s or B/s, NaN where there is no work.
        ``worst_seconds`` and ``worst_rate`` are those of the worst round (the best block of it), with the same shape.
        Without a time, they are NaN and ``reason`` says why.
    """
    seen: dict[Key, list[Ceiling]] = {}
    for recording in {recording.run.id: recording for recording in runs}.values():
        for ceiling in recording.ceilings:
            nbytes = 0 if ceiling.flop else ceiling.nbytes
            key = (recording.run.id, ceiling.device, ceiling.quantity, ceiling.dtype, nbytes)
            seen.setdefault(key, []).append(ceiling)
    rows = [_row(key, lines) for key, lines in seen.items()]
    return table({name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}, COLUMNS)


def _row(key: Key, lines: Sequence[Ceiling]) -> tuple[object, ...]:
    timed = [line for line in lines if line.seconds]
    if not timed:
        return (*key, lines[-1].shape, 0, NAN, NAN, NAN, NAN, lines[-1].reason)
    best = min(timed, key=lambda line: min(line.seconds) / (_work(line) or 1.0))
    rounds: dict[int, float] = {}
    for line in timed:
        if line.shape == best.shape:
            rounds[line.round] = min(*line.seconds, rounds.get(line.round, float("inf")))
    quickest, slowest, work = min(rounds.values()), max(rounds.values()), _work(best) or NAN
    return (*key, best.shape, len(rounds), quickest, slowest, work / quickest, work / slowest, "")


def _work(ceiling: Ceiling) -> float:
    return ceiling.flop or float(ceiling.nbytes)
