"""Products of eight bits: exact or closely bounded, in the layout that GPUs want, refused where they do not exist."""

from dataclasses import replace

import pytest
import torch

from bench_lib.workloads import find, matmul
from bench_lib.workloads.device_kinds import TORCH_DTYPES
from tests.support.workload_fakes import CPU, LIKE_A_GPU, prepare, treat_as_gpu

INT8, FLOAT8 = find("matmul_int8"), find("matmul_float8")
BOTH = [pytest.param(INT8, CPU, id="int8"), pytest.param(FLOAT8, LIKE_A_GPU, id="float8")]


def like(capability):
    return replace(LIKE_A_GPU, name="NVIDIA GPU", facts={"compute_capability": capability})


def test_the_work_is_two_n_cubed_on_narrow_inputs_and_a_wider_result():
    assert INT8.flop(1024) == FLOAT8.flop(1024) == 2 * 1024**3
    assert INT8.working_set(1024, "int8") == (1 + 1 + 4) << 20
    assert FLOAT8.working_set(1024, "float8_e4m3") == (1 + 1 + 2) << 20


@pytest.mark.parametrize("workload", [INT8, FLOAT8])
def test_every_size_is_one_that_a_gpu_takes(workload):
    assert workload.multiple == 16
    assert all(n > 16 and n % 16 == 0 for n in workload.sizes.values("full"))


@pytest.mark.parametrize(("workload", "device"), BOTH)
def test_the_inputs_are_random_narrow_and_the_second_stored_by_columns(workload, device):
    a, b = prepare(workload, device, n=64).call.args
    assert a.dtype == b.dtype == TORCH_DTYPES[workload.dtypes.quick[0]]
    assert a.is_contiguous()
    assert b.t().is_contiguous()
    assert a.double().std() > 0.5
    assert not torch.equal(a.double(), b.double())


def test_an_int8_product_fills_the_whole_range_and_is_exact():
    prepared = prepare(INT8, CPU, n=256)
    a, b = prepared.call.args
    assert (int(a.min()), int(a.max())) == (-128, 127)
    assert torch.equal(prepared.call(), (a.to(torch.int64) @ b.to(torch.int64)).to(torch.int32))
    assert prepared.check().ok


def test_one_element_that_is_one_too_large_is_caught_in_int8():
    check = prepare(INT8, CPU).check
    product = check.call()
    product[3, 5] += 1
    assert not check.compare(product).ok


@pytest.mark.parametrize("seed", range(1, 8))
@pytest.mark.parametrize("n", [32, 256])
def test_a_float8_product_is_within_its_bound_and_one_percent_is_not(monkeypatch, n, seed):
    treat_as_gpu(monkeypatch)
    check = prepare(FLOAT8, LIKE_A_GPU, n=n, seed=seed).check
    accuracy = check()
    assert 0 < accuracy.error <= accuracy.bound < 0.01
    product = check.call()
    off = 0.01 * product.abs().max()
    assert not check.compare(torch.where(product == product.abs().max(), product, product + off)).ok


@pytest.mark.parametrize(("workload", "device"), BOTH)
def test_a_result_of_another_shape_or_dtype_is_wrong(workload, device):
    check = prepare(workload, device).check
    product = check.call()
    assert check.compare(product).ok
    assert not check.compare(product[:-1]).ok
    assert not check.compare(product.double()).ok


@pytest.mark.parametrize(("workload", "device"), BOTH)
def test_a_large_product_is_checked_in_64_rows(workload, device, monkeypatch):
    monkeypatch.setattr(matmul, "ALL_ROWS", 64)
    check = prepare(workload, device, n=128).check
    product = check.call()
    assert check.compare(product).ok
    caught = 0
    for row in range(128):
        wrong = product.clone()
        wrong[row] += 1000
        caught += not check.compare(wrong).ok
    assert caught == 64


@pytest.mark.parametrize(("workload", "too_old", "enough"), [(INT8, "7.0", "7.5"), (FLOAT8, "8.6", "8.9")])
def test_a_gpu_that_is_too_old_says_so_and_a_later_one_computes(workload, too_old, enough):
    dtype = workload.dtypes.quick[0]
    message = rf"{dtype} products need compute capability {enough} or more; NVIDIA GPU has {too_old}"
    with pytest.raises(NotImplementedError, match=message):
        prepare(workload, like(too_old))
    for capability in (enough, "9.0", "10.0"):
        assert prepare(workload, like(capability)).check().ok


def test_they_exist_where_torch_has_them():
    assert [kind for kind in ("numpy", "cpu", "cuda", "mps", "xpu") if INT8.exists_on(kind, "int8")] == ["cpu", "cuda"]
    assert [kind for kind in ("cpu", "cuda", "mps") if FLOAT8.exists_on(kind, "float8_e4m3")] == ["cuda"]
