"""Numbers for people: a unit that fits, and only the digits that the interval supports.

A number measured as 1.6523 us with an interval of 1.60 to 1.70 reads ``1.65 us``; with 1.2 to 2.1 it reads ``1.6 us``:
the last digit shown is the first digit of the interval's half width, and there are three at most. Never scientific
notation. The two limits of an interval read alike when each is given the interval too: ``seconds(low, low, high)``.
"""

import math
from decimal import Decimal
from functools import cache
from typing import Final

DIGITS: Final = 3
NONE: Final = "\N{EN DASH}"
"""What stands for a number that there is not."""

ABOUT: Final = "~"
"""What stands before a number whose interval is asked for and not known (NaN limits)."""

TIME_UNITS: Final = (
    (Decimal("1e-12"), "ps"),
    (Decimal("1e-9"), "ns"),
    (Decimal("1e-6"), "\N{MICRO SIGN}s"),
    (Decimal("1e-3"), "ms"),
    (Decimal(1), "s"),
    (Decimal(60), "min"),
    (Decimal(3600), "h"),
    (Decimal(86400), "d"),
)
LONGEST: Final = {"s": Decimal(120), "min": Decimal(120), "h": Decimal(48)}
"""From here on the next unit of time reads better."""

THOUSAND: Final = Decimal(1000)

BYTE_UNITS: Final = tuple(
    (Decimal(1024) ** power, name) for power, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))
)
PREFIXES: Final = tuple((Decimal(1000) ** power, name) for power, name in enumerate(("", "k", "M", "G", "T", "P", "E")))

LEAST_PERCENT: Final = 1e-4
"""Errors below this read better as a power of ten."""
SUPERSCRIPT: Final = str.maketrans(
    "-0123456789",
    "\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ZERO}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}"
    "\N{SUPERSCRIPT FOUR}\N{SUPERSCRIPT FIVE}\N{SUPERSCRIPT SIX}\N{SUPERSCRIPT SEVEN}\N{SUPERSCRIPT EIGHT}"
    "\N{SUPERSCRIPT NINE}",
)

Units = tuple[tuple[Decimal, str], ...]
LEAST: Final = Decimal("0.000001")  # of the smallest unit, and
MOST: Final = Decimal(10) ** 15  # of the largest: beyond them a bound is named and not the number


def seconds(value: float, low: float | None = None, high: float | None = None) -> str:
    """Return a time as text: ``1.65 us`` (with a real micro sign), ``12 ms``, ``2.5 min``.

    Parameters
    ----------
    value
        Seconds.
    low, high
        Its interval in seconds; without one all three digits are shown and trailing zeros dropped. Limits of NaN say
        that there should be one: two digits, after a ``~``.
    """
    return _with_unit(value, low, high, TIME_UNITS)


def nbytes(value: float, low: float | None = None, high: float | None = None) -> str:
    """Return a number of bytes as text, in powers of 1024: ``4 KiB``, ``1.5 MiB``. Limits as for :func:`seconds`."""
    return _with_unit(value, low, high, BYTE_UNITS)


def flop(value: float, low: float | None = None, high: float | None = None) -> str:
    """Return a number of floating-point operations as text: ``2.1 MFLOP``. Limits as for :func:`seconds`."""
    return rate(value, "FLOP", low, high)


def rate(value: float, unit: str, low: float | None = None, high: float | None = None) -> str:
    """Return a rate as text, in powers of 1000: ``794 TFLOP/s``, ``55.3 GB/s``. Limits as for :func:`seconds`.

    Parameters
    ----------
    value
        In ``unit``.
    unit
        ``FLOP/s``, ``B/s``, ``Hz``, ...
    low, high
        Its interval in ``unit``.
    """
    return _with_unit(value, low, high, _prefixed(unit))


def ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """Return a plain number as text: ``3.1``, ``0.042``, ``1,230``. Limits as for :func:`seconds`."""
    return _with_unit(value, low, high, ((Decimal(1), ""),))


def percent(share: float) -> str:
    """Return a share (1 is all) as a percentage of at most three digits: ``93 %``, ``4.25 %``."""
    text = ratio(100 * share)
    return text if text == NONE else f"{text} %"


def relative_error(value: float) -> str:
    """Return a relative error as text: ``0.43 %``, ``3.7 x 10^-7`` (with a real sign and real superscripts), ``0``.

    Two digits, since an error is a maximum over one set of inputs. Below a hundredth of a percent it is a power of ten.
    """
    if math.isnan(value):
        return NONE
    if value == 0:
        return "0"
    if value >= LEAST_PERCENT:
        return percent(float(f"{value:.2g}"))
    digits, power = f"{value:.1e}".split("e")
    raised = str(int(power)).translate(SUPERSCRIPT)
    factor = "" if float(digits) == 1 else f"{float(digits):g} \N{MULTIPLICATION SIGN} "
    return f"{factor}10{raised}"


def count(value: int, noun: str = "", plural: str = "") -> str:
    """Return a whole number exactly, with its noun: ``12,345``, ``1 case``, ``3 cases``.

    Parameters
    ----------
    value
        How many.
    noun
        What is counted, in the singular.
    plural
        Where it is not the noun with an ``s``.
    """
    if not noun:
        return f"{value:,}"
    return f"{value:,} {noun if value == 1 else plural or f'{noun}s'}"


@cache
def _prefixed(unit: str) -> Units:
    return tuple((scale, f"{prefix}{unit}") for scale, prefix in PREFIXES)


def _with_unit(value: float, low: float | None, high: float | None, units: Units) -> str:
    if math.isnan(value):
        return NONE
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    if math.isinf(value):
        return f"{sign}\N{INFINITY}"
    half = None if low is None or high is None else abs(float(high) - float(low)) / 2
    unknown = half is not None and math.isnan(half)
    number = _fit(Decimal(repr(abs(float(value)))), half, units)
    return f"{ABOUT if unknown else ''}{sign}{number}".rstrip()


def _fit(value: Decimal, half: float | None, units: Units) -> str:
    """Return a positive number in the first unit in which it is not too long."""
    if value == 0:
        return f"0 {next(name for scale, name in units if scale == 1)}"
    if value < units[0][0] * LEAST:
        return f"< {LEAST:f} {units[0][1]}"
    if value > units[-1][0] * MOST:
        return f"> {MOST:,f} {units[-1][1]}"
    rounded, name = Decimal(0), ""
    for scale, name in units:
        longest = LONGEST.get(name, THOUSAND)
        if value >= longest * scale and scale != units[-1][0]:
            continue  # too long before it is rounded, which is the costly part
        rounded = _round(value / scale, half, scale)
        if rounded < longest:
            break
    text = f"{rounded:,f}"
    if (half is None or math.isnan(half)) and "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {name}"


def _round(value: Decimal, half: float | None, scale: Decimal) -> Decimal:
    """Round to the first digit of the half width, three digits at most and one at least."""
    place = value.adjusted() - DIGITS + 1
    if half is not None and math.isnan(half):
        place += 1
    elif half is not None and half > 0:
        first = value.adjusted() if math.isinf(half) else (Decimal(repr(half)) / scale).adjusted()
        place = min(max(place, first), value.adjusted())
    rounded = value.quantize(Decimal(1).scaleb(place))
    # 9.996 to three digits is 10.00, which is four.
    grown = rounded.adjusted() - place + 1 > DIGITS
    return rounded.quantize(Decimal(1).scaleb(place + 1)) if grown else rounded
