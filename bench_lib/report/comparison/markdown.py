"""A comparison as GitHub's Markdown: the summary of a job, or a comment on a pull request.

The cases that matter come first; the others, and what else differs between the sides, are folded away. What does not
fit is counted. Never imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench_lib import units
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.report.comparison import reasons, terms, words
from bench_lib.report.comparison.order import Sorted, by_verdict
from bench_lib.report.sentences import plain
from bench_lib.report.sentences.words import unbroken

MAX_BYTES: Final = 60_000
TOP: Final = 12
"""Cases that became better, or of which nothing can be told, that are seen at once."""

MOST: Final = (400, 200, 100, 50, 25, 12, 6)
"""Rows of a table at most, tried until the whole fits."""

HEADER: Final = ("case", "on", "before", "after", "change", "sees", "verdict")
LEGEND: Final = (
    "*change*: of what was before, with its 95 % interval. "
    "*sees*: the smallest change that nine of ten such comparisons would call."
)


def markdown(comparison: Comparison, *, max_bytes: int = MAX_BYTES) -> str:
    """Return a comparison as Markdown.

    Parameters
    ----------
    max_bytes
        Of the whole, in UTF-8.
    """
    text = ""
    for most in MOST:
        text = "\n\n".join(_blocks(comparison, by_verdict(comparison), most)) + "\n"
        if len(text.encode()) <= max_bytes:
            break
    return text


def _blocks(comparison: Comparison, found: Sorted, most: int) -> list[str]:
    blocks = [f"## {plain.escape(words.headline(comparison))}"]
    blocks.append("\n".join(f"* {plain.escape(sentence)}" for sentence in words.sentences(comparison)))
    others = [*found.better, *found.cannot_tell]
    seen, folded = [*found.worse, *others[:TOP]], others[TOP:]
    if seen:
        blocks += [*_table(seen, most), LEGEND]
    blocks += _folded(units.count(len(folded), "more case"), _table(folded, most))
    blocks += _folded(f"{units.count(len(found.unchanged), 'case')} unchanged", _table(found.unchanged, most))
    blocks += _folded(f"{units.count(len(found.not_comparable), 'case')} not compared", _reasons(found, most))
    blocks += _folded("What else differs between before and after", _differences(comparison, most))
    before, after = words.sides(comparison)
    sides = [f"before: {before}", f"after: {after}"]
    ending = "<br>".join(plain.escape(line) for line in [*sides, words.exit_meaning(comparison.exit_code)])
    return [block for block in [*blocks, f"<sub>{ending}</sub>"] if block]


def _table(changes: Sequence[Change], most: int) -> list[str]:
    """Return some changes as a table, and how many did not fit."""
    if not changes:
        return []
    metrics = {change.metric for change in changes}
    rows = [_row(change, with_metric=len(metrics) > 1) for change in changes[:most]]
    return [_rows(HEADER, rows), *_left_out(len(changes) - most)]


def _row(change: Change, *, with_metric: bool) -> list[str]:
    verdict = plain.escape(terms.verdict(change))
    names = [f"{terms.name(change.case)}{f', {change.metric}' if with_metric else ''}", terms.place(change.case)]
    numbers = [
        terms.level(change, change.before),
        terms.level(change, change.after),
        terms.shift(change),
        terms.share(change.sees),
    ]
    is_called = change.is_broken or change.verdict in ("better", "worse")
    cells = [*map(plain.escape, names), *(unbroken(plain.escape(number)) for number in numbers)]
    return [*cells, f"**{verdict}**" if is_called else verdict]


def _reasons(found: Sorted, most: int) -> list[str]:
    rows = [
        [plain.escape(terms.full_name(change.case)), plain.escape(reasons.why(change))]
        for change in found.not_comparable[:most]
    ]
    return [_rows(("case", "why"), rows), *_left_out(len(found.not_comparable) - most)] if rows else []


def _differences(comparison: Comparison, most: int) -> list[str]:
    told = reasons.differences(comparison)
    rows = [[plain.escape(text) for text in one] for one in told[:most]]
    return [_rows(("fact", "before", "after"), rows), *_left_out(len(told) - most)] if rows else []


def _folded(summary: str, blocks: Sequence[str]) -> list[str]:
    """Return blocks under a line that opens them; nothing for none."""
    inner = "\n\n".join(blocks)
    return [f"<details><summary>{summary}</summary>\n\n{inner}\n\n</details>"] if blocks else []


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def _left_out(count: int) -> list[str]:
    return [f"{units.count(count, 'more row')} did not fit here."] if count > 0 else []
