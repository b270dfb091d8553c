"""Which cases get a loop for their energy."""

from bench_lib.energy_phase import chosen
from bench_lib.records import Case, PlannedCase


def case(n, device="cpu", workload="add", residency="resident", timing="latency"):
    return Case(workload=workload, n=n, dtype="float32", device=device, residency=residency, timing=timing)


def choose(*cases, ok=None):
    return chosen([PlannedCase(case=one, flop=1.0, nbytes=4) for one in cases], cases if ok is None else ok)


def test_each_operation_gets_its_largest_size_with_its_devices_together():
    cases = [case(n, device, workload) for workload in ("add", "exp") for n in (1, 8) for device in ("cpu", "cpu-1t")]
    assert choose(*cases) == (case(8), case(8, "cpu-1t"), case(8, workload="exp"), case(8, "cpu-1t", "exp"))


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
