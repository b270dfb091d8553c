"""Compare two runs of the same code: count the intervals, of ratios that should be 1, that contain 1.

    crossover run --profile quick --out a.jsonl
    crossover run --profile quick --out b.jsonl
    python scripts/studies/aa.py a.jsonl b.jsonl

Each case's time in one run is set against its time in the other, unpaired: Welch's interval on the rounds of both, with
the allowance for what differs between two runs (``intervals.BETWEEN_RUN_SD``), and without it beside. An instrument
whose 95 % intervals hold has 1 in at least 95 % of them. The script reports, and judges nothing.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench_lib import units
from bench_lib.analysis.estimates import judge
from bench_lib.analysis.frame import tidy
from bench_lib.errors import CrossoverError, NotComparable
from bench_lib.records import intervals
from bench_lib.records.recording import Recording
from bench_lib.records.storage import load

KEY = ["workload", "n", "dtype", "device", "residency", "timing"]
WORST = 10


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two runs, case by case. ``cases`` has a log ratio with its limits for each that both runs gave an interval.

    ``rounds_alone`` counts the intervals that contain 1 where nothing is allowed for the sitting.
    """

    cases: pd.DataFrame
    left_out: int
    rounds_alone: int

    @property
    def holds(self) -> pd.Series:
        """Whether each interval contains 1."""
        return (self.cases["low"] <= 0) & (self.cases["high"] >= 0)

    @property
    def spread(self) -> float:
        """Standard deviation of the log ratios."""
        return float(self.cases["ratio"].std())

    def worst(self) -> pd.DataFrame:
        """Return the cases farthest from 1, in half widths of their own interval, the farthest first."""
        half = (self.cases["high"] - self.cases["low"]) / 2
        away = (self.cases["ratio"].abs() / half).fillna(0.0)  # a case that never varied and never moved
        return self.cases.assign(away=away).sort_values("away", ascending=False).head(WORST)


def compare(first: Recording, second: Recording) -> Agreement:
    """Return how the second run's times compare with the first's."""
    _check_same(first, second)
    before, after = _rounds(first), _rounds(second)
    both = before.merge(after, on=KEY, how="outer", suffixes=("_a", "_b"))
    sides = [both[f"{name}_{run}"].to_numpy() for run in ("b", "a") for name in ("value", "variance", "rounds")]
    low, high = intervals.welch_limits(*sides, between_run_sd=intervals.BETWEEN_RUN_SD)
    alone = intervals.welch_limits(*sides)
    both = both.assign(ratio=both["value_b"] - both["value_a"], low=low, high=high)
    judged = both.dropna(subset=["low", "high"])
    return Agreement(
        cases=judged[[*KEY, "ratio", "low", "high"]],
        left_out=len(both) - len(judged),
        rounds_alone=int(((alone[0] <= 0) & (alone[1] >= 0)).sum()),
    )


def _check_same(first: Recording, second: Recording) -> None:
    if first.run.id == second.run.id:
        msg = f"both files hold run {first.run.id}: give two runs"
        raise NotComparable(msg)
    for what, a, b in (
        ("machines", first.run.machine, second.run.machine),
        ("versions", first.run.software, second.run.software),
    ):
        if a != b:
            msg = f"the {what} of the two runs differ: measure twice on one machine with one installation"
            raise NotComparable(msg)
    sources = {workload.name: workload.source_sha256 for workload in first.run.workloads}
    changed = [w.name for w in second.run.workloads if sources.get(w.name, w.source_sha256) != w.source_sha256]
    if changed:
        msg = f"the code of {', '.join(changed)} differs between the two runs: measure the same code twice"
        raise NotComparable(msg)


def _rounds(recording: Recording) -> pd.DataFrame:
    """Return each case's mean log seconds, its variance between rounds and the number of rounds."""
    judged = judge(tidy([recording]))
    return judged.table[KEY].assign(
        value=judged.median.value, variance=judged.median.variance, rounds=judged.median.rounds
    )


def describe(agreement: Agreement) -> str:
    """Return what is printed."""
    count = len(agreement.cases)
    if not count:
        return f"No case has two rounds in both runs; {units.count(agreement.left_out, 'case')} left out.\n"
    held = int(agreement.holds.sum())
    lines = [
        f"{held} of {count} ratio intervals contain 1: {units.percent(held / count)}.",
        f"From the rounds alone: {agreement.rounds_alone} of {count}, {units.percent(agreement.rounds_alone / count)}.",
        f"Spread: the standard deviation of the log ratios is {agreement.spread:.4f}.",
        f"Median ratio: {math.exp(agreement.cases['ratio'].median()):.4f}.",
    ]
    if agreement.left_out:
        lines.append(f"{units.count(agreement.left_out, 'case')} left out: fewer than two rounds in one of the runs.")
    lines += ["", f"The farthest {min(WORST, count)}, second run over first:", ""]
    lines += ["| case | ratio | 95 % interval | half widths from 1 |", "|---|---|---|---|"]
    lines += [
        f"| {row.workload}[{row.n}] {row.dtype} {row.device} {row.residency} {row.timing} | {np.exp(row.ratio):.3f} "
        f"| {np.exp(row.low):.3f} to {np.exp(row.high):.3f} | {row.away:.2f} |"
        for row in agreement.worst().itertuples()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("first", type=Path, help="result file of a run")
    parser.add_argument("second", type=Path, help="result file of another run of the same code")
    options = parser.parse_args()
    try:
        sys.stdout.write(describe(compare(load(options.first), load(options.second))))
    except CrossoverError as err:
        raise SystemExit(f"aa: {err}") from err


if __name__ == "__main__":
    main()
