"""A comparison as JSON: strict, complete, and with its units in the names."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path

import pytest
from msgspec import structs

from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.comparison.judging import compare
from bench_lib.report.comparison.as_json import as_json, document
from tests.support.comparison_data import compared, factors, side, with_energies, with_run, with_samples

DOCS = Path(__file__).parents[3] / "docs" / "regressions.md"


def refuse(token: str) -> None:
    pytest.fail(f"{token} is no JSON")


def read(comparison: Comparison) -> dict[str, object]:
    text = as_json(comparison)
    assert text.isascii()
    return json.loads(text, parse_constant=refuse)  # type: ignore[no-any-return]


def test_every_fact_of_a_change_is_there_with_its_unit() -> None:
    found = compared(factor=factors({"softmax": 1.5}))
    (row,) = [
        one
        for one in document(found)["changes"]
        if (one["workload"], one["n"], one["device"]) == ("softmax", 1024, "cpu")
    ]
    (change,) = [
        one for one in found.changes if (one.case.workload, one.case.n, one.case.device) == ("softmax", 1024, "cpu")
    ]
    assert row["verdict"] == "worse"
    assert row["word"] == "slower"
    assert (row["before_seconds"], row["after_seconds"]) == (change.before, change.after)
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == dataclasses.astuple(change.ratio)
    assert (row["processes_before"], row["processes_after"]) == (6, 6)
    assert row["log_spreads"] == list(change.log_spreads)
    renamed = {"case", "before", "after", "ratio", "processes", "margin", "min_detectable"}
    assert {field.name for field in dataclasses.fields(Change)} - renamed <= set(row)


def test_what_is_not_known_is_null_and_never_nan() -> None:
    other = with_run(side(name="b", paired=False), software={"torch": "2.12.0"})
    found = read(compared(side(paired=False), other))
    assert found["exit_code"] == 3
    rows = found["changes"]
    assert isinstance(rows, list)
    assert all(row["ratio"] is None and row["sees_relative"] is None for row in rows)
    single = read(compared(side(paired=False, rounds=1), side(name="b", paired=False, rounds=1)))
    assert single["counts"] == {
        "worse": 0,
        "failed": 0,
        "better": 0,
        "unchanged": 0,
        "cannot_tell": 12,
        "not_comparable": 0,
    }


def test_counts_and_obstacles_stand_at_the_top() -> None:
    found = read(compared(factor=factors({"softmax": 1.5, "add": 0.5})))
    assert found["kind"] == "crossover-comparison"
    assert found["exit_code"] == 1
    assert found["counts"]["worse"] == 4  # type: ignore[index]
    assert found["counts"]["better"] == 4  # type: ignore[index]
    assert found["obstacles"] == {"facts": [], "everywhere": [], "devices": {}, "workloads": []}
    assert found["calibration"] is None


def test_each_metric_has_the_unit_of_its_levels_in_their_names() -> None:
    def of(name: str) -> object:
        made = with_samples(side(name=name), lambda one: structs.replace(one, peak_allocated_nbytes=1000))
        return with_energies(made, 0.5)

    found = document(compare([of("a")], [of("b")], metrics=["time", "memory", "energy"]))  # type: ignore[list-item]
    units = {row["metric"]: {key for key in row if key.startswith("before_")} for row in found["changes"]}
    assert units == {"time": {"before_seconds"}, "memory": {"before_nbytes"}, "energy": {"before_joules"}}


def test_a_name_of_a_stranger_is_escaped() -> None:
    evil = ("a\u202eb\u2028c",)
    text = as_json(compared(side(workloads=evil), side(name="b", workloads=evil)))
    assert text.isascii()
    assert json.loads(text)["changes"][0]["workload"] == evil[0]


def test_each_field_is_described_where_the_docs_say_so() -> None:
    text = DOCS.read_text(encoding="utf-8")
    described = set(re.findall(r"`(\w+)`", text[text.index("## JSON") :]))
    found = document(compared())
    there = {*found, *found["changes"][0], *found["before"], *found["counts"], *found["obstacles"]}
    assert there <= described


def test_infinite_numbers_do_not_reach_the_file() -> None:
    found = compared()
    broken = dataclasses.replace(found.changes[0], min_detectable=math.inf)
    rows = read(dataclasses.replace(found, changes=(broken,)))["changes"]
    assert rows[0]["sees_relative"] is None  # type: ignore[index]
