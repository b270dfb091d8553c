"""Where the time of a round trip goes: copies, submitting, the kernel, and waiting."""

from typing import Final

import numpy as np
import pandas as pd

from bench_lib.analysis.levels import table
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.intervals import Floats
from bench_lib.records.location import Objects
from bench_lib.records.verdicts import FASTER

KEY: Final = ("run", "workload", "dtype", "device", "n")
TIMES: Final = ("seconds", "seconds_low", "seconds_high")
MEASURED: Final = ("resident", "submit", "device")
PARTS: Final = ("copies", "submit", "kernel", "rest")
COLUMNS: Final = (
    *(*KEY, "family", "expression", "nbytes", *TIMES),
    *(name.replace("seconds", f"{part}_seconds") for part in MEASURED for name in TIMES),
    *(f"{part}_share" for part in PARTS),
    *("rest", "overlap_seconds", "status", "reason"),
)
ALL: Final = "submit, kernel and wait"
RESTS: Final = ("wait", "kernel and wait", "submit and wait", ALL)
CONTRADICTIONS: Final = (
    "a call with the data in place takes longer than one with its copies",
    "submitting takes longer than the call",
    "the device's own time, caches cold, is longer than the call",
)


def anatomy_table(estimates: pd.DataFrame) -> pd.DataFrame:
    """Take one round-trip call of each case on a GPU apart into shares of its time.

    Four times of the same case are set against each other: round-trip latency T, resident latency R, submit time S and
    device time K. ``copies = T - R``: what the call takes more because its data is not in place. ``submit = S``: until
    the call returns to the host. ``kernel = min(K, R - S)``: the device's own time, as far as it can come after
    submitting. ``rest = R - submit - kernel``: what neither fills, launch and wait.

    A kernel may run while the host still submits: what of K must have, ``max(0, S + K - R)``, is ``overlap_seconds``
    and counts as submitting. A call of many kernels may overlap by more, so the kernel's share is the most that it can
    be and the wait the least.

    Parameters
    ----------
    estimates
        From :func:`estimates_table`. The rows of CPUs are left out: a call there is done when it returns.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, one row for each case that has T and R, in the order of ``estimates``. Times are
        in seconds, with 95 % limits: ``seconds`` is T, ``resident_seconds`` R, ``submit_seconds`` S and
        ``device_seconds`` K, NaN where not measured. The shares are of T, in [0, 1]; those that are known sum to 1. A
        part without a time has a share of NaN and stays in the rest, which says so: ``rest`` is ``wait``,
        ``submit and wait``, ``kernel and wait`` or all three. A device time during which the device may have waited
        for the host (``launch_bound``) is no kernel's, and counts as not measured.

        ``status`` is ``ok``; ``within noise`` where a part is longer than what holds it, by no more than their
        intervals or 2 %, and is taken to fill it; ``contradiction`` where it is longer by more: there are no shares
        then, and ``reason`` says what contradicts what.
    """
    cases = _cases(estimates)
    total, low = cases["seconds"].to_numpy(), {name: cases[f"{name}_seconds_low"].to_numpy() for name in MEASURED}
    resident, submit, device = (cases[f"{name}_seconds"].to_numpy() for name in MEASURED)
    resident_high = cases["resident_seconds_high"].to_numpy()
    pairs = (
        (resident, low["resident"], total, cases["seconds_high"].to_numpy()),
        (submit, low["submit"], resident, resident_high),
        (device, low["device"], resident, resident_high),
    )
    contradicted = [_longer(*pair) for pair in pairs]
    broken = np.logical_or.reduce(contradicted)
    within = np.logical_or.reduce([part > whole for part, _, whole, _ in pairs]) & ~broken
    shares = _shares(total, resident, submit, device)
    columns = {
        **{name: cases[name].to_numpy() for name in COLUMNS if name in cases},
        **{name: np.where(broken, np.nan, share) for name, share in shares.items()},
        "rest": _rest(submit, device),
        "overlap_seconds": np.where(broken, np.nan, np.maximum(submit + device - resident, 0.0)),
        "status": np.select([broken, within], ["contradiction", "within noise"], default="ok").astype(object),
        "reason": np.select(contradicted, CONTRADICTIONS, default="").astype(object),
    }
    return table(columns, COLUMNS)


def _cases(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each case that has both latencies, with the times that were measured of it."""
    known = estimates[~estimates["kind"].isin(HOST_KINDS) & estimates["seconds"].notna()]
    in_place = known["residency"] == "resident"
    host_bound = (known["timing"] == "device") & known["launch_bound"]
    parts = {
        "resident": known[in_place & (known["timing"] == "latency")],
        "submit": known[in_place & (known["timing"] == "submit")],
        "device": known[in_place & (known["timing"] == "device") & ~host_bound],
    }
    cases = known[(known["residency"] == "roundtrip") & (known["timing"] == "latency")]
    cases = cases[[*KEY, "family", "expression", "nbytes", *TIMES]]
    for name, rows in parts.items():
        named = rows[[*KEY, *TIMES]].rename(
            columns={time: time.replace("seconds", f"{name}_seconds") for time in TIMES}
        )
        cases = cases.merge(named, on=list(KEY), how="inner" if name == "resident" else "left")
    return cases


def _longer(part: Floats, part_low: Floats, whole: Floats, whole_high: Floats) -> np.ndarray:
    """Return where a part is longer than what holds it by more than their intervals, and by more than 2 %."""
    return (part > FASTER * whole) & ~(part_low <= whole_high)


def _shares(total: Floats, resident: Floats, submit: Floats, device: Floats) -> dict[str, Floats]:
    """Return the share of each part, NaN where it has no time; a part that is too long fills what holds it."""
    resident = np.minimum(resident, total)
    submitting = np.minimum(np.nan_to_num(submit), resident)
    kernel = np.minimum(np.nan_to_num(device), resident - submitting)
    return {
        "copies_share": (total - resident) / total,
        "submit_share": np.where(np.isnan(submit), np.nan, submitting / total),
        "kernel_share": np.where(np.isnan(device), np.nan, kernel / total),
        "rest_share": (resident - submitting - kernel) / total,
    }


def _rest(submit: Floats, device: Floats) -> Objects:
    names = np.array(RESTS, dtype=object)
    found: Objects = names[2 * np.isnan(submit).astype(int) + np.isnan(device).astype(int)]
    return found
