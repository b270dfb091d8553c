"""A history as Markdown, for the summary of a job. Never imports torch."""

from __future__ import annotations

from typing import Final

from bench_lib import units
from bench_lib.analysis.history.judging import Beginning, History, Step
from bench_lib.report.comparison import terms
from bench_lib.report.history import words
from bench_lib.report.sentences.plain import escape

TOP: Final = 50
"""Changes of one run that are shown."""

HEADER: Final = ("case", "on", "before", "after", "runs", "change", "verdict")


def markdown(history: History) -> str:
    """Return a history as Markdown, a line end behind it."""
    blocks = [f"## {escape(words.headline(history))}"]
    told = words.sentences(history)
    if told:
        blocks.append("\n".join(f"* {escape(sentence)}" for sentence in told))
    for beginning in history.beginnings:
        blocks += _beginning(beginning)
    if history.beginnings:
        blocks.append(f"<sub>{escape(words.LEGEND)}</sub>")
    return "\n\n".join(blocks) + "\n"


def _beginning(beginning: Beginning) -> list[str]:
    rule = ["---"] * len(HEADER)
    shown = [_row(step) for step in beginning.steps[:TOP]]
    more = len(beginning.steps) - len(shown)
    return [
        f"### {escape(words.heading(beginning))}",
        escape(words.news(beginning)),
        "\n".join(f"| {' | '.join(row)} |" for row in (HEADER, rule, *shown)),
        *([f"{units.count(more, 'more change')}: see the table or JSON."] if more else []),
    ]


def _row(step: Step) -> list[str]:
    change = step.change
    cells = (
        terms.name(change.case), terms.place(change.case), terms.level(change, change.before),
        terms.level(change, change.after), f"{change.processes[0]}, {change.processes[1]}", terms.shift(change),
    )  # fmt: skip
    word = f"**{change.word}**" if change.verdict == "worse" else change.word
    return [*(escape(cell) for cell in cells), word]
