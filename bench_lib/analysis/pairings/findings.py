"""What the tables say, counted: who wins how often, which size parts the winners, what casts doubt.

From tables to small frozen records, from which :mod:`bench_lib.report.sentences.headlines` makes sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib.records.device_kind import GPU_KINDS
from bench_lib.records.run import Run
from bench_lib.records.sanitize import is_known

UNBELIEVABLE: Final = ("failed", "wrong", "impossible", "timeout", "throttled", "lost visit")
"""A number that cannot be believed, or was lost. What was skipped for its size or time is only absent."""

ROUGH: Final = ("wide interval", "two modes")
"""A number that is known roughly: its interval, which is printed, says how roughly."""

CASE: Final = ["run", "workload", "n", "dtype", "device", "residency", "timing"]

CLEAR_SPLIT: Final = 0.6
"""A size parts the winners if each side holds at least this share of its own part."""

MIN_PART: Final = 3


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many pairs each side wins, are known to be ties, and are open; ``missing`` have no ratio."""

    device: int
    baseline: int
    ties: int
    open: int
    missing: int

    @property
    def total(self) -> int:
        """Pairs with a ratio."""
        return self.device + self.baseline + self.ties + self.open


@dataclass(frozen=True, kw_only=True)
class Split:
    """A size that parts the winners.

    Attributes
    ----------
    device_wins, above
        Pairs above the size that the device wins, of all above it.
    below_is
        ``baseline`` if it wins up to the size, ``no winner`` if those are ties or open.
    below_count, below
        How many of the pairs up to the size are so, of all up to it.
    """

    nbytes: int
    device_wins: int
    above: int
    below_is: str
    below_count: int
    below: int


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """What a reader must know before the numbers.

    Attributes
    ----------
    unbelievable, cases
        Cases with a doubt of :data:`UNBELIEVABLE`, of all cases.
    rounds
        Most rounds of any case; 1 means that the intervals are those of one process.
    threads, cores
        Threads that the CPU was given, physical cores that it has; None where not known.
    throttled, gpu_cases
        Measured GPU cases, and those during which the GPU was throttled.
    """

    unbelievable: int
    cases: int
    rounds: int
    threads: int | None
    cores: int | None
    throttled: int
    gpu_cases: int


def tally(pairs: pd.DataFrame) -> Tally:
    """Count the verdicts of some pairs."""
    counts = pairs["verdict"].astype(str).value_counts().to_dict()
    return Tally(
        device=counts.get("device", 0),
        baseline=counts.get("baseline", 0),
        ties=counts.get("same", 0),
        open=counts.get("undecided", 0),
        missing=counts.get("", 0),
    )


def split(pairs: pd.DataFrame) -> Split | None:
    """Return the size that parts the winners best, or None where no size does so clearly.

    The sizes tried are powers of 4 from 1 KiB; the best is the one with the most pairs won by the side it gives them
    to.
    """
    known = pairs[(pairs["verdict"].astype(str) != "") & pairs["nbytes"].notna()]
    sizes = known["nbytes"].to_numpy(dtype=float)
    verdicts = known["verdict"].astype(str).to_numpy()
    best: Split | None = None
    meanings = {"baseline": verdicts == "baseline", "no winner": (verdicts == "same") | (verdicts == "undecided")}
    for power in range(5, 16):
        above = sizes > 4**power
        for below_is, so in meanings.items():
            found = Split(
                nbytes=4**power,
                device_wins=int((above & (verdicts == "device")).sum()),
                above=int(above.sum()),
                below_is=below_is,
                below_count=int((~above & so).sum()),
                below=int((~above).sum()),
            )
            if _is_clear(found) and (best is None or _right(found) > _right(best)):
                best = found
    return best


def doubts(run: Run, estimates: pd.DataFrame, trust: pd.DataFrame) -> Doubts:
    """Gather what casts doubt on one run.

    Parameters
    ----------
    run
        Its header.
    estimates, trust
        Tables of :mod:`bench_lib.analysis`, of any runs.
    """
    mine = estimates[estimates["run"] == run.id]
    doubted = trust[(trust["run"] == run.id) & trust["kind_of_doubt"].isin(UNBELIEVABLE)]
    gpu = mine[mine["kind"].isin(GPU_KINDS)]
    measured = gpu[gpu["status"] == "ok"]
    cpu = next((device for device in run.devices if device.key == "cpu"), None)
    cores = run.host.get("threads_physical")
    return Doubts(
        unbelievable=len(doubted.drop_duplicates(CASE)),
        cases=len(mine),
        rounds=int(mine["rounds"].max()) if len(mine) else 0,
        threads=cpu.threads if cpu else None,
        cores=cores if isinstance(cores, int) and not isinstance(cores, bool) else None,
        throttled=int(measured["throttled"].sum()),
        gpu_cases=len(measured),
    )


def largest_win(pairs: pd.DataFrame, verdict: str) -> dict[str, Any] | None:
    """Return the pair with the largest ratio that one side wins, as a plain row; None if it wins nowhere.

    What counts is the end of the interval nearer to 1, so that a wide interval does not win by its width.
    """
    won = pairs[pairs["verdict"] == verdict]
    if won.empty:
        return None
    place = int(won["ratio_low"].to_numpy().argmax() if verdict == "device" else won["ratio_high"].to_numpy().argmin())
    return dict(won.iloc[place])


def telling_crossover(
    resident: pd.DataFrame, roundtrip: pd.DataFrame
) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """Return the crossover to tell in words, and that of the same operation with copies.

    One whose sizes are known in bytes: one between two sizes before one that is only known at the latest, then the one
    that the most sizes were tested for; ties go to float32 and then to the alphabet.
    """
    rows = resident.to_dict("records")
    known = [row for row in rows if is_known(row["nbytes_high"]) or is_known(row["latest"])]
    if not known:
        return None
    chosen = min(
        known,
        key=lambda row: (
            row["answer"] != "between", -row["sizes"], row["dtype"] != "float32", row["workload"], row["dtype"]
        ),
    )  # fmt: skip
    same = roundtrip[(roundtrip["workload"] == chosen["workload"]) & (roundtrip["dtype"] == chosen["dtype"])]
    return chosen, (dict(same.iloc[0]) if len(same) else None)


def crossover_order(row: Mapping[str, Any] | None) -> tuple[int, float]:
    """Return the place of a crossover among others: always, then by size, then never, then what cannot be told."""
    if row is None:
        return 4, 0.0
    if row["answer"] == "between":
        return 1, float(row["nbytes_high"])
    if is_known(row["latest"]):
        return 1, float(row["latest"])
    return {"always": 0, "never": 2}.get(row["answer"], 3), 0.0


def call_floor(pairs: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """Return the device's quickest call, and the largest case that the baseline finishes within that time."""
    measured = pairs[pairs["seconds"].notna()]
    if measured.empty:
        return None
    quickest = dict(measured.iloc[int(measured["seconds"].to_numpy().argmin())])
    within = pairs[(pairs["baseline_high"] <= quickest["seconds_low"]) & pairs["nbytes"].notna()]
    if within.empty:
        return quickest, None
    return quickest, dict(within.iloc[int(within["nbytes"].to_numpy().argmax())])


def _is_clear(found: Split) -> bool:
    return (
        min(found.above, found.below) >= MIN_PART
        and found.device_wins >= CLEAR_SPLIT * found.above
        and found.below_count >= CLEAR_SPLIT * found.below
    )


def _right(found: Split) -> float:
    return (found.device_wins + found.below_count) / max(found.above + found.below, 1)
