"""The plan: which cases, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.devices.device import Device
from bench_lib.errors import UsageError
from bench_lib.records.case import Case, PlannedCase
from bench_lib.runner.order import side_by_side, visiting_order
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.device_kinds import ALL_KINDS, GPU_KINDS
from bench_lib.workloads.plan import make_plan, work_of

NUMPY = Device(key="numpy", kind="numpy", name="a processor", threads=2)
CPU = Device(key="cpu", kind="cpu", name="a processor", threads=2)
GPU = Device(key="cuda:0", kind="cuda", name="a card")
MPS = Device(key="mps", kind="mps", name="a chip")


def workload(name: str = "add", **changes: object) -> Workload:
    settings: dict[str, object] = {
        "name": name,
        "family": "arithmetic",
        "expression": "x + y",
        "size": "elements",
        "sizes": Axis(quick=(64, 16), standard=(256,)),
        "dtypes": Axis(quick=("float32",), standard=("tf32", "float64")),
        "make": lambda setting: None,
        "flop": lambda n: n,
        "nbytes": lambda n, itemsize: 3 * n * itemsize,
        "kinds": ALL_KINDS,
    }
    return Workload(**(settings | changes))


def cases(*devices: Device, profile: str = "quick", expression: str = "", **changes: object) -> list[Case]:
    return [planned.case for planned in make_plan([workload(**changes)], devices, profile, expression)]


def test_a_cpu_has_one_view_of_a_case() -> None:
    assert {(case.residency, case.timing) for case in cases(NUMPY, CPU)} == {("resident", "latency")}


def test_a_gpu_has_four_timings_and_the_round_trip() -> None:
    assert {(case.residency, case.timing) for case in cases(GPU)} == {
        ("resident", "latency"),
        ("resident", "throughput"),
        ("resident", "device"),
        ("resident", "submit"),
        ("roundtrip", "latency"),
    }


def test_device_time_is_planned_on_cuda_alone() -> None:
    assert "device" not in {case.timing for case in cases(MPS)}


def test_what_cannot_go_round_trip_or_be_held_is_not_planned_so() -> None:
    views = {(c.residency, c.timing) for c in cases(GPU, roundtrip=False, timings=("latency",))}
    assert views == {("resident", "latency")}


def test_a_dtype_is_planned_only_where_it_exists() -> None:
    planned = cases(NUMPY, CPU, GPU, MPS, profile="standard")
    assert {case.device for case in planned if case.dtype == "tf32"} == {"cuda:0"}
    assert {case.device for case in planned if case.dtype == "float64"} == {"numpy", "cpu", "cuda:0"}


def test_a_workload_is_planned_only_on_its_kinds() -> None:
    assert {case.device for case in cases(CPU, GPU, kinds=GPU_KINDS)} == {"cuda:0"}


def test_sizes_ascend_and_larger_profiles_have_those_of_the_smaller() -> None:
    assert [case.n for case in cases(CPU)] == [16, 64]
    assert [c.n for c in cases(CPU, profile="standard") if c.dtype == "float32"] == [16, 64, 256]


def test_a_planned_case_carries_its_work() -> None:
    planned = make_plan([workload()], [CPU], "quick")[0]
    assert (planned.flop, planned.nbytes) == (16.0, 3 * 16 * 4)


def test_an_expression_selects_by_family_workload_size_dtype_device_and_view() -> None:
    assert cases(CPU, GPU, expression="arithmetic and add[64] and cuda:0 and submit") == [
        Case(workload="add", n=64, dtype="float32", device="cuda:0", timing="submit")
    ]


def test_an_expression_that_leaves_nothing_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"no case of profile quick on cpu matches -k 'zzz'.*--list"):
        cases(CPU, expression="zzz")


def test_devices_of_a_case_stand_side_by_side_and_tf32_beside_float32() -> None:
    planned = cases(NUMPY, CPU, GPU, profile="standard")
    group = side_by_side(planned)["add", 16, "float32"]
    assert {case.device for case in group} == {"numpy", "cpu", "cuda:0"}
    assert {case.dtype for case in group} == {"float32", "tf32"}


def order(planned: list[Case], *, seed: int = 0, round_number: int = 2, visit: int = 1) -> tuple[Case, ...]:
    return visiting_order(planned, seed=seed, round_number=round_number, visit=visit)


PLANNED = cases(NUMPY, CPU, GPU, profile="standard")


@given(seed=st.integers(0, 2**32), round_number=st.integers(1, 50), visit=st.integers(1, 12))
def test_a_pass_visits_every_case_once_and_keeps_groups_together(seed: int, round_number: int, visit: int) -> None:
    found = order(PLANNED, seed=seed, round_number=round_number, visit=visit)
    assert sorted(map(str, found)) == sorted(map(str, PLANNED))
    where = {case: place for place, case in enumerate(found)}
    for group in side_by_side(PLANNED).values():
        places = sorted(where[case] for case in group)
        assert places == list(range(places[0], places[0] + len(group)))


def test_the_same_seed_gives_the_same_order_and_another_pass_another() -> None:
    assert order(PLANNED) == order(PLANNED)
    orders = {order(PLANNED, seed=s, round_number=r, visit=v) for s in (0, 1) for r in (2, 3) for v in (1, 2)}
    assert len(orders) == 8


def test_no_device_always_goes_first() -> None:
    firsts = set()
    for visit in range(1, 40):
        found = order(PLANNED, visit=visit)
        group = side_by_side(PLANNED)["add", 16, "float64"]
        firsts.add(min(group, key=found.index).device)
    assert firsts == {"numpy", "cpu", "cuda:0"}


@given(seed=st.integers(0, 2**32))
def test_the_very_first_pass_goes_from_small_to_large_within_an_operation(seed: int) -> None:
    found = order(PLANNED, seed=seed, round_number=1, visit=1)
    for dtype in ("float32", "float64"):
        sizes = [case.n for case in found if case.dtype == dtype]
        assert sizes == sorted(sizes)


def test_the_work_of_a_case_is_the_workloads_own() -> None:
    case = Case(workload="add", n=100, dtype="float64", device="cpu")
    assert work_of(workload(), case) == PlannedCase(case=case, flop=100.0, nbytes=3 * 100 * 8)
