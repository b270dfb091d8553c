"""Names and numbers of a comparison as a person reads them: a case, its level before and after, its change.

A change is a percentage of what was there before, and from twice as much on a factor. Foreign text is made harmless.
"""

import math
from typing import Final

from bench_lib import units
from bench_lib.analysis.comparison.changes import Change
from bench_lib.analysis.comparison.metrics import METRICS, Metric
from bench_lib.records.case import Case
from bench_lib.records.foreign.parameters import UNKNOWN_DTYPE
from bench_lib.records.intervals import Estimate
from bench_lib.records.sanitize import clean
from bench_lib.report.sentences import words

PLAIN_DTYPES: Final = ("float32", UNKNOWN_DTYPE, "")
"""Not said: nearly every case is of the first, and of the others nothing is known."""

FACTOR_FROM: Final = 2.0
"""Ratio from which a change reads better as a factor than as a percentage."""

WIDE_FROM: Final = 4.0
"""The same for the upper limit of its interval, and for one over the lower."""

ENDLESS: Final = 9.0
"""A bound from here on, as a ratio over 1, says no more than that there is none worth naming."""

MOST_DECIMALS: Final = 2
EXACT_DECIMALS: Final = 1
LONGEST: Final = 4_000
"""Characters of a sentence; each name in it is much shorter."""

ROOM: Final = 60
"""Characters of a case's name in a sentence."""

FEWEST: Final = 6
"""Characters of an operation's name, however little room there is."""

CEILING: Final = "ceiling "
SMALL: Final = ((1e-9, "n"), (1e-6, "\N{MICRO SIGN}"), (1e-3, "m"))


def metric_of(change: Change) -> Metric:
    """Return which metric a change is of."""
    return next(metric for metric in METRICS if metric.name == change.metric)


def verdict(change: Change) -> str:
    """Return the verdict as it is shown: ``slower``, ``can't tell``, or ``failed`` where there was a time before."""
    if change.is_broken:
        return "failed"
    return change.word.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def split_name(case: Case) -> tuple[str, str]:
    """Return the operation, which is cut where room is scarce, and its size and dtype, which are not."""
    size = f"[{units.nbytes(case.n) if case.workload.startswith(CEILING) else case.n}]" if case.n else ""
    dtype = "" if case.dtype in PLAIN_DTYPES else f" {clean(case.dtype)}"
    return clean(case.workload), f"{size}{dtype}"


def name(case: Case) -> str:
    """Return what was measured: ``softmax[256]``, ``softmax[256] bfloat16``; the size where there is one."""
    operation, tail = split_name(case)
    return f"{clean(operation, max(ROOM - len(tail), FEWEST))}{tail}"


def place(case: Case) -> str:
    """Return where and how it was measured: ``cpu``, ``cuda:0 round trip``, ``cuda:0 throughput``."""
    ways = ["round trip" if case.residency == "roundtrip" else "", "" if case.timing == "latency" else case.timing]
    return " ".join([clean(case.device), *filter(None, ways)])


def full_name(case: Case) -> str:
    """Return ``softmax[256] on cpu``."""
    return f"{name(case)} on {place(case)}"


def level(change: Change, value: float) -> str:
    """Return what was measured before or after, with no more digits than the interval of the ratio supports."""
    if math.isnan(value):
        return units.NONE
    ratio, metric = change.ratio, metric_of(change)
    share = (ratio.high - ratio.low) / (2 * ratio.value)
    low, high = value * (1 - share), value * (1 + share)
    if metric.unit == "seconds":
        return units.seconds(value, low, high)
    if metric.unit == "nbytes":
        return units.nbytes(value, low, high)
    if metric.unit == "joules":
        return _joules(value, low, high)
    return units.rate(value, _rate_unit(change.case), low, high)


def amount(change: Change) -> str:
    """Return by how much, for a sentence whose verb has the direction: ``by 21 % (18 to 24 %)``, ``to 3.1x (...)``."""
    ratio = change.ratio
    if _is_far(ratio):
        return f"to {factor(ratio)}"
    if ratio.value >= 1:
        return f"by {percent(ratio)}"
    # A fall is told without its sign, and so with its limits turned round.
    return f"by {percent(Estimate(value=2 - ratio.value, low=2 - ratio.high, high=2 - ratio.low))}"


def shift(change: Change) -> str:
    """Return by how much, with its sign, for a cell of a table: ``+21 % (+18 to +24 %)``; a dash for nothing."""
    ratio = change.ratio
    if math.isnan(ratio.value):
        return units.NONE
    return factor(ratio) if _is_far(ratio) else percent(ratio, signed=True)


def percent(ratio: Estimate, *, signed: bool = False) -> str:
    """Return a ratio as a percentage over 1 with its interval: ``21 % (18 to 24 %)``.

    The last digit is the first of the interval's half width, but no coarser than a whole percent: the limits must show
    on which side of no change they lie.
    """
    half = 50 * (ratio.high - ratio.low)
    decimals = _decimals(half)
    value, low, high = (_points(one, decimals, signed=signed) for one in (ratio.value, ratio.low, ratio.high))
    if math.isnan(half):
        return f"{units.ABOUT}{value} %"
    return f"{value} %" if value == low == high else f"{value} % ({low} to {high} %)"


def factor(ratio: Estimate) -> str:
    """Return a ratio as a factor with its interval: ``3.1x (2.9 to 3.3)``, with a multiplication sign."""
    value = words.times(ratio.value, ratio.low, ratio.high)
    span = words.ratio_span(ratio.low, ratio.high)
    return value if ratio.low == ratio.high or not span else f"{value} ({span})"


def share(ratio_over_one: float) -> str:
    """Return a bound such as what could hide: ``12 %``, and a factor from twice as much on."""
    if math.isnan(ratio_over_one):
        return units.NONE
    if ratio_over_one > ENDLESS:
        return f"over {1 + ENDLESS:g}{words.TIMES}"
    if 1 + ratio_over_one >= FACTOR_FROM:
        return words.times(1 + ratio_over_one, 1 + 0.9 * ratio_over_one, 1 + 1.1 * ratio_over_one)
    # Rounded up: a bound must not promise more than it holds.
    return f"{math.ceil(round(100 * ratio_over_one, 6)):d} %"


def bound(ratio_over_one: float) -> str:
    """Return ``up to 12 %``, or ``over 10x`` where there is none worth naming."""
    return f"more than {1 + ENDLESS:g}{words.TIMES}" if ratio_over_one > ENDLESS else f"up to {share(ratio_over_one)}"


def sentence(text: str) -> str:
    """Return a text fit to be shown, beginning as a sentence does."""
    shown = clean(text, LONGEST)
    return f"{shown[:1].upper()}{shown[1:]}"


def leaning(change: Change) -> str:
    """Return which way a case looks, whether or not it is called so: ``slower``."""
    metric = metric_of(change)
    return metric.better if metric.is_better(math.log(change.ratio.value)) else metric.worse


def could_hide(change: Change) -> float:
    """Return the largest change for the worse that the interval holds, as a ratio over 1; 0 where it holds none.

    Where more is better it is the largest fall, as a share of what was there before.
    """
    if metric_of(change).more_is_better:
        return max(1 - change.ratio.low, 0.0) if not math.isnan(change.ratio.low) else math.nan
    return max(change.ratio.high - 1, 0.0) if not math.isnan(change.ratio.high) else math.nan


def _is_far(ratio: Estimate) -> bool:
    return ratio.value >= FACTOR_FROM or ratio.high >= WIDE_FROM or ratio.low <= 1 / WIDE_FROM


def _decimals(half: float) -> int:
    if half == 0:
        return EXACT_DECIMALS
    if math.isnan(half) or half >= 1:
        return 0
    return min(math.ceil(-math.log10(half)), MOST_DECIMALS)


def _points(ratio: float, decimals: int, *, signed: bool) -> str:
    text = f"{100 * (ratio - 1):{'+' if signed else ''},.{decimals}f}"
    if not float(text.replace(",", "")):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def _joules(value: float, low: float, high: float) -> str:
    for scale, prefix in SMALL:
        if value < 1000 * scale:
            return f"{units.ratio(value / scale, low / scale, high / scale)} {prefix}J"
    return units.rate(value, "J", low, high)


def _rate_unit(case: Case) -> str:
    """Return the unit of a ceiling: of products FLOP, of what moves bytes those, of the others calls."""
    if case.workload == f"{CEILING}matmul":
        return "FLOP/s"
    return "B/s" if case.n else "/s"
