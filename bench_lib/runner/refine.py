"""Where more sizes are worth their time: near the crossovers, and nowhere else; and what more visits would settle.

A crossover lies between the largest size at which a device does not win and the smallest from which it always does.
That bracket is halved, in the logarithm of the size, until it is within a factor of 1.5; a size there that cannot be
told gets more visits. So is the bracket between the largest size that fits a device's memory and the smallest that does
not.
What is decided follows from the header, the planned cases and the samples, and from nothing else: no clock, no chance.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from msgspec import structs

from bench_lib.records.case import Case, Plan, PlannedCase
from bench_lib.records.location import ENOUGH_ROUNDS
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.runner.brackets import Bracket, Cases, Operation, Ratios, between, find_bracket, operations, undecided
from bench_lib.runner.costs import Costs
from bench_lib.runner.needs import Need, more_visits
from bench_lib.runner.schedule import ROUND_SECONDS

WITHIN: Final = 1.5  # a bracket is narrow enough when its ends differ by no more than this factor
TRIED: Final = 3  # visits after which a size that still cannot be told gets neighbours
NEAR: Final = 3  # sizes at one crossover that are settled before others
SPARE_SHARE: Final = 0.5  # of the budget that the planned cases leave, for those that are added
LEAST_SHARE: Final = 0.1  # of the whole budget, whatever they leave
ROUNDS_WITH: Final = ENOUGH_ROUNDS  # an added size is measured in so many at least, where so many are made


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Cases to add, and why.

    Attributes
    ----------
    width
        Ratio of the two sizes between which they lie.
    seconds
        What one visit to each of them costs.
    """

    cases: tuple[Case, ...]
    reason: str
    width: float
    seconds: float


class Refinement:
    """What the samples so far say of where to go on.

    Parameters
    ----------
    header
        Of the run: its devices, what sizes are multiples of, its rounds and its budget.
    planned
        The cases that were planned before the first round.

    Attributes
    ----------
    works
        Every case that is planned, with its work: those added later come last.
    added
        The round after which each of those was added.
    """

    def __init__(self, header: Run, planned: Iterable[PlannedCase]) -> None:
        self.ratios = Ratios()
        self.costs = Costs(())
        self._rounds = header.rounds
        self._budget = header.budget_seconds or math.inf
        self._devices = header.devices
        self._multiples = {workload.name: max(workload.multiple, 1) for workload in header.workloads}
        self.works: dict[Case, PlannedCase] = {}
        self.added: dict[Case, int] = {}
        self._sizes: dict[Case, list[int]] = {}
        self._operations: tuple[Operation, ...] | None = None
        self._judged: dict[Case, _Judged] = {}
        self._concerned: dict[Case, list[Case]] = {}
        self._take(planned)

    def add(self, plan: Plan) -> None:
        """Take in cases that were added after a round."""
        self.added.update({one.case: plan.round for one in plan.cases if one.case not in self.works})
        self._take(plan.cases)

    def note(self, sample: Sample) -> None:
        """Take one visit in."""
        self.ratios.note(sample)
        self.costs.note(sample)
        for series in self._concerned.get(sample.case, ()):
            self._judged.pop(series, None)

    def needs(self) -> list[Need]:
        """Return what is not settled: open comparisons, and rough times of what is compared with nothing."""
        pairs = [(ours, theirs) for operation in self._operations_now() for _, ours, theirs in operation.sizes]
        compared = {case for pair in pairs for case in pair}
        asked: list[Cases] = [*pairs, *((case,) for case in self.works if case not in compared)]
        near = self._near()
        found = []
        for cases, judged in zip(asked, self.ratios.judge(asked), strict=True):
            visits = more_visits(judged, compared=len(cases) > 1) if judged else 0.0
            if visits:
                seconds = sum(self.costs.another_visit(case) for case in cases)
                found.append(Need(cases=cases, visits=visits, seconds=seconds, is_near=cases in near))
        return found

    def _near(self) -> set[Cases]:
        """Return the comparisons that keep a bracket open, those next to the crossover."""
        return {
            judged.operation.at(judged.sizes[place])
            for judged in self._all_judged()
            for place in undecided(judged.bracket, judged.verdicts, NEAR)
        }

    def proposals(self, number: int, declined: Collection[Case] = ()) -> tuple[Proposal, ...]:
        """Return what to add after the passes of a round so far: the widest brackets first, as many as may be added.

        Parameters
        ----------
        number
            Of the round.
        declined
            Cases that cannot be added.
        """
        rounds_left = self._rounds - number + 1
        if rounds_left < min(ROUNDS_WITH, self._rounds):
            return ()
        found = sorted([*self._crossovers(), *self._limits()], key=lambda one: (-one.width, str(one.cases[0])))
        room = self._room() if found else 0.0
        chosen: list[Proposal] = []
        new: set[Case] = set()
        for proposal in found:
            cases = tuple(case for case in proposal.cases if case not in self.works and case not in new)
            cost = proposal.seconds * rounds_left
            if cases and cost <= room and not any(case in declined for case in cases):
                chosen.append(replace(proposal, cases=cases))
                new.update(cases)
                room -= cost
        return tuple(chosen)

    def _take(self, planned: Iterable[PlannedCase]) -> None:
        new = [one for one in planned if one.case not in self.works]
        self.costs.add(new)
        for one in new:
            self.works[one.case] = one
            self._sizes.setdefault(structs.replace(one.case, n=0), []).append(one.case.n)
        self._operations = None

    def _operations_now(self) -> tuple[Operation, ...]:
        """Return what is compared, with the cases that were added so far."""
        if self._operations is None:
            self._operations = tuple(operations(self.works, self._devices))
            self._concerned = defaultdict(list)
            for operation in self._operations:
                for _, device, baseline in operation.sizes:
                    self._concerned[device].append(operation.device)
                    self._concerned[baseline].append(operation.device)
        return self._operations

    def _all_judged(self) -> Iterator[_Judged]:
        """Yield each operation with its verdicts, made anew where a case or a sample came since."""
        every = self._operations_now()
        stale = [one for one in every if one.device not in self._judged or self._judged[one.device].operation != one]
        judgements = iter(self.ratios.judge([(ours, theirs) for one in stale for _, ours, theirs in one.sizes]))
        for operation in stale:
            known = [
                (n, judged.verdict) for (n, *_), judged in zip(operation.sizes, judgements, strict=False) if judged
            ]
            verdicts = tuple(verdict for _, verdict in known)
            self._judged[operation.device] = _Judged(
                operation=operation,
                sizes=tuple(n for n, _ in known),
                verdicts=verdicts,
                bracket=find_bracket(verdicts, either=operation.either),
            )
        for operation in every:
            yield self._judged[operation.device]

    def _crossovers(self) -> Iterator[Proposal]:
        """Yield a size in each bracket that is too wide."""
        for judged in self._all_judged():
            ends = self._halved(judged)
            n = self._between(judged.operation, *ends) if ends else None
            if ends and n:
                device, baseline = cases = judged.operation.at(n)
                yield Proposal(
                    cases=cases,
                    reason=(
                        f"the crossover of {device.workload} in {device.dtype} between {device.device} and "
                        f"{baseline.device}, {device.residency}, lies between {ends[0]} and {ends[1]}"
                    ),
                    width=ends[1] / ends[0],
                    seconds=sum(self.costs.visit(case) for case in judged.operation.at(ends[1])),
                )

    def _halved(self, judged: _Judged) -> tuple[int, int] | None:
        """Return the two sizes between which one more would narrow a bracket; None where it is narrow or open."""
        bracket, sizes = judged.bracket, judged.sizes
        if bracket.low < 0 or bracket.high == len(sizes) or sizes[bracket.high] <= WITHIN * sizes[bracket.low]:
            return None
        low, *inside, high = sizes[bracket.low : bracket.high + 1]
        if not inside:
            return low, high
        middle = inside[0]
        if len(inside) > 1 or self.ratios.pairs(*judged.operation.at(middle)) < TRIED:
            return None
        return (low, middle) if middle * middle > low * high else (middle, high)

    def _between(self, operation: Operation, low: int, high: int) -> int | None:
        """Return the size half way, unless it is there already or a side of it failed."""
        device, baseline = operation.device, operation.baseline
        failed = [
            n for n in self._sizes[baseline] if self.ratios.status(structs.replace(baseline, n=n)) not in (None, "ok")
        ]
        multiple = self._multiples.get(device.workload, 1)
        return between(low, high, multiple=multiple, taken={*self._sizes[device], *failed})

    def _limits(self) -> Iterator[Proposal]:
        """Yield a size between the largest that fits a device's memory and the smallest that does not."""
        for series, sizes in self._sizes.items():
            if series.timing != "latency" or series.residency != "resident":
                continue
            ends = self._fitting(series, sorted(sizes))
            n = between(*ends, multiple=self._multiples.get(series.workload, 1), taken=sizes) if ends else None
            if ends and n:
                low, high = (structs.replace(series, n=end) for end in ends)
                yield Proposal(
                    cases=(structs.replace(series, n=n),),
                    reason=(
                        f"the largest size of {series.workload} in {series.dtype} that fits {series.device} "
                        f"lies between {ends[0]} and {ends[1]}"
                    ),
                    width=ends[1] / ends[0],
                    seconds=self.costs.visit(low) * self.costs.growth(low, high),
                )

    def _fitting(self, series: Case, sizes: Sequence[int]) -> tuple[int, int] | None:
        """Return the largest size that fits and the next one, if that did not and is far; else None."""
        status = [self.ratios.status(structs.replace(series, n=n)) for n in sizes]
        if "oom" not in status or "ok" not in status:
            return None
        last = max(place for place, one in enumerate(status) if one == "ok")
        if last + 1 == len(sizes) or status[last + 1] != "oom" or sizes[last + 1] <= WITHIN * sizes[last]:
            return None
        return sizes[last], sizes[last + 1]

    def _room(self) -> float:
        """Return the seconds that more cases may still cost, by what the samples so far took."""
        base = [case for case in self.works if case not in self.added and self.ratios.status(case) in (None, "ok")]
        passes = self._rounds * (ROUND_SECONDS + sum(self.costs.visit(case) for case in base))
        allowed = max(SPARE_SHARE * (self._budget - passes), LEAST_SHARE * self._budget)
        return allowed - sum(
            self.costs.visit(case) * (self._rounds - number + 1) for case, number in self.added.items()
        )


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An operation, the sizes at which neither side failed, who wins there, and where that changes."""

    operation: Operation
    sizes: tuple[int, ...]
    verdicts: tuple[str, ...]
    bracket: Bracket
