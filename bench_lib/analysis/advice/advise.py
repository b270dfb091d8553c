"""Which device to take for one operation at one size, from what was measured: with times, intervals and the reason.

What was measured at that size is answered as it was; between two sizes it is interpolated
(:mod:`bench_lib.analysis.advice.curves`); more than a factor of two beyond them the answer is ``not measured``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from bench_lib.analysis.advice.curves import How
from bench_lib.analysis.advice.evidence import Evidence, Start, Use, collect
from bench_lib.errors import UsageError
from bench_lib.records.intervals import Estimate
from bench_lib.records.verdicts import Answer, LeadVerdict, decide, verdict

BASELINE: Final = "cpu"

FLAT: Final = 4
"""How many times the smallest size measured must still take about as long, for its time to be that of no work."""

HARDLY_LONGER: Final = 2.0  # times as long


@dataclass(frozen=True, kw_only=True)
class Option:
    """One device, and what the calls take there.

    Attributes
    ----------
    seconds
        Of all calls, from the first until the last is waited for, copies included where the data starts on the host.
    copies
        Seconds of that for the copies there and back, at best guess; 0 on a CPU and with the data in place.
    how
        The weakest of what it rests on: ``measured``, ``interpolated`` or ``extrapolated``.
    n_low, n_high
        The sizes that were measured on either side.
    least
        Seconds of the same calls however small the work: at the smallest size measured, if they take hardly longer at
        several times that size, else NaN.
    """

    device: str
    name: str
    seconds: Estimate
    copies: float
    how: How
    n_low: int
    n_high: int
    least: float


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """From which size another device wins over ``cpu``, for these calls from this start.

    Attributes
    ----------
    answer
        As :func:`bench_lib.analysis.crossovers.decide` gives it.
    n_low, n_high
        The neighbouring sizes between which it lies; None unless the answer is ``between``.
    n_min, n_max
        The smallest and the largest size compared.
    """

    device: str
    answer: Answer
    n_low: int | None
    n_high: int | None
    n_min: int
    n_max: int


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The answer for one machine.

    Attributes
    ----------
    device
        Which to take; empty where no device has a time.
    verdict
        ``faster``: its lead over the next is certain; ``undecided``: it is not, so that either will do; ``only``:
        nothing to compare with; ``not measured``.
    ratio
        Time of the next best device over its own; None without one.
    options
        Every device with a time, the fastest first.
    missing
        Every other device, and why it has none.
    has_gpu
        Whether a GPU was measured, so that it matters where the data starts.
    """

    machine: str
    workload: str
    expression: str
    n: int
    dtype: str
    calls: int
    start: Start
    device: str
    verdict: LeadVerdict
    ratio: Estimate | None
    options: tuple[Option, ...]
    missing: tuple[tuple[str, str], ...]
    takeovers: tuple[Takeover, ...]
    has_gpu: bool


def advise(
    frame: pd.DataFrame, workload: str, *, n: int, dtype: str = "float32", calls: int = 1, start: Start = "host"
) -> tuple[Advice, ...]:
    """Return which device to take for an operation, for each machine that was measured.

    ``calls`` calls follow each other on the same data, and the last is waited for: ``latency + (calls - 1) *
    throughput``, plus the copies there and back once where the data starts and ends in host memory. Times measured as
    ratios side by side decide who wins a single call; several calls are compared by their intervals.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`, of one or more runs. Machines are never mixed; of several runs of
        one machine that have the operation the last one counts.
    workload
        Name of a workload, such as ``matmul``.
    n
        Size, as the workload counts it.
    dtype
        ``float32`` and so on; ``tf32`` stands against float32 where a device has no tf32.
    start
        ``host``: the data starts and the results end in host memory. ``device``: both are where the work is done.

    Returns
    -------
    tuple of Advice
        One for each machine; its verdict is ``not measured`` where no device has a time at that size.

    Raises
    ------
    UsageError
        If no run has the workload in that dtype, or a number makes no sense.
    """
    if n < 1 or calls < 1:
        msg = f"the size and the number of calls are whole numbers from 1; came n = {n} and {calls} calls"
        raise UsageError(msg)
    use = Use(calls=calls, start=start)
    return tuple(decide_between(evidence, n=n, dtype=dtype, use=use) for evidence in collect(frame, workload, dtype))


def decide_between(evidence: Evidence, *, n: int, dtype: str, use: Use, leave_out: bool = False) -> Advice:
    """Return the advice from what one run has measured; with ``leave_out`` as if it had not measured size ``n``."""
    if leave_out:
        use = replace(use, left_out=n)
    found = {device: _option(evidence, device, n, use) for device in evidence.kinds}
    options = sorted((option for option in found.values() if option), key=lambda option: option.seconds.value)
    ratio = None
    if len(options) > 1:
        ratio = evidence.lead(options[0].device, options[1].device, n, use)
    first = evidence.times.iloc[0]
    return Advice(
        machine=str(first["machine"]),
        workload=str(first["workload"]),
        expression=str(first["expression"]),
        n=n,
        dtype=dtype,
        calls=use.calls,
        start=use.start,
        device=options[0].device if options else "",
        verdict=_verdict(options, ratio),
        ratio=ratio,
        options=tuple(options),
        missing=tuple((device, _why_not(evidence, device, n)) for device, option in found.items() if option is None),
        takeovers=tuple(
            _takeover(evidence, device, use)
            for device in evidence.kinds
            if device != BASELINE and BASELINE in evidence.kinds
        ),
        has_gpu=any(not evidence.is_host(device) for device in evidence.kinds),
    )


def _option(evidence: Evidence, device: str, n: int, use: Use) -> Option | None:
    total = evidence.total(device, n, use)
    if total is None:
        return None
    names = evidence.times.loc[evidence.times["device"] == device, "device_name"]
    return Option(
        device=device,
        name=str(names.iloc[0]),
        seconds=total.log.exp(),
        copies=total.copies,
        how=total.how,
        n_low=total.n_low,
        n_high=total.n_high,
        least=_least(evidence, device, use),
    )


def _least(evidence: Evidence, device: str, use: Use) -> float:
    smallest = min(evidence.sizes(device, use), default=0)
    least, more = (evidence.total(device, n, use) for n in (smallest, FLAT * smallest))
    if least is None or more is None or more.log.value > least.log.value + math.log(HARDLY_LONGER):
        return math.nan
    return math.exp(least.log.value)


def _verdict(options: Sequence[Option], ratio: Estimate | None) -> LeadVerdict:
    if not options:
        return "not measured"
    if len(options) == 1:
        return "only"
    return "faster" if ratio and verdict(ratio.low, ratio.high) == "device" else "undecided"


def _why_not(evidence: Evidence, device: str, n: int) -> str:
    """Return why a device has no time at size ``n``: what became of that case, or which sizes there are."""
    rows = evidence.times[evidence.times["device"] == device]
    failed = rows[(rows["n"] == n) & (rows["status"] != "ok")]
    if len(failed):
        return f"{failed.iloc[0]['status']}: {failed.iloc[0]['reason']}"
    sizes = rows.loc[rows["status"] == "ok", "n"]
    if sizes.empty:
        return f"{rows.iloc[0]['status']}: {rows.iloc[0]['reason']}"
    return f"measured from n = {sizes.min()} to {sizes.max()} only"


def _takeover(evidence: Evidence, device: str, use: Use) -> Takeover:
    """Return from which of the measured sizes a device wins over the baseline."""
    sizes = sorted(evidence.sizes(device, use) & evidence.sizes(BASELINE, use))
    leads = {n: evidence.lead(device, BASELINE, n, use) for n in sizes}
    compared = [n for n in sizes if leads[n]]
    answer, first = decide([verdict(lead.low, lead.high) for lead in leads.values() if lead])
    between = answer == "between"
    return Takeover(
        device=device,
        answer=answer,
        n_low=compared[first - 1] if between else None,
        n_high=compared[first] if between else None,
        n_min=compared[0] if compared else 0,
        n_max=compared[-1] if compared else 0,
    )
