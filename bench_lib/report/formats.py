"""Which verb writes its finding in which format: the one registry of them."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from bench_lib.report import advice
from bench_lib.report.blocks import Section
from bench_lib.report.comparison import as_json as comparison_json
from bench_lib.report.comparison import blocks as comparison_blocks
from bench_lib.report.comparison.github import github
from bench_lib.report.history import as_json as history_json
from bench_lib.report.history import blocks as history_blocks
from bench_lib.report.sentences import blocks as answer_blocks
from bench_lib.report.terminal import blocks as terminal
from bench_lib.report.terminal.console import console, show

Blocks = Callable[..., Iterable[Section]]


@dataclass(frozen=True, kw_only=True)
class Format:
    """How one verb writes what it found.

    Attributes
    ----------
    write
        Writes it to a console; options such as ``everything`` are its own.
    """

    verb: str
    name: str
    write: Callable[..., None]


def _table(blocks: Blocks) -> Callable[..., None]:
    """Return what draws blocks for a person."""

    def write(out: Console, found: Any, **options: Any) -> None:
        for part in terminal.render(blocks(found, **options)):
            show(out, part)

    return write


def _text(content: Callable[..., str]) -> Callable[..., None]:
    """Return what writes a text as it is."""

    def write(out: Console, found: Any, **options: Any) -> None:
        out.file.write(content(found, **options))

    return write


def _whole(content: Callable[[Any], str]) -> Callable[..., None]:
    """Return what writes a text that holds everything, whatever is asked for."""
    return _text(lambda found, **_: content(found))


FORMATS: Final = (
    Format(verb="advise", name="table", write=_table(advice.blocks)),
    Format(verb="advise", name="json", write=_whole(advice.as_json)),
    Format(verb="show", name="table", write=_table(answer_blocks.blocks)),
    Format(verb="show", name="markdown", write=_text(answer_blocks.as_markdown)),
    Format(verb="compare", name="table", write=_table(comparison_blocks.blocks)),
    Format(verb="compare", name="markdown", write=_whole(comparison_blocks.as_markdown)),
    Format(verb="compare", name="json", write=_whole(comparison_json.as_json)),
    Format(verb="compare", name="github", write=_whole(github)),
    Format(verb="history", name="table", write=_table(history_blocks.blocks)),
    Format(verb="history", name="markdown", write=_text(history_blocks.as_markdown)),
    Format(verb="history", name="json", write=_whole(history_json.document)),
)


def write(out: Console, verb: str, name: str, found: Any, **options: Any) -> None:
    """Write what a verb found to a console, in one of its formats."""
    next(one for one in FORMATS if (one.verb, one.name) == (verb, name)).write(out, found, **options)


def as_text(verb: str, name: str, found: Any, **options: Any) -> str:
    """Return the same as text, without colour."""
    written = io.StringIO()
    write(console(written, color=False), verb, name, found, **options)
    return written.getvalue()
