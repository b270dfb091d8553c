"""One cell of the table of winners: the word that carries the message, how strongly, and what is told on demand.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench_lib import units
from bench_lib.analysis.pairings.pairings import Side
from bench_lib.records.sanitize import MAX_PROSE, clean, is_known
from bench_lib.report.sentences import words
from bench_lib.report.theme import heat_step

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class CellLine:
    """One machine's verdict in a cell of several."""

    name: str
    text: str
    style: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text
        The word that carries the message: ``GPU 12x``, ``about 1x``, ``OOM``.
    style
        Who is faster and how strongly: ``g1`` to ``g6`` for the device, ``c1`` to ``c6`` for the baseline, ``same``,
        ``open`` for what cannot be told, ``none`` for what has no ratio.
    size
        Of the case, as a person says it.
    detail
        What is told on demand: the case, both times, the ratio with its interval; or the reason why there is none.
    lines
        Of several machines side by side, one for each, in place of ``text``.
    """

    text: str
    style: str
    size: str
    detail: tuple[str, ...]
    lines: tuple[CellLine, ...] = ()


def cell(rows: Sequence[Row], sides: tuple[Side, Side], doublings: float) -> Cell:
    """Return the cell of the last of some pairs, the largest that fall into one column.

    Parameters
    ----------
    sides
        Device and baseline of the pairs.
    doublings
        Of the ratio, for one step of strength.
    """
    row, (device, baseline) = rows[-1], sides
    count = f"n = {units.count(row['n'])}"
    size = units.nbytes(row["nbytes"]) if is_known(row["nbytes"]) else count
    where = count if size == count else f"{count}, {size}"
    if len(rows) > 1:
        where += f" (largest of {len(rows)} sizes in this column)"
    verdict = str(row["verdict"])
    if not verdict:
        return _lost(row, sides, where, size)
    measured = (
        where,
        _timed(device.word, row["seconds"], row["seconds_low"], row["seconds_high"]),
        _timed(baseline.word, row["baseline_seconds"], row["baseline_low"], row["baseline_high"]),
    )
    ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
    if verdict == "device":
        step = max(1, heat_step(ratio, doublings))
        return _won(device, f"g{step}", (ratio, low, high), measured, size, row)
    if verdict == "baseline":
        step = max(1, -heat_step(ratio, doublings))
        return _won(baseline, f"c{step}", (1 / ratio, 1 / high, 1 / low), measured, size, row)
    spread = f"{device.word}: {words.times(ratio)} as fast, {_interval(row)} {words.ratio_span(low, high)}"
    style = "same" if verdict == "same" else "open"
    return Cell(text=words.NO_WINNER[verdict], style=style, size=size, detail=(*measured, spread))


def _lost(row: Row, sides: tuple[Side, Side], where: str, size: str) -> Cell:
    """Return a cell without a ratio: what became of the device; where that has a time, of the baseline, named."""
    device, baseline = sides
    lost = baseline if is_known(row["seconds"]) else device
    word = words.status(row["status"], short=True)
    reason = clean(row["reason"], MAX_PROSE) or words.status(row["status"])
    text = f"{baseline.word} {word}" if lost is baseline else word
    return Cell(text=text, style="none", size=size, detail=(where, f"{lost.word}: {reason}"))


def _won(
    side: Side, style: str, ratio: tuple[float, float, float], measured: tuple[str, ...], size: str, row: Row
) -> Cell:
    shown = words.times(*ratio)
    return Cell(
        text=f"{side.word} {shown}",
        style=style,
        size=size,
        detail=(*measured, f"{side.word}: {shown} as fast, {_interval(row)} {words.ratio_span(*ratio[1:])}"),
    )


def _timed(word: str, seconds: float, low: float, high: float) -> str:
    return f"{word}: {units.seconds(seconds, low, high)} ({words.seconds_span(low, high)})"


def _interval(row: Row) -> str:
    rounds = {"between-rounds": "{} rounds", "between-runs": "{} rounds each, measured apart"}
    return f"95 % interval ({rounds.get(row['interval'], 'within one run').format(int(row['rounds']))})"
