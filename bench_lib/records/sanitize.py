"""Text of unknown origin, made fit to keep in a record and to show in a message."""

import math
import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Final

MAX_TEXT: Final = 20_000
"""Characters of one string in a record."""

MAX_NAME: Final = 120
"""Characters of a name that are shown; what was cut is said with an ellipsis."""

MAX_PROSE: Final = 600
"""The same for a reason, a version or a command."""

UNPRINTABLE_CLASS: Final = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff"
"""Control characters (tab and line ends are not among them) and lone surrogates, as a character class.

They drive terminals, break XML or cannot be encoded: no record holds them. The notation is common to Python and to the
regular expressions of JSON Schema.
"""

_UNPRINTABLE: Final = re.compile(f"[{UNPRINTABLE_CLASS}]")
_ANSI_SEQUENCE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")

# A part of a path ends at white space, at a colon (file:line) and at what quotes or separates. Each repetition below
# starts where the one before cannot go on, so that matching takes linear time on any text.
_PART: Final = r"""[^/\\\s:;,'"<>|`]+"""
_NOT_INSIDE: Final = r"""(?<![\w.~/\\)\]}|%])"""  # A/B, 3/4, ./x, (a + b)/c are no absolute paths
_ROOT: Final = rf"""(?:
      \b(?i:file):[/\\]+
    | (?<!\w)[A-Za-z]:[/\\]+
    | {_NOT_INSIDE}(?:~[\w.-]*[/\\]+|/+|\\\\+(?=[^/\\\s]+[/\\]))
    | (?<![/\\])[/\\]+(?i:home|users)[/\\]+
)"""
_PLACES: Final = re.compile(
    rf"""
      (?P<url>\b(?!(?i:file):)[A-Za-z][A-Za-z0-9+.-]{{1,15}}://[^\s'"<>]*)
    | "(?P<double>{_ROOT}[^"\n:<>|]*)"
    | '(?P<single>{_ROOT}[^'\n:<>|]*)'
    | (?P<plain>{_ROOT}{_PART}(?:[/\\]+{_PART})*[/\\]*)
    """,
    re.VERBOSE,
)
_SEPARATORS: Final = re.compile(r"[/\\]+")
_URL_USER: Final = re.compile(r"://[^/@\s]*@")
_LONE_NAME: Final = re.compile(r"/+[A-Za-z_.][\w.-]+[/\\]*")
_HOME_PARENTS: Final = ("home", "users")


def scrub(text: str) -> str:
    """Make a text of unknown origin fit for a record: no absolute path, no control character, a limited length.

    An absolute path keeps its last part, and a home folder becomes ``~``, so that no record names a user's folders.
    URLs stay, without the user in them; relative paths, fractions and dates stay.
    """
    text = _ANSI_SEQUENCE.sub("", text[: 4 * MAX_TEXT])
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return _PLACES.sub(_shown, text)[:MAX_TEXT]


def shorten(text: str, limit: int = 60) -> str:
    """Quote a text of unknown origin for an error message: printable, and cut to ``limit`` characters."""
    return repr(text if len(text) <= limit else f"{text[:limit]}...")


def is_printable(text: str) -> bool:
    """Return whether a text holds neither control characters (tab and line ends apart) nor lone surrogates."""
    return text.isprintable() or not _UNPRINTABLE.search(text)


def _shown(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "url":
        return _URL_USER.sub("://", found["url"])
    if kind == "plain":
        return _last_part(found["plain"])
    quote = '"' if kind == "double" else "'"
    return f"{quote}{_last_part(found[str(kind)])}{quote}"


def _last_part(path: str) -> str:
    parts = [part for part in _SEPARATORS.split(path) if part]
    if len(parts) > 1 and parts[-2].lower() in _HOME_PARENTS:
        return f"~{path[len(path.rstrip('.)]}')) :]}"
    if len(parts) == 1 and path.startswith("/") and not _LONE_NAME.fullmatch(path):
        return path  # "5 /s" and "1 /2" are no paths
    return parts[-1] if parts else path


# Controls, lone surrogates, and the marks that change the direction of what follows them (UAX 9, explicit formatting).
_HARMFUL = re.compile("[\u0000-\u001f\u007f-\u009f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@lru_cache(maxsize=1024)
def clean(text: Hashable, limit: int = MAX_NAME) -> str:
    """Return a foreign text fit to be shown on one line: printable, of one direction at a time, and not endless."""
    plain = harmless(" ".join(str(text).split()))
    return plain if len(plain) <= limit else f"{plain[: limit - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def harmless(text: str) -> str:
    """Return a text in which nothing drives a terminal or turns the reading direction round."""
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text)


def is_known(value: float) -> bool:
    """Return whether a number is there at all: neither NaN nor infinite."""
    return math.isfinite(value)
