"""Every workload of ``ALL``: right where it exists, caught where it is wrong, and declared so that it can be read."""

import ast
import math

import pytest
import torch

from bench_lib.devices.device import activate, discover
from bench_lib.errors import UsageError
from bench_lib.records.case import Case, Timing
from bench_lib.workloads import ALL, by_name, find
from bench_lib.workloads.base import PROFILES
from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.device_kinds import ALL_KINDS, TORCH_DTYPES
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, ONE_THREAD, prepare, smallest, spoil, treat_as_gpu

FAMILIES = {
    "control_flow",
    "elementwise",
    "neural",
    "execution",
    "reduction",
    "indexing",
    "linalg",
    "fft",
    "creation",
    "transfer",
    "matmul",
    "autograd",
}
HOSTS = (NUMPY, CPU, ONE_THREAD)
ON_HOSTS = [
    pytest.param(workload, device, id=f"{workload.name}-{device.key}")
    for workload in ALL
    for device in HOSTS
    if workload.exists_on(device.kind, workload.dtypes.quick[0])
]
GPU_ONLY = [pytest.param(workload, id=workload.name) for workload in ALL if "cpu" not in workload.kinds]
EACH = [pytest.param(workload, id=workload.name) for workload in ALL]
ROUND_TRIPS = [pytest.param(workload, id=workload.name) for workload in ALL if workload.roundtrip]

# What makes a result wrong where being a little off does not: nothing is written, or any number may come.
SPOILT = {
    "create_empty": lambda result: result[:0],
    "allocate": lambda result: result[:0],
    "allocate_uncached": lambda result: "not what was expected",
    "create_randn": lambda result: 2 * result,
}


def prepare_where_it_exists(workload, device):
    """Return a case made ready; what an older library lacks is skipped with the reason."""
    try:
        return prepare(workload, device)
    except NotImplementedError as err:
        pytest.skip(str(err))


@pytest.mark.parametrize(("workload", "device"), ON_HOSTS)
def test_it_is_right_on_every_host_device(workload, device):
    accuracy = prepare_where_it_exists(workload, device).check()
    assert accuracy.ok, accuracy


@pytest.mark.parametrize(("workload", "device"), ON_HOSTS)
def test_a_wrong_kernel_is_caught(workload, device):
    check = prepare_where_it_exists(workload, device).check
    assert isinstance(check, Check)
    wrong = SPOILT.get(workload.name, spoil)
    assert not Check(call=lambda: wrong(check.call()), compare=check.compare)().ok


@pytest.mark.parametrize("workload", GPU_ONLY)
def test_what_only_a_gpu_has_is_right_on_a_cpu_treated_as_one_and_caught_when_wrong(workload, monkeypatch):
    treat_as_gpu(monkeypatch)
    check = prepare(workload, LIKE_A_GPU).check
    assert check().ok
    wrong = SPOILT.get(workload.name, spoil)
    assert not Check(call=lambda: wrong(check.call()), compare=check.compare)().ok


@pytest.mark.parametrize("workload", ROUND_TRIPS)
def test_a_round_trip_is_right_and_moves_data_both_ways(workload, monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = prepare(workload, LIKE_A_GPU, residency="roundtrip")
    assert prepared.check().ok
    to, copy, places = torch.Tensor.to, torch.Tensor.copy_, []
    monkeypatch.setattr(torch.Tensor, "to", lambda self, place: places.append(str(place)) or to(self, place))
    monkeypatch.setattr(torch.Tensor, "copy_", lambda self, other: places.append("here") or copy(self, other))
    prepared.call()
    assert len(places) >= 2, "at least one input in and one result out"


@pytest.mark.parametrize("workload", EACH)
def test_it_is_declared_so_that_a_person_can_read_it(workload):
    assert workload.name == workload.name.lower().replace(" ", "_")
    assert workload.family in FAMILIES
    assert workload.expression
    assert "n" in workload.size.split()
    assert set(workload.kinds) <= set(ALL_KINDS)
    assert "latency" in workload.timings
    assert set(workload.timings) <= set(Timing.__args__)
    compile(workload.expression, workload.name, "exec")


@pytest.mark.parametrize("workload", [workload for workload in ALL if workload.name.endswith("_backward")])
def test_what_is_said_of_a_backward_pass_does_not_compute_its_outputs_too(workload):
    called = (node for node in ast.walk(ast.parse(workload.expression)) if isinstance(node, ast.Call))
    for call in called:
        if ast.unparse(call.func) == "torch.autograd.grad":
            outputs = call.args[0].elts if isinstance(call.args[0], ast.Tuple) else [call.args[0]]
            assert all(isinstance(output, ast.Name) for output in outputs)


@pytest.mark.parametrize("workload", EACH)
def test_its_axes_are_of_known_values_and_each_profile_adds_to_the_one_before(workload):
    for dtype in workload.dtypes.values("full"):
        assert dtype in TORCH_DTYPES
        assert any(workload.exists_on(kind, dtype) for kind in workload.kinds)
        sizes = [workload.sizes_for(dtype, profile) for profile in PROFILES]
        assert set(sizes[0]) <= set(sizes[1]) <= set(sizes[2])
        assert min(sizes[2]) >= 1
    assert workload.sizes_for(workload.dtypes.quick[0], "standard")
    assert all(n % workload.multiple == 0 for n in workload.sizes.values("full"))


@pytest.mark.parametrize("workload", EACH)
def test_its_work_is_finite_and_grows_with_its_size(workload):
    sizes = sorted(workload.sizes.values("full"))
    flop = [workload.flop(n) for n in sizes]
    nbytes = [workload.nbytes(n, 4) for n in sizes]
    assert flop == sorted(flop)
    assert all(math.isfinite(value) and value >= 0 for value in flop)
    assert nbytes == sorted(nbytes)
    assert all(isinstance(value, int) and value >= 1 for value in nbytes)
    assert workload.nbytes(sizes[0], 8) > workload.nbytes(sizes[0], 4)


@pytest.mark.parametrize("workload", EACH)
def test_its_record_says_what_the_report_needs(workload):
    record = workload.record()
    assert (record.name, record.family, record.expression) == (workload.name, workload.family, workload.expression)
    assert record.source_sha256


def test_names_are_unique_and_found():
    assert len(by_name()) == len(ALL)
    assert find("matmul") is by_name()["matmul"]
    with pytest.raises(UsageError, match=r"no workload is called 'matmull': choose one of .*matmul"):
        find("matmull")


def test_every_family_is_there():
    assert {workload.family for workload in ALL} == FAMILIES


def test_a_quick_run_on_a_cpu_is_small_and_the_others_are_larger():
    def count(profile):
        return sum(
            len(workload.sizes_for(dtype, profile))
            for workload in ALL
            for dtype in workload.dtypes.values(profile)
            if any(workload.exists_on(kind, dtype) for kind in ("numpy", "cpu"))
        )

    assert 130 <= count("quick") <= 190
    assert count("standard") >= 2 * count("quick")
    assert count("full") > count("standard")


ON_GPU = [
    pytest.param(workload, dtype, id=f"{workload.name}-{dtype}")
    for workload in ALL
    for dtype in workload.dtypes.values("full")
    if workload.exists_on("cuda", dtype)
]


@pytest.mark.cuda
@pytest.mark.parametrize(("workload", "dtype"), ON_GPU)
def test_it_is_right_on_a_real_gpu_resident_and_round_trip(workload, dtype):
    gpu = next(device for device in discover() if device.kind == "cuda")
    activate(gpu, dtype)
    for residency in ("resident", "roundtrip") if workload.roundtrip else ("resident",):
        where = Setting(n=smallest(workload, dtype), dtype=dtype, device=gpu, residency=residency, seed=1)
        accuracy = workload.make(where).check()
        assert accuracy.ok, (residency, accuracy)


# A copy from pageable memory is staged by the host, which waits; everything else must be in the queue at once.
QUEUED = [
    pytest.param(workload, id=workload.name)
    for workload in ALL
    if workload.exists_on("cuda", workload.dtypes.quick[0])
    and ("device" in workload.timings or ("throughput" in workload.timings and workload.family != "transfer"))
]


@pytest.mark.cuda
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("workload", QUEUED)
def test_what_is_timed_with_others_in_the_queue_never_waits_for_the_gpu_inside(workload):
    gpu, dtype = next(device for device in discover() if device.kind == "cuda"), workload.dtypes.quick[0]
    activate(gpu, dtype)
    where = Setting(n=smallest(workload, dtype), dtype=dtype, device=gpu, residency="resident", seed=1)
    call = workload.make(where).call
    call()  # what is set up once may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        call()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_prepare_takes_size_dtype_and_residency_from_the_case():
    case = Case(workload="create_zeros", n=7, dtype="float64", device="cpu")
    made = find("create_zeros").prepare(case, CPU, 1).call()
    assert (made.shape, made.dtype) == ((7,), torch.float64)
