"""What a live comparison shows on standard error: the two sides, the process at work, what is measured again, and why.

Imports rich when it draws, and neither torch nor pandas.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench_lib import units
from bench_lib.cli.options import shown
from bench_lib.records.case import Case
from bench_lib.records.checkout import COMMIT, short
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.report.terminal import console

if TYPE_CHECKING:
    from bench_lib.runner.ab.alternation import Alternated

WHAT_DIFFERS: Final = {
    "python": "the interpreter and its packages differ",
    "revision": "the code differs",
    "environment": "the variables differ",
    "nothing": "nothing differs, so each change called is a false alarm",
}


class PairProgress:
    """Shows a comparison while it is measured.

    Parameters
    ----------
    quiet
        Show nothing.
    """

    def __init__(self, *, quiet: bool = False, color: bool = True) -> None:
        self._progress = console.RunProgress(quiet=quiet, color=color)
        self._processes = 0

    def note(self, sentence: str) -> None:
        """Say what a person should know."""
        self._progress.say(sentence)

    def begin(self, before: Run, after: Run, cases: int, folder: Path) -> None:
        """Say what is compared, how and for how long."""
        self._processes = before.rounds
        differs = WHAT_DIFFERS.get(str(before.settings.get("compared")), "")
        devices = ", ".join(f"{device.key} ({device.name})" for device in before.devices)
        limit = f", about {before.budget_seconds:.0f} s" if before.budget_seconds else ""
        sentence = (
            f"A ({_name(before)}) and B ({_name(after)}): {differs}; {units.count(cases, 'case')} on {devices}, "
            f"{units.count(before.rounds, 'process', 'processes')} of each side{limit}; "
            f"writing {shown(folder)}"
        )
        self._progress.announce(sentence, cases, (before, after))

    def begin_pass(self, header: Run, number: int, visits: int) -> None:
        """Show which process of which side is at work."""
        of = f" of {self._processes}" if number <= self._processes else " (suspects)"
        self._progress.begin_pass(f"{str(header.settings.get('side')).upper()} {number}{of}", visits)

    def about_to(self, case: Case) -> None:
        """Show the case in hand."""
        self._progress.about_to(case)

    def saw(self, sample: Sample) -> None:
        """Count a visit."""
        self._progress.saw(sample)

    def looked(self, processes: int, suspects: int) -> None:
        """Say how many cases look changed after so many processes."""
        what = f"{units.count(suspects, 'case')} to be measured again" if suspects else "nothing to measure again"
        self._progress.say(f"after {units.count(processes, 'process', 'processes')} of each side: {what}")

    def ended(self, how: Alternated) -> None:
        """Say what it took, and whether the budget ended it."""
        if how.cut:
            self._progress.say(
                "the budget leaves no time to measure these again: what is said of them rests on few processes"
            )
        self._progress.say(f"measured in {how.wall_seconds:.0f} s")

    def end(self) -> None:
        """Take the bar away."""
        self._progress.end()


def _name(run: Run) -> str:
    """Return what a person calls a side, with its commit where it has one."""
    commit = short(str(run.settings.get(COMMIT, "")))
    label = str(run.settings.get("label", ""))
    return f"{label}, {commit}" if commit and commit != label else label
