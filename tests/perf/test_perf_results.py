"""What 10,000 cases cost: written, read, made a table, judged, told as a page. Nothing asserts a time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records.recording import Recording
from bench_lib.records.storage import read
from bench_lib.report.page import build_page
from tests.support.builders import made_up
from tests.support.large_runs import CASES, REPORT, ROUNDS, write

ROOT = Path(__file__).resolve().parent.parent.parent


def test_appending_one_sample_of_each_of_10_000_cases(benchmark: Any, large: Recording, tmp_path: Path) -> None:
    numbers = iter(range(1_000_000))
    benchmark.pedantic(lambda: write(large, tmp_path / f"{next(numbers)}.jsonl", rounds=1), rounds=2)
    written = tmp_path / "0.jsonl"
    assert written.read_bytes().count(b'"kind":"sample"') == CASES
    benchmark.extra_info["file_nbytes"] = written.stat().st_size
    if benchmark.stats:
        benchmark.extra_info["seconds_per_sample"] = benchmark.stats.stats.median / CASES


def test_reading_10_000_cases(benchmark: Any, large_file: Path) -> None:
    recording = benchmark.pedantic(read, args=(large_file,), rounds=3)
    assert len(recording.samples) == CASES * ROUNDS
    assert recording.problems == ()
    benchmark.extra_info["file_nbytes"] = large_file.stat().st_size


def test_the_frame_of_10_000_cases(benchmark: Any, large: Recording) -> None:
    assert len(benchmark.pedantic(frame.tidy, args=([large],), rounds=3, warmup_rounds=1)) == CASES * ROUNDS


@pytest.mark.parametrize("rounds", [5, 20])
def test_the_intervals_of_1_000_ratios(benchmark: Any, rounds: int) -> None:
    table = made_up(
        devices=("numpy", "cpu"),
        workloads=tuple(f"operation_{number}" for number in range(50)),
        sizes=tuple(1024 * (number + 1) for number in range(20)),
        rounds=rounds,
    )
    pairs = benchmark.pedantic(speedups_table, args=(table,), rounds=5, warmup_rounds=1)
    assert len(pairs) == 1000
    assert pairs["ratio_low"].notna().all()


def test_the_report_of_10_000_cases_from_its_frame(benchmark: Any, large: Recording, large_frame: pd.DataFrame) -> None:
    page = benchmark.pedantic(build_page, args=(large_frame, [large]), rounds=3, warmup_rounds=1)
    benchmark.extra_info["page_nbytes"] = len(page.encode())


def test_the_report_of_10_000_cases_as_a_command_with_its_peak_memory(
    benchmark: Any, large_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"

    def report() -> dict[str, int]:
        done = subprocess.run(
            [sys.executable, "-c", REPORT, str(large_file), str(page)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        told: dict[str, int] = json.loads(done.stderr)
        return told

    told = benchmark.pedantic(report, rounds=3)
    assert told["peak_nbytes"] > 0
    benchmark.extra_info.update(told, page_nbytes=page.stat().st_size)
