"""What the commands show of what is here: devices, facts, findings; and the console that all of them print to."""

import os
from collections.abc import Mapping, Sequence
from typing import IO, Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.records.bounds import Facts
from bench_lib.records.run import DeviceRecord, Finding, Severity

PIPED_WIDTH: Final = 120
SEVERITY_STYLES: Final[Mapping[Severity, str]] = {"ok": "green", "note": "", "warning": "yellow", "unfit": "bold red"}


def console(stream: IO[str], *, color: bool = True) -> Console:
    """Return a console that honours ``NO_COLOR``, and has the width of a wide terminal when piped.

    What is printed stays as it is: no highlighting, and no ``:name:`` becomes a picture.
    """
    plain = not color or bool(os.environ.get("NO_COLOR"))
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(file=stream, no_color=plain, highlight=False, emoji=False, width=width, soft_wrap=False)


def show(out: Console, part: RenderableType) -> None:
    """Print a part of what a command shows; where that is piped, without blanks at the ends of lines."""
    if out.is_terminal:
        out.print(part)
        return
    with out.capture() as captured:
        out.print(part)
    out.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def devices_table(devices: Sequence[DeviceRecord], default: str) -> Table:
    """Return the table of ``crossover devices``; ``default`` is marked as the lesson's choice."""
    table = Table(title="Devices", title_justify="left")
    for heading in ("key", "name", "threads", "memory", "details"):
        table.add_column(heading, overflow="fold", justify="right" if heading in ("threads", "memory") else "left")
    for device in devices:
        mark = " (default)" if device.key == default else ""
        table.add_row(
            Text(f"{device.key}{mark}"),
            Text(device.name),
            str(device.threads or ""),
            units.nbytes(device.memory_nbytes) if device.memory_nbytes else "",
            Text(", ".join(" ".join(_fact(key, value)) for key, value in device.facts.items())),
        )
    return table


def facts_table(title: str, facts: Facts) -> Table:
    """Return named facts as a two-column table."""
    table = Table(title=title, title_justify="left", show_header=False)
    for key, value in facts.items():
        name, shown = _fact(key, value)
        table.add_row(Text(name), Text(shown, overflow="fold"))
    return table


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return what the doctor found as a table, in its order; what needs doing stands under what was found."""
    table = Table(title="Doctor", title_justify="left")
    table.add_column("severity")
    table.add_column("check")
    table.add_column("found", overflow="fold")
    for finding in findings:
        advice = f"\n\N{RIGHTWARDS ARROW} {finding.advice}" if finding.advice else ""
        severity = Text(finding.severity, style=SEVERITY_STYLES[finding.severity])
        table.add_row(severity, Text(finding.check), Text(f"{finding.found}{advice}"))
    return table


def _fact(key: str, value: object) -> tuple[str, str]:
    """Return a fact's name and value in words: ``memory_nbytes`` of 1024 is memory of 1 KiB."""
    name = key.removesuffix("_nbytes").replace("_", " ")
    if value is None:
        return name, "unknown"
    if isinstance(value, bool):
        return name, "yes" if value else "no"
    if key.endswith("_nbytes") and isinstance(value, int | float):
        return name, units.nbytes(value)
    return name, str(value)
