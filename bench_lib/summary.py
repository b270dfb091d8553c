"""The end of a run in a terminal: who wins where, how the cases ended, where the time went.

Imports pandas through the analysis and rich for the tables; never torch.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.analysis import crossovers, estimates, speedups
from bench_lib.frame import tidy
from bench_lib.records import Recording

FAILED: Final = ("failed", "wrong", "timeout")
"""What makes a run's exit code 2; out of memory and too slow are results."""

BASELINE: Final = "cpu"
OPERATION: Final = ["family", "workload", "expression", "dtype", "residency", "timing"]
MAX_NAME: Final = 40


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run's end prints.

    Attributes
    ----------
    tables
        For each device that is set against the CPU, who wins where.
    sentences
        Counts, shares and noteworthy lines.
    failed
        Cases that failed, were wrong or did not answer.
    """

    tables: tuple[Table, ...]
    sentences: str
    failed: int


def of(recording: Recording) -> Summary:
    """Summarise one run."""
    frame = tidy([recording])
    cases = estimates(frame)
    counts = Counter(cases["status"].astype(str))
    pairs = speedups(frame, baseline=BASELINE)
    pairs = pairs[pairs["timing"] == "latency"]
    answers = crossovers(pairs)
    tables = tuple(
        _table(recording, str(device), pairs[pairs["device"] == device], answers[answers["device"] == device])
        for device in pairs["device"].unique()
    )
    return Summary(
        tables=tables,
        sentences="\n".join(_sentences(recording, counts, cases)),
        failed=sum(counts[status] for status in FAILED),
    )


def _sentences(recording: Recording, counts: Counter[str], cases: pd.DataFrame) -> list[str]:
    rounds = len({sample.round for sample in recording.samples})
    spent = recording.spent_seconds
    share = f", {recording.busy_seconds / spent:.0%} of it in timed and warm-up calls" if spent else ""
    lines = [f"{len(cases)} cases: {status_counts(counts)}; {rounds} rounds, {spent:.0f} s{share}"]
    bad = cases[cases["status"].isin(FAILED)]
    lines += [f"{row.status}: {_case(row)}: {row.reason}" for row in bad.head(10).itertuples()]
    if len(bad) > 10:
        lines.append(f"and {len(bad) - 10} more: the report's section Trust lists them all")
    return lines + list(recording.problems)


def status_counts(counts: Counter[str]) -> str:
    """Return how many cases ended how: ``240 ok, 3 too slow``.

    Examples
    --------
    >>> status_counts(Counter(ok=240, too_slow=3))
    '240 ok, 3 too slow'
    """
    ordered = sorted(counts.items(), key=lambda item: (item[0] != "ok", -item[1]))
    return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in ordered)


def _table(recording: Recording, device: str, pairs: pd.DataFrame, answers: pd.DataFrame) -> Table:
    """Return one row for each operation: the winner at a few sizes, and from which size the device wins."""
    named = {found.key: found.name for found in recording.run.devices}
    title = f"{device} ({named.get(device, 'unknown')}) against {BASELINE} ({named.get(BASELINE, 'unknown')})"
    table = Table(title=Text(title), title_justify="left")
    for heading in ("operation", "dtype", "smallest size", "", "largest size", f"{device} wins"):
        table.add_column(heading, no_wrap=heading != "operation")
    by_operation = {tuple(key): rows for key, rows in pairs.groupby(OPERATION, observed=True, sort=False)}
    wins = {tuple(getattr(row, name) for name in OPERATION): _answer(row) for row in answers.itertuples()}
    for key, rows in by_operation.items():
        ordered = rows.sort_values("n")
        _, workload, expression, dtype, residency, _ = (str(part) for part in key)
        name = f"{expression[:MAX_NAME]}" + (" with copies" if residency == "roundtrip" else "")
        table.add_row(
            Text(f"{workload}: {name}"),
            dtype,
            *(_cell(ordered.iloc[place], device) for place in (0, len(ordered) // 2, -1)),
            wins.get(key, ""),
        )
    return table


def _cell(row: pd.Series[Any], device: str) -> str:
    """Return ``4 KiB: cpu 3.1x``: the size, the winner and by how much."""
    size = units.nbytes(int(row["nbytes"])) if pd.notna(row["nbytes"]) else f"n={row['n']}"
    if row["verdict"] == "device":
        return f"{size}: {device} {units.ratio(row['ratio'], row['ratio_low'], row['ratio_high'])}x"
    if row["verdict"] == "baseline":
        inverse = (1 / row["ratio"], 1 / row["ratio_high"], 1 / row["ratio_low"])
        return f"{size}: {BASELINE} {units.ratio(*inverse)}x"
    return f"{size}: " + {"same": "about 1x", "undecided": "can't tell"}.get(row["verdict"], str(row["status"]))


def _answer(row: Any) -> str:
    if row.answer == "between":
        return f"from {units.nbytes(int(row.nbytes_low))} to {units.nbytes(int(row.nbytes_high))} on"
    if row.answer == "never":
        return f"never up to {units.nbytes(int(row.nbytes_max))}"
    return {"always": "always", "undecided": "can't tell"}[row.answer]


def _case(row: Any) -> str:
    return f"{row.workload}[{row.n}] {row.dtype} {row.device} {row.residency} {row.timing}"
