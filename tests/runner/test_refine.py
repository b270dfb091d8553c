"""Where more sizes and visits are worth it: decided from the header, the plan and the samples alone."""

import itertools
import math
from collections.abc import Callable, Iterable

import pytest
from msgspec import structs

from bench_lib.records.case import Case, Plan, PlannedCase
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.runner.refine import ROUNDS_WITH, WITHIN, Proposal, Refinement
from tests.support.grids import SIZES, grid, header
from tests.support.worlds import GPU, work_of

Model = Callable[[Case], float]


def taken_over_at(n: float) -> Model:
    """Return times of a GPU that wins from a size on, and in a round trip from 16 times that size on."""

    def seconds(case: Case) -> float:
        if case.device != GPU:
            return 1e-5 * case.n / n
        return 1e-5 * (16.0 if case.residency == "roundtrip" else 1.0)

    return seconds


def visit(refinement: Refinement, cases: Iterable[Case], seconds: Model, *, number: int = 1, visits: int = 3) -> None:
    for case, place in itertools.product(cases, range(1, visits + 1)):
        took = seconds(case)
        if math.isinf(took):
            refinement.note(Sample(case=case, round=number, visit=place, status="oom", reason="no room"))
        else:
            refinement.note(Sample(case=case, round=number, visit=place, seconds=(took,) * 3, calls=1))


def add(refinement: Refinement, proposals: Iterable[Proposal], number: int = 1) -> list[Case]:
    cases = [case for proposal in proposals for case in proposal.cases]
    refinement.add(Plan(cases=tuple(work_of(case) for case in cases), round=number))
    return cases


def refined(run: Run, planned: list[PlannedCase], seconds: Model, steps: int = 20) -> tuple[Refinement, list[Case]]:
    """Measure, add, and measure what was added, until nothing more is."""
    refinement = Refinement(run, planned)
    visit(refinement, [one.case for one in planned], seconds)
    every: list[Case] = []
    for _ in range(steps):
        cases = add(refinement, refinement.proposals(1))
        if not cases:
            return refinement, every
        visit(refinement, cases, seconds)
        every += cases
    pytest.fail("it went on adding")


def width(planned: Iterable[Case], at: float, *, residency: str = "resident") -> float:
    """Return the ratio of the two neighbouring sizes of a GPU between which a size lies."""
    sizes = sorted({case.n for case in planned if case.device == GPU and case.residency == residency})
    return min(n for n in sizes if n >= at) / max(n for n in sizes if n < at)


@pytest.mark.parametrize("at", [20, 300, 5000, 70_000, 900_000])
def test_a_crossover_is_halved_until_it_is_known_within_a_factor_of_one_and_a_half(at: int) -> None:
    planned = grid("cpu", GPU)
    _, added = refined(header("cpu", GPU), planned, taken_over_at(at))
    every = [one.case for one in planned] + added
    assert width([one.case for one in planned], at) == 16
    assert width(every, at * 1.02) <= WITHIN
    if at * 16 < SIZES[-1]:
        assert width(every, 16 * at * 1.02, residency="roundtrip") <= WITHIN


def test_only_the_view_that_is_concerned_is_added_and_both_sides_of_it() -> None:
    _, added = refined(header("cpu", GPU), grid("cpu", GPU), taken_over_at(300_000))
    assert {(case.device, case.residency, case.timing) for case in added} == {
        ("cpu", "resident", "latency"),
        (GPU, "resident", "latency"),
    }
    sizes = {key: {case.n for case in added if case.device == key} for key in ("cpu", GPU)}
    assert sizes["cpu"] == sizes[GPU]


def test_the_sides_of_two_views_that_meet_at_one_size_are_added_once() -> None:
    seconds = taken_over_at(300)
    _, added = refined(
        header("cpu", GPU), grid("cpu", GPU), lambda case: seconds(structs.replace(case, residency="resident"))
    )
    assert len(added) == len(set(added))
    assert {case.residency for case in added if case.device == GPU} == {"resident", "roundtrip"}


@pytest.mark.parametrize("ratio", [0.2, 1.0, 5.0])
def test_nothing_is_added_where_the_winner_does_not_change(ratio: float) -> None:
    planned = grid("cpu", GPU)
    _, added = refined(header("cpu", GPU), planned, lambda case: 1e-5 * (ratio if case.device == "cpu" else 1.0))
    assert added == []


def test_where_neither_is_meant_for_the_larger_sizes_the_cpu_may_be_what_takes_over() -> None:
    planned = grid("cpu", "cpu-1t")
    _, added = refined(
        header("cpu", "cpu-1t"),
        planned,
        lambda case: (1e-5 + 1e-8 * case.n) if case.device == "cpu" else 2e-8 * case.n,
    )
    sizes = sorted({case.n for case in [one.case for one in planned] + added})
    at = 1041  # 2 n / (1000 + n) is 1.02
    low, high = max(n for n in sizes if n < at), min(n for n in sizes if n >= at)
    assert high / low <= WITHIN
    assert {case.device for case in added} == {"cpu", "cpu-1t"}


def test_added_sizes_are_multiples_of_what_the_workload_asks_for() -> None:
    planned = grid("cpu", GPU, sizes=(96, 9600))
    _, added = refined(header("cpu", GPU, multiple=96), planned, taken_over_at(1500))
    assert added
    assert all(case.n % 96 == 0 for case in added)


def test_the_widest_gaps_come_first_and_equal_ones_by_name() -> None:
    names = ("mul", "add", "div")
    planned = grid("cpu", GPU, names=("mul", "add")) + grid("cpu", GPU, sizes=(16, 2**20), names=("div",))
    refinement = Refinement(header("cpu", GPU, names=names), planned)
    visit(refinement, [one.case for one in planned], taken_over_at(300))
    resident = [one.cases[0] for one in refinement.proposals(1) if one.cases[0].residency == "resident"]
    assert [case.workload for case in resident] == ["div", "add", "mul"]


def test_what_is_added_says_why() -> None:
    refinement = Refinement(header("cpu", GPU), grid("cpu", GPU))
    visit(refinement, [one.case for one in grid("cpu", GPU)], taken_over_at(300_000))
    (proposal,) = refinement.proposals(1)
    assert proposal.reason == (
        "the crossover of add in float32 between cuda:0 and cpu, resident, lies between 65536 and 1048576"
    )
    assert proposal.width == 16


def test_no_more_is_added_than_the_budget_has_room_for() -> None:
    names = [f"w{place}" for place in range(40)]
    planned = grid("cpu", GPU, names=names)

    def added_in(budget: float) -> int:
        refinement = Refinement(header("cpu", GPU, names=names, budget=budget), planned)
        visit(refinement, [one.case for one in planned], taken_over_at(300))
        proposals = refinement.proposals(1)
        assert sum(one.seconds for one in proposals) * 8 <= max(0.5 * budget, 0.1 * budget)
        return len(proposals)

    counts = [added_in(budget) for budget in (3.0, 60.0, 6000.0)]
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] == 80


def test_what_was_added_before_counts_towards_the_room() -> None:
    names = [f"w{place}" for place in range(40)]
    planned = grid("cpu", GPU, names=names)
    run = header("cpu", GPU, names=names, budget=6.0)
    refinement = Refinement(run, planned)
    visit(refinement, [one.case for one in planned], taken_over_at(300))
    assert add(refinement, refinement.proposals(1))
    assert refinement.proposals(1) == ()


def test_long_calls_are_added_at_their_price() -> None:
    planned = grid("cpu", GPU)
    slow = taken_over_at(300)
    refinement = Refinement(header("cpu", GPU, budget=100.0), planned)
    visit(refinement, [one.case for one in planned], lambda case: 1e5 * slow(case))
    assert refinement.proposals(1) == ()


def test_nothing_is_added_that_would_be_measured_in_too_few_rounds() -> None:
    planned = grid("cpu", GPU)
    refinement = Refinement(header("cpu", GPU, rounds=6), planned)
    visit(refinement, [one.case for one in planned], taken_over_at(300))
    assert refinement.proposals(6 - ROUNDS_WITH + 1)
    assert refinement.proposals(6 - ROUNDS_WITH + 2) == ()


def test_a_run_of_one_round_refines_all_the_same() -> None:
    planned = grid("cpu", GPU)
    refinement = Refinement(header("cpu", GPU, rounds=1), planned)
    visit(refinement, [one.case for one in planned], taken_over_at(300))
    assert refinement.proposals(1)


def test_what_cannot_be_added_is_not_asked_for_again() -> None:
    planned = grid("cpu", GPU)
    refinement = Refinement(header("cpu", GPU), planned)
    visit(refinement, [one.case for one in planned], taken_over_at(300_000))
    (proposal,) = refinement.proposals(1)
    assert refinement.proposals(1, declined={proposal.cases[0]}) == ()


def near(refinement: Refinement) -> set[int]:
    return {case.n for need in refinement.needs() if need.is_near for case in need.cases}


def test_a_size_that_cannot_be_told_gets_visits_and_neighbours_only_once_it_was_tried() -> None:
    planned = grid("cpu", GPU, sizes=(64, 256, 1024))
    cases = [one.case for one in planned]
    ratios = iter([1.05, 0.9, 1.2, 1.0])

    def seconds(case: Case) -> float:
        usual = taken_over_at(256)(structs.replace(case, residency="resident"))
        return 1e-5 * next(ratios) if case.n == 256 and case.device == "cpu" else usual

    refinement = Refinement(header("cpu", GPU), planned)
    visit(refinement, cases, seconds, visits=1)
    assert near(refinement) == {256}
    assert refinement.proposals(1) == ()
    visit(refinement, cases, seconds, number=2, visits=3)
    assert near(refinement) == {256}
    assert {case.n for one in refinement.proposals(2) for case in one.cases} == {512}


def test_what_is_far_from_a_crossover_or_decided_is_not_near() -> None:
    planned = grid("cpu", GPU)
    refinement = Refinement(header("cpu", GPU), planned)
    visit(refinement, [one.case for one in planned], taken_over_at(300))
    assert near(refinement) == set()


def test_a_size_that_failed_on_one_side_is_neither_compared_nor_added_again() -> None:
    planned = grid("cpu", GPU, sizes=(64, 128, 256))
    refinement = Refinement(header("cpu", GPU), planned)
    seconds = taken_over_at(100)
    failed = {"cpu": (128,), GPU: ()}
    visit(refinement, [one.case for one in planned if one.case.n not in failed[one.case.device]], seconds)
    for one in planned:
        if one.case.n in failed[one.case.device]:
            refinement.note(Sample(case=one.case, round=1, visit=1, status="failed", reason="because"))
    assert refinement.proposals(1) == ()


@pytest.mark.parametrize("room", [70_000, 200_000, 1_000_000])
def test_the_largest_size_that_fits_is_sought_as_well(room: int) -> None:
    planned = grid("cpu", GPU)

    def seconds(case: Case) -> float:
        return math.inf if case.n > room and case.device == GPU else 1e-5

    _, added = refined(header("cpu", GPU), planned, seconds)
    sizes = sorted({one.case.n for one in planned} | {case.n for case in added})
    assert min(n for n in sizes if n > room) / max(n for n in sizes if n <= room) <= WITHIN
    assert {(case.device, case.residency, case.timing) for case in added} == {(GPU, "resident", "latency")}


def test_the_order_in_which_samples_and_additions_are_read_back_does_not_matter() -> None:
    planned, run, seconds = grid("cpu", GPU), header("cpu", GPU), taken_over_at(5000)
    first = Refinement(run, planned)
    visit(first, [one.case for one in planned], seconds)
    added = add(first, first.proposals(1))
    visit(first, added, seconds)
    second = Refinement(run, planned)
    second.add(Plan(cases=tuple(work_of(case) for case in added), round=1))
    visit(second, added, seconds)
    visit(second, [one.case for one in planned], seconds)
    assert first.proposals(2) == second.proposals(2) != ()
