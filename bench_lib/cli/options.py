"""Options that verbs share: the choices there are, and how a duration, a threshold and a path are read and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bench_lib.errors import UsageError
from bench_lib.records.sanitize import shorten

if TYPE_CHECKING:
    from bench_lib.records.run import Run

ProfileName = Literal["quick", "standard", "full"]
FormatName = Literal["table", "markdown", "json", "github"]
"""All forms that a verb may print in; each verb names those that it has, and typer refuses the others."""

Results = Annotated[list[Path], typer.Argument(help="Result files: our own, asv's or pytest-benchmark's.")]
Expression = Annotated[str, typer.Option("-k", help="Which cases: words with and, or, not, ( ).")]
Seed = Annotated[int, typer.Option(min=0, help="Of the inputs and the order.")]
Devices = Annotated[list[str] | None, typer.Option(help="A device key; repeatable. Default: every device.")]
Prices = Annotated[
    list[str] | None, typer.Option("--price", help="What an hour of a device costs, such as cpu=0.40; repeatable.")
]
Threshold = Annotated[str, typer.Option(help="Relative change that counts, such as 5% or 0.05.")]
Metrics = Annotated[list[str] | None, typer.Option(metavar="NAME", help="time (default), memory, ...; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR does the same.")]

DURATION_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
MAX_SECONDS: Final = 7 * 86400.0
MAX_THRESHOLD: Final = 10.0


def seconds_of(text: str) -> float:
    """Read a duration such as 90s, 3m or 1h.

    Raises
    ------
    UsageError
        If it is none, or not from a second to a week.
    """
    number, unit = (text[:-1], text[-1:]) if text[-1:] in DURATION_UNITS else (text, "s")
    try:
        seconds = float(number) * DURATION_UNITS[unit]
    except ValueError:
        seconds = 0.0
    if not 1.0 <= seconds <= MAX_SECONDS:
        msg = f"--budget takes a time from 1s to 168h, such as 90s, 3m or 1h; came {text!r}"
        raise UsageError(msg)
    return seconds


def threshold_of(text: str) -> float:
    """Read a relative change such as 5% or 0.05.

    Raises
    ------
    UsageError
        If it is none, or not between 0 and 1,000 %.
    """
    number, scale = (text[:-1], 0.01) if text.endswith("%") else (text, 1.0)
    try:
        share = float(number) * scale
    except ValueError:
        share = -1.0
    if not 0.0 < share <= MAX_THRESHOLD:
        msg = f"--threshold takes a relative change above 0 and up to 1000%, such as 5% or 0.05; came {shorten(text)}"
        raise UsageError(msg)
    return share


def name_of(file: Path, run: Run) -> str:
    """Return what an output is named after: our own file, or the run of another tool, whose names hold paths."""
    from bench_lib.records.storage import default_path

    is_own_file = run.source == "crossover" and not file.is_dir()
    return file.name.split(".")[0] if is_own_file else default_path(run).stem


def print_json(found: object) -> None:
    """Print an object for a machine."""
    print(json.dumps(found, indent=2, ensure_ascii=False))


def shown(path: Path) -> str:
    """Return a path as a person would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
