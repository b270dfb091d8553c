"""Files of pytest-benchmark, real ones and broken ones, read as recordings."""

import json
import math
import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.errors import RecordError
from bench_lib.records.case import Case, Plan
from bench_lib.records.foreign.pytest_benchmark import looks_like_pytest_benchmark, read_pytest_benchmark
from bench_lib.records.foreign.pytest_header import NO_ROUNDS, NOT_IN_THE_FILE, UNKNOWN_TIME
from bench_lib.records.recording import Recording, from_json, to_json
from bench_lib.records.run import DeviceRecord
from bench_lib.records.storage import load

BENCHMARKS = """
    import pytest

    @pytest.mark.parametrize("n", [16, 64])
    def test_ours(benchmark, n):
        benchmark.extra_info |= {
            "workload": "add", "n": n, "dtype": "float32", "device": "cuda:0", "residency": "roundtrip",
            "timing": "latency", "flop": 1.0 * n, "nbytes": 12 * n, "expression": "x + y", "family": "elementwise",
            "device_name": "Example GPU X1",
        }
        benchmark.pedantic(sum, args=(range(n),), rounds=4, iterations=3)

    @pytest.mark.parametrize("n", [8])
    def test_another(benchmark, n):
        benchmark.pedantic(sum, args=(range(n),), rounds=2)
"""
CPU = {"brand_raw": "AMD EPYC(TM) 9000 32-Core Processor", "count": 4, "arch": "X86_64", "flags": ["a"], "hz": [1, 0]}
DOCUMENT: dict[str, Any] = {
    "machine_info": {"node": "u1-laptop", "python_version": "3.11.7", "system": "Linux", "cpu": CPU},
    "commit_info": {"id": "0123456789abcdef", "project": "secret-project", "branch": "main"},
    "benchmarks": [
        {
            "name": "test_sum[16]",
            "fullname": "tests/test_x.py::test_sum[16]",
            "group": None,
            "params": {"n": 16},
            "extra_info": {},
            "stats": {"data": [2e-6, 3e-6], "median": 2.5e-6, "iterations": 10, "rounds": 2},
        }
    ],
    "datetime": "2026-01-31T13:00:00.5+01:00",
    "version": "5.3.1",
}


def file_of(folder: Path, document: object) -> Path:
    path = folder / "benchmark.json"
    path.write_text(json.dumps(document))
    return path


def with_benchmark(**changes: Any) -> dict[str, Any]:
    return DOCUMENT | {"benchmarks": [DOCUMENT["benchmarks"][0] | changes]}


def lines_of(recording: Recording) -> list[str]:
    return [to_json(line) for line in (recording.run, Plan(cases=recording.plan), *recording.samples)]


def assert_follows_the_format(recording: Recording) -> None:
    assert [to_json(from_json(line)) for line in lines_of(recording)] == lines_of(recording)
    assert len(recording.plan) == len(recording.samples) == len({planned.case for planned in recording.plan})
    keys = {planned.case.device for planned in recording.plan}
    assert keys == {device.key for device in recording.run.devices}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run pytest-benchmark and return the folder with what it wrote: with single times and without."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "test_real.py").write_text(textwrap.dedent(BENCHMARKS))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-storage=saved"]
    command += ["--benchmark-json=all.json", "--benchmark-save=stats", "test_real.py"]
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_what_pytest_benchmark_writes_is_read_with_all_its_times(real: Path) -> None:
    recording = load(real / "all.json")
    assert recording.run.source == "pytest-benchmark"
    assert [planned.case for planned in recording.plan] == [
        Case(workload="add", n=16, dtype="float32", device="cuda:0", residency="roundtrip"),
        Case(workload="add", n=64, dtype="float32", device="cuda:0", residency="roundtrip"),
        Case(workload="test_real.py::test_another", n=8, dtype="unknown", device="cpu"),
    ]
    assert [len(sample.seconds) for sample in recording.samples] == [4, 4, 2]
    assert [sample.calls for sample in recording.samples] == [3, 3, 1]
    assert [(planned.flop, planned.nbytes) for planned in recording.plan] == [(16.0, 192), (64.0, 768), (0.0, 0)]
    written = json.loads((real / "all.json").read_text())["benchmarks"][0]["stats"]["data"]
    assert list(recording.samples[0].seconds) == written
    assert [workload.name for workload in recording.run.workloads] == ["add", "test_real.py::test_another"]
    assert (recording.run.workloads[0].expression, recording.run.workloads[0].family) == ("x + y", "elementwise")
    assert {device.key: device.kind for device in recording.run.devices} == {"cuda:0": "cuda", "cpu": "cpu"}
    assert recording.run.devices[0].name == "Example GPU X1"
    assert_follows_the_format(recording)


def test_what_it_saves_without_single_times_is_read_by_its_medians(real: Path) -> None:
    (saved,) = (real / "saved").rglob("*_stats.json")
    recording = load(saved)
    assert [len(sample.seconds) for sample in recording.samples] == [1, 1, 1]
    assert any("3 of 3 benchmarks hold no single times" in problem for problem in recording.problems)
    assert_follows_the_format(recording)


def test_no_host_name_and_no_folder_is_taken_over(real: Path) -> None:
    recording = load(real / "all.json")
    text = "\n".join(lines_of(recording))
    assert platform.node() not in recording.run.machine
    assert str(real) not in text


def test_the_machine_is_named_by_its_parts(tmp_path: Path) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, DOCUMENT))
    assert recording.run.machine == "amd-epyc-9000-4c"
    assert recording.run.created == "2026-01-31T12:00:00+00:00"
    assert recording.run.software == {"python": "3.11.7", "pytest-benchmark": "5.3.1"}
    assert recording.run.settings == {"commit": "0123456789abcdef"}
    assert recording.run.host["cpu"] == CPU["brand_raw"]
    text = "\n".join(lines_of(recording))
    assert "u1-laptop" not in text
    assert "secret-project" not in text


def test_what_such_a_file_lacks_is_said(tmp_path: Path) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, DOCUMENT))
    assert recording.problems == (NOT_IN_THE_FILE, "1 of 1 benchmarks do not say their dtype in extra_info")
    del (document := dict(DOCUMENT))["datetime"]
    undated = read_pytest_benchmark(file_of(tmp_path, document))
    assert undated.run.created == UNKNOWN_TIME
    assert "the file does not say when it was measured" in undated.problems


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"id": "a" * 40, "dirty": False}, {"commit": "a" * 40}),
        ({"id": "a" * 40, "dirty": True}, {"commit": "a" * 40 + "+"}),
        ({"id": "a" * 40, "dirty": "no"}, {"commit": "a" * 40}),
        ({"id": "unversioned", "dirty": True}, {}),
        ({"id": "../../etc"}, {}),
        (["a" * 40], {}),
    ],
)
def test_the_commit_is_told_as_runs_of_our_own_tell_it(tmp_path: Path, told: object, expected: dict[str, str]) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, DOCUMENT | {"commit_info": told}))
    assert recording.run.settings == expected


SHEET: dict[str, Any] = {
    "machine": "nvidia-h200-16c",
    "seed": 3,
    "host": {"cpu": "AMD EPYC 9000", "threads_usable": 16, "cgroup_quota_cpus": None},
    "software": {"torch": "2.13.0", "driver": "570.1", "python": "3.11.8"},
    "precision": {"cuda_matmul_fp32": "ieee", "cudnn_benchmark": False},
    "devices": [
        {"key": "cuda:0", "kind": "cuda", "name": "Example GPU X1", "facts": {"multiprocessors": 132}},
        {"key": "cpu", "kind": "cpu", "name": "AMD EPYC 9000", "threads": 16},
    ],
}


def with_sheet(sheet: object) -> dict[str, Any]:
    return DOCUMENT | {"machine_info": DOCUMENT["machine_info"] | {"crossover": sheet}}


def test_what_our_plugin_wrote_of_the_machine_becomes_the_header(tmp_path: Path) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, with_sheet(SHEET)))
    run = recording.run
    assert (run.machine, run.seed) == (SHEET["machine"], SHEET["seed"])
    assert (run.host, run.precision) == (SHEET["host"], SHEET["precision"])
    assert run.software == {"pytest-benchmark": "5.3.1", **SHEET["software"]}
    assert run.devices == (DeviceRecord(key="cpu", kind="cpu", name="AMD EPYC 9000", threads=16),)
    assert NO_ROUNDS in recording.problems
    assert NOT_IN_THE_FILE not in recording.problems
    assert_follows_the_format(recording)


@pytest.mark.parametrize(
    ("sheet", "sentence"),
    [
        (None, "must be an object"),
        ([SHEET], "must be an object"),
        ({}, "MachineSheet lacks machine, seed"),
        (SHEET | {"machine": "../../Some Host"}, "a machine is named by"),
        (SHEET | {"machine": 7}, "MachineSheet.machine must be a text"),
        (SHEET | {"seed": -1}, "MachineSheet.seed must be a whole number"),
        (SHEET | {"user": "u1"}, "MachineSheet has no field 'user'"),
        (SHEET | {"host": {"cpu": ["a"]}}, "MachineSheet.host must be flat"),
        (SHEET | {"software": {"torch": "2\x1b[31m"}}, "each fact a text without control characters"),
        (SHEET | {"precision": {"x": math.inf}}, "MachineSheet.precision must be flat"),
        (SHEET | {"devices": [{"key": "cpu"}]}, "MachineSheet.devices[0] lacks kind, name"),
        (SHEET | {"devices": [SHEET["devices"][1]] * 2}, "each device stands once"),
    ],
)
def test_what_is_no_such_sheet_is_left_out_and_said(tmp_path: Path, sheet: object, sentence: str) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, with_sheet(sheet)))
    assert [sentence in problem for problem in recording.problems].count(True) == 1
    assert NOT_IN_THE_FILE in recording.problems
    assert recording.run.machine == "amd-epyc-9000-4c"
    assert recording.run.precision == {}
    assert all(problem.isprintable() for problem in recording.problems)
    assert_follows_the_format(recording)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ([{"timer": "crossover", "max_time": 0.1}], {"timer": "crossover", "max_time_seconds": 0.1}),
        ([{"timer": "a", "min_rounds": 5}, {"timer": "b", "min_rounds": 5}], {"min_rounds": 5}),
        ([{"timer": "a"}, {}], {}),
        ([{"warmup": False, "disable_gc": True}], {"warmup": False, "disable_gc": True}),
        ([{"timer": ["x"], "max_time": math.nan, "min_time": -1, "min_rounds": 10**30}], {}),
        ([None, "x"], {}),
    ],
)
def test_how_all_benchmarks_were_measured_becomes_a_setting(
    tmp_path: Path, options: list[Any], settings: dict[str, Any]
) -> None:
    first = DOCUMENT["benchmarks"][0]
    benchmarks = [first | {"params": {"n": n}, "options": option} for n, option in enumerate(options)]
    recording = read_pytest_benchmark(file_of(tmp_path, DOCUMENT | {"benchmarks": benchmarks}))
    assert recording.run.settings == {"commit": "0123456789abcdef"} | settings
    assert_follows_the_format(recording)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"mode": "graph", "eager": "add", "multiple": 16, "lazy": True}, ("graph", "add", 16, True)),
        ({"mode": "fast", "eager": 7, "multiple": 0, "lazy": 1}, ("eager", "", 1, False)),
        ({"multiple": 2**40}, ("eager", "", 1, False)),
    ],
)
def test_how_a_workload_is_executed_is_read(tmp_path: Path, extra: dict[str, Any], expected: tuple[Any, ...]) -> None:
    (workload,) = read_pytest_benchmark(file_of(tmp_path, with_benchmark(extra_info=extra))).run.workloads
    assert (workload.mode, workload.eager, workload.multiple, workload.lazy) == expected


@pytest.mark.parametrize(("value", "expected"), [(1e-7, 1e-7), (0, 0.0), (-1, None), ("0", None), (math.nan, None)])
def test_the_error_of_a_result_is_read(tmp_path: Path, value: object, expected: float | None) -> None:
    extra = {"relative_error": value, "error_bound": value}
    (sample,) = read_pytest_benchmark(file_of(tmp_path, with_benchmark(extra_info=extra))).samples
    assert (sample.relative_error, sample.error_bound) == (expected, expected)


@pytest.mark.parametrize(
    ("stats", "seconds", "problem"),
    [
        ({"median": 2.0}, (2.0,), "1 of 1 benchmarks hold no single times"),
        ({"data": [], "median": 2}, (2.0,), "1 of 1 benchmarks hold no single times"),
        (
            {"data": [1.0, 0.0, math.nan, math.inf, -1.0, "x", True, None, 3.0]},
            (1.0, 3.0),
            "beyond 200000 of a case: 7",
        ),
        ({"data": "12", "median": 2.0}, (2.0,), "1 of 1 benchmarks hold no single times"),
        ({"data": {"0": 1.0}, "median": 2.0}, (2.0,), "1 of 1 benchmarks hold no single times"),
        ({"data": [1.0] * 200_001}, (1.0,) * 200_000, "beyond 200000 of a case: 1"),
    ],
    ids=["median", "empty", "odd", "text", "object", "many"],
)
def test_times_that_are_none_are_left_out_and_counted(
    tmp_path: Path, stats: dict[str, Any], seconds: tuple[float, ...], problem: str
) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, with_benchmark(stats=stats)))
    assert recording.samples[0].seconds == seconds
    assert any(problem in said for said in recording.problems)
    assert_follows_the_format(recording)


@pytest.mark.parametrize("stats", [None, {}, [], {"data": [0.0]}, {"median": math.nan}, {"median": 10**400}])
def test_a_benchmark_without_a_time_is_a_failed_row_and_not_a_hole(tmp_path: Path, stats: object) -> None:
    (sample,) = read_pytest_benchmark(file_of(tmp_path, with_benchmark(stats=stats))).samples
    assert (sample.status, sample.reason) == ("failed", "the file holds no time of it")


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"n": 3}, {"n": 3}),
        ({"n": -3}, {"n": 16}),
        ({"n": "3"}, {"n": 16}),
        ({"n": 2**70}, {"n": 16}),
        ({"device": "cpu-1t"}, {"device": "cpu-1t"}),
        ({"device": 7, "dtype": ["x"]}, {"device": "cpu", "dtype": "unknown"}),
        ({"residency": "nowhere", "timing": {"a": 1}}, {"residency": "resident", "timing": "latency"}),
        ({"timing": "throughput"}, {"timing": "throughput"}),
        ({"workload": "/home/u1/x.py::t\x1b[31m\x00"}, {"workload": "x.py::t\ufffd"}),
    ],
)
def test_extra_info_is_believed_only_where_it_is_of_the_format(
    tmp_path: Path, extra: dict[str, Any], expected: dict[str, Any]
) -> None:
    recording = read_pytest_benchmark(file_of(tmp_path, with_benchmark(extra_info=extra)))
    case = recording.plan[0].case
    assert case == structs.replace(case, **expected)
    assert_follows_the_format(recording)


def test_a_case_that_stands_twice_and_one_without_a_name_are_left_out_and_named(tmp_path: Path) -> None:
    first = DOCUMENT["benchmarks"][0]
    recording = read_pytest_benchmark(file_of(tmp_path, DOCUMENT | {"benchmarks": [first, first, {}, 7, None]}))
    assert len(recording.samples) == 1
    assert recording.problems[:2] == (
        "benchmark 2 (tests/test_x.py::test_sum[16]) repeats a case of the file and was left out",
        "benchmark 3 has no name and was left out",
    )


def test_the_shape_tells_whose_file_it_is() -> None:
    assert looks_like_pytest_benchmark(DOCUMENT)
    for other in (None, [], {}, "x", {"benchmarks": []}, {"benchmarks": {}, "machine_info": {}}, {"machine_info": {}}):
        assert not looks_like_pytest_benchmark(other)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "nor one whole JSON document"),
        (json.dumps(DOCUMENT)[:-100], "nor one whole JSON document"),
        ("\x00\x01", "nor one whole JSON document"),
        ("[" * 10**6, "nor one whole JSON document"),
        ('{"benchmarks": [' + "9" * 5000 + '], "machine_info": {}}', "nor one whole JSON document"),
        ("{}", "is no file of pytest-benchmark"),
        ("[1]", "is no file of pytest-benchmark"),
        (json.dumps(DOCUMENT | {"benchmarks": []}), "holds no benchmark that could be read"),
        (json.dumps(DOCUMENT | {"benchmarks": [None, 3, {"name": 5}]}), "holds no benchmark that could be read"),
    ],
    ids=lambda value: value[:30],
)
def test_a_broken_file_ends_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "benchmark.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=sentence) as caught:
        read_pytest_benchmark(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800


def test_a_missing_file_and_a_folder_end_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no file"):
        read_pytest_benchmark(tmp_path / "none.json")
    with pytest.raises(RecordError, match="is a folder or a device"):
        read_pytest_benchmark(tmp_path)


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench_lib.records.line_reader.MAX_JSON_BYTES", 100)
    with pytest.raises(RecordError, match="read up to 100 bytes"):
        read_pytest_benchmark(file_of(tmp_path, DOCUMENT))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2026-01-31T00:00:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["n", "data", "cpu", "id"]), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    data=st.data(),
    place=st.sampled_from(
        [
            *((key,) for key in DOCUMENT),
            *(("machine_info", key) for key in (*DOCUMENT["machine_info"], "crossover")),
            *(("machine_info", "crossover", key) for key in SHEET),
            ("benchmarks", 0, "options"),
            *(("machine_info", "cpu", key) for key in CPU),
            *(("benchmarks", 0, key) for key in DOCUMENT["benchmarks"][0]),
            *(("benchmarks", 0, "stats", key) for key in DOCUMENT["benchmarks"][0]["stats"]),
        ]
    ),
)
def test_whatever_stands_in_a_file_it_is_a_recording_of_the_format_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, place: tuple[Any, ...]
) -> None:
    document = json.loads(json.dumps(with_sheet(SHEET)))
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = data.draw(ANYTHING)
    path = file_of(tmp_path_factory.mktemp("any"), document)
    try:
        recording = read_pytest_benchmark(path)
    except RecordError:
        assert place == ("benchmarks",) or place[-1] in ("name", "fullname")
    else:
        assert_follows_the_format(recording)
