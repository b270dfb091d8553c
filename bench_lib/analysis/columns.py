"""The columns of the tidy table, listed once, each with its unit and its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column holds. ``unit`` is empty for text, counts and ratios."""

    name: str
    dtype: str
    unit: str
    meaning: str


COLUMNS: Final[tuple[Column, ...]] = tuple(
    Column(name=name, dtype=dtype, unit=unit, meaning=meaning)
    for name, dtype, unit, meaning in (
        ("run", "category", "", "id of the run"),
        ("source", "category", "", "what measured it: crossover, asv or pytest-benchmark"),
        ("machine", "category", "", "the machine, named by its parts"),
        ("workload", "category", "", "name of the operation"),
        ("family", "category", "", "the family it belongs to; empty where the run does not say"),
        ("expression", "category", "", "the operation as a person would type it; its name where the run does not say"),
        ("mode", "category", "", "how it is executed: eager, compiled or graph"),
        ("eager", "category", "", "name of the same operation executed eagerly; empty where this is that one"),
        ("lazy", "bool", "", "whether a call may return before its bytes are touched, so that no bandwidth follows"),
        ("n", "int64", "", "size; what it counts is the workload's to say"),
        ("dtype", "category", "", "type of the elements; tf32 is a row of its own"),
        ("device", "category", "", "key of the device: numpy, cpu, cpu-1t, cuda:0, mps, xpu:0"),
        ("kind", "category", "", "kind of the device: numpy, cpu, cuda, mps, xpu"),
        ("device_name", "category", "", "full name of the device; its key where the run does not say"),
        ("threads", "float64", "", "threads the device was given; NaN where that has no meaning or is not known"),
        ("residency", "category", "", "where inputs start and results end: resident or roundtrip"),
        ("timing", "category", "", "what was timed: latency, throughput, device or submit"),
        ("flop", "float64", "FLOP", "floating-point operations of one call; NaN where not known"),
        ("nbytes", "float64", "B", "working set: inputs read once, outputs written once; NaN where not known"),
        ("round", "int64", "", "which process, from 1; 0 for a case that was never reached"),
        ("visit", "int64", "", "which visit of that process, from 1; equal (round, visit) were side by side"),
        ("status", "category", "", "ok, skipped, oom, failed, wrong, timeout or too_slow"),
        ("reason", "category", "", "why it is not ok"),
        ("blocks", "int64", "", "timed blocks kept"),
        ("calls", "int64", "", "calls in each block"),
        ("median_seconds", "float64", "s", "median over blocks of the time of one call; NaN if not ok"),
        ("median_low", "float64", "s", "lower 95 % limit of that median within this visit alone; NaN under 6 blocks"),
        ("median_high", "float64", "s", "upper 95 % limit of that median within this visit alone; NaN under 6 blocks"),
        ("floor_seconds", "float64", "s", "5th percentile over blocks of the time of one call; NaN if not ok"),
        ("timed_seconds", "float64", "s", "time spent in timed blocks"),
        ("warmup_calls", "float64", "", "calls before the first timed block; NaN where not known"),
        ("warmup_seconds", "float64", "s", "time of those calls; NaN where not known"),
        (
            "first_call_seconds",
            "float64",
            "s",
            "first call of the process, one-time costs in it; NaN where not known",
        ),
        (
            "compile_seconds",
            "float64",
            "s",
            "compiling it, or capturing its graph; NaN where there is nothing to compile",
        ),
        ("wall_seconds", "float64", "s", "the whole visit, inputs and checks included; NaN where not known"),
        ("converged", "bool", "", "whether the median's interval was seen to be within its target"),
        ("stop", "category", "", "why sampling ended: narrow, budget, stalled or single; empty where not known"),
        ("relative_error", "float64", "", "max|err| / max|ref| against float64; NaN where not checked"),
        ("error_bound", "float64", "", "largest relative error allowed; NaN where not checked"),
        ("peak_allocated_nbytes", "float64", "B", "device memory allocated at its peak; NaN where not known"),
        ("peak_reserved_nbytes", "float64", "B", "device memory reserved at its peak; NaN where not known"),
        ("peak_host_nbytes", "float64", "B", "rise of the process's resident memory in a call; NaN where not known"),
        ("sm_clock_hz", "float64", "Hz", "clock of the multiprocessors outside timed blocks; NaN where not known"),
        ("temperature_celsius", "float64", "degC", "temperature outside timed blocks; NaN where not known"),
        ("power_watts", "float64", "W", "power outside timed blocks; NaN where not known"),
        ("throttle", "category", "", "reasons for throttling that were active, joined by commas"),
        ("launch_bound", "bool", "", "device timing: submitting took longer than the pre-block"),
    )
)
