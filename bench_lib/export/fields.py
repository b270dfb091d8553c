"""The columns of an exported table, for each of its three levels, listed once with units and meanings.

A column keeps the name that it has in :mod:`bench_lib.analysis` and :mod:`bench_lib.analysis.columns`, except where
that lacks its unit. Imports neither pandas nor torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bench_lib.analysis.columns import COLUMNS

LevelName = Literal["case", "sample", "speedup"]
Kind = Literal["text", "whole", "real", "truth"]

_KINDS: Final[dict[str, Kind]] = {"category": "text", "int64": "whole", "float64": "real", "bool": "truth"}
_WHOLE_WITH_GAPS: Final = (
    *("threads", "nbytes", "warmup_calls", "peak_allocated_nbytes", "peak_reserved_nbytes", "peak_host_nbytes"),
)
_WITH_UNIT: Final = {
    "median_low": "median_seconds_low",
    "median_high": "median_seconds_high",
    "floor_low": "floor_seconds_low",
    "floor_high": "floor_seconds_high",
    "baseline_low": "baseline_seconds_low",
    "baseline_high": "baseline_seconds_high",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of an exported table.

    Attributes
    ----------
    kind
        ``text``, ``whole`` (a 64-bit integer), ``real`` (a 64-bit float) or ``truth``; all but the last may be unknown.
    unit
        Empty for text, counts and ratios.
    source
        Its name in the table of the library.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Level:
    """What one row of an exported table is, and its columns."""

    name: LevelName
    row: str
    fields: tuple[Field, ...]


def _field(source: str, kind: Kind, unit: str, meaning: str) -> Field:
    return Field(name=_WITH_UNIT.get(source, source), kind=kind, unit=unit, meaning=meaning, source=source)


def _fields(*rows: tuple[str, Kind, str, str]) -> dict[str, Field]:
    return {row[0]: _field(*row) for row in rows}


def _in_words(meaning: str) -> str:
    """Say of a gap what it is in every format: NaN and empty text are those of the library's tables."""
    meaning = meaning.replace("NaN where not known", "unknown where the run does not say")
    return meaning.replace("NaN", "unknown").replace("; empty", "; unknown")


_OF_SAMPLES: Final = {
    column.name: _field(
        column.name,
        "whole" if column.name in _WHOLE_WITH_GAPS else _KINDS[column.dtype],
        column.unit,
        _in_words(column.meaning),
    )
    for column in COLUMNS
}

_OF_CASES: Final = _fields(
    ("status", "text", "", "ok, or why there is no time: skipped, oom, failed, wrong, timeout or too_slow"),
    ("rounds", "whole", "", "processes with a time"),
    ("visits", "whole", "", "visits with a time, of all those processes"),
    ("blocks", "whole", "", "timed blocks of all those visits"),
    (
        "seconds",
        "real",
        "s",
        "time of one call: mean over rounds, in logs, of the visits' medians; unknown if not ok",
    ),
    ("seconds_low", "real", "s", "lower 95 % limit of it"),
    ("seconds_high", "real", "s", "upper 95 % limit of it"),
    ("floor_seconds", "real", "s", "the same of the visits' 5th percentiles"),
    ("floor_low", "real", "s", "lower 95 % limit of it"),
    ("floor_high", "real", "s", "upper 95 % limit of it"),
    (
        "interval",
        "text",
        "",
        "what the limits rest on: between-rounds, or within-run (too narrow); unknown if none",
    ),
    ("converged", "truth", "", "whether every visit's own interval was within its target"),
    ("first_call_seconds", "real", "s", "median over processes of the first call; unknown where not known"),
    ("relative_error", "real", "", "largest max|err| / max|ref| against float64; unknown where not checked"),
    ("throttled", "truth", "", "whether a reason to throttle was active in any visit"),
    ("launch_bound", "truth", "", "device timing: whether launching may be in the number of any visit"),
    ("modes", "whole", "", "groups that the visits' medians fall into; 2 or more: no one number describes it"),
)

_OF_SPEEDUPS: Final = _fields(
    ("status", "text", "", "ok if both sides have a time, else why not"),
    ("seconds", "real", "s", "time of one call on the device; unknown if not ok there"),
    ("baseline", "text", "", "key of the device that it is compared with"),
    ("baseline_seconds", "real", "s", "time of one call on the baseline; unknown if not ok there"),
    ("baseline_low", "real", "s", "lower 95 % limit of it"),
    ("baseline_high", "real", "s", "upper 95 % limit of it"),
    ("ratio", "real", "", "baseline time over device time, visits paired: above 1 the device is faster"),
    ("ratio_low", "real", "", "lower 95 % limit of it"),
    ("ratio_high", "real", "", "upper 95 % limit of it"),
    ("rounds", "whole", "", "processes that the ratio rests on"),
    ("verdict", "text", "", "device, baseline, same (within 2 %) or undecided; unknown without a ratio"),
)

_CASE: Final = (
    *("run", "source", "machine", "workload", "family", "expression", "n", "dtype", "device", "kind", "device_name"),
    *("threads", "lazy", "residency", "timing", "flop", "nbytes", "status", "reason", "rounds", "visits", "blocks"),
    *("seconds", "seconds_low", "seconds_high", "floor_seconds", "floor_low", "floor_high", "interval", "converged"),
    *("first_call_seconds", "relative_error", "error_bound", "peak_allocated_nbytes", "throttled", "launch_bound"),
    "modes",
)
_SPEEDUP: Final = (
    *("run", "machine", "workload", "family", "expression", "n", "dtype", "device", "kind", "device_name", "baseline"),
    *("residency", "timing", "flop", "nbytes", "status", "reason", "seconds", "seconds_low", "seconds_high"),
    *("baseline_seconds", "baseline_low", "baseline_high", "ratio", "ratio_low", "ratio_high", "rounds", "interval"),
    "verdict",
)

LEVELS: Final[dict[str, Level]] = {
    level.name: level
    for level in (
        Level(
            name="case",
            row="one case of one run: an operation, a size, a dtype, a device, a residency and a timing",
            fields=tuple((_OF_SAMPLES | _OF_CASES)[name] for name in _CASE),
        ),
        Level(
            name="sample",
            row="one visit to one case, as it was seen; a planned case that was never reached has one too",
            fields=tuple(_OF_SAMPLES.values()),
        ),
        Level(
            name="speedup",
            row="one case of another device, compared with the baseline of the same run",
            fields=tuple((_OF_SAMPLES | _OF_CASES | _OF_SPEEDUPS)[name] for name in _SPEEDUP),
        ),
    )
}
