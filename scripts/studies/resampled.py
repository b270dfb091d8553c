"""Make up runs from the visits of a real one, and count how often the interval of a ratio holds the truth.

    PYTHONPATH=. python scripts/studies/resampled.py results/runs/*-quick-*.jsonl.gz

Each comparison of a run, PyTorch against NumPy and all threads against one, gives what its visits are away from their
location. Visits drawn from these make up a comparison with as many rounds and visits, whose truth is known: 0. Drawn as
they are, they keep the real tails, which are longer above than below; with the signs of whole rounds flipped at random,
they are even. The script reports, and judges nothing.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench_lib.analysis.frame import tidy
from bench_lib.records.intervals import Floats
from bench_lib.records.location import ENOUGH_ROUNDS, Ints, huber, summarise
from bench_lib.records.storage import load

PAIRS = (("cpu", "cpu-1t"), ("cpu", "numpy"))
CASE = ["workload", "n", "dtype"]
PLACE = [*CASE, "round", "visit"]
FEW = 2  # visits a round, up to which cases are counted apart


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the visits of one comparison are away from their location, in logs, and the round of each."""

    rounds: Ints
    away: Floats

    @property
    def visits_each(self) -> float:
        """Visits a round."""
        return len(self.away) / len(np.unique(self.rounds))


def comparisons(path: Path) -> Iterator[Comparison]:
    """Yield the comparisons of a run that have enough rounds to be located together."""
    frame = tidy([load(path)])
    frame = frame[(frame["status"] == "ok") & (frame["residency"] == "resident") & (frame["timing"] == "latency")]
    times = {key: np.log(own.set_index(PLACE)["median_seconds"]) for key, own in frame.groupby("device", observed=True)}
    for device, baseline in PAIRS:
        if device not in times or baseline not in times:
            continue
        ratios = (times[baseline] - times[device]).dropna()
        for _, values in ratios.groupby(level=CASE, observed=True):
            rounds = values.index.get_level_values("round").to_numpy(dtype=np.int64)
            if len(np.unique(rounds)) >= ENOUGH_ROUNDS:
                numbers = values.to_numpy(dtype=float)
                one = np.zeros(len(numbers), dtype=np.int64)
                yield Comparison(rounds=rounds, away=numbers - huber(one, numbers, 1))


def held(comparison: Comparison, draws: int, rng: np.random.Generator, *, flipped: bool) -> float:
    """Return the share of made-up comparisons whose interval holds 0."""
    count = len(comparison.away)
    order = np.argsort(comparison.rounds, kind="stable")
    rounds = np.unique(comparison.rounds[order], return_inverse=True)[1]
    values = rng.choice(comparison.away, size=(draws, count))
    if flipped:
        values *= rng.choice([-1.0, 1.0], size=(draws, rounds[-1] + 1))[:, rounds]
    group = np.repeat(np.arange(draws), count)
    made_up = summarise(group, np.tile(rounds, draws), values.ravel(), draws)
    return float(((made_up.low <= 0) & (made_up.high >= 0)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="FILE", help="result files of Crossover")
    parser.add_argument("--draws", type=int, default=400, help="made-up comparisons for each real one")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    rows = []
    for path in options.runs:
        for one in comparisons(path):
            flipped, as_they_are = (held(one, options.draws, rng, flipped=flip) for flip in (True, False))
            rows.append((path.name, one.visits_each > FEW, flipped, as_they_are))
    table = pd.DataFrame(rows, columns=["run", "many", "flipped", "as they are"])
    if table.empty:
        msg = f"no comparison of these runs has {ENOUGH_ROUNDS} rounds: give runs of two devices"
        raise SystemExit(msg)
    lines = [f"{'run':44} {'comparisons':>11} {'signs flipped':>14} {'as they are':>12}"]
    for name, of_run in (*table.groupby("run"), ("all", table), ("all, over 2 visits a round", table[table["many"]])):
        shares = of_run[["flipped", "as they are"]].mean()
        lines.append(
            f"{name:44} {len(of_run):11} {100 * shares['flipped']:12.1f} % {100 * shares['as they are']:10.1f} %"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
