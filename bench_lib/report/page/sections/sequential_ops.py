"""Where the smart CPU wins: operations of small steps that wait for one another, one row for each at two sizes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings.pairings import Pairing, Side
from bench_lib.records.run import DeviceRecord
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page import captions
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import OperationRow, Row, Value, operation, seconds
from bench_lib.report.sentences import masthead, words

NOTHING = (
    "No operation of small steps that wait for one another was measured on two devices: every profile measures such "
    "ones in the family control_flow, if it is asked for."
)
MAX_ROWS: Final = 40
FAMILY: Final = "control_flow"
REASONS: Final[Mapping[str, str]] = {
    "dependent_chain": "each step waits for the one before",
    "scalar_readback": "a number is read back at every step",
    "data_branch": "which way to go is known only after a read back",
    "newton": "the host asks after every step whether to stop",
    "recurrence": "the next state needs the last one",
    "many_tiny_tensors": "a launch for each tiny tensor",
    "many_tiny_tensors_foreach": "tiny tensors, but in one call",
    "scalar_autograd_loop": "a graph is built and walked for one number",
    "sort": "little to share out at small sizes",
    "topk": "little to share out at small sizes",
    "unique": "the host must learn how long the result is",
    "boolean_mask": "the host must learn how long the result is",
}
"""What makes an operation hard for a GPU. A result file knows only the family, so it is kept here, by name."""
IN_GENERAL: Final = "small steps that wait for one another"
APOSTROPHE: Final = "\N{RIGHT SINGLE QUOTATION MARK}"
_STEPS = re.compile(r"\bin (\d{1,9}) steps\b")
Times = Mapping[tuple[Any, ...], Row]
"""Estimates by workload, dtype, size and device."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One size: the time on each device, with that of one step where it is known, and who wins."""

    size: str
    times: tuple[Value, ...]
    winner: Value


@dataclass(frozen=True, kw_only=True)
class SequentialOpsRow(OperationRow):
    """One operation at its smallest and its largest size; one line where there is one size."""

    reason: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class SequentialOpsSection:
    """What the section shows: its two sides, the devices of its columns, its rows, and how many more there are."""

    heading: str
    sides: str
    columns: tuple[str, ...]
    rows: tuple[SequentialOpsRow, ...]
    left_out: int
    has_gpu: bool
    provenance: str


def sequential_ops_section(context: PageContext) -> SequentialOpsSection | Absent:
    """Return the GPU against the CPU; without a GPU PyTorch against NumPy, and the other CPU devices beside them."""
    for pairing in sorted(context.lead, key=_place):
        pairs = choose(pairing.pairs)
        if len(pairs):
            return _section(pairing, pairs, context)
    return Absent(reason=NOTHING)


def _place(pairing: Pairing) -> int:
    """GPUs first, as they come; of the CPU's comparisons the one with NumPy first, which has every operation."""
    return 0 if pairing.has_gpu else 1 if pairing.baseline.kind == "numpy" else 2


def choose(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of calls that wait, with their data in place, of operations that are hard for a GPU."""
    hard = (pairs["family"] == FAMILY) | pairs["workload"].isin(list(REASONS))
    shown = hard & (pairs["timing"] == "latency") & (pairs["residency"] == "resident") & pairs["ratio"].notna()
    return pairs[shown].sort_values("n", kind="stable")


def _section(pairing: Pairing, pairs: pd.DataFrame, context: PageContext) -> SequentialOpsSection:
    by_operation: dict[tuple[Any, ...], list[Row]] = {}
    for pair in pairs.to_dict("records"):
        by_operation.setdefault((pair["workload"], pair["dtype"]), []).append(pair)
    # The most that the device can be ahead at the smallest size: where that is least, the other side wins most clearly.
    found = sorted(by_operation.values(), key=lambda sizes: _limit(sizes[0]))
    times = {(row["workload"], row["dtype"], row["n"], row["device"]): row for row in context.calls.to_dict("records")}
    devices = _devices(pairing, times, by_operation)
    keys = [device.key for device in devices]
    described = {workload.name: workload.size for workload in pairing.run.workloads}
    names = dict.fromkeys(masthead.full_name(one.name, one.threads) for one in (pairing.device, pairing.baseline))
    return SequentialOpsSection(
        heading=sequential_ops_heading(pairing, [sizes[0] for sizes in found]),
        sides=f"{pairing.baseline.subject} and {pairing.device.subject}",
        columns=tuple(_label(device, pairing) for device in devices),
        rows=tuple(
            SequentialOpsRow(
                **operation(first, context.filters),
                reason=REASONS.get(first["workload"], IN_GENERAL),
                lines=tuple(
                    _line(pair, keys, times, pairing, described.get(first["workload"], ""))
                    for pair in ([first] if len(sizes) == 1 else [first, sizes[-1]])
                ),
            )
            for sizes in found[:MAX_ROWS]
            for first in sizes[:1]
        ),
        left_out=max(len(found) - MAX_ROWS, 0),
        has_gpu=pairing.has_gpu,
        provenance=captions.of_run(context.run, list(names), pairs, "latency, resident"),
    )


def sequential_ops_heading(pairing: Pairing, smallest: Sequence[Row]) -> str:
    """Return at how many of the smallest sizes the baseline is surely ahead, and by how much at the most."""
    baseline, device = pairing.baseline, pairing.device
    lost = [pair for pair in smallest if pair["verdict"] == "baseline"]
    won = [pair for pair in smallest if pair["verdict"] == "device"]
    whole = f"{units.count(len(smallest), 'operation')} of small steps"
    if not (lost or won):
        return f"Neither {baseline.subject} nor {device.subject} is surely ahead in any of {whole}"
    ahead, cases = (baseline, lost) if len(lost) >= len(won) else (device, won)
    most = max(cases, key=lambda pair: abs(math.log(pair["ratio"])))
    wins = f"{ahead.verb('wins', 'win')} {len(cases)} of {whole} at the smallest size, by up to {_gain(most)}"
    if ahead.kind == "numpy":
        return f"A tiny step costs a call, and NumPy{APOSTROPHE}s calls are the cheaper ones: NumPy {wins}"
    return f"{ahead.start} {wins}"


def steps(size: str, n: int) -> int | None:
    """Return how many steps a call takes, from the description of its size; None where that does not say."""
    if size.startswith("n steps"):
        return n
    found = _STEPS.search(size)
    return int(found.group(1)) if found else None


def _limit(pair: Row) -> float:
    return float(pair["ratio_high"] if is_known(pair["ratio_high"]) else pair["ratio"])


def _devices(pairing: Pairing, times: Times, operations: Mapping[tuple[Any, ...], Sequence[Row]]) -> list[DeviceRecord]:
    """Return the devices that have a column: with a GPU the two sides, else all that were measured here."""
    sides = {pairing.device.key, pairing.baseline.key}
    measured = {
        device.key
        for device in pairing.run.devices
        for key, sizes in operations.items()
        if any((*key, pair["n"], device.key) in times for pair in (sizes[0], sizes[-1]))
    }
    shown = sides if pairing.has_gpu else sides | measured
    return [device for device in pairing.run.devices if device.key in shown]


def _label(device: DeviceRecord, pairing: Pairing) -> str:
    for side in (pairing.device, pairing.baseline):
        if device.key == side.key and pairing.has_gpu:
            return side.word
    if device.kind == "numpy":
        return "NumPy"
    if device.kind == "cpu" and device.threads:
        return f"PyTorch, {units.count(device.threads, 'thread')}"
    return clean(device.key)


def _line(pair: Row, keys: Sequence[str], times: Times, pairing: Pairing, size: str) -> Line:
    count = steps(size, int(pair["n"]))
    in_steps = size.startswith("n steps")
    return Line(
        size=units.count(int(pair["n"]), "step") if in_steps else f"n = {units.count(int(pair['n']))}",
        times=tuple(_time(pair, key, times, pairing, count) for key in keys),
        winner=_winner(pair, pairing.device, pairing.baseline),
    )


def _time(pair: Row, key: str, times: Times, pairing: Pairing, count: int | None) -> Value:
    if key == pairing.device.key:
        value, low, high = (float(pair[name]) for name in ("seconds", "seconds_low", "seconds_high"))
    elif key == pairing.baseline.key:  # a pair may set tf32 against float32, so its own time is the right one
        value, low, high = (float(pair[name]) for name in ("baseline_seconds", "baseline_low", "baseline_high"))
    else:
        other = times.get((pair["workload"], pair["dtype"], pair["n"], key))
        if other is None:
            return Value(text=units.NONE)
        value, low, high = (float(other[name]) for name in ("seconds", "seconds_low", "seconds_high"))
    step = ""
    if count and count > 1:
        step = f"{units.seconds(value / count, low / count, high / count)} a step"
    return seconds(value, low, high, step)


def _winner(pair: Row, device: Side, baseline: Side) -> Value:
    ahead = {"device": device, "baseline": baseline}.get(pair["verdict"])
    low, high = (float(pair[name]) for name in ("ratio_low", "ratio_high"))
    if ahead is None:
        return Value(text=words.no_winner(pair["verdict"], low, high))
    span = words.ratio_span(low, high) if ahead is device else words.ratio_span(1 / high, 1 / low)
    return Value(text=f"{ahead.word} {_gain(pair)}", span=span)


def _gain(pair: Row) -> str:
    """Return how many times as fast the winner is."""
    value, low, high = (float(pair[name]) for name in ("ratio", "ratio_low", "ratio_high"))
    if pair["verdict"] == "baseline":
        value, low, high = 1 / value, *((math.nan, math.nan) if math.isnan(low) else (1 / high, 1 / low))
    return words.times(value, low, high)
