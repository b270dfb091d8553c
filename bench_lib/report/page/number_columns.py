"""The columns of the table of all numbers: what each holds, and when it is left out. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CEILING_COLUMNS: Final = ("bound_by", "ceiling")
REUSE_COLUMNS: Final = ("reuse",)
RUN_COLUMNS: Final = ("run",)
"""What stands only where a run has ceilings, data is copied to a device, and there is more than one run."""

BYTES_COLUMNS: Final = ("nbytes", "bytes_per_second")
FLOP_COLUMNS: Final = ("flop_per_second", "intensity")
RATIO_COLUMNS: Final = ("speedup",)
"""What other tools' files may not tell of any case."""


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """One column: its key in the downloads, its header, and what it means."""

    key: str
    label: str
    meaning: str
    numeric: bool = False
    interval: bool = False


COLUMNS: Final = (
    NumberColumn(key="workload", label="Operation", meaning="its name, as crossover takes it"),
    NumberColumn(key="n", label="n", meaning="size, as the operation counts it", numeric=True),
    NumberColumn(key="nbytes", label="Bytes", meaning="working set, in bytes", numeric=True),
    NumberColumn(key="dtype", label="dtype", meaning="type of the elements"),
    NumberColumn(key="device", label="Device", meaning="key of the device"),
    NumberColumn(key="residency", label="Data", meaning="where inputs start and results end"),
    NumberColumn(key="timing", label="Timing", meaning="what was timed"),
    NumberColumn(
        key="seconds", label="Time", meaning="median of one call, 95 % interval, seconds", numeric=True, interval=True
    ),
    NumberColumn(
        key="speedup", label="Times as fast", meaning="baseline time over this time, 95 % interval", numeric=True,
        interval=True,
    ),
    NumberColumn(key="bytes_per_second", label="Bytes/s", meaning="working set over time", numeric=True),
    NumberColumn(key="flop_per_second", label="FLOP/s", meaning="operations over time", numeric=True),
    NumberColumn(key="intensity", label="FLOP/B", meaning="operational intensity: operations per byte", numeric=True),
    NumberColumn(key="bound_by", label="Bound by", meaning="the nearest ceiling: compute, memory, link or launch"),
    NumberColumn(
        key="ceiling", label="% of ceiling", numeric=True,
        meaning="least time that this ceiling allows, over this time; over 105 % is impossible",
    ),
    NumberColumn(
        key="reuse", label="Copying pays", meaning="how often copied data must be used on the device (break-even reuse)"
    ),
    NumberColumn(key="verdict", label="Verdict", meaning="against the baseline, or why there is no time"),
    NumberColumn(key="family", label="Family", meaning="family of the operation"),
    NumberColumn(key="expression", label="Expression", meaning="as a person would type it"),
    NumberColumn(key="run", label="Run", meaning="id of the run"),
)  # fmt: skip


def left_out(
    *, ceilings: bool, copies: bool, runs: int, nbytes: bool = True, flop: bool = True, ratios: bool = True
) -> tuple[str, ...]:
    """Return the keys of the columns that would say nothing.

    Parameters
    ----------
    ceilings, copies
        Whether any run has ceilings, and whether any data is copied to a device and back.
    runs
        How many there are.
    nbytes, flop, ratios
        Whether the working set and the work of any case are known, and any case has a baseline.
    """
    return (
        *(() if ceilings else CEILING_COLUMNS),
        *(() if copies else REUSE_COLUMNS),
        *(() if runs > 1 else RUN_COLUMNS),
        *(() if nbytes else BYTES_COLUMNS),
        *(() if flop else FLOP_COLUMNS),
        *(() if ratios else RATIO_COLUMNS),
    )
