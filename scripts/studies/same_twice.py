"""Measure a device under two names through a whole run, and count what the intervals of their ratios hold.

    python scripts/studies/same_twice.py --device cpu --runs 3
    python scripts/studies/same_twice.py --read a.jsonl b.jsonl c.jsonl

Both names stand for one device, so that every ratio is truly 1: of 95 % intervals some 95 in 100 should hold 1, and
whoever wins by more than 2 % wins falsely. The script reports, and judges nothing.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench_lib import units
from bench_lib.analysis.comparison.calibration import rate
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import speedups_table
from bench_lib.devices.device import TWIN
from bench_lib.errors import CrossoverError, UsageError
from bench_lib.records.storage import load
from bench_lib.report.terminal.progress import RunProgress
from bench_lib.runner.request import Request
from bench_lib.runner.run import run


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How many ratios there were, how many intervals hold 1, how many were called, and how wide they are.

    Attributes
    ----------
    half_width
        Median half width of the intervals, relative.
    """

    pairs: int
    held: int
    false_wins: int
    half_width: float

    def __str__(self) -> str:
        """Return it as a line of a table, shares with their 95 % intervals."""
        held, wrong = rate(self.held, self.pairs), rate(self.false_wins, self.pairs)
        shares = [f"{100 * one.value:.1f} % ({100 * one.low:.1f} to {100 * one.high:.1f})" for one in (held, wrong)]
        return f"{self.pairs:6} {shares[0]:>24} {shares[1]:>24} {units.percent(self.half_width):>8}"


def agreement(path: Path) -> pd.DataFrame:
    """Return the ratios of a run between a device and its twin that have an interval over rounds."""
    frame = tidy([load(path)])
    twins = [key for key in frame["device"].astype(str).unique() if key.endswith(TWIN)]
    if not twins:
        msg = f"{path.name} measured no device under two names: make one without --read"
        raise UsageError(msg)
    table = speedups_table(frame, baseline=twins[0].removesuffix(TWIN))
    return table[(table["device"] == twins[0]) & (table["interval"] == "between-rounds")]


def counted(table: pd.DataFrame) -> Agreement:
    """Count the ratios of one run, or of several."""
    low, high = table["ratio_low"], table["ratio_high"]
    return Agreement(
        pairs=len(table),
        held=int(((low <= 1) & (high >= 1)).sum()),
        false_wins=int(table["verdict"].isin(["device", "baseline"]).sum()),
        half_width=float(((high / low) ** 0.5 - 1).median()),
    )


def describe(names: Sequence[str], tables: Sequence[pd.DataFrame]) -> str:
    """Return a line for each run and, of several, one for all."""
    lines = [f"{'run':24} {'pairs':>6} {'intervals that hold 1':>24} {'false wins':>24} {'width':>8}"]
    lines += [f"{name:24} {counted(table)}" for name, table in zip(names, tables, strict=True)]
    if len(tables) > 1:
        lines.append(f"{'all':24} {counted(pd.concat(tables))}")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure or read, and print a line for each run and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="which device to measure under two names")
    parser.add_argument("--profile", default="quick", choices=["quick", "standard", "full"])
    parser.add_argument("--budget", type=float, help="seconds of each run; the profile's own if not given")
    parser.add_argument("-k", dest="expression", default="", help="which cases, as for crossover run")
    parser.add_argument("--runs", type=int, default=1, help="how many to make, one after the other")
    parser.add_argument("--out", type=Path, default=Path("results", "aa"), help="folder of the files that are made")
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE", help="count these in place of measuring")
    asked = parser.parse_args(arguments)
    try:
        paths = asked.read or [_measured(asked, number) for number in range(1, asked.runs + 1)]
        tables = [agreement(path) for path in paths]
    except CrossoverError as err:
        raise SystemExit(f"same_twice: {err}") from err
    sys.stdout.write(describe([path.name for path in paths], tables))


def _measured(asked: argparse.Namespace, number: int) -> Path:
    path: Path = asked.out / f"{asked.device.replace(':', '-')}-{number}.jsonl"
    request = Request(
        profile=asked.profile,
        devices=(asked.device, f"{asked.device}{TWIN}"),
        expression=asked.expression,
        budget_seconds=asked.budget,
        seed=number,
        out=path,
        twin=asked.device,
    )
    progress = RunProgress(quiet=False, color=False)
    try:
        return run(request, progress).path
    finally:
        progress.end()


if __name__ == "__main__":
    main()
