"""How fast a case could be at best, what stops it from being faster, and whether it was faster than is possible.

The roofline model (Williams, Waterman and Patterson, Communications of the ACM 52, 2009) with two more ceilings: the
link, and the launch. All ceilings were measured on the device itself.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench_lib.analysis.levels import table, text
from bench_lib.records.intervals import Floats

KEY: Final = ("run", "workload", "n", "dtype", "device", "residency", "timing")
KINDS: Final = ("compute", "memory", "link", "launch")
SECONDS: Final = tuple(f"{kind}_seconds" for kind in KINDS)
COLUMNS: Final = (*KEY, "intensity", *SECONDS, "bound_by", "fraction", "impossible")

IMPOSSIBLE: Final = 1.05
"""A result over this part of its ceiling is impossible: ceilings are good to a few percent."""

MOST_SPREAD: Final = 2.0  # a count of operations that is wrong by as much is still found

MULTIPLIED_AS: Final = {"autocast": "bfloat16"}
WIDER: Final = {
    "float8_e4m3": ("bfloat16", "float16", "float32"),
    "int8": ("bfloat16", "float16", "float32"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "tf32": ("float32",),
    "float32": ("float64",),
}
"""A processor without units for a narrow dtype multiplies in a wider one, which may be the faster."""

FEWER_OPERATIONS: Final = r"conv|resnet|residual"
WINOGRAD: Final = 4.0
"""A convolution may take so many times fewer operations than are counted (Lavin and Gray, Fast Algorithms for
Convolutional Neural Networks, 2016: F(4x4, 3x3)), so that it can pass its compute ceiling."""

ALL_THREADS: Final = "cpu"
ONE_THREAD: Final = "cpu-1t"
RATES: Final = ("matmul", "copy", "read", "write")
"""What the two are measured at alike."""

CROSSING: Final = ("host_to_device", "device_to_host")
"""Their bytes are all that crosses the link. Of other cases it is not known: a model's weights may stay in place."""


@dataclass(frozen=True, kw_only=True)
class Roof:
    """The ceilings of one device.

    Attributes
    ----------
    rates
        FLOP/s by dtype.
    sets, bandwidths
        Working sets in bytes, ascending, and the best bandwidth from each of them on, in B/s.
    link
        B/s; NaN where there is none.
    operation, kernel, synchronize
        Seconds; NaN where not known.
    spread
        How many times as long a rate's worst round took as its best, for three rates of four, from 1 to
        :data:`MOST_SPREAD`: where the clock changes, a case may have had a better moment than the ceilings had.
    """

    rates: dict[str, float]
    sets: Floats
    bandwidths: Floats
    link: float
    operation: float
    kernel: float
    synchronize: float
    spread: float = 1.0

    def rate(self, dtype: str) -> float:
        """Return the matrix rate that a dtype may reach, NaN where its own is not known: a wider one's may be lower."""
        own = MULTIPLIED_AS.get(dtype, dtype)
        if own not in self.rates:
            return float("nan")
        return max(self.rates[name] for name in (own, *WIDER.get(own, ())) if name in self.rates)


def bounds_table(estimates: pd.DataFrame, ceilings: pd.DataFrame) -> pd.DataFrame:
    """Return what bounds each case.

    Parameters
    ----------
    estimates
        From :func:`estimates_table`.
    ceilings
        From :func:`ceilings_table`; may be empty.

    Returns
    -------
    DataFrame
        One row for each row of ``estimates``, in the same order, with the columns of :data:`COLUMNS`. ``intensity`` is
        FLOP per byte. The least time of one call, NaN where it has no meaning or is not known: ``compute_seconds``
        (FLOP over the matrix rate of the dtype), ``memory_seconds`` (bytes over the best of copy, read and write with a
        working set no larger than the case's; of ``device`` times, whose caches are cold, with the largest),
        ``link_seconds`` (bytes over the best of the link; round trips and copies between host and device) and
        ``launch_seconds`` (an empty kernel for a GPU's latency, else the cheapest operation until it returns).
        ``bound_by`` is the largest of the four, ``fraction`` that over the time, and ``impossible`` whether the time is
        shorter than can be believed. A case may be quicker than the cheapest operation (a view starts no kernel), and
        is then at its ceiling; only a GPU's latency below a bare synchronisation is impossible.
    """
    columns: dict[str, Any] = {name: estimates[name].to_numpy() for name in KEY}
    flop, nbytes = (estimates[name].to_numpy(dtype=np.float64) for name in ("flop", "nbytes"))
    size = len(estimates)
    columns["intensity"] = np.where((flop > 0) & (nbytes > 0), flop / np.maximum(nbytes, 1.0), np.nan)
    least = np.full((size, len(KINDS)), np.nan)
    impossible = np.zeros(size, dtype=np.bool_)
    roofs = device_roofs(ceilings)
    for key, rows in estimates.groupby(["run", "device"], sort=False).indices.items():
        if key in roofs:
            least[rows], impossible[rows] = _bounded(estimates.iloc[rows], roofs[key])
    seconds = estimates["seconds"].to_numpy(dtype=np.float64)
    known = ~np.isnan(least).all(axis=1) & ~np.isnan(seconds)
    largest = np.where(np.isnan(least), -np.inf, least).argmax(axis=1)
    columns |= dict(zip(SECONDS, least.T, strict=True))
    columns["bound_by"] = np.where(known, np.array(KINDS, dtype=object)[largest], "")
    columns["fraction"] = np.where(known, least[np.arange(size), largest] / seconds, np.nan)
    columns["impossible"] = impossible & known
    return table(columns, COLUMNS)


def device_roofs(ceilings: pd.DataFrame) -> dict[tuple[str, str], Roof]:
    """Return the ceilings of each device of each run, by run and device."""
    grouped = _with_one_thread(ceilings).groupby(["run", "device"], sort=False)
    return {(str(run), str(device)): _roof(rows) for (run, device), rows in grouped}


def _with_one_thread(ceilings: pd.DataFrame) -> pd.DataFrame:
    """Let the rates of one thread be ceilings of all threads too, which cannot do less.

    Threads that wait for each other beside other programs reach less than one does, and a case that had a quiet moment
    would seem impossible.
    """
    shared = ceilings[(ceilings["device"] == ONE_THREAD) & ceilings["quantity"].isin(RATES)]
    return pd.concat([ceilings, shared.assign(device=ALL_THREADS)], ignore_index=True) if len(shared) else ceilings


def _roof(rows: pd.DataFrame) -> Roof:
    """Gather the ceilings of one device."""
    by_quantity = {str(name): group for name, group in rows[rows["seconds"].notna()].groupby("quantity", sort=False)}

    def least(quantity: str) -> float:
        return float(by_quantity[quantity]["seconds"].min()) if quantity in by_quantity else np.nan

    matmul = by_quantity.get("matmul")
    links = [by_quantity[name]["rate"].max() for name in by_quantity if name.startswith(("upload", "download"))]
    operation = least("operation")
    memory = [by_quantity[name] for name in ("copy", "read", "write") if name in by_quantity]
    sets, bandwidths = _bandwidths(pd.concat(memory), operation) if memory else (np.empty(0), np.empty(0))
    return Roof(
        rates={} if matmul is None else matmul.groupby(text(matmul["dtype"]))["rate"].max().to_dict(),
        sets=sets,
        bandwidths=bandwidths,
        link=float(max(links, default=np.nan)),
        operation=operation,
        kernel=least("kernel"),
        synchronize=least("synchronize"),
        spread=_spread(rows),
    )


def _spread(rows: pd.DataFrame) -> float:
    seen = rows[(rows["rounds"] > 1) & rows["quantity"].isin(RATES)]
    apart = (seen["worst_seconds"] / seen["seconds"]).quantile(0.75)
    return float(min(apart, MOST_SPREAD)) if len(seen) else 1.0


def _bandwidths(memory: pd.DataFrame, operation: float) -> tuple[Floats, Floats]:
    """Return working sets and the bandwidth that none of their size or more exceeds.

    What the cheapest operation takes is taken off, half the time at most: a small set's bandwidth is not the launch's.
    And a smaller set is never the slower one: what says so is still the launch.
    """
    seconds = memory["seconds"].to_numpy()
    moving = np.maximum(seconds - np.nan_to_num(operation), seconds / 2)
    best = (memory["nbytes"] / moving).groupby(memory["nbytes"]).max()  # sorted by size
    envelope = np.maximum.accumulate(best.to_numpy()[::-1])[::-1]
    return best.index.to_numpy(dtype=np.float64), envelope


def _bounded(cases: pd.DataFrame, roof: Roof) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the four least times of each case of one device, and which cases are impossible."""
    seconds, flop, nbytes = (cases[name].to_numpy(dtype=np.float64) for name in ("seconds", "flop", "nbytes"))
    timing, dtype = text(cases["timing"]), text(cases["dtype"])
    workload = pd.Series(text(cases["workload"]), dtype="str")
    is_gpu = ~cases["kind"].isin(["numpy", "cpu"]).to_numpy()
    works = timing != "submit"  # a submitted call returns before its work is done
    touched = ~cases["lazy"].to_numpy(dtype=np.bool_)
    crosses = workload.str.startswith(CROSSING).to_numpy()
    rates = {name: roof.rate(name) for name in set(dtype)}
    rate = np.array([rates[name] for name in dtype], dtype=np.float64)

    compute = np.where(works & (flop > 0), flop / rate, np.nan)
    memory, sure = _memory_seconds(nbytes, timing, seconds, roof)
    sure &= touched
    memory = np.where(works & (nbytes > 0) & (sure | (memory <= seconds)), memory, np.nan)
    link = nbytes / roof.link
    over_link = is_gpu & works & (nbytes > 0) & (crosses | ((cases["residency"] == "roundtrip").to_numpy()))
    link = np.where(over_link & (crosses | (link <= seconds)), link, np.nan)
    latency = timing == "latency"
    launch = np.where(latency & is_gpu, roof.kernel, np.where(timing == "device", np.nan, roof.operation))
    launch = np.minimum(launch, seconds)
    unsynchronized = latency & is_gpu & (roof.synchronize > IMPOSSIBLE * seconds)
    launch = np.where(unsynchronized, roof.synchronize, launch)

    fewer = np.where(workload.str.contains(FEWER_OPERATIONS).to_numpy(), WINOGRAD, 1.0)
    limit = max(IMPOSSIBLE, roof.spread) * seconds
    impossible = (compute > fewer * limit) | (sure & (memory > limit)) | (crosses & (link > limit)) | unsynchronized
    return np.column_stack([compute, memory, link, launch]), impossible


def _memory_seconds(nbytes: Floats, timing: Any, seconds: Floats, roof: Roof) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the least time of moving some bytes, and whether it is sure.

    It is not for sets smaller than the smallest measured. A cold ``device`` time moves all it reads from memory, but
    what it writes may stay in the cache: it is bounded by memory where it can be, and by the caches otherwise.
    """
    if not len(roof.sets):
        return np.full(len(nbytes), np.nan), np.zeros(len(nbytes), dtype=np.bool_)
    place = np.searchsorted(roof.sets, nbytes, side="right") - 1
    hot = nbytes / roof.bandwidths[place.clip(min=0)]
    cold = nbytes / roof.bandwidths[-1]
    sure: NDArray[np.bool_] = place >= 0
    return np.where((timing == "device") & (cold <= seconds), cold, hot), sure
