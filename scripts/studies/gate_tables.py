"""What is counted over many comparisons whose truth is known, and the tables of it; ``gate_power.py`` makes them.

A comparison is a folder with the two files of ``crossover ab``, which measured ``slowed.py``. The factor of an
operation is kept beside them, so that it stays what it was; without that it follows from the variables of side B.
"""

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench_lib import units
from bench_lib.analysis.comparison.calibration import rate
from bench_lib.errors import NotComparable
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.storage import read
from scripts.studies import slowed
from scripts.studies.other_gates import GATES, level

SHORT_SECONDS = 10e-6
SIDES = ("a.jsonl", "b.jsonl")
FACTORS_KEPT = "factors.json"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two sides of one comparison.

    Attributes
    ----------
    factors
        How many times as long each operation takes on side B, by its name.
    """

    name: str
    before: Recording
    after: Recording
    factors: Mapping[str, float]

    @property
    def is_of_itself(self) -> bool:
        """Whether nothing differs."""
        return set(self.factors.values()) == {1.0}


def planted(run: Run) -> dict[str, float]:
    """Return how many times as long each operation takes on a side, by its name.

    Raises
    ------
    NotComparable
        If something else than scripts/studies/slowed.py was measured.
    """
    pairs = (text.split("=", 1) for text in str(run.settings.get("environment", "")).split(", ") if "=" in text)
    variables = dict(pairs)
    places = {workload.name: place for place, workload in enumerate(slowed.WORKLOADS)}
    strange = [one.name for one in run.workloads if one.name not in places]
    if strange:
        msg = f"{strange[0]} is no operation of scripts/studies/slowed.py: measure that file alone, as --measure does"
        raise NotComparable(msg)
    return {one.name: slowed.factor_of(places[one.name], variables) for one in run.workloads}


def pairs_in(folder: Path) -> Iterator[Pair]:
    """Yield the comparisons that are complete, in the order of their names."""
    for place in sorted(path.parent for path in folder.glob(f"*/{SIDES[0]}")):
        before, after = (read(place / side) if (place / side).exists() else None for side in SIDES)
        if before and after and _is_whole(before) and _is_whole(after):
            kept = place / FACTORS_KEPT
            factors = json.loads(kept.read_bytes()) if kept.exists() else planted(after.run)
            yield Pair(name=place.name, before=before, after=after, factors=factors)


def keep_factors(place: Path) -> None:
    """Write what was planted in a comparison that was just made."""
    factors = planted(read(place / SIDES[1]).run)
    (place / FACTORS_KEPT).write_text(json.dumps(factors, indent=1) + "\n")


def _is_whole(recording: Recording) -> bool:
    return any(finish.outcome == "complete" for finish in recording.finishes)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was counted.

    Attributes
    ----------
    cases
        A row for each gate, comparison and case: ``gate``, ``of_itself``, ``factor``, ``is_short`` and ``called``:
        ``slower``, ``faster`` or empty.
    comparisons
        A row for each gate and comparison: ``gate``, ``of_itself``, ``fails``.
    left_out
        Cases without a time on both sides.
    seconds
        Of wall-clock time, for each comparison.
    """

    cases: pd.DataFrame
    comparisons: pd.DataFrame
    left_out: int
    seconds: Sequence[float]


def count(pairs: Iterable[Pair]) -> Counted:
    """Ask every gate about every pair."""
    cases, comparisons, left_out, seconds = [], [], 0, []
    for pair in pairs:
        before, after = level(pair.before), level(pair.after)
        timed = [case for case in before if case in after]
        left_out += len({one.case for one in (*pair.before.plan, *pair.after.plan)} - set(timed))
        seconds.append(max(finish.wall_seconds for finish in pair.before.finishes))
        for gate, judge in GATES.items():
            said = judge(pair.before, pair.after)
            comparisons.append({"gate": gate, "of_itself": pair.is_of_itself, "fails": said.fails})
            cases += [
                {
                    "gate": gate,
                    "of_itself": pair.is_of_itself,
                    "factor": pair.factors[case.workload],
                    "is_short": before[case] < SHORT_SECONDS,
                    "called": said.called.get(case, ""),
                }
                for case in timed
            ]
    return Counted(cases=pd.DataFrame(cases), comparisons=pd.DataFrame(comparisons), left_out=left_out, seconds=seconds)


def describe(counted: Counted) -> str:
    """Return the tables, in Markdown."""
    if counted.comparisons.empty:
        return "There is no complete comparison: measure some with --measure.\n"
    itself = counted.comparisons.groupby("gate", sort=False)["of_itself"].agg(["sum", "size"]).iloc[0]
    lines = [
        f"{units.count(int(itself['sum']), 'comparison')} of a thing with itself, "
        f"{units.count(int(itself['size'] - itself['sum']), 'comparison')} with slowdowns; "
        f"a comparison took {units.seconds(statistics.median(counted.seconds))}.",
        *([f"{units.count(counted.left_out, 'case')} without a time left out."] if counted.left_out else []),
    ]
    slowdowns = counted.cases[~counted.cases["of_itself"]]
    lines += _false_alarms(counted) if itself["sum"] else []
    for is_short, where in ((False, "from"), (True, "under")):
        part = slowdowns[slowdowns["is_short"] == is_short]
        lines += _found(part, f"{where} {units.seconds(SHORT_SECONDS)}") if len(part) else []
    return "\n".join(lines) + "\n"


def _false_alarms(counted: Counted) -> list[str]:
    """Return the table of what is called changed where nothing changed."""
    cases = counted.cases[counted.cases["of_itself"]]
    comparisons = counted.comparisons[counted.comparisons["of_itself"]]
    lines = [
        "",
        "| gate | unchanged cases called changed | called slower | comparisons that fail |",
        "|---|---|---|---|",
    ]
    for gate, part in cases.groupby("gate", sort=False):
        fails = comparisons.loc[comparisons["gate"] == gate, "fails"]
        shares = (part["called"] != "", part["called"] == "slower", fails)
        lines.append(f"| {gate} | {' | '.join(_share(share) for share in shares)} |")
    return lines


def _found(cases: pd.DataFrame, which: str) -> list[str]:
    """Return the table of what is called slower, at each factor, and of what is called changed beside it."""
    factors = sorted(factor for factor in cases["factor"].unique() if factor != 1)
    heads = [f"{factor:.2f} times" for factor in factors]
    lines = ["", f"| gate, calls {which} | {' | '.join(heads)} | unchanged beside them, called changed |"]
    lines.append("|---" * (len(factors) + 2) + "|")
    for gate, part in cases.groupby("gate", sort=False):
        shares = [_share(part.loc[part["factor"] == factor, "called"] == "slower") for factor in factors]
        shares.append(_share(part.loc[part["factor"] == 1, "called"] != ""))
        lines.append(f"| {gate} | {' | '.join(shares)} |")
    return lines


def _share(which: pd.Series) -> str:
    """Return how many of how many, as a percentage with its 95 % interval."""
    share = rate(int(which.sum()), len(which))
    if math.isnan(share.value):
        return "none"
    low, high = (f"{100 * limit:.1f}" for limit in (share.low, share.high))
    return f"{which.sum():,} of {len(which):,}: {100 * share.value:.1f} % ({low} to {high})"
