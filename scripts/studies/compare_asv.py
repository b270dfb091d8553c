"""Compare asv's own ``time_`` type, our ``device_`` type and torch's Timer, on the same calls in one sitting.

    python scripts/studies/compare_asv.py            # six times each, in turn: about ten minutes
    python scripts/studies/compare_asv.py --quick    # once, two cases: does it work?

The suites live in a temporary folder; all three time one and the same prepared call, on the CPU with all usable
threads. Each repetition of a case takes a fresh process or more of each way, one after the other, so that drift meets
all three. The output is the table of docs/methodology.md. Run it on a quiet machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench_lib import units
from bench_lib.records.foreign.asv import read_asv

ROOT = Path(__file__).resolve().parents[2]
CASES = (
    ("create_zeros", 1024),
    ("matmul", 16),
    ("matmul", 64),
    ("matmul", 256),
    ("matmul", 512),
    ("mlp_forward_backward", 128),
)
QUICK_CASES = (("create_zeros", 1024), ("matmul", 64))
REPETITIONS = 6
WAYS = ("stock", "ours", "timer")

PREPARE = """
from functools import cache
from bench_lib.devices import device as devices
from bench_lib.devices.host import usable_threads
from bench_lib.records.case import Case, PlannedCase
from bench_lib.workloads import find

@cache
def processor():
    (device,) = devices.select(["cpu"], devices.discover())
    devices.activate(device, "float32")
    return device

def case(workload, n):
    return Case(workload=workload, n=n, dtype="float32", device="cpu")

def prepare(workload, n):
    return find(workload).prepare(case(workload, n), processor(), seed=0).call
"""
STOCK_CLASS = """
class Suite_{workload}:
    params = {sizes!r}
    param_names = ["n"]

    def setup(self, n):
        self.call = prepare({workload!r}, n)

    def time_call(self, n):
        self.call()
"""
OUR_IMPORTS = """
import asv_runner.benchmarks
from bench_lib.asv_device import DeviceBenchmark
asv_runner.benchmarks.benchmark_types.append(DeviceBenchmark)
"""
OUR_CLASS = """
class Suite_{workload}:
    params = {sizes!r}
    param_names = ["n"]

    def device_call(self, n):
        return PlannedCase(case=case({workload!r}, n), flop=0.0, nbytes=0)
"""
TIMER = """
import sys
from torch.utils.benchmark import Timer
call = prepare({workload!r}, {n})
timer = Timer("call()", globals={{"call": call}}, num_threads=usable_threads().count)
sys.stdout.write(repr(timer.blocked_autorange(min_run_time=1).median))
"""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A temporary folder with both suites in it."""

    folder: Path
    environment: dict[str, str]

    def asv(self, way: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "asv", "--config", str(self.folder / way / "asv.conf.json"), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed for the {way} suite:\n{done.stdout}{done.stderr}")

    def run(self, way: str, pattern: str) -> None:
        self.asv(way, "run", "--machine", "here", "--set-commit-hash", _commit(), "--record-samples", "-b", pattern)

    def seconds(self, way: str, workload: str, n: int) -> float:
        """Measure one case once and return its median, in seconds per call."""
        if way == "timer":
            code = PREPARE + TIMER.format(workload=workload, n=n)
            command = [sys.executable, "-c", code]
            return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        self.run(way, rf"Suite_{workload}\.\w+\({n}\)$")
        (path,) = (self.folder / way / "results" / "here").glob("*-existing-*.json")
        samples = [sample for sample in read_asv(path).samples if sample.status == "ok"]
        path.unlink()
        (sample,) = samples
        return median(sample.seconds)

    def cases_per_minute(self, way: str, count: int) -> float:
        """Measure all cases in one go, as a person would."""
        started = time.perf_counter()
        self.run(way, ".")
        return count / (time.perf_counter() - started) * 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two cases, once")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    options = parser.parse_args()
    cases = QUICK_CASES if options.quick else CASES
    repetitions = 1 if options.quick else options.repetitions
    with tempfile.TemporaryDirectory() as folder:
        bench = _set_up(Path(folder), cases)
        seconds = {(way, *case): [] for way in WAYS for case in cases}
        for repetition in range(repetitions):
            for case in cases:
                sys.stderr.write(f"repetition {repetition + 1} of {repetitions}: {case[0]} {case[1]}\n")
                for way in WAYS:
                    seconds[way, *case].append(bench.seconds(way, *case))
        rates = {way: bench.cases_per_minute(way, len(cases)) for way in ("stock", "ours")}
    sys.stdout.write(_table(cases, seconds, repetitions) + _rates(rates, len(cases)))


def _set_up(folder: Path, cases: tuple[tuple[str, int], ...]) -> Bench:
    ways = (("stock", "", STOCK_CLASS, "spawn"), ("ours", OUR_IMPORTS, OUR_CLASS, "forkserver"))
    for way, imports, template, launch in ways:
        classes = [
            template.format(workload=name, sizes=sorted(n for workload, n in cases if workload == name))
            for name in dict(cases)
        ]
        benchmarks = folder / way / "benchmarks"
        benchmarks.mkdir(parents=True)
        (benchmarks / "__init__.py").write_text("")
        (benchmarks / "suite.py").write_text("".join([PREPARE, imports, *classes]))
        settings = {
            "version": 1, "project": way, "repo": str(ROOT), "branches": ["HEAD"], "environment_type": "existing",
            "benchmark_dir": str(benchmarks), "results_dir": str(folder / way / "results"), "launch_method": launch,
        }  # fmt: skip
        (folder / way / "asv.conf.json").write_text(json.dumps(settings))
    environment = os.environ | {"HOME": str(folder), "ASV_PYTHONPATH": str(ROOT)}
    bench = Bench(folder=folder, environment=environment)
    bench.asv("stock", "machine", "--machine", "here", "--yes")
    return bench


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _table(cases: tuple[tuple[str, int], ...], seconds: dict[tuple[str, str, int], list[float]], count: int) -> str:
    lines = [
        f"Median of {count} repetitions, each way in turn; in brackets against torch's Timer.",
        "",
        "| case | asv `time_` | ours `device_` | torch `Timer` |",
        "|---|---|---|---|",
    ]
    for case in cases:
        stock, ours, timer = (median(seconds[way, *case]) for way in WAYS)
        lines.append(
            f"| {case[0]}, n = {case[1]} | {units.seconds(stock)} ({stock / timer:.2f}x) "
            f"| {units.seconds(ours)} ({ours / timer:.2f}x) | {units.seconds(timer)} |"
        )
    return "\n".join(lines) + "\n\n"


def _rates(rates: dict[str, float], count: int) -> str:
    return (
        f"All {count} cases in one `asv run`: stock `time_` (spawn, asv's default) {rates['stock']:.1f} cases a "
        f"minute, ours (forkserver) {rates['ours']:.1f}.\n"
    )


if __name__ == "__main__":
    main()
