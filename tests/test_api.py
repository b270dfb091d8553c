"""``import bench_lib``: what it offers, how it refuses, and that its page of documentation runs as it stands."""

from __future__ import annotations

import doctest
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bench_lib
from bench_lib import api
from bench_lib.analysis import frame
from bench_lib.analysis.columns import COLUMNS
from bench_lib.analysis.comparison.calibration import Calibration, CaseNoise, content
from bench_lib.analysis.crossovers import crossovers_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.speedups import speedups_table
from bench_lib.errors import NotComparable, RecordError, UsageError
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording, to_json
from tests.support.builders import recording
from tests.support.comparison_data import factors, same, side

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "results" / "runs"
ASV = ROOT / "tests" / "data" / "asv" / "foreign"
GPU_RUN = recording(rounds=3, visits=2)
SIDES = {"a": same, "b": factors({"softmax": 1.5})}


def kept(folder: Path, run: Recording, name: str = "run.jsonl") -> Path:
    lines = (run.run, Plan(cases=run.plan), *run.samples)
    path = folder / name
    path.write_text("".join(f"{to_json(line)}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def loaded() -> pd.DataFrame:
    return bench_lib.load(min(RUNS.glob("*-quick-*.jsonl.gz")))


def test_the_package_offers_seven_names_and_imports_nothing_heavy() -> None:
    assert sorted(bench_lib.__all__) == [
        "__version__",
        "compare",
        "crossovers",
        "estimates",
        "load",
        "page",
        "speedups",
    ]
    code = "import bench_lib, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"torch", "pandas", "numpy", "matplotlib", "jinja2", "typer"} & set(done.stdout.split())


def test_the_whole_library_works_where_torch_is_not_installed(tmp_path: Path) -> None:
    path = kept(tmp_path, GPU_RUN)
    code = (
        "import sys; sys.modules['torch'] = None; import bench_lib as b; "
        f"b.crossovers(b.speedups(b.load({str(path)!r}))); b.page({str(path)!r})"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_a_table_has_every_column_that_is_listed(loaded: pd.DataFrame) -> None:
    assert list(loaded.columns) == [column.name for column in COLUMNS]


def test_a_file_a_folder_a_pattern_and_a_list_lead_to_the_same_runs(tmp_path: Path) -> None:
    path = kept(tmp_path, GPU_RUN)
    for paths in (path, str(path), tmp_path, str(tmp_path / "*.jsonl"), [path, tmp_path], str(tmp_path / "**" / "r*")):
        pd.testing.assert_frame_equal(bench_lib.load(paths), frame.tidy([GPU_RUN]))


def test_a_copy_of_a_run_counts_once_and_another_run_of_that_name_is_refused(tmp_path: Path) -> None:
    kept(tmp_path, GPU_RUN)
    kept(tmp_path, GPU_RUN, "copy.jsonl")
    assert len(bench_lib.load(tmp_path)) == len(GPU_RUN.samples)
    kept(tmp_path, recording(rounds=2, visits=2), "other.jsonl")
    with pytest.raises(NotComparable, match="run-1"):
        bench_lib.load(tmp_path)


def test_files_of_a_pattern_are_in_alphabetical_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        kept(tmp_path, recording(rounds=1, visits=1, run_id=name), f"{name}.jsonl")
    assert bench_lib.load(tmp_path)["run"].unique().tolist() == ["a", "b", "c"]


def test_a_folder_of_asv_is_read_without_what_lies_beside_the_results(tmp_path: Path) -> None:
    shutil.copytree(ASV, tmp_path / "asv")
    for paths in (tmp_path / "asv" / "amd-epyc-2c", str(tmp_path / "asv" / "*")):
        with pytest.warns(UserWarning, match=r"run asv-60206cdb-\w+: "):
            assert bench_lib.load(paths)["source"].unique().tolist() == ["asv"]


def test_what_a_file_lacks_is_one_warning_with_a_few_sentences_of_it(tmp_path: Path) -> None:
    path = kept(tmp_path, GPU_RUN)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"damage {number}\n" for number in range(9))
    with pytest.warns(UserWarning, match=r"run run-1: line \d+ was not used.*; and 6 more") as caught:
        assert len(bench_lib.load(path)) == len(GPU_RUN.samples)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda folder: [], UsageError, "none was named"),
        (lambda folder: folder, UsageError, "has none of them"),
        (lambda folder: str(folder / "*.jsonl"), UsageError, "no result file matches"),
        (lambda folder: folder / "absent.jsonl", RecordError, "there is nothing at"),
        (lambda folder: ROOT / "pyproject.toml", RecordError, "is no result file"),
        (lambda folder: ASV / "benchmarks.json", RecordError, "no result file that is read here"),
    ],
)
def test_paths_that_lead_to_no_result_are_refused_in_a_sentence(
    tmp_path: Path, make: Callable[[Path], Any], error: type[Exception], words: str
) -> None:
    for function in (bench_lib.load, bench_lib.page):
        with pytest.raises(error, match=words):
            function(make(tmp_path))


def test_the_functions_are_those_of_the_analysis(loaded: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(bench_lib.estimates(loaded), estimates_table(loaded))
    ratios = bench_lib.speedups(loaded, baseline="cpu-1t")
    pd.testing.assert_frame_equal(ratios, speedups_table(loaded, baseline="cpu-1t"))
    pd.testing.assert_frame_equal(bench_lib.crossovers(ratios), crossovers_table(ratios))


def test_crossovers_take_a_table_of_either_kind(loaded: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        bench_lib.crossovers(loaded, baseline="cpu-1t"),
        bench_lib.crossovers(bench_lib.speedups(loaded, baseline="cpu-1t")),
    )


def test_a_gpu_is_set_against_the_cpu_resident_and_round_trip(tmp_path: Path) -> None:
    found = bench_lib.crossovers(bench_lib.load(kept(tmp_path, GPU_RUN)))
    assert set(found["residency"]) == {"resident", "roundtrip"}
    assert set(found["device"]) == {"cuda:0"}


def test_some_rows_of_a_table_are_a_table(loaded: pd.DataFrame) -> None:
    some = bench_lib.estimates(loaded[loaded["workload"] == "matmul"])
    assert set(some["workload"]) == {"matmul"}


@pytest.mark.parametrize("function", [bench_lib.estimates, bench_lib.speedups, bench_lib.crossovers])
def test_what_is_no_such_table_is_refused_with_what_it_lacks(
    function: Callable[[Any], pd.DataFrame], loaded: pd.DataFrame
) -> None:
    with pytest.raises(UsageError, match="lacks run, median_seconds: select rows"):
        function(loaded.drop(columns=["run", "median_seconds"]))
    with pytest.raises(UsageError, match=r"and others: select rows"):
        function(loaded[["n"]])
    with pytest.raises(UsageError, match="came a str: load the files first"):
        function("results/runs")


def test_a_baseline_that_is_not_there_is_refused_with_those_that_are(loaded: pd.DataFrame) -> None:
    for function in (bench_lib.speedups, bench_lib.crossovers):
        with pytest.raises(UsageError, match=r"'cuda:7': compare with one of .*cpu-1t"):
            function(loaded, "cuda:7")


def test_the_page_is_the_one_that_the_command_writes(tmp_path: Path) -> None:
    path = kept(tmp_path, GPU_RUN)
    page = tmp_path / "page.html"
    command = [sys.executable, "-m", "bench_lib", "report", str(path), "--out", str(page)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    assert bench_lib.page(path) == page.read_text(encoding="utf-8")


def test_the_examples_in_the_docstrings_say_what_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testmod(api)
    assert (done.failed, done.attempted > 10) == (0, True)


def test_every_block_of_the_page_about_the_library_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == text.count("```") // 2
    (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/library.md", "exec"), names)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(names["one_thread"]) > 0
    assert json.loads(names["products"]["n"].to_json(orient="values")) == sorted(names["products"]["n"])


def test_the_page_about_the_library_names_every_function() -> None:
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    assert [name for name in bench_lib.__all__ if f"`{name}(" not in text] == ["__version__"]


def test_two_sides_are_compared_as_the_command_does_it(tmp_path: Path) -> None:
    before, after = (kept(tmp_path, side(factor, name=name), f"{name}.jsonl") for name, factor in SIDES.items())
    changes = bench_lib.compare(before, after)
    assert set(changes.loc[changes["workload"] == "softmax", "verdict"]) == {"slower"}
    assert set(changes.loc[changes["workload"] != "softmax", "verdict"]) == {"unchanged"}
    assert (changes["ratio_low"] <= changes["ratio"]).all()
    assert set(changes["unit"]) == {"seconds"}
    assert set(bench_lib.compare(after, before)["verdict"]) == {"faster", "unchanged"}
    assert set(bench_lib.compare(before, after, threshold=1.0)["verdict"]) == {"unchanged"}
    first = bench_lib.compare(before, after, metrics=["first-call"])
    assert set(first["metric"]) == {"first-call"}


def test_a_comparison_takes_what_the_machine_has_taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before, after = (kept(tmp_path, side(factor, name=name), f"{name}.jsonl") for name, factor in SIDES.items())
    plain = bench_lib.compare(before, after)["sees"]
    noise = [CaseNoise(case=one.case, comparisons=9, called=0, variances=(0.09, 0.09)) for one in side().plan]
    taught = Calibration(machine="example-machine", threshold=0.05, comparisons=9, cases=tuple(noise))
    (tmp_path / "kept.json").write_text(content(taught))
    assert (bench_lib.compare(before, after, calibration="kept.json")["sees"] > 2 * plain).all()
    (tmp_path / "results" / "ab").mkdir(parents=True)
    (tmp_path / "kept.json").rename(tmp_path / "results" / "ab" / "calibration-example-machine.json")
    assert (bench_lib.compare(before, after)["sees"] > 2 * plain).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"metrics": ["speed"]}, "metrics takes one of time, first-call, .*; came 'speed'"),
        ({"across": ["python"]}, "across takes one of machine, .*; came 'python'"),
        ({"threshold": 0.0}, "threshold takes a relative change above 0"),
        ({"threshold": float("nan")}, "threshold takes a relative change above 0"),
    ],
)
def test_what_is_asked_of_a_comparison_is_checked(asked: dict[str, Any], said: str, tmp_path: Path) -> None:
    before, after = (kept(tmp_path, side(factor, name=name), f"{name}.jsonl") for name, factor in SIDES.items())
    with pytest.raises(UsageError, match=said):
        bench_lib.compare(before, after, **asked)


def test_a_side_is_not_compared_with_itself(tmp_path: Path) -> None:
    path = kept(tmp_path, side())
    with pytest.raises(UsageError, match=r"run\.jsonl' is on both"):
        bench_lib.compare(path, [path])
