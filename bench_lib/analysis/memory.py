"""What a call needs of memory, and the largest size that fits."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from bench_lib.analysis.levels import table
from bench_lib.records.recording import Recording

GROUP: Final = ["run", "workload", "dtype", "device"]
COLUMNS: Final = (
    *("run", "machine", "workload", "expression", "dtype", "device", "n_fits", "nbytes_fits", "n_too_large"),
    *("allocated_nbytes", "reserved_nbytes", "host_nbytes", "needed_nbytes", "memory_nbytes", "fits_up_to_nbytes"),
)

TELLING: Final = 2**20
"""Bytes of the working set from which on its proportion to what was needed tells of larger ones; below it are pages of
memory, and work space that does not grow."""


def memory(frame: pd.DataFrame, recordings: Iterable[Recording]) -> pd.DataFrame:
    """Return for each operation on each device what its largest size took, and how large it can get.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.
    recordings
        The runs, for the memory that each device has.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``n_fits`` is the largest size that was ok, with its working set;
        ``n_too_large`` the smallest that ran out of memory, NaN where none did. At ``n_fits``: ``allocated_nbytes``,
        what a call took on the device beyond what was held before it; ``reserved_nbytes`` in all; ``host_nbytes``, by
        how much the process's resident memory rose. ``needed_nbytes`` is the working set and what the call took on the
        device, or of the host where the device does not tell (it is the host): a cautious sum, since results are in
        both. ``fits_up_to_nbytes`` is the working set at which the device's memory would be full, in proportion to what
        was needed at ``n_fits``, and no more than one that was too large: an estimate, and NaN where the memory is not
        known or ``n_fits`` is less than :data:`TELLING` bytes.
    """
    rows = frame[frame["residency"] == "resident"]
    ok = rows[rows["status"] == "ok"]
    if ok.empty:
        return table({name: np.array([], dtype=object) for name in COLUMNS}, COLUMNS)
    peaks = ["peak_allocated_nbytes", "peak_reserved_nbytes", "peak_host_nbytes"]
    by_size = ok.groupby([*GROUP, "n"], observed=True)[["nbytes", *peaks]].max().reset_index()
    largest = by_size.loc[by_size.groupby(GROUP, observed=True)["n"].idxmax()]
    oom = rows[rows["status"] == "oom"].groupby(GROUP, observed=True)[["n", "nbytes"]].min()
    too_large = oom.rename(columns={"n": "n_too_large", "nbytes": "nbytes_too_large"})
    names = ok.groupby(GROUP, observed=True)[["machine", "expression"]].first()
    found = largest.join(too_large, on=GROUP).join(names, on=GROUP)
    known = {(one.run.id, device.key): device.memory_nbytes for one in recordings for device in one.run.devices}
    total = np.array([known.get(key) or np.nan for key in zip(found["run"], found["device"], strict=True)])
    working_set = found["nbytes"].to_numpy(dtype=np.float64)
    took = found["peak_allocated_nbytes"].fillna(found["peak_host_nbytes"]).fillna(0.0).to_numpy()
    needed = working_set + took
    full = np.fmin(total * working_set / np.maximum(needed, 1.0), found["nbytes_too_large"].to_numpy(dtype=np.float64))
    columns = {
        **{name: found[name].to_numpy() for name in ("run", "machine", "workload", "expression", "dtype", "device")},
        "n_fits": found["n"].to_numpy(),
        "nbytes_fits": working_set,
        "n_too_large": found["n_too_large"].to_numpy(dtype=np.float64),
        "allocated_nbytes": found["peak_allocated_nbytes"].to_numpy(),
        "reserved_nbytes": found["peak_reserved_nbytes"].to_numpy(),
        "host_nbytes": found["peak_host_nbytes"].to_numpy(),
        "needed_nbytes": needed,
        "memory_nbytes": total,
        "fits_up_to_nbytes": np.where((working_set >= TELLING) & ~np.isnan(total), full, np.nan),
    }
    return table(columns, COLUMNS)
