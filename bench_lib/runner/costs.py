"""What a call of a case and a visit to it cost, from what the samples so far took: the same samples, the same costs."""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec import structs

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.sample import Sample
from bench_lib.runner.schedule import CALLS_PER_VISIT, MIN_VISIT_SECONDS

ASK_SECONDS: Final = 1e-3  # a question, its answer, and the line on the disk
SHARE_OF_INPUTS: Final = 0.2
"""Of what a first visit took beside its calls: making the inputs, which each process does again. The rest is the check,
which is made once. Seen in a quick run on two cores: 7.8 s in the first round, 1.7 s in each later one."""


class Costs:
    """Seconds of calls and visits, seen or expected from what smaller sizes of the same operation took.

    The time grows with the work. Small sizes are dominated by fixed costs, so the prediction is on the high side, and
    grids are close enough for that to be harmless.
    """

    def __init__(self, planned: Iterable[PlannedCase]) -> None:
        self._planned: dict[Case, PlannedCase] = {}
        self._series: dict[Case, list[Case]] = {}
        self._calls: dict[Case, float] = {}
        self._inputs: dict[Case, float] = {}
        self._measured: set[Case] = set()
        self._last_round: dict[Case, int] = {}
        self.add(planned)

    def add(self, planned: Iterable[PlannedCase]) -> None:
        """Take further cases in."""
        for one in planned:
            if one.case not in self._planned:
                self._planned[one.case] = one
                self._series.setdefault(structs.replace(one.case, n=0), []).append(one.case)

    def note(self, sample: Sample) -> None:
        """Take one visit in."""
        case = sample.case
        if sample.status != "ok":
            return
        # A call at its best: a disturbed moment must not condemn the larger sizes.
        self._calls[case] = min(*sample.seconds, self._calls.get(case, sample.seconds[0]))
        is_first = self._last_round.get(case) != sample.round
        self._last_round[case] = sample.round
        if not is_first:
            return  # its inputs were there
        overhead = max(sample.wall_seconds - sum(sample.seconds) * sample.calls - sample.warmup_seconds, 0.0)
        if sample.error_bound is None:
            self._inputs[case] = min(overhead, self._inputs[case]) if case in self._measured else overhead
            self._measured.add(case)
        elif case not in self._measured:
            self._inputs[case] = SHARE_OF_INPUTS * overhead

    def call(self, case: Case) -> float:
        """Return the seconds that one call of a planned case will take; 0 where nothing is known."""
        if case in self._calls:
            return self._calls[case]
        smaller = self._nearest_smaller(case, self._calls)
        return self._calls[smaller] * self.growth(smaller, case) if smaller else 0.0

    def visit(self, case: Case) -> float:
        """Return what the shortest visit to a planned case takes in a fresh process, its inputs included."""
        inputs = self._inputs.get(case)
        if inputs is None:
            smaller = self._nearest_smaller(case, self._inputs)
            inputs = self._inputs[smaller] * self._copying(smaller, case) if smaller else 0.0
        return ASK_SECONDS + inputs + max(MIN_VISIT_SECONDS, CALLS_PER_VISIT * self.call(case))

    def another_visit(self, case: Case) -> float:
        """Return what the shortest visit to a planned case takes in a process that has its inputs."""
        return ASK_SECONDS + max(MIN_VISIT_SECONDS, CALLS_PER_VISIT * self.call(case))

    def growth(self, small: Case, large: Case) -> float:
        """Return how many times the work of one planned case another is, by FLOP or else by bytes; at least 1."""
        before, after = self._planned[small], self._planned[large]
        return max(after.flop / before.flop, 1.0) if before.flop > 0 else self._copying(small, large)

    def _copying(self, small: Case, large: Case) -> float:
        return max(self._planned[large].nbytes / max(self._planned[small].nbytes, 1), 1.0)

    def _nearest_smaller(self, case: Case, among: Collection[Case]) -> Case | None:
        smaller = [other for other in self._series[structs.replace(case, n=0)] if other.n < case.n and other in among]
        return max(smaller, key=lambda other: other.n, default=None)
