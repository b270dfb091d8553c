"""How the page grows: seconds, peak memory and bytes of ``crossover report`` for runs of so many made-up cases.

    python -m tests.perf.growth 1000 10000 100000

Each size in a process of its own, for its peak memory. It reports, and asserts nothing.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_lib import units
from bench_lib.records.case import Plan
from bench_lib.records.recording import to_json
from tests.support.builders import recording
from tests.support.large_runs import REPORT

ROUNDS = 5
SIZES = 50
DEVICES = 4  # a CPU, and a GPU timed in three ways


def write(path: Path, cases: int) -> int:
    """Write a run of about so many cases, five rounds of them, and return how many there are."""
    made = recording(
        workloads=tuple(f"operation_{number}" for number in range(max(cases // (SIZES * DEVICES), 1))),
        sizes=tuple(1024 * (number + 1) for number in range(SIZES)),
        rounds=ROUNDS,
        visits=1,
    )
    with path.open("w", encoding="utf-8") as file:
        for line in (made.run, Plan(cases=made.plan), *made.samples):
            file.write(f"{to_json(line)}\n")
    return len(made.plan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=int, nargs="+")
    sys.stdout.write("   cases      file      page     seconds      peak\n")
    for cases in parser.parse_args().cases:
        with tempfile.TemporaryDirectory() as folder:
            file, page = Path(folder, "run.jsonl"), Path(folder, "page.html")
            planned = write(file, cases)
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", REPORT, str(file), str(page)], capture_output=True, text=True, check=True
            )
            seconds = time.perf_counter() - started
            sizes = (file.stat().st_size, page.stat().st_size, json.loads(done.stderr)["peak_nbytes"])
            shown = [units.nbytes(size) for size in sizes]
            sys.stdout.write(f"{planned:8,} {shown[0]:>9} {shown[1]:>9} {seconds:9.1f} s {shown[2]:>9}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
