"""Compare a fixed grid of sizes with one that is refined near the crossovers: for one budget, in turn, on this machine.

    python scripts/studies/compare_refinement.py --profile standard --budget 9m        # two runs, one after the other
    python scripts/studies/compare_refinement.py -k matmul --budget 60s --device cpu --device cpu-1t
    python scripts/studies/compare_refinement.py --files fixed.jsonl refined.jsonl      # two runs that were made before

For every operation that has a crossover in either run, the table has the factor between the two sizes that it lies
between: the largest at which the device is known not to win, and the smallest from which it wins at all larger ones.
Without a GPU, NumPy and one thread are set against all threads, and whichever wins at the largest size is what takes
over. Verdicts are the report's. Run it on a quiet machine.
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench_lib import units
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import speedups_table
from bench_lib.errors import CrossoverError
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.recording import Recording
from bench_lib.records.storage import load
from bench_lib.report.terminal.progress import RunProgress
from bench_lib.runner import run
from bench_lib.runner.brackets import BASELINE, find_bracket
from bench_lib.runner.refine import WITHIN
from bench_lib.runner.request import Request
from bench_lib.runner.schedule import PROFILES

OPERATION = ["workload", "dtype", "device", "residency"]
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Width:
    """The two sizes between which a crossover lies."""

    low: int
    high: int

    @property
    def factor(self) -> float:
        """How many times the smaller the larger is."""
        return self.high / self.low

    def __str__(self) -> str:
        return f"{self.factor:.2f} ({self.low:,} to {self.high:,})"


def widths(recording: Recording) -> dict[Key, Width]:
    """Return the crossovers of a run, by operation."""
    gpus = {device.key for device in recording.run.devices if device.kind not in HOST_KINDS}
    pairs = speedups_table(tidy([recording]), baseline=BASELINE)
    pairs = pairs[(pairs["timing"] == "latency") & (pairs["verdict"] != "")]
    if gpus:
        pairs = pairs[pairs["device"].isin(gpus)]
    found = {}
    for key, rows in pairs.groupby(OPERATION, observed=True):
        ordered = rows.sort_values("n")
        sizes = ordered["n"].tolist()
        gap = find_bracket(ordered["verdict"].tolist(), either=not gpus)
        if gap.low >= 0 and gap.high < len(sizes):
            found[tuple(map(str, key))] = Width(low=int(sizes[gap.low]), high=int(sizes[gap.high]))
    return found


def describe(fixed: Recording, refined: Recording) -> str:
    """Return the comparison in Markdown."""
    sides = widths(fixed), widths(refined)
    keys = sorted({*sides[0], *sides[1]})
    if not keys:
        return "No operation has a crossover in either run.\n"
    lines = [
        f"| operation | dtype | {BASELINE} and | data | fixed grid | refined |",
        "|---|---|---|---|---:|---:|",
        *(f"| {' | '.join(key)} | {' | '.join(str(side.get(key, 'none')) for side in sides)} |" for key in keys),
        "",
    ]
    for name, recording, side in zip(("fixed grid", "refined"), (fixed, refined), sides, strict=True):
        factors = [width.factor for width in side.values()]
        middle = f"median factor {statistics.median(factors):.2f}, " if factors else ""
        narrow = sum(factor <= WITHIN for factor in factors)
        lines.append(
            f"{name}: {units.count(len(factors), 'crossover')}, {middle}{narrow} within {WITHIN}; "
            f"{units.count(len(recording.plan), 'case')}, {recording.spent_seconds:.0f} s"
        )
    both = [(sides[0][key].factor, sides[1][key].factor) for key in keys if key in sides[0] and key in sides[1]]
    if both:
        before, after = (statistics.median(factors) for factors in zip(*both, strict=True))
        lines.append(f"{len(both)} in both: median factor {before:.2f} on the fixed grid, {after:.2f} refined")
    return "\n".join(lines) + "\n"


def measure(options: argparse.Namespace, folder: Path) -> tuple[Recording, Recording]:
    """Run the fixed grid and then the refined one."""
    found = []
    for name, refine in (("fixed", False), ("refined", True)):
        request = Request(
            profile=options.profile,
            devices=tuple(options.device),
            expression=options.expression,
            budget_seconds=options.budget,
            seed=options.seed,
            refine=refine,
            out=folder / f"{name}.jsonl",
        )
        progress = RunProgress()
        try:
            found.append(load(run.run(request, progress).path))
        finally:
            progress.end()
    return found[0], found[1]


def seconds(text: str) -> float:
    """Read a duration such as 90s, 3m or 1h."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in SECONDS else (text, "s")
    return float(number) * SECONDS[unit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", choices=sorted(PROFILES), default="standard")
    parser.add_argument("--budget", type=seconds, help="of each of the two runs, such as 90s or 9m; default: profile's")
    parser.add_argument("-k", dest="expression", default="", help="which cases, as for crossover run")
    parser.add_argument("--device", action="append", default=[], help="a device key; repeatable; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the two result files; default: they are removed")
    parser.add_argument("--files", type=Path, nargs=2, metavar=("FIXED", "REFINED"), help="compare these, run nothing")
    options = parser.parse_args()
    try:
        if options.files:
            fixed, refined = (load(path) for path in options.files)
        else:
            with tempfile.TemporaryDirectory() as scratch:
                fixed, refined = measure(options, options.keep or Path(scratch))
        sys.stdout.write(describe(fixed, refined))
    except CrossoverError as err:
        raise SystemExit(f"compare_refinement: {err}") from err


if __name__ == "__main__":
    main()
