"""What one run has measured of one operation, as curves over the size, and what calls take by them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
import pandas as pd

from bench_lib.analysis.advice import curves
from bench_lib.analysis.advice.curves import How, Point, Reading
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.speedups import speedups_table
from bench_lib.errors import UsageError
from bench_lib.records import intervals
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.intervals import Estimate

Start = Literal["host", "device"]
PLACES: Final[Mapping[Start, str]] = {"host": "roundtrip", "device": "resident"}
MEASURED_AS: Final = {"tf32": "float32"}
"""What a device without a dtype is asked for instead: the same numbers, multiplied in full."""

ORDER: Final[tuple[How, ...]] = ("measured", "interpolated", "extrapolated")

Way = tuple[str, str, str]
"""Device, residency and timing of a time; baseline, device and residency of a ratio."""

Curves = Mapping[Way, Sequence[Point]]


@dataclass(frozen=True, kw_only=True)
class Use:
    """How many calls, and where the data starts and the results end.

    Attributes
    ----------
    left_out
        A size to answer without, as if it had not been measured; 0 for none.
    """

    calls: int = 1
    start: Start = "host"
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class Total:
    """What calls take on one device at one size.

    Attributes
    ----------
    log
        Natural logarithm of seconds.
    copies
        Seconds for the copies there and back; NaN where they were not measured.
    """

    log: Estimate
    copies: float
    how: How
    n_low: int
    n_high: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one run has measured of one operation: the estimates of its cases, and the frame that they come from."""

    frame: pd.DataFrame

    @cached_property
    def times(self) -> pd.DataFrame:
        """The estimates, one row for each case."""
        return estimates_table(self.frame)

    @cached_property
    def ratios(self) -> pd.DataFrame:
        """How every device compares with every other, measured side by side."""
        return pd.concat([speedups_table(self.frame, baseline=key) for key in self.kinds], ignore_index=True)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each device, by its key."""
        return dict(zip(self.times["device"].astype(str), self.times["kind"].astype(str), strict=True))

    @cached_property
    def _times(self) -> Curves:
        return self._curves(self.times, ["device", "residency", "timing"], "seconds")

    @cached_property
    def _ratios(self) -> Curves:
        """Of single calls, by baseline, device and residency."""
        single = self.ratios[self.ratios["timing"] == "latency"]
        return self._curves(single, ["baseline", "device", "residency"], "ratio")

    @staticmethod
    def _curves(table: pd.DataFrame, key: Sequence[str], value: str) -> Curves:
        rows = table[table[value].notna()]
        logs = np.log(rows[[value, f"{value}_low", f"{value}_high"]].to_numpy(dtype=np.float64))
        found: dict[Way, list[Point]] = {}
        names = zip(*(rows[name].astype(str) for name in key), strict=True)
        for way, size, (middle, low, high) in zip(names, rows["n"].tolist(), logs.tolist(), strict=True):
            found.setdefault(way, []).append(Point(n=int(size), log=Estimate(value=middle, low=low, high=high)))
        return found

    def sizes(self, device: str, use: Use) -> set[int]:
        """Return the sizes at which a device was measured with the data in place."""
        return {point.n for point in _seen(self._times, (device, "resident", "latency"), use)}

    def total(self, device: str, n: int, use: Use) -> Total | None:
        """Return what the calls take on a device at size ``n``; None where that was not measured."""
        host = self.is_host(device)
        place = "resident" if host else PLACES[use.start]
        first = curves.read(_seen(self._times, (device, place, "latency"), use), n)
        one = curves.read(_seen(self._times, (device, "resident", "latency"), use), n)
        each = one if host else curves.read(_seen(self._times, (device, "resident", "throughput"), use), n) or one
        if first is None or (use.calls > 1 and each is None):
            return None
        parts = [(first, 1), *([(each, use.calls - 1)] if each and use.calls > 1 else [])]
        copies = 0.0
        if place == "roundtrip":
            copies = math.exp(first.log.value) - math.exp(one.log.value) if one else math.nan
        return Total(
            log=Estimate(value=_sum(parts, "value"), low=_sum(parts, "low"), high=_sum(parts, "high")),
            copies=max(copies, 0.0),
            how=max((part.how for part, _ in parts), key=ORDER.index),
            n_low=min(part.n_low for part, _ in parts),
            n_high=max(part.n_high for part, _ in parts),
        )

    def lead(self, faster: str, slower: str, n: int, use: Use) -> Estimate | None:
        """Return the time of ``slower`` over that of ``faster``; None where it cannot be said.

        Of a single call the ratio was measured side by side, and the reach of its interval is that ratio's. So it is of
        several calls on two processors, each of which takes as long as a single one. Else it is that of two sums,
        taken as independent.
        """
        ours, theirs = self.total(faster, n, use), self.total(slower, n, use)
        if ours is None or theirs is None:
            return None
        value = theirs.log.value - ours.log.value
        if use.calls == 1 or (self.is_host(faster) and self.is_host(slower)):
            paired = self._paired(faster, slower, n, use)
            if paired is None:
                return None
            low, high = value - paired.value + paired.low, value - paired.value + paired.high
            return Estimate(value=value, low=low, high=high).exp()
        (low,), (high,) = intervals.difference_limits(*_array(theirs.log), *_array(ours.log))
        return Estimate(value=value, low=float(low), high=float(high)).exp()

    def _paired(self, faster: str, slower: str, n: int, use: Use) -> Estimate | None:
        """Return the log ratio of single calls, from the ratios that were measured."""
        inverse = self.is_host(faster) and not self.is_host(slower)
        device, baseline = (slower, faster) if inverse else (faster, slower)
        place = "resident" if self.is_host(device) else PLACES[use.start]
        found = curves.read(_seen(self._ratios, (baseline, device, place), use), n, curves.SHARED_SPREAD)
        if found is None or not inverse:
            return found.log if found else None
        return Estimate(value=-found.log.value, low=-found.log.high, high=-found.log.low)

    def is_host(self, device: str) -> bool:
        """Return whether a device is the CPU in one of its forms."""
        return self.kinds[device] in HOST_KINDS


def collect(frame: pd.DataFrame, workload: str, dtype: str) -> tuple[Evidence, ...]:
    """Return what was measured of an operation in a dtype, for each machine the last run that has it.

    Raises
    ------
    UsageError
        If there is none.
    """
    of_workload = frame[(frame["workload"] == workload) & ~frame["unfit"]]
    if of_workload.empty and (frame["workload"] == workload).any():
        msg = f"{workload} was measured on devices alone that the doctor found unfit: crossover doctor says why"
        raise UsageError(msg)
    if of_workload.empty:
        known = ", ".join(sorted(frame["workload"].astype(str).unique()))
        msg = f"no run here has a workload called {workload!r}: choose one of {known}"
        raise UsageError(msg)
    asked = of_workload[of_workload["dtype"] == dtype]
    if asked.empty:
        known = ", ".join(sorted(of_workload["dtype"].astype(str).unique()))
        msg = f"{workload} was not measured in {dtype!r}: choose one of {known}"
        raise UsageError(msg)
    instead = of_workload[of_workload["dtype"] == MEASURED_AS.get(dtype, dtype)]
    last = dict(zip(asked["machine"].astype(str), asked["run"].astype(str), strict=True))
    found = []
    for run in last.values():
        own, other = asked[asked["run"] == run], instead[instead["run"] == run]
        found.append(Evidence(frame=pd.concat([own, other[~other["device"].isin(own["device"].unique())]])))
    return tuple(found)


def _seen(known: Curves, way: Way, use: Use) -> list[Point]:
    return [point for point in known.get(way, ()) if point.n != use.left_out]


def _sum(parts: Sequence[tuple[Reading, int]], limit: str) -> float:
    return math.log(sum(count * math.exp(getattr(part.log, limit)) for part, count in parts))


def _array(log: Estimate) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    return np.array([log.value]), (np.array([log.low]), np.array([log.high]))
