"""Words that the page, a terminal and a comment share: verdicts, statuses, and numbers with their intervals."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from bench_lib import units
from bench_lib.records import verdicts
from bench_lib.records.sanitize import clean, is_known

TIMES: Final = "\N{MULTIPLICATION SIGN}"
CANNOT_TELL: Final = verdicts.CANNOT_TELL.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
TIE: Final = "="
LEAST: Final = "\N{GREATER-THAN OR EQUAL TO}"
OPEN: Final = "?"
MOST_OF_THREADS: Final = 1.1  # for each thread, times as fast as with one
ROUNDING: Final = 1e-6  # of a percent, that computing may add

STATUSES: Final[Mapping[str, str]] = {"oom": "out of memory", "too_slow": "too slow"}
"""How a person says a status that is not a word already."""

SHORT_STATUSES: Final[Mapping[str, str]] = {"oom": "OOM"}
"""The same where there is room for a word alone."""


def operation(workload: Hashable) -> str:
    """Return the name of an operation as words: ``mlp train sgd``."""
    return clean(str(workload).replace("_", " "))


def status(name: Hashable, *, short: bool = False) -> str:
    """Return a status as a person says it: ``out of memory``, or ``OOM`` if ``short``."""
    text = str(name)
    return clean((SHORT_STATUSES.get(text) if short else None) or STATUSES.get(text, text))


def seconds_span(low: float, high: float) -> str:
    """Return ``low to high`` as times; empty where there is no interval."""
    if not (is_known(low) and is_known(high)):
        return ""
    return f"{units.seconds(low, low, high)} to {units.seconds(high, low, high)}"


def times(ratio: float, low: float = math.nan, high: float = math.nan, *, least: str = "at least ") -> str:
    """Return a ratio as ``3.1x``, with a multiplication sign; ``at least 1.2x`` where its interval says little more.

    Parameters
    ----------
    least
        What stands before the low end.
    """
    if printed_ratio(ratio, low, high) != ratio:
        return f"{least}{units.ratio(low, low, low)}{TIMES}"
    return f"{units.ratio(ratio, low, high)}{TIMES}"


def printed_ratio(ratio: float, low: float, high: float) -> float:
    """Return the number that :func:`times` prints: the low end, where an interval above 1 says little more."""
    return low if is_known(low) and low >= 1 and high > verdicts.VAGUE * low else ratio


def no_winner(verdict: str, low: float, high: float) -> str:
    """Return a comparison that neither side wins in short: ``=``, ``within 6 %``, or ``?`` where it is open.

    Parameters
    ----------
    low, high
        Limits of the ratio.
    """
    if verdict == "same":
        return TIE
    if not (is_known(low) and is_known(high)) or high > verdicts.WIDE * low:
        return OPEN
    return f"within {math.ceil(100 * (max(high, 1 / low) - 1) - ROUNDING):.0f} %"


def ratio_span(low: float, high: float) -> str:
    """Return ``low to high`` as ratios; empty where there is no interval."""
    if not (is_known(low) and is_known(high)):
        return ""
    return f"{units.ratio(low, low, high)} to {units.ratio(high, low, high)}"


def held_up(visits: int, of_visits: int) -> str:
    """Return how often calls were held up, in a sentence; empty where they never were."""
    if not visits:
        return ""
    return (
        f"Calls were held up in {units.count(visits)} of {units.count(of_visits, 'visit')} "
        f"({units.percent(round(visits / of_visits, 3))}): they took more than three times as long as is usual for "
        "their case. The intervals allow for it."
    )


def beyond_threads(low: float, threads: int | None, others: int | None) -> str:
    """Return how a gain can be more than threads alone give, where it is; else empty.

    Parameters
    ----------
    low
        Low end of how many times as fast it is.
    threads, others
        Of the two sides; None where that has no meaning.
    """
    if not (threads and others) or low <= MOST_OF_THREADS * threads / others:
        return ""
    return "threads alone do not give so much: caches or page faults do"


def date(created: str) -> str:
    """Return an ISO 8601 time as a reader would write it: ``2025-06-11 09:30 UTC``."""
    text = clean(created, 40)
    day, separator, time = text.partition("T")
    utc = time.endswith(("Z", "+00:00"))
    return f"{day} {time[:5]}{' UTC' if utc else ''}" if separator else text


def listed(parts: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``; empty for nothing."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
