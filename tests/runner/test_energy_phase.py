"""Which cases get a loop for their energy."""

import pytest

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.storage import read
from bench_lib.runner import run
from bench_lib.runner.energy_phase import chosen
from bench_lib.runner.request import Request
from tests.support.worlds import Silent, World, living_in, measure


def case(n, device="cpu", workload="add", residency="resident", timing="latency"):
    return Case(workload=workload, n=n, dtype="float32", device=device, residency=residency, timing=timing)


def choose(*cases, ok=None):
    return chosen([PlannedCase(case=one, flop=1.0, nbytes=4) for one in cases], cases if ok is None else ok)


def test_each_operation_gets_its_largest_size_with_its_devices_together():
    cases = [case(n, device, workload) for workload in ("add", "exp") for n in (1, 8) for device in ("cpu", "cpu-1t")]
    assert choose(*cases) == (case(8), case(8, "cpu-1t"), case(8, workload="exp"), case(8, "cpu-1t", "exp"))


def test_every_beginning_is_spread_over_the_plan():
    names = [f"operation_{place}" for place in range(16)]
    found = [names.index(one.workload) for one in choose(*(case(1, workload=name) for name in names))]
    assert sorted(found) == list(range(16))
    for count in (2, 4, 8):
        assert {place // (16 // count) for place in sorted(found[:count], key=found.index)} == set(range(count))


def test_a_size_that_a_device_did_not_manage_gives_way_to_one_that_all_did():
    cases = [case(n, device) for n in (1, 8, 64) for device in ("cpu", "cuda:0")]
    done = [one for one in cases if (one.n, one.device) != (64, "cuda:0")]
    assert choose(*cases, ok=done) == (case(8), case(8, "cuda:0"))


def test_calls_back_to_back_are_preferred_and_round_trips_left_out():
    ways = [
        case(8, "cuda:0", timing="latency"),
        case(8, "cuda:0", timing="throughput"),
        case(8, "cuda:0", timing="device"),
        case(8, "cuda:0", residency="roundtrip"),
    ]
    assert choose(*ways) == (case(8, "cuda:0", timing="throughput"),)


def test_with_nothing_measured_nothing_is_chosen():
    assert choose(case(1), ok=()) == ()


@pytest.fixture
def world(monkeypatch):
    with living_in(World(), monkeypatch) as made:
        yield made


def test_a_run_without_energy_draws_none(world, tmp_path):
    _, recording = measure(tmp_path)
    assert recording.energies == ()
    assert world.loops == []


def test_a_run_with_energy_keeps_time_for_it_within_the_budget(world, tmp_path):
    ended, recording = measure(tmp_path, energy=True, budget_seconds=60.0)
    assert [energy.case.device for energy in recording.energies] == ["cpu", "cpu-1t"]
    assert {energy.case.n for energy in recording.energies} == {max(world.sizes)}
    assert all(energy.joules == 50.0 for energy in recording.energies)
    assert ended.outcome == "complete"
    assert ended.wall_seconds <= 1.1 * 60.0
    assert "--energy" in recording.run.command
    assert world.alive == 0


def test_a_device_without_a_counter_says_so_once(world, tmp_path):
    world.counters = {"cpu"}
    world.workloads = ("add", "exp")
    _, recording = measure(tmp_path, energy=True, budget_seconds=120.0)
    reasons = [energy.case.device for energy in recording.energies if energy.reason]
    assert reasons == ["cpu-1t"]
    assert len([energy for energy in recording.energies if energy.joules]) == 2


def test_without_any_counter_the_whole_budget_goes_to_time(world, tmp_path):
    world.counters = set()
    world.sizes = tuple(range(16, 116))
    measure(tmp_path / "time", budget_seconds=60.0)
    visits = len(world.visits)
    world.visits.clear()
    _, recording = measure(tmp_path / "energy", energy=True, budget_seconds=60.0)
    assert [energy.case.device for energy in recording.energies] == ["cpu", "cpu-1t"]
    assert all(energy.reason == "unavailable: no counter" for energy in recording.energies)
    assert len(world.visits) == pytest.approx(visits, rel=0.1)
    assert world.loops == []


def test_a_loop_that_ends_its_process_costs_its_own_number(world, tmp_path):
    world.breaks_on_energy = {case(max(world.sizes))}
    _, recording = measure(tmp_path, energy=True, budget_seconds=60.0)
    assert [bool(energy.joules) for energy in recording.energies] == [False, True]
    assert recording.energies[0].reason == "the measuring process was ended by SIGSEGV"
    assert world.alive == 0


def test_what_the_budget_does_not_hold_has_its_reason(world, tmp_path):
    world.workloads = tuple(f"add_{place}" for place in range(20))
    ended, recording = measure(tmp_path, energy=True, budget_seconds=40.0)
    assert len(recording.energies) == 40
    spent = [energy for energy in recording.energies if "budget was spent" in energy.reason]
    assert 0 < len(spent) < 40
    assert ended.wall_seconds <= 1.1 * 40.0


def test_a_resumed_run_draws_what_is_left(world, tmp_path):
    ended, recording = measure(tmp_path, energy=True, budget_seconds=60.0)
    run.resume(ended.path, Request(), Silent())
    assert read(ended.path).energies == recording.energies
