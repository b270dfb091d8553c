"""asv's results folder: read back by our reader, and by asv itself."""

from __future__ import annotations

import importlib
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.errors import RecordError, UsageError
from bench_lib.export import asv
from bench_lib.export.asv_benchmarks import benchmark_name, merged
from bench_lib.export.files import json_object, put
from bench_lib.export.formats import ExportRequest
from bench_lib.records import storage
from bench_lib.records.case import Case, Plan
from bench_lib.records.checkout import commit_facts
from bench_lib.records.foreign.asv import read_asv
from bench_lib.records.intervals import t_interval
from bench_lib.records.recording import Recording, to_json
from bench_lib.records.run import DeviceRecord, WorkloadRecord
from bench_lib.records.sample import Sample
from tests.support.builders import recording
from tests.support.extras import needs
from tests.support.page_data import cpu_recording
from tests.support.strict_json import parse_strict

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LATER = "f" * 40


def in_doubt(case: Case, rng: np.random.Generator) -> Any:
    """Model a GPU that is out of memory at the largest size, and a wrong result of one thread at the smallest."""
    if case.n == 2**26 and case.device == "cuda:0":
        return "oom", "no memory"
    if case.n == 2**10 and case.device == "cpu-1t":
        return "wrong", "off by one"
    return 1e-6 * (1 + case.n / 1e6) * math.exp(0.03 * rng.standard_normal())


def run_of(**settings: Any) -> Recording:
    made = recording(devices=("cpu", "cpu-1t", "cuda:0"), model=in_doubt, rounds=4, visits=2, **settings)
    workloads = tuple(structs.replace(workload, source_sha256="abc") for workload in made.run.workloads)
    return replace(made, run=structs.replace(made.run, workloads=workloads, host={"cpu": "Example CPU 9000"}))


RUN = run_of()


def write(folder: Path, run: Recording, commit: str = COMMIT) -> Path:
    """Write as the command does, without it."""
    files = asv.write(asked(run, commit, folder))
    put(files, force=True)
    (path,) = files.own
    return path


def asked(run: Recording, commit: str = COMMIT, folder: Path = Path()) -> ExportRequest:
    return ExportRequest(recordings=[run], commit=commit, path=folder)


def seconds_of(run: Recording) -> dict[Case, float]:
    """Return what the analysis makes of a run: the time of each case that is ok."""
    table = estimates_table(tidy([run]))
    columns = ("workload", "n", "dtype", "device", "residency", "timing", "seconds")
    found = {
        Case(**dict(zip(columns[:-1], row[:-1], strict=True))): row[-1]
        for row in table[list(columns)].itertuples(index=False)
    }
    return {case: seconds for case, seconds in found.items() if not math.isnan(seconds)}


def rows_of(kept: asv.AsvResults) -> dict[str, dict[str, Any]]:
    """Return the columns of each benchmark of a result file."""
    return {
        name: dict(zip(kept.result["result_columns"], row, strict=False))
        for name, row in kept.result["results"].items()
    }


def test_our_reader_finds_the_same_cases_with_the_same_work_and_times(tmp_path: Path) -> None:
    read = read_asv(write(tmp_path, RUN))
    assert {planned.case: planned for planned in read.plan} == {planned.case: planned for planned in RUN.plan}
    assert [problem for problem in read.problems if "python" not in problem] == []
    expected = seconds_of(RUN)
    assert expected
    times = {sample.case: sample.seconds for sample in read.samples if sample.status == "ok"}
    assert set(times) == set(expected)
    for case, seconds in times.items():
        # Nearly: ours locates the visits of all processes together, asv has one number of each.
        assert math.exp(math.fsum(map(math.log, seconds)) / len(seconds)) == pytest.approx(expected[case], rel=0.05)
    assert {sample.case.device for sample in read.samples if sample.status == "failed"} == {"cpu-1t", "cuda:0"}


def test_the_run_keeps_its_machine_its_devices_and_its_workloads(tmp_path: Path) -> None:
    read = read_asv(write(tmp_path, RUN)).run
    assert read.machine == RUN.run.machine
    assert read.workloads == RUN.run.workloads
    assert {device.key: device.name for device in read.devices} == {
        "cpu": "Example CPU 9000", "cpu-1t": "Example CPU 9000", "cuda:0": "Example GPU X1",
    }  # fmt: skip
    assert read.created == "2024-05-01T12:00:00+00:00"


def test_each_sample_is_a_process_and_the_interval_is_over_them() -> None:
    row = rows_of(asv.results_of(RUN, COMMIT))["elementwise.Elementwise.device_add"]
    for at, result in enumerate(row["result"]):
        if result is None:
            assert [row[name][at] for name in row if name.startswith("stats_") or name == "samples"] == [None] * 7
            continue
        assert len(row["samples"][at]) == row["stats_repeat"][at] == 4
        assert row["stats_ci_99_a"][at] < result < row["stats_ci_99_b"][at]
        assert row["stats_q_25"][at] <= np.median(row["samples"][at]) <= row["stats_q_75"][at]
        assert row["stats_number"][at] == 10


def test_the_interval_of_99_percent_holds_the_one_of_95() -> None:
    table = tidy([RUN])
    own = table[(table["device"] == "cpu") & (table["n"] == 2**10)]
    logs = np.log(own["median_seconds"]).groupby(own["round"]).median()
    ours = t_interval(logs.tolist()).exp()
    row = rows_of(asv.results_of(RUN, COMMIT))["elementwise.Elementwise.device_add"]
    places = list(product(*row["params"]))
    at = places.index(("'cpu'", "'float32'", "1024"))
    assert row["stats_ci_99_a"][at] < ours.low < ours.high < row["stats_ci_99_b"][at]
    # Student's t with 3 degrees of freedom: 5.841 at 99 %, 3.182 at 95 %.
    widths = [np.log(row["stats_ci_99_b"][at] / row["stats_ci_99_a"][at]), np.log(ours.high / ours.low)]
    assert widths[0] / widths[1] == pytest.approx(5.8409 / 3.1824, rel=1e-3)


def test_a_run_of_one_process_has_times_and_no_interval(tmp_path: Path) -> None:
    once = recording(rounds=1, visits=3)
    row = rows_of(asv.results_of(once, COMMIT))["elementwise.Elementwise.device_add"]
    assert row["stats_ci_99_a"] is row["stats_repeat"] is None
    assert all(result > 0 for result in row["result"])
    assert len(read_asv(write(tmp_path, once)).samples) == len(once.plan)


def test_it_is_strict_json_with_null_for_what_is_not_there() -> None:
    kept = asv.results_of(RUN, COMMIT)
    for obj in (kept.result, kept.machine, kept.benchmarks):
        assert parse_strict(asv.encoded(obj).decode()) == json.loads(asv.encoded(obj))
    assert any(None in row["result"] for row in rows_of(kept).values())
    assert all(isinstance(value, str) for value in kept.result["params"].values())


@needs("asv_runner")
def test_names_are_those_of_the_suite() -> None:
    from bench_lib.workloads import ALL

    named = {}
    for path in sorted((ROOT / "benchmarks").glob("[a-z]*.py")):
        module = importlib.import_module(f"benchmarks.{path.stem}")
        for owner in vars(module).values():
            for method, function in vars(owner).items() if isinstance(owner, type) else ():
                if method.startswith("device_"):
                    name = function.crossover["workload"]["name"]
                    named[name] = f"{path.stem}.{owner.__name__}.{method}"
    assert named == {workload.name: benchmark_name(workload.record()) for workload in ALL}


@pytest.mark.parametrize(
    ("name", "family", "expected"),
    [
        ("test_x.py::test_add[16]", "pytest-suite", "pytest_suite.PytestSuite.device_test_x_py_test_add_16"),
        ("../../x", "..", "others.Others.device_x"),
        ("", "", "others.Others.device_unnamed"),
        ("é" * 9, "Δ", "others.Others.device_unnamed"),
    ],
)  # fmt: skip
def test_a_name_of_someone_elses_becomes_a_plain_one(name: str, family: str, expected: str) -> None:
    assert benchmark_name(WorkloadRecord(name=name, family=family, expression="x")) == expected


def test_two_names_that_become_one_are_told_apart(tmp_path: Path) -> None:
    both = recording(workloads=("a+b", "a-b"), devices=("cpu",))
    names = [name for name in asv.results_of(both, COMMIT).benchmarks if name != "version"]
    assert names == ["elementwise.Elementwise.device_a_b", "elementwise.Elementwise.device_a_b_2"]
    assert {one.case for one in read_asv(write(tmp_path, both)).plan} == {one.case for one in both.plan}


@pytest.mark.parametrize("commit", ["main", COMMIT[:8], COMMIT.upper(), f"{COMMIT}\n", "../../etc"])
def test_anything_but_a_whole_hash_is_refused(commit: str) -> None:
    with pytest.raises(UsageError, match=r"whole hash .* --commit"):
        asv.results_of(RUN, commit)


def test_a_run_that_tells_no_commit_is_refused_and_named() -> None:
    with pytest.raises(UsageError, match=r"run run-1 tells none, .* --commit"):
        asv.results_of(RUN)


def test_a_run_without_any_time_is_refused() -> None:
    failed = tuple(Sample(case=one.case, round=1, visit=1, status="failed", reason="no") for one in RUN.plan)
    with pytest.raises(UsageError, match="no case of run run-1 has one"):
        asv.results_of(replace(RUN, samples=failed), COMMIT)


def test_what_asv_cannot_hold_is_said() -> None:
    uneven = run_of(dtypes=("float32", "tf32"))
    said = "\n".join(asv.omissions(asked(uneven)))
    without = len(uneven.plan) - len(seconds_of(uneven))
    assert f"{without} of {len(uneven.plan)} cases have no time" in said
    assert "asv shows 10 more as failed" in said  # tf32 at five sizes on cpu and cpu-1t
    complete = recording(devices=("cpu",))
    assert "failed" not in "\n".join(asv.omissions(asked(complete)))


def test_a_second_run_adds_its_sizes_and_takes_nothing_from_the_first(tmp_path: Path) -> None:
    smaller, larger = run_of(sizes=(2**8, 2**10)), run_of(sizes=(2**10, 2**9, 2**12), dtypes=("float64",))
    first, second = write(tmp_path, smaller), write(tmp_path, larger, LATER)
    entry = json.loads((tmp_path / "benchmarks.json").read_text())["elementwise.Elementwise.device_add"]
    assert entry["params"][1:] == [["'float32'", "'float64'"], ["256", "512", "1024", "4096"]]
    for path, run in ((first, smaller), (second, larger)):
        read = read_asv(path)
        assert {one.case: one for one in read.plan} == {one.case: one for one in run.plan}


def test_what_others_wrote_into_the_folder_stays() -> None:
    new = asv.results_of(RUN, COMMIT).benchmarks
    other = {"time_x": {"params": [], "version": "1"}, "version": 2}
    assert merged(other, new)["time_x"] == other["time_x"]
    name = "elementwise.Elementwise.device_add"
    for odd in (None, "x", {}, {**new[name], "version": "of another source"}, {**new[name], "params": [["1"]]}):
        assert merged({name: odd}, new)[name] == new[name]


def test_a_folder_whose_file_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.json").write_text("[]")
    with pytest.raises(RecordError, match="should hold a JSON object"):
        json_object(tmp_path / "benchmarks.json")


@needs("asv")
def test_asv_itself_loads_what_is_written_and_finds_every_number(tmp_path: Path) -> None:
    from asv.benchmarks import Benchmarks
    from asv.config import Config
    from asv.results import iter_results

    path = write(tmp_path, RUN)
    conf = Config()
    conf.results_dir, conf.project = str(tmp_path), "p"
    benchmarks = Benchmarks.load(conf)
    (results,) = iter_results(str(tmp_path))
    kept = asv.results_of(RUN, COMMIT)
    assert results.get_result_keys(benchmarks) == set(kept.result["results"])
    assert (results.commit_hash, results.env_name) == (COMMIT, "crossover")
    for name, row in rows_of(kept).items():
        params = benchmarks[name]["params"]
        assert results.get_result_value(name, params) == row["result"]
        samples = results.get_result_samples(name, params)
        assert [tuple(one) if one else None for one in samples] == row["samples"]
    before = json.loads(path.read_text())
    results.save(str(tmp_path))
    after = json.loads(path.read_text())
    assert after["results"].keys() == before["results"].keys()
    assert after["params"] == before["params"]


@needs("asv")
@pytest.mark.slow
def test_asv_publishes_and_compares_two_runs_that_were_exported(tmp_path: Path) -> None:
    environment = os.environ | {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    (tmp_path / "home").mkdir()

    def call(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    conf = {
        "version": 1, "project": "p", "repo": ".", "branches": ["main"], "environment_type": "existing",
        "results_dir": "results", "html_dir": "html", "env_dir": "env",
    }  # fmt: skip
    (tmp_path / "asv.conf.json").write_text(json.dumps(conf))
    call("git", "init", "--quiet", "--initial-branch", "main")
    commits = []
    for seed in (2, 3):
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        call("git", *identity, "commit", "--quiet", "--allow-empty", "-m", f"commit {seed}")
        commits.append(call("git", "rev-parse", "HEAD"))
        made = cpu_recording(seed=seed, rounds=3, visits=1)
        run = structs.replace(made.run, id=f"run-{seed}", settings=made.run.settings | commit_facts(tmp_path))
        lines = (run, Plan(cases=made.plan), *made.samples)
        (tmp_path / f"{seed}.jsonl").write_text("".join(f"{to_json(line)}\n" for line in lines), encoding="utf-8")
    command = (sys.executable, "-c", "from bench_lib.cli.main import main; main()", "export", "2.jsonl", "3.jsonl")
    written = call(*command, "--to", "asv", "--out", "results").splitlines()
    assert [json.loads((tmp_path / path).read_bytes())["commit_hash"] for path in written] == commits
    call(sys.executable, "-m", "asv", "publish")
    (graph,) = [
        path for path in (tmp_path / "html" / "graphs").rglob("*.device_matmul.json") if "summary" not in str(path)
    ]
    assert [point[0] for point in json.loads(graph.read_text())] == [0, 1]
    index = json.loads((tmp_path / "html" / "index.json").read_text())
    assert index["revision_to_hash"] == {"0": commits[0], "1": commits[1]}
    assert "matmul.Matmul.device_matmul" in index["benchmarks"]
    said = call(sys.executable, "-m", "asv", "compare", *commits)
    (line,) = [line for line in said.splitlines() if "device_matmul('cpu', 'float32', 64)" in line]
    assert "n/a" not in line
    assert "device_matmul" in call(sys.executable, "-m", "asv", "show", commits[0])


def test_a_device_kind_of_a_gpu_is_named_among_the_facts() -> None:
    gpu = DeviceRecord(key="cuda:0", kind="cuda", name="Example GPU X1")
    run = structs.replace(RUN.run, devices=(gpu,), software={"torch": "2.13.0", "cuda": None, "python": "3.11.7"})
    params = asv.results_of(replace(RUN, run=run), COMMIT).result["params"]
    assert (params["gpu"], params["torch"], params["python"]) == ("Example GPU X1", "2.13.0", "3.11")
    assert "cuda" not in params


def test_the_one_door_for_result_files_reads_an_export(tmp_path: Path) -> None:
    assert storage.load(write(tmp_path, RUN)).run.source == "asv"
