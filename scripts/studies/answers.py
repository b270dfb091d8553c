"""Count what runs of one machine answer, and whether they agree: wild visits, wins, ties, open comparisons, crossovers.

    PYTHONPATH=. python scripts/studies/answers.py a.jsonl b.jsonl c.jsonl

A visit to ``cpu`` is wild if it takes over three times the lower quartile of its case. In groups of operations that
call NumPy's BLAS, those before NumPy's visit are counted apart from those after it: the order is random, so that any
difference is what NumPy's visit leaves behind. The script reports, and judges nothing.
"""

import argparse
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from bench_lib.analysis.crossovers import crossovers_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.pairings.findings import tally
from bench_lib.analysis.speedups import speedups_table
from bench_lib.analysis.trust import HELD_UP, LOWER
from bench_lib.records.storage import load

BASELINES = ("cpu-1t", "numpy")
BLAS = ("matmul", "matvec", "linear", "mlp", "cholesky", "solve", "bmm")
CASE = ["workload", "n", "dtype"]
VIEW = [*CASE, "residency", "timing"]
WINS = ["device", "baseline"]


def wild_visits(frame: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Return how many visits to ``cpu`` were wild, of how many: before NumPy's BLAS in their group, after it, others.

    Parameters
    ----------
    frame
        Of one run, its samples in the order in which they were made.
    """
    frame = frame[frame["status"] == "ok"].reset_index(drop=True)
    blas = frame["workload"].astype(str).str.startswith(BLAS)
    group = [*CASE, "round", "visit"]
    numpy_at = (
        frame[frame["device"] == "numpy"].assign(at=lambda rows: rows.index).groupby(group, observed=True)["at"].min()
    )
    cpu = frame[frame["device"] == "cpu"]
    quartile = cpu.groupby(VIEW, observed=True)["median_seconds"].transform("quantile", LOWER)
    wild = cpu["median_seconds"] > HELD_UP * quartile
    numpys = pd.MultiIndex.from_frame(cpu[group]).map(numpy_at).to_numpy(dtype=float)
    place = np.where(~blas[cpu.index] | np.isnan(numpys), "others", np.where(numpys > cpu.index, "before", "after"))
    return {
        name: (int(wild[place == name].sum()), int((place == name).sum())) for name in ("before", "after", "others")
    }


def compared(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return the ratios of ``cpu`` to a baseline, one call waited for."""
    table = speedups_table(frame, baseline=baseline)
    return table[(table["device"] == "cpu") & (table["residency"] == "resident") & (table["timing"] == "latency")]


def crossovers(table: pd.DataFrame) -> tuple[int, int, Counter[str]]:
    """Return how many series there are, how many have their crossover within one step, and the answers."""
    series = crossovers_table(table)
    one_step = 0
    for row in series[series["answer"] == "between"].itertuples():
        same = table[(table["workload"] == row.workload) & (table["dtype"] == row.dtype) & table["ratio"].notna()]
        one_step += int(same["n"].between(row.n_low, row.n_high).sum() <= 2)
    return len(series), one_step, Counter(series["answer"].astype(str))


def agreement(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Return in how many comparisons two runs both name a winner, another one, and how far they are apart."""
    both = one.merge(other, on=VIEW, suffixes=("", "_other"))
    won = both["verdict"].astype(str).isin(WINS) & both["verdict_other"].astype(str).isin(WINS)
    opposite = won & (both["verdict"].astype(str) != both["verdict_other"].astype(str))
    logs = np.log(both[["ratio", "ratio_low", "ratio_high", "ratio_other", "ratio_low_other", "ratio_high_other"]])
    half = np.hypot(logs["ratio_high"] - logs["ratio_low"], logs["ratio_high_other"] - logs["ratio_low_other"]) / 2
    within = ((logs["ratio"] - logs["ratio_other"]).abs() <= half)[half.notna()]
    pair = crossovers_table(one).merge(crossovers_table(other), on=["workload", "dtype"], suffixes=("", "_other"))
    pair = pair[(pair["answer"] == "between") & (pair["answer_other"] == "between")]
    meet = (pair["nbytes_low"] <= pair["nbytes_high_other"]) & (pair["nbytes_low_other"] <= pair["nbytes_high"])
    return (
        f"{int(won.sum())} won in both, {int(opposite.sum())} opposite; {100 * within.mean():.1f} % of {len(within)} "
        f"differ within both intervals; {int(meet.sum())} of {len(pair)} crossovers meet"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="FILE", help="result files of Crossover, of one machine")
    options = parser.parse_args()
    frames = {path.name: tidy([load(path)]) for path in options.runs}
    lines = []
    for name, frame in frames.items():
        counts = (f"{place} {wild} of {visits}" for place, (wild, visits) in wild_visits(frame).items())
        lines.append(f"{name}: {len(frame)} visits; wild visits to cpu: {', '.join(counts)}")
    for baseline in BASELINES:
        tables = {name: compared(frame, baseline) for name, frame in frames.items() if baseline in set(frame["device"])}
        for name, table in tables.items():
            wins, (series, one_step, answers) = tally(table), crossovers(table)
            lines.append(
                f"cpu against {baseline}, {name}: {wins.total} compared, {wins.device} and {wins.baseline} won, "
                f"{wins.ties} ties, {wins.open} open; {series} series, {one_step} in one step, {dict(answers)}"
            )
        for (name, table), (other, its) in combinations(tables.items(), 2):
            lines.append(f"cpu against {baseline}, {name} and {other}: {agreement(table, its)}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
