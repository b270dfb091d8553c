"""One device against another that was measured in another run: two machines, or one machine at two times.

Nothing pairs such visits, so what the two share does not cancel, and what moves a run as a whole is added. A case
is set against the same case of one other run; nothing is averaged over runs.
"""

from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from bench_lib.analysis.estimates import Judged, judge
from bench_lib.analysis.levels import ACROSS
from bench_lib.analysis.speedups import Ratios, combined, match, tabulate
from bench_lib.records import intervals
from bench_lib.records.location import WITHIN, Ints

BETWEEN_RUN_LIMIT: Final = float(ndtri((1 + intervals.LEVEL) / 2)) * 2**0.5 * intervals.BETWEEN_RUN_SD
"""Half width, in logs, of the interval of what moves two runs apart."""

Place = tuple[str, str]
"""Where a device is: the id of a run, and its key there."""


def speedups_across(
    frame: pd.DataFrame, device: Place, baseline: Place, workloads: Collection[str] | None = None
) -> pd.DataFrame:
    """Return one row for each case of a device in one run that the baseline has in another.

    What stands against what is as in :func:`speedups_table`: a CPU's one time against a GPU's latency,
    round trip and throughput, its float32 against a GPU's tf32; otherwise like with like.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`, with both runs in it.
    device, baseline
        Run and key of each side.
    workloads
        Names of those that are compared; those that both runs measured from one source. All if None.

    Returns
    -------
    DataFrame
        The columns of :func:`speedups_table`; ``run`` and ``machine`` are the device's, ``baseline`` is
        the key in the other run. Limits are Welch's on the rounds of both sides with
        :data:`bench_lib.records.intervals.BETWEEN_RUN_SD` added for each, and ``interval`` is ``between-runs``; where a
        side has a single round they come from the two intervals, widened alike, and it is ``within-run``.

    Raises
    ------
    ValueError
        If both sides are of one run.
    """
    if device[0] == baseline[0]:
        msg = f"two runs were expected; came {device[0]} twice: take speedups, which pairs the visits of one run"
        raise ValueError(msg)
    wanted = _at(frame, device) | _at(frame, baseline)
    if workloads is not None:
        wanted &= frame["workload"].isin(list(workloads)).to_numpy()
    judged = judge(frame[wanted])
    ours, theirs = match(judged.table, _at(judged.table, device), _at(judged.table, baseline), same_run=False)
    return tabulate(judged, ours, theirs, _ratios(judged, ours, theirs))


def _at(table: pd.DataFrame, place: Place) -> NDArray[np.bool_]:
    here: NDArray[np.bool_] = ((table["run"] == place[0]) & (table["device"] == place[1])).to_numpy()
    return here


def _ratios(judged: Judged, device: Ints, base: Ints) -> Ratios:
    """Return rounds, kind of interval, and the log ratio with its limits, NaN where a side has no time."""
    median = judged.median
    rounds = np.minimum(median.rounds[device], median.rounds[base])
    sides = [(median.value[side], median.variance[side], median.rounds[side]) for side in (base, device)]
    low, high = intervals.welch_limits(*sides[0], *sides[1], between_run_sd=intervals.BETWEEN_RUN_SD)
    value = sides[0][0] - sides[1][0]

    once = np.flatnonzero(rounds == 1)
    value[once], below, above = combined(judged, device[once], base[once])
    low[once] = value[once] - np.hypot(value[once] - below, BETWEEN_RUN_LIMIT)
    high[once] = value[once] + np.hypot(above - value[once], BETWEEN_RUN_LIMIT)
    kind = np.where(np.isnan(low), "", np.where(rounds == 1, WITHIN, ACROSS)).astype(object)
    return rounds, kind, value, low, high
