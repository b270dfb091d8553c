"""What a live comparison shows on standard error: the sides, the process at work, what is measured again, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench_lib import units
from bench_lib.cli.options import shown
from bench_lib.records.checkout import COMMIT, short
from bench_lib.records.run import Run
from bench_lib.report.terminal.progress import RunProgress

if TYPE_CHECKING:
    from bench_lib.runner.ab.alternation import AbOutcome

WHAT_DIFFERS: Final = {
    "python": "the interpreter and its packages differ",
    "revision": "the code differs",
    "environment": "the variables differ",
    "nothing": "nothing differs, so each change called is a false alarm",
}


class PairProgress(RunProgress):
    """Shows a comparison while it is measured."""

    def headline(self, runs: Sequence[Run], cases: int, path: Path) -> str:
        """Return what is compared, how and for how long."""
        before, after = runs
        differs = WHAT_DIFFERS.get(str(before.settings.get("compared")), "")
        devices = ", ".join(f"{device.key} ({device.name})" for device in before.devices)
        limit = f", about {before.budget_seconds:.0f} s" if before.budget_seconds else ""
        return (
            f"A ({_name(before)}) and B ({_name(after)}): {differs}; {units.count(cases, 'case')} on {devices}, "
            f"{units.count(before.rounds, 'process', 'processes')} of each side{limit}; "
            f"writing {shown(path)}"
        )

    def label(self, run: Run, number: int, last: int) -> str:
        """Return which process of which side is at work."""
        of = f" of {last}" if number <= last else " (suspects)"
        return f"{str(run.settings.get('side')).upper()} {number}{of}"

    def judged(self, processes: int, suspects: int) -> None:
        """Say how many cases look changed after so many processes."""
        what = f"{units.count(suspects, 'case')} to be measured again" if suspects else "nothing to measure again"
        self.note(f"after {units.count(processes, 'process', 'processes')} of each side: {what}")

    def ended(self, how: AbOutcome) -> None:
        """Say what it took, and whether the budget ended it."""
        if how.cut:
            self.note("the budget leaves no time to measure these again: what is said of them rests on few processes")
        self.note(f"measured in {how.wall_seconds:.0f} s")


def _name(run: Run) -> str:
    """Return what a person calls a side, with its commit where it has one."""
    commit = short(str(run.settings.get(COMMIT, "")))
    label = str(run.settings.get("label", ""))
    return f"{label}, {commit}" if commit and commit != label else label
