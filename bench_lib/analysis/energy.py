"""What a call draws, from the loops whose energy was measured."""

import math
from collections.abc import Iterable
from typing import Final

import pandas as pd

from bench_lib.records.recording import Recording

COLUMNS: Final = (
    *("run", "machine", "workload", "n", "dtype", "device", "timing", "meter", "joules_per_call", "gross_per_call"),
    *("joules_per_gigaflop", "watts", "idle_watts", "seconds", "calls", "reason"),
)
GIGAFLOP: Final = 1e9  # operations
NOT_ABOVE_IDLE: Final = "the loop drew no more than the idle device before it"


def energies(recordings: Iterable[Recording]) -> pd.DataFrame:
    """Return one row for each loop.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``joules_per_call`` is what a call draws above the idle device,
        ``(joules - idle_watts * seconds) / calls``; ``gross_per_call`` counts idle power in; ``joules_per_gigaflop``
        is the first for 10^9 operations, NaN where there are none. ``watts`` is the mean power of the loop. Where there
        is no number ``reason`` says why, and all are NaN.
    """
    rows = [_row(recording, place) for recording in recordings for place in range(len(recording.energies))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(recording: Recording, place: int) -> tuple[object, ...]:
    energy = recording.energies[place]
    case, run = energy.case, recording.run
    key = (run.id, run.machine, case.workload, case.n, case.dtype, case.device, case.timing, energy.meter)
    if energy.joules is None or energy.idle_watts is None:
        return (*key, *[math.nan] * 6, energy.calls, energy.reason)
    flop = next(planned.flop for planned in recording.plan if planned.case == case)
    gross = energy.joules / energy.calls
    net = gross - energy.idle_watts * energy.seconds / energy.calls
    above = net > 0
    per_gigaflop = net / flop * GIGAFLOP if above and flop > 0 else math.nan
    watts = energy.joules / energy.seconds
    numbers = (net if above else math.nan, gross, per_gigaflop, watts, energy.idle_watts, energy.seconds)
    return (*key, *numbers, energy.calls, energy.reason or ("" if above else NOT_ABOVE_IDLE))
