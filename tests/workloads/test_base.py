"""What a workload is, and how a case of it is made ready."""

import operator

import numpy as np
import pytest
import torch

from bench_lib.devices.device import Device
from bench_lib.records.case import Case
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.functional import functional

CPU = Device(key="cpu", kind="cpu", name="AMD EPYC", threads=2)
NUMPY = Device(key="numpy", kind="numpy", name="AMD EPYC", threads=2)
LIKE_A_GPU = Device(key="cpu", kind="cuda", name="a CPU that is treated as a GPU")


def setting(device=CPU, n=8, dtype="float32", residency="resident", seed=1):
    return Setting(n=n, dtype=dtype, device=device, residency=residency, seed=seed)


def two_vectors(where):
    return where.randn(where.n), where.randn(where.n, stream=1)


ADD = Workload(
    name="add",
    family="elementwise",
    expression="x + y",
    size="n elements",
    sizes=Axis(quick=(8,), standard=(16, 8)),
    dtypes=Axis(quick=("float32",), full=("float64", "bfloat16")),
    sizes_of=(("bfloat16", Axis(quick=(4,))),),
    make=functional(operator.add, two_vectors, terms=lambda n: 1.0, numpy_function=np.add),
    flop=float,
    nbytes=lambda n, itemsize: 3 * n * itemsize,
)


def test_a_profile_has_the_values_of_those_before_it_each_once():
    axis = Axis(quick=(1, 2), standard=(2, 3), full=(4,))
    assert [axis.values(profile) for profile in ("quick", "standard", "full")] == [(1, 2), (1, 2, 3), (1, 2, 3, 4)]


def test_a_dtype_may_have_sizes_of_its_own():
    assert ADD.sizes_for("float32", "standard") == (8, 16)
    assert ADD.sizes_for("bfloat16", "standard") == (4,)


def test_a_dtype_exists_only_where_the_device_has_it():
    assert ADD.exists_on("numpy", "float64")
    assert not ADD.exists_on("numpy", "bfloat16")
    assert not ADD.exists_on("mps", "float64")
    assert not ADD.exists_on("cpu", "tf32")
    assert ADD.exists_on("cuda", "tf32")


def test_a_working_set_is_counted_in_the_bytes_of_its_dtype():
    assert ADD.working_set(1000, "float64") == 24_000
    assert ADD.working_set(1000, "tf32") == 12_000


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_a_prepared_case_computes_the_operation_and_passes_its_check(device):
    prepared = ADD.prepare(Case(workload="add", n=8, dtype="float32", device=device.key), device, 1)
    x, y = two_vectors(setting())
    assert torch.equal(torch.as_tensor(prepared.call()), x + y)
    assert prepared.check().ok


def test_a_round_trip_starts_and_ends_in_host_memory_and_moves_every_input(monkeypatch):
    prepared = ADD.make(setting(LIKE_A_GPU, residency="roundtrip"))
    moved = []
    to = torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *args: moved.append(args[0]) or to(self, *args))
    assert prepared.call().device.type == "cpu"
    assert moved == [torch.device("cpu"), torch.device("cpu"), "cpu"]


def test_a_resident_call_moves_nothing(monkeypatch):
    prepared = ADD.make(setting(LIKE_A_GPU))
    monkeypatch.setattr(torch.Tensor, "to", lambda *_: pytest.fail("moved inside the timed call"))
    prepared.call()


def test_a_kernel_that_is_one_percent_off_is_wrong():
    right = functional(lambda x, y: x + y, two_vectors, terms=lambda n: 1.0, reference=operator.add)
    wrong = functional(lambda x, y: (x + y) * 1.01, two_vectors, terms=lambda n: 1.0, reference=operator.add)
    assert right(setting()).check().ok
    assert not wrong(setting()).check().ok


def test_a_result_in_another_dtype_is_wrong():
    wrong = functional(lambda x, y: (x + y).double(), two_vectors, terms=lambda n: 1.0, reference=operator.add)
    assert not wrong(setting()).check().ok


def test_an_operation_without_a_numpy_counterpart_says_so():
    make = functional(operator.add, two_vectors, terms=lambda n: 1.0)
    with pytest.raises(ValueError, match="no NumPy counterpart"):
        make(setting(NUMPY))


def test_a_check_looks_at_what_its_call_returns():
    prepared = ADD.make(setting())
    assert isinstance(prepared.check, Check)
    assert not Check(call=lambda: prepared.call() * 1.01, compare=prepared.check.compare)().ok


def test_inputs_are_the_same_on_every_device_and_others_for_another_seed():
    for make in (lambda where: where.randn(64), lambda where: where.random_bytes(64)):
        assert torch.equal(make(setting(CPU)), make(setting(NUMPY)))
        assert not torch.equal(make(setting(seed=1)), make(setting(seed=2)))


def test_two_inputs_of_one_case_differ():
    where = setting()
    assert not torch.equal(where.randn(64), where.randn(64, stream=1))
    assert not torch.equal(where.random_bytes(64), where.random_bytes(64, stream=1))


@pytest.mark.parametrize("seed", [0, 2**31, 2**63 - 1, -5])
def test_any_whole_number_is_a_seed(seed):
    assert setting(seed=seed).randn(4).isfinite().all()
    assert len(setting(seed=seed).random_bytes(4)) == 4


def test_a_narrow_dtype_gets_the_same_numbers_rounded():
    assert torch.equal(setting(dtype="bfloat16").randn(64), setting().randn(64).bfloat16())


def test_only_what_was_asked_for_counts_as_made():
    where = setting(n=4)
    assert where.made(torch.empty(4))
    assert not where.made(torch.empty(5))
    assert not where.made(torch.empty(4, dtype=torch.float64))
    assert not where.made(torch.empty(4, device="meta"))
    assert not where.made(np.empty(4, dtype=np.float32))
    on_numpy = setting(NUMPY, n=4)
    assert on_numpy.made(np.empty(4, dtype=np.float32))
    assert not on_numpy.made(np.empty(4))
    assert not on_numpy.made(torch.empty(4))
