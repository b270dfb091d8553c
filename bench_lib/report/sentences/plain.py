"""A sentence of the answer as plain text, for a terminal, and as GitHub's Markdown, for a pull request.

The sentences are escaped HTML with nothing in it but ``<b>``, ``<code>``, ``<bdi>`` and ``<a>``. Names in them were
written by others: in Markdown, too, they stay names, and neither mark up nor mention nor link. Standard library and
markupsafe only; nothing here imports torch.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from markupsafe import Markup

JOINER: Final = "\N{WORD JOINER}"
"""An invisible character that keeps two others from being read as one: the ``@`` of a mention from its name."""

_MEANINGFUL: Final = re.compile(r"[&\\`|$*\[\]<>~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITIES: Final = {
    "&": "&amp;",
    "\\": "&#92;",
    "`": "&#96;",
    "|": "&#124;",
    "$": "<span>$</span>",  # of a formula
    "<": "&lt;",
    ">": "&gt;",
}
_JOINED: Final = re.compile(
    r"(?P<at>@)(?=\w)"  # mentions of users and teams
    r"|(?P<hash>\#)(?=\d)"  # references to issues
    r"|(?P<url>:)(?=//)"
    r"|(?P<www>www)(?=\.)"
    r"|(?P<picture>:)(?=[\w+-]+:)",
    re.IGNORECASE,
)
_BEGINS_BLOCK: Final = re.compile(r"^(?:[-+=#]|\d{1,9}(?=[.)](?:\s|$)))")


def text(sentence: Markup) -> str:
    """Return a sentence without its markup, on one line of plain spaces; code stands in backticks.

    Examples
    --------
    >>> text(Markup("<b>3&nbsp;of&nbsp;4</b> cases of <code><bdi>x &lt; y</bdi></code>"))
    '3 of 4 cases of `x < y`'
    """
    parser = _Plain()
    parser.feed(sentence)
    parser.close()
    return one_line("".join(parser.parts))


def markdown(sentence: Markup) -> str:
    r"""Return a sentence as Markdown: bold, code and outside links stay, all else of it is plain.

    Examples
    --------
    >>> markdown(Markup("<b>3&nbsp;of&nbsp;4</b> cases of <code><bdi>a * b</bdi></code> by @someone"))
    '**3 of 4** cases of `a * b` by @\u2060someone'
    """
    parser = _Markdown()
    parser.feed(sentence)
    parser.close()
    return _begin("".join(parser.parts).strip())


def escape(foreign: str) -> str:
    """Return a text as Markdown that shows it as it is, in a paragraph, a heading or a cell of a table."""
    return _begin(_inline(one_line(foreign)))


def code(foreign: str) -> str:
    """Return a text as Markdown's code, fit for a cell of a table; empty for nothing."""
    shown = one_line(foreign)
    if not shown:
        return ""
    # Within backticks nothing can be escaped: what would end them or the cell goes into a tag, where it can.
    return f"`{shown}`" if "`" not in shown and "|" not in shown else f"<code>{escape(shown)}</code>"


class _Plain(HTMLParser):
    """Gathers the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append("`" if tag == "code" else "")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append("`" if tag == "code" else "")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class _Markdown(HTMLParser):
    """Gathers the text with its marks; what stands within code is kept until its end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._code: list[str] | None = None
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "code":
            self._code = []
        elif tag == "b":
            self.parts.append("**")
        elif tag == "a":
            # What points into the page has nowhere to point to here.
            href = dict(attrs).get("href") or ""
            self._link = href if href.startswith("https://") and not re.search(r"[\s<>()|]", href) else ""
            self.parts.append("[" if self._link else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "code" and self._code is not None:
            self.parts.append(code("".join(self._code)))
            self._code = None
        elif tag == "b":
            self.parts.append("**")
        elif tag == "a" and self._link:
            self.parts.append(f"]({self._link})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if self._code is not None:
            self._code.append(data)
            return
        self.parts.append(_inline(re.sub(r"\s+", " ", data)))


def _inline(shown: str) -> str:
    apart = _JOINED.sub(lambda found: f"{found[0]}{JOINER}", shown)
    return _MEANINGFUL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), apart)


def _begin(markdown_text: str) -> str:
    """Return a text that begins no list, heading or rule where it stands at the beginning of a line."""
    return _BEGINS_BLOCK.sub(_guarded, markdown_text)


def _guarded(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0][0].isdigit() else f"\\{found[0]}"


def one_line(shown: str) -> str:
    """Return a text on one line of plain spaces, those that do not break among them."""
    return " ".join(shown.split())
