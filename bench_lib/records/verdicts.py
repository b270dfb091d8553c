"""Who wins, and from which size: the rules that the measuring half and the analysing half share.

The plan is refined where the report will draw its crossovers, so both must judge alike.
"""

from collections.abc import Sequence
from typing import Final, Literal

Verdict = Literal["device", "baseline", "same", "undecided"]
"""Of two devices on one case: who wins."""

ChangeVerdict = Literal["better", "worse", "unchanged", "undecided", "not comparable"]
"""Of one case before and after."""

LeadVerdict = Literal["faster", "undecided", "only", "not measured"]
"""Of the quickest of several devices: whether its lead over the next is certain."""

CANNOT_TELL: Final = "can't tell"
"""How ``undecided`` is said to people, and in the JSON of a comparison."""

Answer = Literal["always", "never", "between", "undecided"]

FASTER: Final = 1.02  # the whole interval above: a difference worth naming
SLOWER: Final = 0.98

WIDE: Final = 1.5
"""From how many times its low end on an interval leaves a comparison open, rather than roughly known."""

VAGUE: Final = 2.0
"""From how many times on no multiple is printed, only the least that it is."""

MAX_STAGES: Final = 3
"""Times that a live comparison is judged: after so many processes as were asked for, twice, and three times as many."""


def verdict(low: float, high: float) -> Verdict:
    """Return what the 95 % interval of a ratio (baseline time over device time) supports.

    ``device`` if all of it is above 1.02, ``baseline`` if all is below 0.98, ``same`` if it lies within, otherwise
    ``undecided``; an interval of NaN decides nothing.
    """
    if low > FASTER:
        return "device"
    if high < SLOWER:
        return "baseline"
    return "same" if low >= SLOWER and high <= FASTER else "undecided"


def decide(verdicts: Sequence[str]) -> tuple[Answer, int]:
    """Return where a device takes over, from its verdicts at growing sizes.

    Parameters
    ----------
    verdicts
        ``device`` (it wins), ``baseline`` or ``same`` (it does not), ``undecided``; one for each size compared.

    Returns
    -------
    answer
        ``always``: it wins at all of them. ``never``: it does not win at the largest. ``between``: it wins from some
        size on, and at the size just below it does not. ``undecided``: a size that would decide is undecided itself,
        or no size was compared.
    int
        Place of the smallest size from which it wins at all larger ones; ``len(verdicts)`` where there is none.
    """
    first = len(verdicts)
    while first > 0 and verdicts[first - 1] == "device":
        first -= 1
    if not verdicts:
        return "undecided", first
    if first == 0:
        return "always", first
    if verdicts[first - 1] == "undecided":
        return "undecided", first
    return ("never" if first == len(verdicts) else "between"), first
