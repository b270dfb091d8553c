"""The size of a large run, how it is written, and how its report is made and what memory that takes."""

from pathlib import Path

from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording
from bench_lib.records.writer import Store

CASES = 10_000
ROUNDS = 5
PLAN_LINE = 1000  # cases in one line of the plan
REPORT = """
import json, resource, sys
from bench_lib.cli import main
sys.argv = ["crossover", "report", sys.argv[1], "--out", sys.argv[2]]
try:
    main.main()
except SystemExit as ended:
    assert not ended.code
scale = 1 if sys.platform == "darwin" else 1024
json.dump({"peak_nbytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale}, sys.stderr)
"""


def write(large: Recording, path: Path, *, rounds: int) -> None:
    """Write a run through the store: header, plan and so many rounds, each line on the disk before the next."""
    with Store.create(path, large.run) as store:
        for start in range(0, CASES, PLAN_LINE):
            store.append(Plan(cases=large.plan[start : start + PLAN_LINE]))
        for sample in large.samples[: CASES * rounds]:
            store.append(sample)
