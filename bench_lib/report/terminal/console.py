"""What the commands show in a terminal: the devices found, the progress of a run. No analysis is done here.

Progress goes to standard error. Imports rich when it draws, and neither torch nor pandas.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.records.bounds import Facts
from bench_lib.records.case import Case
from bench_lib.records.run import DeviceRecord, Finding, Run, Severity
from bench_lib.records.sample import Sample

PIPED_WIDTH: Final = 120
BAR_WIDTH: Final = 10
SPINNER_WIDTH: Final = 4  # with what stands between the columns
DOUBT_LINES: Final = 2
SEVERITY_STYLES: Final[Mapping[Severity, str]] = {"ok": "green", "note": "", "warning": "yellow", "unfit": "bold red"}
PLAIN_INTERVAL_SECONDS: Final = 10.0  # between lines where there is no terminal to redraw


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


def doubts_before(findings: Sequence[Finding]) -> list[str]:
    """Return what a person should know before a run, in two lines at most: the worst of what the doctor found."""
    severe = [finding for severity in ("unfit", "warning") for finding in findings if finding.severity == severity]
    lines = [f"{finding.severity}: {finding.check}: {finding.found}" for finding in severe[:DOUBT_LINES]]
    if len(severe) > DOUBT_LINES:
        lines[-1] += f" (and {len(severe) - DOUBT_LINES} more: crossover doctor)"
    return lines


class RunProgress:
    """Shows a run on standard error: cases done, rate, time left, the case in hand.

    Parameters
    ----------
    quiet
        Show nothing.
    """

    def __init__(self, *, quiet: bool = False, color: bool = True) -> None:
        self._console = console(sys.stderr, color=color)
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task: Any = None
        self._started = self._last_line = time.monotonic()
        self._visits = 0
        self._round = ""
        self._cases = 0
        self._budget: float | None = None
        self._status: dict[Case, str] = {}

    def begin(self, runs: Sequence[Run], cases: int, path: Path) -> None:
        """Say what is about to be measured, and show it from here on.

        Parameters
        ----------
        runs
            Headers; what they say of sources that could not be loaded is an error, and so not silenced.
        """
        self._cases, self._budget = cases, runs[0].budget_seconds
        for line in dict.fromkeys(
            line for run in runs for line in str(run.settings.get("not_loaded", "")).splitlines()
        ):
            self._console.print(Text(f"not loaded: {line}"), soft_wrap=True)
        if self._quiet:
            return
        self._console.print(Text(self.headline(runs, cases, path)))
        for line in dict.fromkeys(line for run in runs for line in doubts_before(run.findings)):
            self._console.print(Text(line))
        if self._console.is_terminal:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=BAR_WIDTH),
                TextColumn("{task.fields[case]}", markup=False),
                console=self._console,
                transient=True,
            )
            self._progress.start()

    def headline(self, runs: Sequence[Run], cases: int, path: Path) -> str:
        """Return in a sentence what is about to be measured."""
        (run,) = runs
        devices = ", ".join(f"{device.key} ({device.name})" for device in run.devices)
        limit = f", at most {run.budget_seconds:.0f} s" if run.budget_seconds else ""
        what = f"{units.count(cases, 'case')} on {devices}; {units.count(run.rounds, 'round')}{limit}"
        return f"{what}; writing {path}"

    def label(self, run: Run, number: int, last: int) -> str:
        """Return what a pass is called."""
        del run
        return f"round {number} of {last}"

    def begin_pass(self, run: Run, number: int, last: int, visits: int) -> None:
        """Begin a pass over ``visits`` cases."""
        self._round = self.label(run, number, last)
        if self._progress:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(self._round, total=visits, case="")

    def add(self, cases: int) -> None:
        """Count cases that were added to the plan."""
        self._cases += cases

    def about_to(self, case: Case) -> None:
        """Show the case in hand."""
        if self._progress:
            # Cut here what does not fit: rich would take it from the bar and the round.
            room = self._console.width - SPINNER_WIDTH - len(self._round) - BAR_WIDTH
            shown = Text(f"{self._rate()}  {case}")
            shown.truncate(max(room, 1), overflow="ellipsis")
            self._progress.update(self._task, case=shown.plain)

    def saw(self, sample: Sample) -> None:
        """Count a visit."""
        self._visits += 1
        before = self._status.get(sample.case)
        if before != "wrong" and (before != "ok" or sample.status == "wrong"):
            self._status[sample.case] = sample.status
        if self._progress:
            self._progress.advance(self._task)
        elif not self._quiet and time.monotonic() - self._last_line > PLAIN_INTERVAL_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(Text(f"{self._round}: {self._rate()}, at {sample.case}"))

    def note(self, sentence: str) -> None:
        """Print a sentence, above the bar where there is one."""
        if not self._quiet:
            self._console.print(Text(sentence))

    def end(self) -> None:
        """Take the bar away."""
        if self._progress:
            self._progress.stop()
            self._progress = None

    def _rate(self) -> str:
        elapsed = max(time.monotonic() - self._started, 1e-9)
        measured = sum(status == "ok" for status in self._status.values())
        left = f", at most {max(self._budget - elapsed, 0):.0f} s left" if self._budget else ""
        return f"{len(self._status)}/{self._cases} cases, {measured} ok, {self._visits / elapsed:.0f} visits/s{left}"


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
