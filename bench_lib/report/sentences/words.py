"""Words that the page, a terminal and a comment share: verdicts, statuses, and numbers with their intervals."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from bench_lib import units
from bench_lib.records import verdicts
from bench_lib.records.sanitize import clean, is_known

TIMES: Final = "\N{MULTIPLICATION SIGN}"
CANNOT_TELL: Final = verdicts.CANNOT_TELL.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
NO_WINNER: Final[Mapping[str, str]] = {"same": f"about 1{TIMES}", "undecided": CANNOT_TELL}
"""What is said of a pair by its verdict, where neither side wins."""

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


def times(ratio: float, low: float = math.nan, high: float = math.nan) -> str:
    """Return a ratio as ``3.1x``, with a multiplication sign."""
    return f"{units.ratio(ratio, low, high)}{TIMES}"


def ratio_span(low: float, high: float) -> str:
    """Return ``low to high`` as ratios; empty where there is no interval."""
    if not (is_known(low) and is_known(high)):
        return ""
    return f"{units.ratio(low, low, high)} to {units.ratio(high, low, high)}"


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
