"""The scripts that check the instrument: what they count, on made-up runs, and that they work as commands."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from bench_lib.errors import NotComparable
from bench_lib.records.case import Case, Plan
from bench_lib.records.recording import Recording
from bench_lib.records.writer import Store
from scripts.studies import aa, answers, compare_refinement, compare_timer, resampled
from scripts.studies.compare_refinement import Width
from scripts.studies.compare_timer import Visit
from tests.support.builders import recording

ROOT = Path(__file__).resolve().parents[2]


def script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "studies" / name), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def run(number: int, *, factor: float = 1.0, rounds: int = 5) -> Recording:
    """Return one of several runs of the same code, or of code that takes ``factor`` times as long."""
    made = recording(
        workloads=tuple(f"operation_{place}" for place in range(10)), rounds=rounds, seed=number, run_id=f"run-{number}"
    )
    samples = tuple(
        structs.replace(sample, seconds=tuple(factor * seconds for seconds in sample.seconds))
        for sample in made.samples
    )
    return dataclasses.replace(made, samples=samples)


def test_two_runs_of_the_same_code_agree_in_about_95_of_100_cases() -> None:
    agreement = aa.compare(run(1), run(2))
    assert len(agreement.cases) == 200
    assert agreement.left_out == 0
    assert 0.90 <= agreement.rounds_alone / 200 <= 0.99
    assert agreement.holds.mean() >= agreement.rounds_alone / 200
    assert agreement.spread == pytest.approx(0.03 * (2 / 15) ** 0.5, rel=0.2)  # two means of 15 visits of 3 %


def test_a_run_that_takes_longer_does_not_agree_and_its_ratio_is_above_1() -> None:
    agreement = aa.compare(run(1), run(2, factor=1.2))
    assert agreement.holds.mean() < 0.05
    (median,) = re.findall(r"Median ratio: ([\d.]+)\b", aa.describe(agreement))
    assert float(median) == pytest.approx(1.2, rel=0.01)


def test_the_farthest_ten_are_listed_the_farthest_first() -> None:
    agreement = aa.compare(run(1), run(2))
    worst = agreement.worst()
    assert len(worst) == 10
    assert worst["away"].is_monotonic_decreasing
    assert (worst["away"] > 1).sum() == min((~agreement.holds).sum(), 10)  # beyond a half width is beyond the interval
    assert aa.describe(agreement).count("| operation_") == 10


def test_cases_without_an_interval_are_counted_and_left_out() -> None:
    agreement = aa.compare(run(1), run(2, rounds=1))
    assert (len(agreement.cases), agreement.left_out) == (0, 200)
    assert aa.describe(agreement) == "No case has two rounds in both runs; 200 cases left out.\n"


def test_a_case_that_only_one_run_has_is_left_out() -> None:
    second = run(2)
    gone = second.plan[0].case
    second = dataclasses.replace(
        second,
        plan=second.plan[1:],
        samples=tuple(sample for sample in second.samples if sample.case != gone),
    )
    agreement = aa.compare(run(1), second)
    assert (len(agreement.cases), agreement.left_out) == (199, 1)
    assert "1 case left out" in aa.describe(agreement)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": "run-1"}, "give two runs"),
        ({"machine": "another-machine"}, "the machines of the two runs differ"),
        ({"software": {"torch": "9.9"}}, "the versions of the two runs differ"),
    ],
)
def test_runs_that_are_not_of_the_same_code_on_one_machine_are_refused(
    change: dict[str, object], sentence: str
) -> None:
    second = run(2)
    second = dataclasses.replace(second, run=structs.replace(second.run, **change))  # type: ignore[arg-type]
    with pytest.raises(NotComparable, match=sentence):
        aa.compare(run(1), second)


def test_runs_of_different_workload_code_are_refused_with_its_name() -> None:
    first, second = (
        dataclasses.replace(
            made,
            run=structs.replace(
                made.run,
                workloads=tuple(structs.replace(one, source_sha256=digest * 64) for one in made.run.workloads[:1]),
            ),
        )
        for made, digest in ((run(1), "a"), (run(2), "b"))
    )
    with pytest.raises(NotComparable, match="the code of operation_0 differs"):
        aa.compare(first, second)


def test_the_comparison_of_two_files_is_a_command(tmp_path: Path) -> None:
    paths = []
    for number in (1, 2):
        made = run(number, rounds=2)
        paths.append(tmp_path / f"{number}.jsonl")
        with Store.create(paths[-1], made.run) as store:
            store.append(Plan(cases=made.plan))
            for sample in made.samples:
                store.append(sample)
    done = script("aa.py", *paths)
    assert done.returncode == 0, done.stderr
    assert "of 200 ratio intervals contain 1" in done.stdout
    missing = script("aa.py", paths[0], tmp_path / "missing.jsonl")
    assert missing.returncode == 1
    assert missing.stderr.startswith("aa: ")
    assert len(missing.stderr.splitlines()) == 1


def test_the_table_against_the_timer_has_differences_and_counts_what_is_close() -> None:
    timer = Visit(floor=1e-6, median=2e-6)
    rows = [
        ("close", Visit(floor=1.04e-6, median=2.2e-6), timer),
        ("slow", Visit(floor=1.06e-6, median=2.4e-6), timer),
        ("fast", Visit(floor=0.90e-6, median=1.8e-6), timer),
    ]
    lines = compare_timer.table(rows).splitlines()
    assert lines[2] == "| close | 1 µs | 1.04 µs | +4.0% | 2 µs | 2.2 µs | +10.0% |"
    assert lines[4] == "| fast | 1 µs | 900 ns | -10.0% | 2 µs | 1.8 µs | -10.0% |"
    assert lines[-1] == "floor within 5 %: 1 of 3; median within 15 %: 2 of 3"


def test_the_comparison_with_the_timer_measures_every_case_on_both_sides() -> None:
    done = script("compare_timer.py", "--repeats", 1, "--seconds", 0.001, "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 thread, 1 visit of 0.001 s on each side.")
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row.split("|")[1].strip().split(",")[0] for row in rows] == [
        *(["add", "exp", "sum"] * 3),
        *(["matmul"] * 4),
        "perceptron",
    ]
    assert all("–" not in row for row in rows)
    assert done.stdout.splitlines()[-1].endswith("of 14")


@pytest.mark.parametrize("option", ["--threads", "--repeats", "--seconds"])
def test_nothing_is_not_enough(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["compare_timer.py", option, "0"])
    with pytest.raises(SystemExit) as ended:
        compare_timer.main()
    assert ended.value.code == 2
    assert "at least 1" in capsys.readouterr().err


def test_a_crossover_is_as_wide_as_the_two_sizes_that_it_lies_between() -> None:
    found = compare_refinement.widths(recording(workloads=("add",)))
    assert found == {("add", "float32", "cuda:0", "resident"): Width(low=2**14, high=2**18)}  # no copy ever pays


def test_a_finer_grid_has_narrower_crossovers_and_the_table_says_so() -> None:
    sizes = (2**10, 2**14, 2**15, 45_056, 2**16, 2**18, 2**22, 2**26)
    text = compare_refinement.describe(recording(workloads=("add",)), recording(workloads=("add",), sizes=sizes))
    row = next(line for line in text.splitlines() if "| add | float32 | cuda:0 | resident |" in line)
    assert "16.00 (16,384 to 262,144)" in row
    refined = compare_refinement.widths(recording(workloads=("add",), sizes=sizes))
    factor = refined["add", "float32", "cuda:0", "resident"].factor
    assert factor < 4
    assert f"{factor:.2f} (" in row
    assert "fixed grid: " in text
    assert f"refined: {len(refined)} crossover" in text


def test_without_a_gpu_whichever_wins_at_the_largest_size_is_what_takes_over() -> None:
    def threads(case: Case, rng: np.random.Generator) -> float:
        noise = 1 + 0.01 * rng.standard_normal()
        return noise * (1e-5 + 1e-10 * case.n if case.device == "cpu" else 2e-10 * case.n + 1e-6)

    found = compare_refinement.widths(recording(devices=("cpu", "cpu-1t"), model=threads))
    assert found == {("add", "float32", "cpu-1t", "resident"): Width(low=2**14, high=2**18)}


def test_runs_without_a_crossover_are_said_to_have_none() -> None:
    same = recording(workloads=("add",), model=lambda case, rng: 1e-5)
    assert compare_refinement.describe(same, same) == "No operation has a crossover in either run.\n"


def test_two_files_can_be_compared_without_running_anything(tmp_path: Path) -> None:
    made = recording(workloads=("add",))
    for name in ("fixed", "refined"):
        with Store.create(tmp_path / f"{name}.jsonl", made.run) as store:
            store.append(Plan(cases=made.plan))
            for sample in made.samples:
                store.append(sample)
    done = script("compare_refinement.py", "--files", tmp_path / "fixed.jsonl", tmp_path / "refined.jsonl")
    assert done.returncode == 0, done.stderr
    assert "| operation | dtype | cpu and | data | fixed grid | refined |" in done.stdout


def test_a_budget_is_read_as_a_person_writes_it() -> None:
    assert [compare_refinement.seconds(text) for text in ("90", "90s", "9m", "1h")] == [90.0, 90.0, 540.0, 3600.0]


def test_wild_visits_before_and_after_numpys_blas_are_counted_apart() -> None:
    rows = []
    for number in range(1, 9):  # NumPy goes first in every second round, and disturbs whoever follows
        order = ("numpy", "cpu") if number % 2 else ("cpu", "numpy")
        for workload in ("matmul", "create_zeros"):
            for device in order:
                disturbed = device == "cpu" and number % 2 and workload == "matmul"
                rows.append((workload, number, device, 10.0 if disturbed and number < 4 else 1.0))
    frame = pd.DataFrame(rows, columns=["workload", "round", "device", "median_seconds"]).assign(
        n=64, dtype="float32", visit=1, status="ok", residency="resident", timing="latency"
    )
    assert answers.wild_visits(frame) == {"before": (0, 4), "after": (2, 4), "others": (0, 8)}


def test_made_up_comparisons_hold_their_truth_in_about_95_of_100() -> None:
    rng = np.random.default_rng(0)
    calm = resampled.Comparison(rounds=np.repeat(np.arange(6), 3), away=rng.normal(0, 0.02, 18))
    assert calm.visits_each == 3
    assert 0.91 < resampled.held(calm, 2000, rng, flipped=True) < 0.985
    far = dataclasses.replace(calm, away=calm.away + 1)  # no interval about 1 holds 0, unless signs are flipped
    assert resampled.held(far, 200, rng, flipped=False) == 0


@pytest.mark.parametrize("name", ["answers.py", "resampled.py"])
def test_runs_are_counted_by_a_command(name: str) -> None:
    kept = sorted((ROOT / "results" / "runs").glob("*-quick-*.jsonl.gz"))[:1]
    done = script(name, *kept)
    assert done.returncode == 0, done.stderr
    assert kept[0].name in done.stdout
