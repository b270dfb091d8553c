"""A comparison in a terminal: the finding, how sure it is, then case by case what matters first.

A terminal too narrow for all columns loses the levels, then what could have been seen. Draws with rich; never imports
torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.comparison.metrics import METRICS
from bench_lib.report.comparison import reasons, terms, words
from bench_lib.report.comparison.order import by_verdict
from bench_lib.report.sentences.words import listed
from bench_lib.report.terminal.layout import MAX_NAME, Layout, Line

TOP: Final = 20
"""Cases of which nothing can be told, or that became better, that are shown unless all are asked for."""

MOST_WORSE: Final = 60
"""The same of those that became worse."""

MOST_DIFFERENCES: Final = 8

HEADINGS: Final = ("on", "before", "after", "change", "sees", "verdict")
NARROWER: Final = (HEADINGS, ("on", "change", "sees", "verdict"), ("on", "change", "verdict"))
STYLES: Final = {"worse": "bold red", "better": "green", "can't tell": "yellow"}
CHANGE: Final = "change: of what was before, with its 95 % interval"
SEES: Final = "sees: the smallest change that nine of ten such comparisons would call"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Some changes as a table, in the order given."""

    changes: Sequence[Change]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the widest form that fits."""
        is_seen = _is_seen(self.changes)
        forms = [tuple(one for one in headings if is_seen or one != "sees") for headings in NARROWER]
        layouts = [self._layout(headings, MAX_NAME) for headings in forms]
        chosen = next((one for one in layouts if one.fits(options.max_width)), layouts[-1])
        yield self._layout(chosen.headings, chosen.room(options.max_width)).table(options.max_width)

    def _layout(self, headings: tuple[str, ...], room: int) -> Layout:
        lines: list[Line] = []
        shown = dict.fromkeys(change.metric for change in self.changes)
        for metric in (one.name for one in METRICS if one.name in shown):
            if len(shown) > 1:
                lines.append(Line(name=metric))
            lines += [_line(change, headings, room) for change in self.changes if change.metric == metric]
        return Layout(headings=headings, lines=tuple(lines), names="case")


def parts(comparison: Comparison, *, everything: bool = False) -> Iterator[RenderableType]:
    """Yield what a terminal shows of a comparison.

    Parameters
    ----------
    everything
        Each case, those that are unchanged and those that could not be compared among them.
    """
    found = by_verdict(comparison)
    yield Text(words.headline(comparison), style="bold")
    told = Table.grid(padding=(0, 1))
    for sentence in words.sentences(comparison):
        told.add_row(Text("*"), Text(sentence))
    yield told
    others = [*found.better, *found.cannot_tell]
    shown = [*found.worse, *others, *found.unchanged, *found.not_comparable]
    top = shown if everything else [*found.worse[:MOST_WORSE], *others[:TOP]]
    if top:
        yield ""
        yield Changes(changes=top)
        yield Text(f"{CHANGE}; {SEES}" if _is_seen(top) else CHANGE, style="dim")
    rest = _rest(len(found.worse) + len(others) - len(top), len(found.unchanged))
    if rest and not everything:
        yield Text(f"{rest}: --all shows them", style="dim")
    yield ""
    yield from _ending(comparison)


def _is_seen(changes: Sequence[Change]) -> bool:
    return any(not math.isnan(change.sees) for change in changes)


def _rest(more: int, unchanged: int) -> str:
    told = [units.count(more, "more case")] if more else []
    told += [f"{units.count(unchanged, 'case')} unchanged"] if unchanged else []
    return " and ".join(told)


def _ending(comparison: Comparison) -> Iterator[RenderableType]:
    """Yield what the sides are, in what else they differ, and what the exit code means."""
    for name, side in zip(("before:", "after: "), words.sides(comparison), strict=True):
        yield Text(f"{name} {side}")
    told = reasons.differences(comparison, told_by_both=True)
    facts = [f"{name} ({before} and {after})" for name, before, after in told[:MOST_DIFFERENCES]]
    more = len(reasons.differences(comparison)) - len(facts)
    facts += [f"{units.count(more, 'more fact')}, which --format markdown lists"] if more else []
    if facts:
        yield Text(f"They also differ in {listed(facts)}")
    yield Text(words.exit_meaning(comparison.exit_code))


def _line(change: Change, headings: Sequence[str], room: int) -> Line:
    style = "bold red" if change.is_broken else STYLES.get(change.verdict, "dim")
    cells = {
        "on": Text(terms.place(change.case)),
        "before": Text(terms.level(change, change.before)),
        "after": Text(terms.level(change, change.after)),
        "change": Text(terms.shift(change)),
        "sees": Text("" if math.isnan(change.sees) else terms.share(change.sees)),
        "verdict": Text(terms.verdict(change), style=style),
    }
    return Line(name=terms.name(change.case, room), cells=tuple(cells[heading] for heading in headings))
