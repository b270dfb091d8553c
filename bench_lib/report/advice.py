"""Advice in sentences: which device, how sure, and why; and as JSON."""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any, Final

from bench_lib import units
from bench_lib.analysis.advice.advise import BASELINE, HARDLY_LONGER, Advice, Option, Takeover
from bench_lib.report.blocks import Heading, Points, Section

WHERE: Final = {
    "host": "from host memory and back",
    "device": "with the data in place",
}
COPIES_MATTER: Final = 0.25  # of a device's time: from here on the copies are named


def blocks(answers: Sequence[Advice]) -> list[Section]:
    """Return what is shown of the advice for each machine."""
    return [
        [Heading(text=f"{one.machine}: {headline(one)}", is_title=True), Points(items=reasons(one))] for one in answers
    ]


def as_json(answers: Sequence[Advice]) -> str:
    """Return the advice for each machine as strict JSON: what is not a number is null."""
    return json.dumps([_plain(dataclasses.asdict(one)) for one in answers], indent=2, ensure_ascii=False) + "\n"


def headline(advice: Advice) -> str:
    """Return the answer in one sentence, with both times where it is a comparison."""
    if not advice.options:
        return f"not measured: {_asked(advice)}"
    best = advice.options[0]
    if len(advice.options) == 1:
        return f"{best.device}, the only device measured: {_asked(advice)} takes {_time(best)}"
    other = advice.options[1]
    if advice.verdict == "undecided" or advice.ratio is None:
        either = f"{best.device} or {other.device}, too close to call"
        return f"{either}: {_asked(advice)} takes {_time(best)} or {_time(other)}"
    ratio = units.ratio(advice.ratio.value, advice.ratio.low, advice.ratio.high)
    return (
        f"{best.device}: {_asked(advice)} takes {_time(best)}; on {other.device} {_time(other)}, {ratio} times as long"
    )


def reasons(advice: Advice) -> tuple[str, ...]:
    """Return why: what the numbers rest on, the copies, the least a call takes, and from which size who wins."""
    found = [_rests_on(option, advice.n) for option in advice.options[:1] if option.how != "measured"]
    found += [sentence for option in advice.options[:3] if (sentence := _copies(option))]
    found += [
        _least(option) for option in advice.options if _is_at_its_least(option) and option is not advice.options[0]
    ]
    found += [_takes_over(takeover, advice) for takeover in advice.takeovers]
    return (*found, *_missing(advice))


def _asked(advice: Advice) -> str:
    calls = "" if advice.calls == 1 else f"{units.count(advice.calls, 'call')} of "
    return f"{calls}{advice.workload} at n = {advice.n} in {advice.dtype}{_where(advice)}"


def _where(advice: Advice) -> str:
    """Return where the data starts and ends, which is no question where there are only processors."""
    return f", {WHERE[advice.start]}" if advice.has_gpu else ""


def _time(option: Option) -> str:
    low, high = option.seconds.low, option.seconds.high
    value = units.seconds(option.seconds.value, low, high)
    return f"{value} ({units.seconds(low, low, high)} to {units.seconds(high, low, high)})"


def _rests_on(option: Option, n: int) -> str:
    if option.how == "interpolated":
        return f"n = {n} was not measured: the times are interpolated between n = {option.n_low} and {option.n_high}"
    return f"n = {n} was not measured: the times continue those at n = {option.n_low} and {option.n_high}"


def _copies(option: Option) -> str:
    share = option.copies / option.seconds.value
    if not share >= COPIES_MATTER:
        return ""
    return f"copies are {units.percent(share)} of the time on {option.device}"


def _is_at_its_least(option: Option) -> bool:
    """Whether a device takes hardly longer here than at the smallest size measured."""
    return option.seconds.value <= HARDLY_LONGER * option.least


def _least(option: Option) -> str:
    return f"{option.device} takes {units.seconds(option.least)} however small the work"


def _takes_over(takeover: Takeover, advice: Advice) -> str:
    who, reach = f"{takeover.device} over {BASELINE}", f"n = {takeover.n_min} to {takeover.n_max}"
    if takeover.answer == "between":
        return f"{who}: from between n = {takeover.n_low} and {takeover.n_high} on{_where(advice)}"
    if takeover.answer == "always":
        return f"{who}: at all sizes measured, {reach}"
    if takeover.answer == "never":
        return f"{who}: not up to the largest size measured, {reach}"
    return f"{who}: cannot be told from these measurements, {reach}"


def _missing(advice: Advice) -> tuple[str, ...]:
    """Return why devices have no time, once for those with the same reason."""
    by_reason: dict[str, list[str]] = {}
    for device, why in advice.missing:
        by_reason.setdefault(why, []).append(device)
    return tuple(
        f"{', '.join(devices)} {'has' if len(devices) == 1 else 'have'} no time here: {why}"
        for why, devices in by_reason.items()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
