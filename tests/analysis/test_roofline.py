"""Where operations stand under the roofs of their devices, and what the roofs are."""

from dataclasses import replace

import pandas as pd
import pytest
from msgspec import structs

from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.roofline import POINTS, ROOFS, roofline_points, roofs
from bench_lib.records.recording import Recording
from tests.support.builders import ceilings_of, recording

RUN = replace(recording(), ceilings=(*ceilings_of("cpu"), *ceilings_of("cuda:0")))


def points(one: Recording = RUN) -> pd.DataFrame:
    table = estimates_table(tidy([one]))
    return roofline_points(table, bounds_table(table, ceilings_table([one])))


def test_each_operation_has_one_point_on_each_device_at_its_largest_size() -> None:
    found = points()
    assert list(found.columns) == list(POINTS)
    assert found["device"].tolist() == ["cpu", "cuda:0"]
    assert set(found["n"]) == {2**26}


def test_rate_intensity_and_roof_follow_from_flop_bytes_and_seconds() -> None:
    for row in points().to_dict("records"):
        assert row["intensity"] == pytest.approx(row["flop"] / row["nbytes"])
        assert row["rate"] == pytest.approx(row["flop"] / row["seconds"])
        assert row["fraction"] == pytest.approx(row["rate"] / row["roof"])
        assert row["rate_low"] <= row["rate"] <= row["rate_high"]
        bandwidth = 1e12 if row["device"] == "cuda:0" else 20e9
        assert row["roof"] == pytest.approx(row["intensity"] * bandwidth, rel=0.02)
        assert row["bound_by"] == "memory"


def test_without_ceilings_a_point_has_a_rate_and_no_roof() -> None:
    found = points(recording())
    assert found["rate"].notna().all()
    assert found[["roof", "fraction"]].isna().all(axis=None)
    assert set(found["bound_by"]) == {""}


def test_what_does_no_arithmetic_has_neither_rate_nor_intensity() -> None:
    still = replace(RUN, plan=tuple(structs.replace(planned, flop=0.0) for planned in RUN.plan))
    assert points(still)[["rate", "intensity", "roof"]].isna().all(axis=None)


def test_the_roofs_of_a_device_are_its_memory_its_caches_and_its_matrix_rates() -> None:
    found = roofs(ceilings_table([RUN]))
    assert list(found.columns) == list(ROOFS)
    by_key = {(row["device"], row["roof"]): row["rate"] for row in found.to_dict("records")}
    assert by_key["cpu", "memory"] == pytest.approx(20e9, rel=1e-3)
    assert by_key["cuda:0", "memory"] == pytest.approx(1e12, rel=0.02)
    assert by_key["cpu", "compute"] == pytest.approx(1e11)
    assert by_key["cuda:0", "compute"] == pytest.approx(1e13)
    assert roofs(ceilings_table([recording()])).empty
