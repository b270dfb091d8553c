"""The progress of a run on standard error."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from bench_lib import units
from bench_lib.records.case import Case
from bench_lib.records.run import Finding, Run
from bench_lib.records.sample import Sample
from bench_lib.report.terminal.console import console

BAR_WIDTH: Final = 10
SPINNER_WIDTH: Final = 4  # with what stands between the columns
DOUBT_LINES: Final = 2
PLAIN_INTERVAL_SECONDS: Final = 10.0  # between lines where there is no terminal to redraw


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
