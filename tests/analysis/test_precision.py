"""What another dtype gains over float32: like against like, paired, with both errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.analysis.precision import precision_table
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from tests.support.builders import recording, roofline

GAIN = {"float32": 1.0, "bfloat16": 2.0, "float64": 0.5, "tf32": 4.0}
ERROR = {"float32": 1e-7, "bfloat16": 3e-3, "float64": -0.0, "tf32": 4e-4}


def model(case: Case, rng: np.random.Generator) -> float:
    return roofline(structs.replace(case, dtype="float32"), rng) / GAIN[case.dtype]


def checked(sample: Sample) -> Sample:
    return (
        structs.replace(sample, relative_error=ERROR[sample.case.dtype], error_bound=1e-2) if sample.seconds else sample
    )


def run(*, rounds: int = 5, dtypes: tuple[str, ...] = tuple(GAIN)) -> Recording:
    made = recording(dtypes=dtypes, model=model, rounds=rounds, sizes=(2**14, 2**22), timings=("latency",))
    return replace(made, samples=tuple(map(checked, made.samples)))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return precision_table(tidy([run()]))


def test_every_other_dtype_is_set_against_float32_on_the_same_device_in_the_same_way(table: pd.DataFrame) -> None:
    assert set(table["dtype"]) == {"bfloat16", "float64", "tf32"}
    assert set(table[table["dtype"] == "tf32"]["device"]) == {"cuda:0"}
    ways = table.groupby(["device", "dtype", "residency"]).size()
    assert len(ways) == 2 + 3 * 2  # a CPU is never copied to
    assert set(ways) == {2}  # sizes


def test_a_ratio_above_one_means_that_the_dtype_is_faster(table: pd.DataFrame) -> None:
    for dtype, gain in GAIN.items():
        rows = table[table["dtype"] == dtype]
        np.testing.assert_allclose(rows["ratio"], gain, rtol=0.1)
        np.testing.assert_allclose(rows["ratio"], rows["float32_seconds"] / rows["seconds"], rtol=0.05)
        assert (rows["ratio_low"] < rows["ratio"]).all()
        assert (rows["ratio"] < rows["ratio_high"]).all()
    assert set(table[table["dtype"] == "bfloat16"]["verdict"]) == {"faster"}
    assert set(table[table["dtype"] == "float64"]["verdict"]) == {"slower"}


def test_both_errors_stand_beside_the_ratio_and_have_no_sign(table: pd.DataFrame) -> None:
    assert set(table["float32_error"]) == {1e-7}
    assert set(table[table["dtype"] == "bfloat16"]["relative_error"]) == {3e-3}
    assert not np.signbit(table["relative_error"]).any()
    assert set(table["error_bound"]) == {1e-2}


def test_the_noise_that_both_dtypes_share_cancels() -> None:
    made = run()
    drift = np.random.default_rng(7).normal(0, 0.5, (6, 4))

    def drifting(sample: Sample) -> Sample:
        factor = float(np.exp(drift[sample.round, sample.visit]))
        return structs.replace(sample, seconds=tuple(factor * value for value in sample.seconds))

    shaken = precision_table(tidy([replace(made, samples=tuple(map(drifting, made.samples)))]))
    calm = precision_table(tidy([made]))
    np.testing.assert_allclose(shaken["ratio_high"] / shaken["ratio_low"], calm["ratio_high"] / calm["ratio_low"])


def test_a_case_that_is_not_ok_in_both_dtypes_has_no_row() -> None:
    def lost(sample: Sample) -> Sample:
        gone = sample.case.dtype == "float32" and sample.case.device == "cpu"
        return structs.replace(sample, status="failed", reason="no", seconds=()) if gone else sample

    made = run()
    table = precision_table(tidy([replace(made, samples=tuple(map(lost, made.samples)))]))
    assert set(table["device"]) == {"cuda:0"}


def test_a_single_round_has_an_interval_that_says_so() -> None:
    assert set(precision_table(tidy([run(rounds=1)]))["interval"]) == {"within-run"}


def test_float32_alone_gives_an_empty_table_with_all_columns(table: pd.DataFrame) -> None:
    empty = precision_table(tidy([run(dtypes=("float32",))]))
    assert empty.empty
    assert list(empty.columns) == list(table.columns)
