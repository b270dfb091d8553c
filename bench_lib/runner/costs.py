"""What a visit to a case costs, from what the samples so far took. No clock: the same samples give the same costs.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.sample import Sample
from bench_lib.runner.schedule import CALLS_PER_VISIT, MIN_VISIT_SECONDS, Predictions

ASK_SECONDS: Final = 1e-3  # a question, its answer, and the line on the disk
SHARE_OF_INPUTS: Final = 0.2
"""Of what a first visit took beside its calls: making the inputs, which each process does again. The rest is the check,
which is made once. Seen in a quick run on two cores: 7.8 s in the first round, 1.7 s in each later one."""


class Costs:
    """Seconds of visits, seen or expected; ``predictions`` has those of single calls."""

    def __init__(self, planned: Iterable[PlannedCase]) -> None:
        self.predictions = Predictions(planned)
        self._inputs: dict[Case, float] = {}
        self._measured: set[Case] = set()
        self._last_round: dict[Case, int] = {}

    def add(self, planned: Iterable[PlannedCase]) -> None:
        """Take further cases in."""
        self.predictions.add(planned)

    def note(self, sample: Sample) -> None:
        """Take one visit in."""
        case = sample.case
        if sample.status != "ok":
            return
        self.predictions.learn(case, min(sample.seconds))
        is_first = self._last_round.get(case) != sample.round
        self._last_round[case] = sample.round
        if not is_first:
            return  # its inputs were there
        beside = max(sample.wall_seconds - sum(sample.seconds) * sample.calls - sample.warmup_seconds, 0.0)
        if sample.error_bound is None:
            self._inputs[case] = min(beside, self._inputs[case]) if case in self._measured else beside
            self._measured.add(case)
        elif case not in self._measured:
            self._inputs[case] = SHARE_OF_INPUTS * beside

    def visit(self, case: Case) -> float:
        """Return what the shortest visit to a planned case takes in a fresh process, its inputs included."""
        call = self.predictions.seconds(case) or 0.0
        return ASK_SECONDS + self._inputs_of(case) + max(MIN_VISIT_SECONDS, CALLS_PER_VISIT * call)

    def _inputs_of(self, case: Case) -> float:
        if case in self._inputs:
            return self._inputs[case]
        smaller = self.predictions.nearest_smaller(case, self._inputs)
        return self._inputs[smaller] * self.predictions.copying(smaller, case) if smaller else 0.0
