"""Compare what Crossover measures with torch's own Timer, on the same calls, in turn, in one process.

    python scripts/studies/compare_timer.py                           # six times each: about two minutes
    python scripts/studies/compare_timer.py --repeats 1 --seconds 0.01    # does it work?

Both sides time one and the same call on the CPU, with the same number of threads and for the same time; which goes
first alternates. For each visit of either side there is a floor (5th percentile of the blocks' seconds per call) and a
median; the table has the median over the repeats. Run it on a quiet machine.
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.utils.benchmark import Timer

from bench_lib import units
from bench_lib.analysis.frame import FLOOR_QUANTILE
from bench_lib.devices import device as devices
from bench_lib.measure import clock
from bench_lib.measure.sampling import Settings, measure
from bench_lib.records.case import Case
from bench_lib.workloads import find

Call = Callable[[], object]

VECTORS = (1024, 64 * 1024, 1024 * 1024)
SQUARES = (16, 64, 256, 512)
REPEATS = 6
VISIT_SECONDS = 0.2
FLOOR_WITHIN = 0.05
MEDIAN_WITHIN = 0.15


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Seconds per call in one visit."""

    floor: float
    median: float


def cases(device: devices.Device) -> Iterator[tuple[str, Call]]:
    """Yield a name and a call for each case."""
    torch.manual_seed(0)
    for n in VECTORS:
        x, y = torch.randn(n), torch.randn(n)
        yield f"add, n = {n:,}", partial(torch.add, x, y)
        yield f"exp, n = {n:,}", partial(torch.exp, x)
        yield f"sum, n = {n:,}", partial(torch.sum, x)
    for n in SQUARES:
        yield f"matmul, n = {n:,}", partial(torch.matmul, torch.randn(n, n), torch.randn(n, n))
    perceptron = find("mlp_forward_backward")
    n = min(perceptron.sizes_for("float32", "quick"))
    case = Case(workload=perceptron.name, n=n, dtype="float32", device=device.key)
    yield f"perceptron, forward and backward, n = {n:,}", perceptron.prepare(case, device, seed=0).call


def ours(call: Call, device: devices.Device, seconds: float) -> Visit:
    """Visit as a run does, but for the whole time: as many blocks as fit, however narrow the interval gets."""
    devices.activate(device, "float32")
    reader = clock.for_case(device, "latency")
    glance = measure(call, reader, Settings(visit_seconds=seconds / 4))
    blocks = round(seconds / (float(np.median(glance.seconds)) * glance.calls))
    settings = Settings(visit_seconds=seconds, calls=glance.calls, blocks=max(blocks, 1))
    return _visit(measure(call, reader, settings).seconds)


def timer(call: Call, device: devices.Device, seconds: float) -> Visit:
    """Visit with torch's Timer."""
    watch = Timer("call()", globals={"call": call}, num_threads=device.threads)
    return _visit(watch.blocked_autorange(min_run_time=seconds).times)


def _visit(seconds: tuple[float, ...] | list[float]) -> Visit:
    return Visit(floor=float(np.quantile(seconds, FLOOR_QUANTILE)), median=float(np.median(seconds)))


def in_turn(call: Call, device: devices.Device, seconds: float, repeats: int) -> tuple[Visit, Visit]:
    """Return ours and the Timer's, the median of all repeats of each."""
    seen: dict[Callable[..., Visit], list[Visit]] = {ours: [], timer: []}
    for repeat in range(repeats):
        for side in (ours, timer) if repeat % 2 == 0 else (timer, ours):
            seen[side].append(side(call, device, seconds))
    return _typical(seen[ours]), _typical(seen[timer])


def _typical(visits: list[Visit]) -> Visit:
    return Visit(
        floor=float(np.median([visit.floor for visit in visits])),
        median=float(np.median([visit.median for visit in visits])),
    )


def table(rows: list[tuple[str, Visit, Visit]]) -> str:
    """Return the comparison in Markdown, and how many cases are close enough."""
    lines = [
        "| case | Timer, floor | ours | difference | Timer, median | ours | difference |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    floors, medians = [], []
    for name, own, other in rows:
        floors.append(own.floor / other.floor - 1)
        medians.append(own.median / other.median - 1)
        lines.append(
            f"| {name} | {units.seconds(other.floor)} | {units.seconds(own.floor)} | {floors[-1]:+.1%} "
            f"| {units.seconds(other.median)} | {units.seconds(own.median)} | {medians[-1]:+.1%} |"
        )
    close = (
        f"{what} within {limit:.0%}: {sum(abs(value) <= limit for value in found)} of {len(found)}".replace("%", " %")
        for what, limit, found in (("floor", FLOOR_WITHIN, floors), ("median", MEDIAN_WITHIN, medians))
    )
    return "\n".join([*lines, "", "; ".join(close)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, help="for both sides; all usable if not given")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="visits of each side to each case")
    parser.add_argument("--seconds", type=float, default=VISIT_SECONDS, help="of one visit")
    options = parser.parse_args()
    if (options.threads is not None and options.threads < 1) or options.repeats < 1 or not options.seconds > 0:
        parser.error("--threads and --repeats are at least 1, and --seconds is more than 0")
    (found,) = devices.select(["cpu"], devices.discover())
    device = dataclasses.replace(found, threads=options.threads or found.threads)
    devices.activate(device, "float32")
    rows = []
    for name, call in cases(device):
        sys.stderr.write(f"{name}\n")
        rows.append((name, *in_turn(call, device, options.seconds, options.repeats)))
    threads, visits = units.count(device.threads or 1, "thread"), units.count(options.repeats, "visit")
    sys.stdout.write(f"{threads}, {visits} of {options.seconds} s on each side.\n\n{table(rows)}")


if __name__ == "__main__":
    main()
