"""The answer as GitHub's Markdown, for a comment on a pull request or the summary of a job.

A comment holds 65,536 characters: what does not fit is counted. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench_lib import units
from bench_lib.analysis.pairings.pairings import View
from bench_lib.report.sentences import crossover_sentences as tables
from bench_lib.report.sentences import plain
from bench_lib.report.sentences.cells import Cell
from bench_lib.report.sentences.crossover_sentences import Takeover, Takeovers
from bench_lib.report.sentences.digest import Answer
from bench_lib.report.sentences.grid import grid, listing
from bench_lib.report.terminal import narrow_tables

MAX_BYTES: Final = 60_000
TOP: Final = 12
"""Operations that are seen at once; the others are folded away."""

MOST: Final = (400, 200, 100, 50, 25, TOP)
"""Operations of a table at most, tried until the whole fits."""

LEGEND: Final = (
    "A column holds working sets up to its size and above the one before it; of several there the largest is shown."
)


def markdown(answers: Sequence[Answer], *, top: int = TOP, max_bytes: int = MAX_BYTES) -> str:
    """Return the answers one below the other, as many as fit, and how many do not.

    Parameters
    ----------
    answers
        From :func:`bench_lib.report.sentences.digest.digest`.
    top
        Operations of a table that are seen at once.
    max_bytes
        Of the whole, in UTF-8.
    """
    note_room = 100
    share = max((max_bytes - note_room) // max(len(answers), 1), min(max_bytes, 12_000) - note_room)
    written: list[str] = []
    for answer in answers:
        text = _fitted(answer, top, share)
        if sum(len(part.encode()) + 2 for part in (*written, text)) > max_bytes - note_room:
            break
        written.append(text)
    left_out = len(answers) - len(written)
    if left_out:
        written.append(f"{units.count(left_out, 'more answer')} did not fit here.\n")
    return "\n".join(written)


def _fitted(answer: Answer, top: int, max_bytes: int) -> str:
    """Return one answer with as many operations as fit."""
    text = ""
    for most in MOST:
        text = _answer(answer, min(top, most), most)
        if len(text.encode()) <= max_bytes:
            return text
    return text


def _answer(answer: Answer, top: int, most: int) -> str:
    blocks = [f"## {plain.escape(answer.title)}"]
    blocks += [f"> {plain.markdown(guard)}" for guard in answer.guards]
    if answer.sentences:
        blocks.append("\n".join(f"* {plain.markdown(sentence)}" for sentence in answer.sentences))
    for views in answer.pairings:
        for place, view in enumerate(views):
            blocks += _winners(view, 0 if place else top, most)
    for views in tables.together(answer.pairings):
        blocks += _crossovers(tables.title(views), tables.takeovers(views), top, most)
    if answer.views:
        blocks.append(LEGEND)
    blocks += _ending(answer)
    return "\n\n".join(blocks) + "\n"


def _winners(view: View, top: int, most: int) -> list[str]:
    """Return the table of one view, and what is not seen of it folded; that of unknown sizes has columns by rank."""
    device, left_out = view.pairing.device, 0
    meaning = f"{view.meaning[:1].upper()}{view.meaning[1:]}. Bold: {device.subject} {device.verb('is', 'are')} faster."
    blocks = [f"### {plain.escape(view.label)}", plain.escape(meaning)]
    sized, unsized = grid(view, most), listing(view, most)
    unknown = len(unsized.rows) + unsized.left_out
    for found, beyond in ((sized, sized.left_out - unknown), (narrow_tables.at_sizes(unsized), unsized.left_out)):
        if not found.groups:
            continue
        first = {(row.workload, row.dtype) for row in (grid if found is sized else listing)(view, top).rows}
        parts: dict[bool, list[list[str]]] = {True: [], False: []}
        for row in found.rows:
            line = [_name(row.name, row.dtype_shown), *(_cell(cell) for cell in row.cells)]
            parts[(row.workload, row.dtype) in first].append(line)
        blocks += _table(["operation", *found.columns], parts[True], parts[False])
        left_out += beyond
    return [*blocks, *_left_out(left_out)]


def _crossovers(title: str, found: Takeovers, top: int, most: int) -> list[str]:
    if not found.rows:
        return []
    header = ["operation", *found.labels, *(["Copying pays"] if found.has_reuse else [])]
    lines = [_crossover(row, reuse=found.has_reuse) for row in found.rows[:most]]
    return [f"### {plain.escape(title)}", *_table(header, lines[:top], lines[top:]), *_left_out(len(found.rows) - most)]


def _crossover(row: Takeover, *, reuse: bool) -> list[str]:
    answers = [*row.answers, *([row.reuse] if reuse else [])]
    return [_name(row.name, row.dtype_shown), *(plain.escape(answer) or "-" for answer in answers)]


def _table(header: Sequence[str], seen: Sequence[Sequence[str]], folded: Sequence[Sequence[str]]) -> list[str]:
    """Return a table, and the rest of it under a line that opens it."""
    blocks = [_rows(header, seen)] if seen else []
    if folded:
        summary = units.count(len(folded), "more operation" if seen else "operation")
        blocks.append(f"<details><summary>{summary}</summary>\n\n{_rows(header, folded)}\n\n</details>")
    return blocks


def _rows(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))


def _ending(answer: Answer) -> list[str]:
    end = answer.ending
    facts = [answer.missing, *([end.counts, end.doubt] if end else [])]
    blocks = [plain.escape(" ".join(fact for fact in facts if fact))]
    if end and end.notes:
        blocks.append("\n".join(f"* {plain.escape(note)}" for note in end.notes))
    return [*(block for block in blocks if block), f"<sub>{plain.escape(answer.environment)}</sub>"]


def _left_out(count: int) -> list[str]:
    return [f"{units.count(count, 'more operation')} did not fit here."] if count > 0 else []


def _name(name: str, dtype: str) -> str:
    return plain.escape(f"{name} {dtype}".rstrip())


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    text = plain.escape(cell.text)
    return f"**{text}**" if cell.style.startswith("g") else text
