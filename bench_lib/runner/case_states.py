"""What is known of every case of a run, and what is still asked for.

Whether a sample is made now or read back from a file, the same follows from it.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from msgspec import structs

from bench_lib import units
from bench_lib.records.case import Case, Plan, PlannedCase
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.runner.needs import within_reach
from bench_lib.runner.refine import Refinement

MAX_DEATHS: Final = 2  # a case that ended so many workers is not asked again
SETTLED: Final = ("wrong", "oom", "failed", "too_slow", "skipped")


class CaseStates:
    """The cases of a run, and how each stands.

    Attributes
    ----------
    works
        Every case that is planned, with its work: those added later come last.
    refinement
        What the samples say of where to go on.
    settled
        Cases that are asked for no more.
    """

    def __init__(self, header: Run, planned: Iterable[PlannedCase]) -> None:
        self.refinement = Refinement(header, planned)
        self.works, self.costs = self.refinement.works, self.refinement.costs
        self._deaths: Counter[Case] = Counter()
        self._seen: set[Case] = set()
        self._ok: set[Case] = set()
        self.settled: set[Case] = set()
        self._refused: set[Case] = set()
        self._checked: set[Case] = set()
        self._rounds: dict[Case, set[int]] = {}

    def add(self, plan: Plan) -> None:
        """Take in cases that were added after a round."""
        self.refinement.add(plan)

    def note(self, sample: Sample) -> None:
        """Draw what follows from a sample."""
        case = sample.case
        self.refinement.note(sample)
        self._seen.add(case)
        self._rounds.setdefault(case, set()).add(sample.round)
        if sample.status == "too_slow":
            self._refused.add(case)
        if sample.status == "ok":
            self._ok.add(case)
            if sample.error_bound is not None:
                self._checked.add(_inputs_of(case))
        elif self._deaths[case] >= MAX_DEATHS or (sample.status in SETTLED and not self._deaths[case]):
            self.settled.add(case)

    def recall(self, sample: Sample) -> None:
        """Take up what an earlier session saw."""
        if sample.status in ("failed", "timeout"):
            self.note_death(sample.case)  # each may have been a worker's death, and one is forgiven
        self.note(sample)

    def note_death(self, case: Case) -> None:
        """Count a worker that a case has ended, before the sample that says so."""
        self._deaths[case] += 1

    def is_checked(self, case: Case) -> bool:
        """Return whether the result of a case's inputs was compared with its reference already."""
        return _inputs_of(case) in self._checked

    def is_new(self, case: Case) -> bool:
        """Return whether a case was neither visited nor refused so far."""
        return case not in self._seen

    @property
    def unvisited(self) -> int:
        """How many cases are new."""
        return len(self.works) - len(self._seen)

    def active(self) -> list[Case]:
        """Return the cases that are still asked for."""
        return [case for case in self.works if case not in self.settled]

    def measured(self) -> list[Case]:
        """Return the cases that have a time and are still asked for."""
        return [case for case in self.active() if case in self._ok]

    def unsettled(self, *, seconds: float, coming: int, most: int) -> list[Case]:
        """Return the cases that more visits are worth their time for: new ones, and those that they can settle.

        Parameters
        ----------
        seconds, coming, most
            As for :func:`bench_lib.runner.needs.within_reach`.
        """
        reach = within_reach(self.refinement.needs(), seconds=seconds, coming=coming, most=most)
        return [case for case in self.active() if case in reach or self.is_new(case)]

    def rounds(self, case: Case) -> int:
        """Return in how many rounds a case was visited."""
        return len(self._rounds.get(case, ()))

    def rounds_done(self, slow: Collection[Case]) -> int:
        """Return how many rounds are complete: ``slow`` cases miss some, and added ones come late."""
        slow = set(slow)
        ordinary = [case for case in self.active() if case not in slow and case not in self.refinement.added]
        if ordinary:
            return min(self.rounds(case) for case in ordinary)
        return max(self.rounds(case) for case in self.active())

    def refusal(self, blank: Sample, limit: float) -> Sample | None:
        """Return the row of a case whose first call would be longer than ``limit`` seconds, with the prediction.

        Parameters
        ----------
        blank
            A sample of the case, whose status and reason are filled in.
        """
        predicted = self.costs.call(blank.case)
        if predicted <= limit:
            return None
        reason = (
            f"one call would take about {units.seconds(predicted)}, from what smaller sizes took; "
            f"this budget allows {units.seconds(limit)}"
        )
        return structs.replace(blank, status="too_slow", reason=reason)

    def reconsider(self, limit: float) -> None:
        """Let cases that were refused be tried after all, where better times of smaller sizes now allow it."""
        for case in [case for case in self._refused if self.costs.call(case) <= limit]:
            self._refused.discard(case)
            self.settled.discard(case)
            self._seen.discard(case)


def _inputs_of(case: Case) -> Case:
    return structs.replace(case, timing="latency")  # however they are timed, calls have the same inputs
