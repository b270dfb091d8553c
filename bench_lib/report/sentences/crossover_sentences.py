"""From which size the device wins, in words: with the data there, with copies, and when copying pays.

What the page draws as marks on an axis, as a table of words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib.analysis.pairings import findings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.sanitize import clean
from bench_lib.report.sentences import headlines, words
from bench_lib.report.sentences.headlines import Row

MIN_SIZES: Final = 2
"""An operation that was compared at fewer sizes has no size from which one side wins."""

Key = tuple[str, str]
"""Workload and dtype."""


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """One operation in one dtype: an answer for each view, empty where it was not compared that way.

    Attributes
    ----------
    reuse
        From how many uses on copying its data pays, at its largest size; empty where that was not measured.
    """

    name: str
    expression: str
    dtype_shown: str
    answers: tuple[str, ...]
    reuse: str


@dataclass(frozen=True, kw_only=True)
class Takeovers:
    """The table: what its columns of answers are called, rows in the order of the sizes, how many were left out."""

    labels: tuple[str, ...]
    rows: tuple[Takeover, ...]
    left_out: int

    @property
    def has_reuse(self) -> bool:
        """Whether any row says from how many uses on copying pays."""
        return any(row.reuse for row in self.rows)


def takeovers(views: Sequence[View], keys: Collection[Key] | None = None) -> Takeovers:
    """Return the crossovers of one device in words.

    Parameters
    ----------
    views
        Of one table, as :func:`together` returns them; those of latency are told.
    keys
        Workload and dtype of the operations to show; None for all.
    """
    latencies = [view for view in views if view.timing == "latency"]
    found: dict[Key, list[Row | None]] = {}
    for place, view in enumerate(latencies):
        for row in view.crossovers.to_dict("records"):
            if row["sizes"] >= MIN_SIZES:
                found.setdefault((row["workload"], row["dtype"]), [None] * len(latencies))[place] = row
    pays = largest_reuse(latencies[0].pairing.break_even.to_dict("records")) if latencies else {}
    shown = [key for key in found if keys is None or key in keys]
    shown.sort(key=lambda key: (findings.crossover_order(found[key][0]), key))
    return Takeovers(
        labels=tuple(label(view) for view in latencies),
        rows=tuple(_row(found[key], pays.get(key)) for key in shown),
        left_out=len(found) - len(shown),
    )


def together(pairings: Sequence[Sequence[View]]) -> list[tuple[View, ...]]:
    """Return the views whose crossovers make one table: those of each GPU, and the two comparisons of a CPU.

    Parameters
    ----------
    pairings
        The views of each pairing.
    """
    with_gpu = [tuple(views) for views in pairings if views[0].pairing.has_gpu]
    others = tuple(view for views in pairings if not views[0].pairing.has_gpu for view in views)
    return [*with_gpu, *([others] if others else [])]


def title(views: Sequence[View]) -> str:
    """Return what a table of crossovers is about."""
    first = views[0].pairing
    if not first.has_gpu:
        return "From which size one side overtakes the other, for good"
    overtakes = first.device.verb("overtakes", "overtake")
    return f"From which size {first.device.subject} {overtakes} {first.baseline.subject}, for good"


def label(view: View) -> str:
    """Return what the crossovers of a view are about: where the data is, or who wins over whom."""
    pairing = view.pairing
    if pairing.has_gpu:
        return "Copied there and back" if view.residency == "roundtrip" else "Data already there"
    return f"{pairing.device.word} over {pairing.baseline.word}"


def largest_reuse(break_even: Sequence[Row]) -> dict[Key, Row]:
    """Return, for each operation, the row of :func:`break_even_table` at the largest size tested."""
    largest: dict[Key, Row] = {}
    for row in break_even:
        key = (row["workload"], row["dtype"])
        if key not in largest or row["nbytes"] > largest[key]["nbytes"]:
            largest[key] = row
    return largest


def _row(rows: Sequence[Row | None], pays: Row | None) -> Takeover:
    first = next(row for row in rows if row)
    return Takeover(
        name=words.operation(first["workload"]),
        expression=clean(first["expression"]),
        dtype_shown="" if first["dtype"] == "float32" else clean(first["dtype"]),
        answers=tuple(headlines.crossover_answer(row) if row else "" for row in rows),
        reuse=headlines.reuse_answer(pays) if pays else "",
    )
