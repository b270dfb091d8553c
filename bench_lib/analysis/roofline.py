"""The roofline of each device: its roofs, and where each operation stands under them.

Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from bench_lib.analysis.bounds import device_roofs
from bench_lib.analysis.levels import table, text

POINTS: Final = (
    *("run", "workload", "family", "expression", "dtype", "device", "n", "nbytes", "flop", "seconds", "seconds_low"),
    *("seconds_high", "intensity", "rate", "rate_low", "rate_high", "roof", "fraction", "bound_by"),
)
ROOFS: Final = ("run", "device", "roof", "dtype", "rate")
OPERATION: Final = ("run", "workload", "dtype", "device")
NOTABLE: Final = 1.1
"""A cache is a roof of its own where it is faster than memory by this factor."""


def roofline_points(estimates: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """Return each operation at the largest size at which it was ok: its intensity, its rate and its roof.

    Parameters
    ----------
    estimates
        From :func:`estimates_table`. One call, waited for, with the data in place is looked at.
    bounds
        :func:`bounds_table` of them, row by row.

    Returns
    -------
    DataFrame
        The columns of :data:`POINTS`, a row for each operation, dtype and device. ``intensity`` is FLOP per byte of the
        working set, ``rate`` FLOP/s with its 95 % limits. ``roof`` is the lower of the matrix rate of the dtype and of
        the intensity times the best bandwidth at that working set, in FLOP/s, and ``fraction`` is ``rate`` over it.
        ``bound_by`` is ``compute`` or ``memory`` by which of the two is lower, and ``launch`` where the cheapest call
        takes longer than either would. It is empty, and the numbers are NaN, where no ceiling is known; an operation
        without floating-point operations has neither intensity nor rate nor roof.
    """
    shown = (
        (text(estimates["status"]) == "ok")
        & (text(estimates["timing"]) == "latency")
        & (text(estimates["residency"]) == "resident")
        & (estimates["nbytes"].to_numpy(dtype=np.float64) > 0)
    )
    cases = estimates[shown].assign(
        compute=bounds["compute_seconds"].to_numpy()[shown],
        memory=bounds["memory_seconds"].to_numpy()[shown],
        bound_by=text(bounds["bound_by"])[shown],
    )
    largest = cases.sort_values("n", kind="stable").groupby(list(OPERATION), sort=False).tail(1).sort_index()
    compute, memory, work, nbytes, seconds, low, high = (
        largest[name].to_numpy(dtype=np.float64)
        for name in ("compute", "memory", "flop", "nbytes", "seconds", "seconds_low", "seconds_high")
    )
    flop = np.where(work > 0, work, np.nan)
    least = np.fmax(compute, memory)
    known = ~np.isnan(flop) & ~np.isnan(least)
    by_roof = np.where(np.nan_to_num(compute) >= np.nan_to_num(memory), "compute", "memory")
    bound_by = np.where(text(largest["bound_by"]) == "launch", "launch", by_roof)
    columns: dict[str, Any] = {
        **{name: text(largest[name]) for name in ("run", "workload", "family", "expression", "dtype", "device")},
        **{name: largest[name].to_numpy() for name in ("n", "nbytes", "seconds", "seconds_low", "seconds_high")},
        "flop": flop,
        "intensity": flop / nbytes,
        "rate": flop / seconds,
        "rate_low": flop / high,
        "rate_high": flop / low,
        "roof": flop / least,
        "fraction": np.where(known, least / seconds, np.nan),
        "bound_by": np.where(known, bound_by, "").astype(object),
    }
    return table(columns, POINTS)


def roofs(ceilings: pd.DataFrame) -> pd.DataFrame:
    """Return the measured roofs of each device of each run.

    Parameters
    ----------
    ceilings
        From :func:`ceilings_table`; may be empty.

    Returns
    -------
    DataFrame
        The columns of :data:`ROOFS`. ``roof`` is ``memory`` (the best of copy, read and write with the largest working
        set), ``cache`` (with any working set, where that is faster by a tenth) or ``compute`` (matrix products in
        ``dtype``, which is empty for the other two). ``rate`` is in B/s, and in FLOP/s for ``compute``. The roofs of
        all threads are no lower than those of one.
    """
    rows: list[tuple[str, str, str, str, float]] = []
    for (run, device), roof in device_roofs(ceilings).items():
        if len(roof.bandwidths):
            far, near = float(roof.bandwidths[-1]), float(roof.bandwidths[0])
            rows.append((run, device, "memory", "", far))
            if near > NOTABLE * far:
                rows.append((run, device, "cache", "", near))
        rows += [(run, device, "compute", dtype, rate) for dtype, rate in roof.rates.items()]
    columns: dict[str, Any] = {name: [row[place] for row in rows] for place, name in enumerate(ROOFS)}
    rates = np.array(columns.pop("rate"), dtype=np.float64)
    text_columns = {name: np.array(values, dtype=object) for name, values in columns.items()}
    return table({**text_columns, "rate": rates}, ROOFS)
