"""Which cases are compared while a run goes on, and between which sizes the winner changes.

Standard library only, and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench_lib.records.case import Case
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.run import DeviceRecord
from bench_lib.records.verdicts import decide
from bench_lib.runner.order import STORED_AS

BASELINE: Final = "cpu"
SIGNIFICANT_BITS: Final = 3  # beyond the first, of an added size
FLIPPED: Final = {"device": "baseline", "baseline": "device"}


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
        return replace(self.device, n=n), replace(self.baseline, n=n)


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
            series.setdefault(replace(case, n=0), {})[case.n] = case
    for device, ours in series.items():
        dtype = STORED_AS.get(device.dtype, device.dtype)
        baseline = replace(device, device=BASELINE, dtype=dtype, residency="resident")
        theirs = series.get(baseline, {})
        sizes = tuple((n, ours[n], theirs[n]) for n in sorted(ours) if n in theirs)
        if sizes and device.device in challengers:
            yield Operation(device=device, baseline=baseline, sizes=sizes, either=not gpus)


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


def undecided(gap: Bracket, verdicts: Sequence[str], most: int) -> list[int]:
    """Return the places that keep a gap from being told, those next to the takeover first and ``most`` of them.

    Where the device does not win at the largest size, that size alone could still tell.
    """
    lowest = gap.low if gap.high < len(verdicts) else gap.high - 2
    return [place for place in range(gap.high - 1, lowest, -1) if place >= 0 and verdicts[place] == "undecided"][:most]


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
