"""The columns of every table, listed once: unit, meaning, the levels that have it, and how the page shows it.

The tables of this package, the page, the exports and their documentation follow from these rows. A row of a table is
a sample, a case or a speedup; the page's table of all numbers has a row for each case.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from bench_lib import units
from bench_lib.analysis import cells
from bench_lib.analysis.cells import ToCell

LevelName = Literal["case", "sample", "speedup"]
Kind = Literal["text", "whole", "real", "truth"]
Fact = Literal["ceilings", "copies", "several runs", "bytes", "operations", "baselines"]
"""What only some runs tell, so that a column of the page would be empty without it."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column holds.

    Attributes
    ----------
    kind
        ``text``, ``whole`` (a 64-bit integer), ``real`` (a 64-bit float) or ``truth``.
    unit
        Empty for text, counts and ratios.
    levels
        The tables that have it, with this meaning.
    has_gaps
        Whether a whole number may be unknown, so that tables of the library hold it as a float.
    exported
        Its name in exports: the same, or one that tells the unit where the library's does not.
    label, cell
        On the page: its header, and what a cell of it shows.
    has_interval
        Whether the page shows its 95 % interval.
    needs
        What some run must tell for the page to have it; empty for nothing.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    levels: tuple[LevelName | Literal["page"], ...]
    exported: str
    has_gaps: bool = False
    label: str = ""
    cell: ToCell | None = None
    has_interval: bool = False
    needs: Fact | None = None

    @property
    def dtype(self) -> str:
        """Its dtype in tables of the library."""
        whole = "float64" if self.has_gaps else "int64"
        return {"text": "category", "whole": whole, "real": "float64", "truth": "bool"}[self.kind]

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.kind in ("whole", "real")

    @property
    def explained(self) -> str:
        """Its meaning where a gap is neither NaN nor an empty text, as in exports."""
        meaning = self.meaning.replace("NaN where not known", "unknown where the run does not say")
        return meaning.replace("NaN", "unknown").replace("; empty", "; unknown")


@dataclass(frozen=True, kw_only=True)
class Level:
    """What one row of a table is."""

    name: LevelName
    row: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, in their order."""
        return tuple(column for column in ALL_COLUMNS if self.name in column.levels)


def _column(
    levels: tuple[LevelName | Literal["page"], ...], name: str, kind: Kind, meaning: str, **more: Any
) -> Column:
    return Column(levels=levels, name=name, kind=kind, meaning=meaning, **({"unit": "", "exported": name} | more))


SAMPLE: Final = ("sample",)
CASE: Final = ("case",)
SPEEDUP: Final = ("speedup",)
PAGE: Final = ("page",)
EVERY: Final = (*SAMPLE, *CASE, *SPEEDUP)
NO_SPEEDUP: Final = (*SAMPLE, *CASE)
NO_SAMPLE: Final = (*CASE, *SPEEDUP)

ALL_COLUMNS: Final = (
    _column(EVERY, "run", "text", "id of the run"),
    _column(NO_SPEEDUP, "source", "text", "what measured it: crossover, asv or pytest-benchmark"),
    _column(EVERY, "machine", "text", "the machine, named by its parts"),
    _column(EVERY, "workload", "text", "name of the operation"),
    _column(EVERY, "family", "text", "the family it belongs to; empty where the run does not say"),
    _column(
        EVERY, "expression", "text",
        "the operation as a person would type it; its name where the run does not say",
    ),
    _column(SAMPLE, "mode", "text", "how it is executed: eager, compiled or graph"),
    _column(SAMPLE, "eager", "text", "name of the same operation executed eagerly; empty where this is that one"),
    _column(
        SAMPLE, "lazy", "truth",
        "whether a call may return before its bytes are touched, so that no bandwidth follows",
    ),
    _column(EVERY, "n", "whole", "size; what it counts is the workload's to say"),
    _column(EVERY, "dtype", "text", "type of the elements; tf32 is a row of its own"),
    _column(EVERY, "device", "text", "key of the device: numpy, cpu, cpu-1t, cuda:0, mps, xpu:0"),
    _column(EVERY, "kind", "text", "kind of the device: numpy, cpu, cuda, mps, xpu"),
    _column(EVERY, "device_name", "text", "full name of the device; its key where the run does not say"),
    _column(SPEEDUP, "baseline", "text", "key of the device that it is compared with"),
    _column(
        NO_SPEEDUP, "threads", "whole", "threads the device was given; NaN where that has no meaning or is not known",
        has_gaps=True,
    ),
    _column(
        CASE, "lazy", "truth",
        "whether a call may return before its bytes are touched, so that no bandwidth follows",
    ),
    _column(SAMPLE, "unfit", "truth", "whether the doctor found the device unfit before the run"),
    _column(EVERY, "residency", "text", "where inputs start and results end: resident or roundtrip"),
    _column(EVERY, "timing", "text", "what was timed: latency, throughput, device or submit"),
    _column(EVERY, "flop", "real", "floating-point operations of one call; NaN where not known", unit="FLOP"),
    _column(
        EVERY, "nbytes", "whole", "working set: inputs read once, outputs written once; NaN where not known",
        unit="B", has_gaps=True,
    ),
    _column(SAMPLE, "round", "whole", "which process, from 1; 0 for a case that was never reached"),
    _column(SAMPLE, "visit", "whole", "which visit of that process, from 1; equal (round, visit) were side by side"),
    _column(SAMPLE, "status", "text", "ok, skipped, oom, failed, wrong, timeout or too_slow"),
    _column(CASE, "status", "text", "ok, or why there is no time: skipped, oom, failed, wrong, timeout or too_slow"),
    _column(SPEEDUP, "status", "text", "ok if both sides have a time, else why not"),
    _column(EVERY, "reason", "text", "why it is not ok"),
    _column(CASE, "rounds", "whole", "processes with a time"),
    _column(CASE, "visits", "whole", "visits with a time, of all those processes"),
    _column(CASE, "blocks", "whole", "timed blocks of all those visits"),
    _column(
        CASE, "seconds", "real",
        "time of one call: Huber's location, in logs, of the visits' medians; unknown if not ok",
        unit="s",
    ),
    _column(SPEEDUP, "seconds", "real", "time of one call on the device; unknown if not ok there", unit="s"),
    _column(NO_SAMPLE, "seconds_low", "real", "lower 95 % limit of it", unit="s"),
    _column(NO_SAMPLE, "seconds_high", "real", "upper 95 % limit of it", unit="s"),
    _column(CASE, "floor_seconds", "real", "the same of the visits' 5th percentiles", unit="s"),
    _column(CASE, "floor_low", "real", "lower 95 % limit of it", unit="s", exported="floor_seconds_low"),
    _column(CASE, "floor_high", "real", "upper 95 % limit of it", unit="s", exported="floor_seconds_high"),
    _column(SPEEDUP, "baseline_seconds", "real", "time of one call on the baseline; unknown if not ok there", unit="s"),
    _column(SPEEDUP, "baseline_low", "real", "lower 95 % limit of it", unit="s", exported="baseline_seconds_low"),
    _column(SPEEDUP, "baseline_high", "real", "upper 95 % limit of it", unit="s", exported="baseline_seconds_high"),
    _column(SPEEDUP, "ratio", "real", "baseline time over device time, visits paired: above 1 the device is faster"),
    _column(SPEEDUP, "ratio_low", "real", "lower 95 % limit of it"),
    _column(SPEEDUP, "ratio_high", "real", "upper 95 % limit of it"),
    _column(SPEEDUP, "rounds", "whole", "processes that the ratio rests on"),
    _column(
        NO_SAMPLE, "interval", "text",
        "what the limits rest on: between-rounds, or within-run (too narrow); unknown if none",
    ),
    _column(SPEEDUP, "verdict", "text", "device, baseline, same (within 2 %) or undecided; unknown without a ratio"),
    _column(SAMPLE, "blocks", "whole", "timed blocks kept"),
    _column(SAMPLE, "calls", "whole", "calls in each block"),
    _column(SAMPLE, "median_seconds", "real", "median over blocks of the time of one call; NaN if not ok", unit="s"),
    _column(
        SAMPLE, "median_low", "real", "lower 95 % limit of that median within this visit alone; NaN under 6 blocks",
        unit="s", exported="median_seconds_low",
    ),
    _column(
        SAMPLE, "median_high", "real", "upper 95 % limit of that median within this visit alone; NaN under 6 blocks",
        unit="s", exported="median_seconds_high",
    ),
    _column(
        SAMPLE, "floor_seconds", "real", "5th percentile over blocks of the time of one call; NaN if not ok",
        unit="s",
    ),
    _column(SAMPLE, "timed_seconds", "real", "time spent in timed blocks", unit="s"),
    _column(SAMPLE, "warmup_calls", "whole", "calls before the first timed block; NaN where not known", has_gaps=True),
    _column(SAMPLE, "warmup_seconds", "real", "time of those calls; NaN where not known", unit="s"),
    _column(
        SAMPLE, "first_call_seconds", "real", "first call of the process, one-time costs in it; NaN where not known",
        unit="s",
    ),
    _column(
        SAMPLE, "compile_seconds", "real",
        "compiling it, or capturing its graph; NaN where there is nothing to compile",
        unit="s",
    ),
    _column(
        SAMPLE, "wall_seconds", "real", "the whole visit, inputs and checks included; NaN where not known",
        unit="s",
    ),
    _column(
        SAMPLE, "quiet_seconds", "real", "waited before the visit until no thread worked; NaN where not known", unit="s"
    ),
    _column(SAMPLE, "busy", "truth", "whether a thread of the process still worked when the visit began"),
    _column(
        SAMPLE, "minor_faults", "real", "pages that the process was given in each timed block; NaN where not known"
    ),
    _column(SAMPLE, "converged", "truth", "whether the median's interval was seen to be within its target"),
    _column(SAMPLE, "stop", "text", "why sampling ended: narrow, enough, budget, stalled or single; else empty"),
    _column(SAMPLE, "relative_error", "real", "max|err| / max|ref| against float64; NaN where not checked"),
    _column(CASE, "converged", "truth", "whether every visit's own interval was within its target"),
    _column(
        CASE, "first_call_seconds", "real", "median over processes of the first call; unknown where not known",
        unit="s",
    ),
    _column(CASE, "relative_error", "real", "largest max|err| / max|ref| against float64; unknown where not checked"),
    _column(NO_SPEEDUP, "error_bound", "real", "largest relative error allowed; NaN where not checked"),
    _column(
        NO_SPEEDUP, "peak_allocated_nbytes", "whole", "device memory allocated at its peak; NaN where not known",
        unit="B", has_gaps=True,
    ),
    _column(
        SAMPLE, "peak_reserved_nbytes", "whole", "device memory reserved at its peak; NaN where not known",
        unit="B", has_gaps=True,
    ),
    _column(
        SAMPLE, "peak_host_nbytes", "whole", "rise of the process's resident memory in a call; NaN where not known",
        unit="B", has_gaps=True,
    ),
    _column(
        SAMPLE, "sm_clock_hz", "real", "clock of the multiprocessors outside timed blocks; NaN where not known",
        unit="Hz",
    ),
    _column(
        SAMPLE, "temperature_celsius", "real", "temperature outside timed blocks; NaN where not known",
        unit="degC",
    ),
    _column(SAMPLE, "power_watts", "real", "power outside timed blocks; NaN where not known", unit="W"),
    _column(SAMPLE, "throttle", "text", "reasons for throttling that were active, joined by commas"),
    _column(SAMPLE, "launch_bound", "truth", "device timing: submitting took longer than the pre-block"),
    _column(CASE, "throttled", "truth", "whether a reason to throttle was active in any visit"),
    _column(CASE, "launch_bound", "truth", "device timing: whether launching may be in the number of any visit"),
    _column(CASE, "modes", "whole", "groups that the visits' medians fall into; 2 or more: no one number describes it"),
    # The table of all numbers: the first of these names its rows.
    _column(
        PAGE, "workload", "text", "its name, as crossover takes it",
        label="Operation", cell=cells.text("workload"),
    ),
    _column(PAGE, "n", "whole", "size, as the operation counts it", label="n", cell=cells.size),
    _column(
        PAGE, "nbytes", "whole", "working set, in bytes",
        unit="B", label="Bytes", cell=cells.working_set, needs="bytes",
    ),
    _column(PAGE, "dtype", "text", "type of the elements", label="dtype", cell=cells.text("dtype")),
    _column(PAGE, "device", "text", "key of the device", label="Device", cell=cells.text("device")),
    _column(PAGE, "residency", "text", "where inputs start and results end", label="Data", cell=cells.residency),
    _column(PAGE, "timing", "text", "what was timed", label="Timing", cell=cells.text("timing")),
    _column(
        PAGE, "seconds", "real", "median of one call, 95 % interval, seconds",
        unit="s", label="Time", cell=cells.interval("seconds", units.seconds), has_interval=True,
    ),
    _column(
        PAGE, "speedup", "real", "baseline time over this time, 95 % interval",
        label="Times as fast", cell=cells.multiple, has_interval=True,
        needs="baselines",
    ),
    _column(
        PAGE, "bytes_per_second", "real", "working set over time",
        unit="B/s", label="Bytes/s", cell=cells.rate("nbytes", "B/s"), needs="bytes",
    ),
    _column(
        PAGE, "flop_per_second", "real", "operations over time",
        unit="FLOP/s", label="FLOP/s", cell=cells.rate("flop", "FLOP/s"), needs="operations",
    ),
    _column(
        PAGE, "intensity", "real", "operational intensity: operations per byte",
        unit="FLOP/B", label="FLOP/B", cell=cells.intensity, needs="operations",
    ),
    _column(
        PAGE, "bound_by", "text", "the nearest ceiling: compute, memory, link or launch",
        label="Bound by", cell=cells.text("bound_by"), needs="ceilings",
    ),
    _column(
        PAGE, "ceiling", "real", "least time that this ceiling allows, over this time; over 105 % is impossible",
        unit="%", label="% of ceiling", cell=cells.ceiling, needs="ceilings",
    ),
    _column(
        PAGE, "reuse", "text", "how often copied data must be used on the device (break-even reuse)",
        label="Copying pays", cell=cells.reuse, needs="copies",
    ),
    _column(
        PAGE, "verdict", "text", "against the baseline, or why there is no time",
        label="Verdict", cell=cells.verdict,
    ),
    _column(PAGE, "family", "text", "family of the operation", label="Family", cell=cells.text("family")),
    _column(PAGE, "expression", "text", "as a person would type it", label="Expression", cell=cells.text("expression")),
    _column(PAGE, "run", "text", "id of the run", label="Run", cell=cells.text("run"), needs="several runs"),
)  # fmt: skip
"""In an order that is that of each table; a column whose meaning differs between levels has a row for each."""

LEVELS: Final = (
    Level(name="case", row="one case of one run: an operation, a size, a dtype, a device, a residency and a timing"),
    Level(
        name="sample", row="one visit to one case, as it was seen; a planned case that was never reached has one too"
    ),
    Level(name="speedup", row="one case of another device, compared with the baseline of the same run"),
)
LEVEL: Final[dict[str, Level]] = {level.name: level for level in LEVELS}
COLUMNS: Final = LEVEL["sample"].columns
"""Those of the tidy table, which :func:`bench_lib.load` returns."""


def names_of(level: LevelName) -> tuple[str, ...]:
    """Return the names of the columns that the library's table of a level has."""
    return tuple(column.name for column in LEVEL[level].columns)
