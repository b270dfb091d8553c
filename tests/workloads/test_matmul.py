"""The matrix product: its work, its check in whole and in rows, and its dtypes."""

import pytest
import torch

from bench_lib.workloads import find, matmul
from tests.support.workload_fakes import CPU, NUMPY, is_bare, prepare

MATMUL = find("matmul")


def test_the_work_is_two_n_cubed_on_three_matrices():
    assert MATMUL.flop(1024) == 2 * 1024**3
    assert MATMUL.working_set(1024, "float32") == 12 << 20
    assert MATMUL.working_set(1024, "bfloat16") == 6 << 20


def test_sizes_go_from_16_to_2048_at_once_and_to_16384_in_full():
    assert MATMUL.sizes_for("float32", "quick") == (16, 32, 64, 128, 256, 512, 1024, 2048)
    assert 16384 in MATMUL.sizes_for("bfloat16", "full")
    assert set(MATMUL.dtypes.values("standard")) == {"float32", "tf32", "float64", "bfloat16", "float16"}


def test_every_size_of_tf32_has_a_float32_to_be_compared_with():
    for profile in ("quick", "standard", "full"):
        assert set(MATMUL.sizes_for("tf32", profile)) <= set(MATMUL.sizes_for("float32", profile))


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_the_timed_call_enters_c_at_once(device):
    assert is_bare(prepare(MATMUL, device).call)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_every_dtype_is_within_its_bound(dtype):
    accuracy = prepare(MATMUL, CPU, n=64, dtype=dtype).check()
    assert 0 <= accuracy.error <= accuracy.bound < 0.05


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "tf32"])
def test_the_bound_of_a_narrow_product_would_catch_a_wrong_element_at_any_size(dtype):
    assert matmul.error_bound(dtype, 16384, matmul.ROUNDINGS.get(dtype, 1.0)) < 0.05


def test_a_large_product_is_checked_in_64_rows(monkeypatch):
    monkeypatch.setattr(matmul, "ALL_ROWS", 100)
    check = prepare(MATMUL, CPU, n=128).check
    assert check().ok
    product = check.call()
    assert not check.compare(product * 1.01).ok
    one_row_wrong = product.clone()
    rows_caught = 0
    for row in range(128):
        one_row_wrong[row] += 1
        rows_caught += not check.compare(one_row_wrong).ok
        one_row_wrong[row] = product[row]
    assert rows_caught == 64


def test_a_product_of_another_shape_or_dtype_is_wrong():
    check = prepare(MATMUL, CPU).check
    product = check.call()
    assert not check.compare(product[:-1]).ok
    assert not check.compare(product.double()).ok


def test_inputs_are_neither_constant_nor_equal():
    a, b = prepare(MATMUL, CPU).call.args
    assert a.std() > 0.5
    assert not torch.equal(a, b)
