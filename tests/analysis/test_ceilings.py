import math

import pytest

from bench_lib.analysis.ceilings import COLUMNS, ceilings_table
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Ceiling
from tests.support.builders import recording
from tests.support.record_strategies import RUN


def read(*lines):
    return ceilings_table([Recording(run=RUN, plan=(), samples=(), ceilings=lines)])


def matmul(round_, seconds, *, shape="a", flop=1e9, **changes):
    settings = {"device": "cpu", "quantity": "matmul", "dtype": "float32", "calls": 1}
    return Ceiling(round=round_, seconds=seconds, shape=shape, flop=flop, **(settings | changes))


def test_the_best_block_of_all_rounds_counts_and_the_worst_round_stands_beside_it():
    [row] = read(matmul(1, (3e-3, 2e-3)), matmul(2, (1e-3, 9e-3)), matmul(3, (4e-3,))).to_dict("records")
    assert (row["seconds"], row["worst_seconds"], row["rounds"]) == (1e-3, 4e-3, 3)
    assert (row["rate"], row["worst_rate"]) == pytest.approx((1e12, 0.25e12))


def test_the_best_rate_names_the_shape_and_rounds_of_other_shapes_do_not_mix_in():
    [row] = read(matmul(1, (1e-3,), shape="small"), matmul(2, (2e-3,), shape="large", flop=8e9)).to_dict("records")
    assert (row["shape"], row["rounds"], row["rate"]) == ("large", 1, pytest.approx(4e12))


def test_each_dtype_and_each_working_set_is_a_ceiling_of_its_own_and_matrix_products_of_a_dtype_are_one():
    copies = [
        Ceiling(device="cpu", quantity="copy", round=1, nbytes=nbytes, seconds=(1e-6 * nbytes,), calls=1)
        for nbytes in (1024, 4096)
    ]
    found = read(*copies, matmul(1, (1e-3,), nbytes=7), matmul(2, (1e-3,), nbytes=9), matmul(1, (1e-3,), dtype="tf32"))
    assert list(zip(found["quantity"], found["dtype"], found["nbytes"], strict=True)) == [
        ("copy", "", 1024), ("copy", "", 4096), ("matmul", "float32", 0), ("matmul", "tf32", 0),
    ]  # fmt: skip
    assert found["rate"].tolist()[:2] == pytest.approx([1e6, 1e6])


def test_a_ceiling_without_a_time_has_its_reason_until_a_round_has_one():
    missing = matmul(1, (), reason="the time was spent")
    [row] = read(missing).to_dict("records")
    assert (row["reason"], row["rounds"]) == ("the time was spent", 0)
    assert math.isnan(row["seconds"])
    assert math.isnan(row["rate"])
    [row] = read(missing, matmul(2, (1e-3,))).to_dict("records")
    assert (row["reason"], row["rounds"]) == ("", 1)


def test_what_moves_no_data_has_a_time_and_no_rate():
    [row] = read(Ceiling(device="cpu", quantity="operation", round=1, seconds=(3e-7,), calls=9)).to_dict("records")
    assert row["seconds"] == 3e-7
    assert math.isnan(row["rate"])


def test_runs_without_ceilings_give_an_empty_table():
    found = ceilings_table([recording()])
    assert list(found.columns) == list(COLUMNS)
    assert found.empty


def test_a_run_given_twice_counts_once():
    made = Recording(run=RUN, plan=(), samples=(), ceilings=(matmul(1, (1e-3,)),))
    assert ceilings_table([made, made])["rounds"].tolist() == [1]
