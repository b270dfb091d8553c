"""Phrases: a sentence as parts, which each medium writes its own way; none is made as HTML and read back.

Every renderer escapes foreign text for its own medium, and takes from :func:`parts_of` what no medium may show: control
characters and marks that turn the reading direction round. Markdown is written by :mod:`bench_lib.report.markdown`, a
terminal's text by :mod:`bench_lib.report.terminal.blocks`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from markupsafe import Markup

from bench_lib.records.sanitize import MAX_NAME, clean, harmless

HTML: Final = {
    "text": "{text}",
    "name": "<bdi>{text}</bdi>",
    "strong": "<b>{text}</b>",
    "code": "<code><bdi>{text}</bdi></code>",
    "link": "<a href='{href}'>{text}</a>",
}

_SPACES: Final = re.compile(r"[^\S \u00a0\u202f]")
"""All white space but the blank and those that do not break."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a sentence: ``name`` is foreign text, kept apart from the direction of what stands around it."""

    kind: Literal["text", "name", "strong", "code", "link"]
    text: str
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A sentence as parts; a template of jinja2 shows it as HTML."""

    parts: tuple[Part, ...]

    def __html__(self) -> str:
        """Return it as HTML, which is what markupsafe and jinja2 ask for."""
        return html(self)


Text = Phrase | str
"""What a block says: a phrase, or a text that is to be shown as it is."""


def phrase(template: str, *values: object) -> Phrase:
    """Return a template with a value in place of each ``{}``: parts and phrases as they are, all else as text.

    Examples
    --------
    >>> plain(phrase("{} of {}", strong("3 of 12"), code("a * b")))
    '3 of 12 of `a * b`'
    """
    parts: list[Part] = []
    texts = template.split("{}")
    for place, text in enumerate(texts):
        value = values[place] if place < len(texts) - 1 else ""
        for part in (*parts_of(text), *((value,) if isinstance(value, Part) else parts_of(value))):
            # Texts that touch are one, so that each is escaped with its neighbours in sight.
            if parts and part.kind == parts[-1].kind == "text":
                parts[-1] = replace(part, text=parts[-1].text + part.text)
            else:
                parts.append(part)
    return Phrase(parts=tuple(parts))


def name(text: object, limit: int = MAX_NAME) -> Part:
    """Return a name that others gave."""
    return Part(kind="name", text=clean(str(text), limit))


def strong(text: object) -> Part:
    """Return a text in bold that is not broken across lines."""
    return Part(kind="strong", text=unbroken(str(text)))


def code(expression: object) -> Part:
    """Return an expression as code."""
    return Part(kind="code", text=clean(str(expression)))


def link(text: str, href: str) -> Part:
    """Return a link: to a place of the page, ``#trust``, or outside."""
    return Part(kind="link", text=text, href=href)


def unbroken(text: str) -> str:
    """Return a text whose spaces do not break: a number stays with its unit."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def one_line(text: str) -> str:
    """Return a text on one line of plain spaces, those that do not break among them."""
    return " ".join(text.split())


def parts_of(text: object) -> Iterator[Part]:
    """Yield the parts of a phrase, or a text as the only one, without characters that drive what shows them."""
    for part in text.parts if isinstance(text, Phrase) else (Part(kind="text", text=str(text)),):
        if part.text or part.kind != "text":
            yield replace(part, text=harmless(_SPACES.sub(" ", part.text)))


def html(text: Text) -> Markup:
    """Return a text as HTML."""
    return Markup("").join(Markup(HTML[part.kind]).format(text=part.text, href=part.href) for part in parts_of(text))


def plain(text: Text) -> str:
    """Return a text without marks, on one line of plain spaces; code stands in backticks.

    Examples
    --------
    >>> plain(phrase("{} cases of {}", strong("3 of 4"), code("x < y")))
    '3 of 4 cases of `x < y`'
    """
    return one_line("".join(f"`{part.text}`" if part.kind == "code" else part.text for part in parts_of(text)))
