"""Which cases are compared while a run goes on, who wins so far, and between which sizes the winner changes.

Visits of equal round and number were made side by side; their difference of logs is one observation of a ratio.
"""

import math
import statistics
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec import structs

from bench_lib.records.case import Case
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.intervals import t_interval
from bench_lib.records.location import ENOUGH_ROUNDS, summarise
from bench_lib.records.run import DeviceRecord
from bench_lib.records.sample import Sample, Status
from bench_lib.records.verdicts import Verdict, decide, verdict
from bench_lib.runner.order import STORED_AS

BASELINE: Final = "cpu"
SIGNIFICANT_BITS: Final = 3  # beyond the first, of an added size
FLIPPED: Final = {"device": "baseline", "baseline": "device"}

FEW_VISITS: Final = 2
FEW_HALF_WIDTH: Final = 0.2
"""Half width, in logs, allowed to the mean of one or two visits: visits seconds apart differ by about 15 %."""

Place = tuple[int, int]
"""Round and visit."""

Cases = tuple[Case, ...]
"""A case by itself, or a device's case and the baseline's."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation in one view on one device, with what it is compared with.

    Attributes
    ----------
    device, baseline
        A case of each side, without its size: ``n`` is 0.
    sizes
        Each size that is planned on both sides, ascending, with the device's case and the baseline's.
    either
        Whether the baseline may be the one that takes over: between two ways of computing on the CPU, neither is meant
        for the larger sizes.
    """

    device: Case
    baseline: Case
    sizes: tuple[tuple[int, Case, Case], ...]
    either: bool

    def at(self, n: int) -> tuple[Case, Case]:
        """Return the device's case at a size and the baseline's."""
        return structs.replace(self.device, n=n), structs.replace(self.baseline, n=n)


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Places, among growing sizes, between which a device takes over.

    Attributes
    ----------
    low
        The largest size at which it is known not to win; -1 where there is none.
    high
        The smallest from which it wins at all larger ones; the number of sizes where there is none.
    """

    low: int
    high: int


def operations(cases: Iterable[Case], devices: Sequence[DeviceRecord]) -> Iterator[Operation]:
    """Yield what is compared: each GPU with the CPU, resident and round trip, by latency.

    Without a GPU it is NumPy and one thread that are compared with the CPU and all its threads. A GPU's tf32 is
    compared with the CPU's float32.
    """
    gpus = {device.key for device in devices if device.kind not in HOST_KINDS}
    challengers = gpus or {device.key for device in devices if device.key != BASELINE}
    series: dict[Case, dict[int, Case]] = {}
    for case in cases:
        if case.timing == "latency":
            series.setdefault(structs.replace(case, n=0), {})[case.n] = case
    for device, ours in series.items():
        dtype = STORED_AS.get(device.dtype, device.dtype)
        baseline = structs.replace(device, device=BASELINE, dtype=dtype, residency="resident")
        theirs = series.get(baseline, {})
        sizes = tuple((n, ours[n], theirs[n]) for n in sorted(ours) if n in theirs)
        if sizes and device.device in challengers:
            yield Operation(device=device, baseline=baseline, sizes=sizes, either=not gpus)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is known of the time of a case, or of the ratio of two.

    Attributes
    ----------
    value, half
        The log of seconds, or of baseline time over device time, and half the width of its 95 % interval.
    visits
        That it rests on; 0 where there is none yet, and the interval then has no end.
    """

    value: float
    half: float
    visits: int

    @property
    def verdict(self) -> Verdict:
        """Who wins by a ratio, so far."""
        return verdict(math.exp(self.value - self.half), math.exp(min(self.value + self.half, MOST_LOG)))


UNSEEN: Final = Judgement(value=0.0, half=math.inf, visits=0)
MOST_LOG: Final = 700.0  # of which the exponential is a number


class Ratios:
    """The times of each case, visit by visit, and what follows from them."""

    def __init__(self) -> None:
        self._logs: dict[Case, dict[Place, float]] = {}
        self._status: dict[Case, Status] = {}

    def note(self, sample: Sample) -> None:
        """Take one visit in."""
        case = sample.case
        if sample.status == "ok":
            median = statistics.median(sample.seconds)
            self._logs.setdefault(case, {})[sample.round, sample.visit] = math.log(median)
        before = self._status.get(case)
        if before != "wrong" and (before != "ok" or sample.status == "wrong"):
            self._status[case] = sample.status

    def status(self, case: Case) -> Status | None:
        """Return ``wrong`` if a case ever was, else ``ok`` if it ever was, else its last status; None if never seen."""
        return self._status.get(case)

    def pairs(self, device: Case, baseline: Case) -> int:
        """Return how many visits of two cases were side by side."""
        return len(self._seen((device, baseline)))

    def judge(self, asked: Sequence[Cases]) -> list[Judgement | None]:
        """Return what is known of each case or ratio so far; None where one of its cases has no time.

        As in the report, from :data:`~bench_lib.records.location.ENOUGH_ROUNDS` on. With fewer rounds, Student's t over
        them is too wide to steer by, and the visits of all of them stand in.
        """
        seen = [self._seen(cases) for cases in asked]
        summary = summarise(
            np.repeat(np.arange(len(seen)), [len(logs) for logs in seen]),
            np.array([round_ for logs in seen for round_, _ in logs], dtype=np.int64),
            np.array([log for logs in seen for log in logs.values()], dtype=np.float64),
            len(seen),
        )
        return [
            None
            if any(self.status(case) not in (None, "ok") for case in cases)
            else Judgement(value=float(value), half=float(high - value), visits=len(logs))
            if rounds >= ENOUGH_ROUNDS
            else _of_few(list(logs.values()))
            for cases, logs, rounds, value, high in zip(
                asked, seen, summary.rounds, summary.value, summary.high, strict=True
            )
        ]

    def _seen(self, cases: Cases) -> dict[Place, float]:
        """Return the log of a case's time at each place, or of the baseline's over the device's where they met."""
        ours, *others = (self._logs.get(case, {}) for case in cases)
        for theirs in others:
            return {place: theirs[place] - log for place, log in ours.items() if place in theirs}
        return ours


def _of_few(logs: Sequence[float]) -> Judgement:
    """Return what the visits of a few rounds say, as if each were a round."""
    if len(logs) > FEW_VISITS:
        interval = t_interval(logs)
        return Judgement(value=interval.value, half=interval.high - interval.value, visits=len(logs))
    if not logs:
        return UNSEEN
    return Judgement(value=math.fsum(logs) / len(logs), half=FEW_HALF_WIDTH, visits=len(logs))


def find_bracket(verdicts: Sequence[str], *, either: bool = False) -> Bracket:
    """Return where a device takes over, for all that is known, from its verdicts at growing sizes.

    Parameters
    ----------
    verdicts
        As for :func:`bench_lib.records.verdicts.decide`, of whose answer this gives the two sides.
    either
        Whether the baseline may be the one that takes over, where it wins at the largest size.
    """
    if either and verdicts and verdicts[-1] == "baseline":
        verdicts = [FLIPPED.get(verdict, verdict) for verdict in verdicts]
    _, high = decide(verdicts)
    low = next((place for place in range(high - 1, -1, -1) if verdicts[place] in ("baseline", "same")), -1)
    return Bracket(low=low, high=high)


def undecided(bracket: Bracket, verdicts: Sequence[str], most: int) -> list[int]:
    """Return the places that keep a bracket open, those next to the takeover first and ``most`` of them.

    Where the device does not win at the largest size, that size alone could still tell.
    """
    lowest = bracket.low if bracket.high < len(verdicts) else bracket.high - 2
    places = range(bracket.high - 1, lowest, -1)
    return [place for place in places if place >= 0 and verdicts[place] == "undecided"][:most]


def between(low: int, high: int, *, multiple: int, taken: Collection[int]) -> int | None:
    """Return a size about half way between two others, on a logarithmic scale; None where there is no room for one.

    It is ``multiple`` times a number that ends in zeros in binary, as far as that moves it by a sixteenth at most:
    kernels are slower at odd sizes, and a crossover is not to be sought among those.

    Parameters
    ----------
    multiple
        What the size is a multiple of.
    taken
        Sizes that are there already.
    """
    middle = math.sqrt(low * high)
    coarse = multiple << max(math.floor(math.log2(middle / multiple)) - SIGNIFICANT_BITS, 0)
    for step in (coarse, multiple):
        n = round(middle / step) * step
        if low < n < high and n not in taken:
            return n
    return None
