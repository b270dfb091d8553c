"""A logarithmic axis: where a value stands on it, and which values get a tick."""

import math
from dataclasses import dataclass
from typing import Final

EDGE_PERCENT: Final = 4.0
"""Room at both ends of an axis of the page, for marks and for arrows that point beyond."""

SIZE_BASES: Final = (4, 16, 64, 1024)
"""Of the powers that sizes in bytes get their ticks at, the closest first."""


@dataclass(frozen=True, kw_only=True)
class LogAxis:
    """A logarithmic axis by its two ends, which are above 0."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Return where a value stands: 0 at the low end, 1 at the high one; an axis without length has one middle."""
        # The ends may also be so close that their ratio is 1.
        length = math.log(self.high / self.low) if self.high > self.low else 0.0
        return math.log(value / self.low) / length if length else 0.5

    def percent(self, value: float) -> float:
        """Return where a value stands in percent of the width, clipped to the ends, with room beyond them."""
        share = self.share(min(max(value, self.low), self.high))
        return round(EDGE_PERCENT + share * (100 - 2 * EDGE_PERCENT), 2)

    def powers(self, base: int) -> list[float]:
        """Return the powers of a base within the axis."""
        return [float(base) ** power for power in self._exponents(base)]

    def sizes(self, most: float) -> list[float]:
        """Return ticks for an axis of bytes: powers of the first base that there are about so many of at the most."""
        span = self.high / self.low
        return self.powers(next((base for base in SIZE_BASES if math.log(span, base) <= most), SIZE_BASES[-1]))

    def decades(self, most: int) -> list[float]:
        """Return so many ticks at the most: powers of ten, or 1, 2 and 5 of each where the axis is short."""
        exponents = self._exponents(10)
        found = [10.0**power for power in exponents[:: max(1, math.ceil(len(exponents) / most))]]
        if len(found) > 2:
            return found
        around = range(exponents.start - 1, exponents.stop)
        fine = [digit * 10.0**power for power in around for digit in (1, 2, 5)]
        return [value for value in fine if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)]

    def _exponents(self, base: int) -> range:
        first, last = math.log(self.low, base) - 1e-9, math.log(self.high, base) + 1e-9
        return range(math.ceil(first), math.floor(last) + 1)
