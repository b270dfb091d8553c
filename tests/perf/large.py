"""The size of a large run, and how it is written."""

from pathlib import Path

from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording
from bench_lib.records.writer import Store

CASES = 10_000
ROUNDS = 5
PLAN_LINE = 1000  # cases in one line of the plan


def write(large: Recording, path: Path, *, rounds: int) -> None:
    """Write a run through the store: header, plan and so many rounds, each line on the disk before the next."""
    with Store.create(path, large.run) as store:
        for start in range(0, CASES, PLAN_LINE):
            store.append(Plan(cases=large.plan[start : start + PLAN_LINE]))
        for sample in large.samples[: CASES * rounds]:
            store.append(sample)
