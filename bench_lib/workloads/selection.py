"""The language of ``-k``: words joined by ``and``, ``or``, ``not`` and parentheses, as pytest users know it.

A word matches when it is part of the case as printed, or of its family: ``matmul and not float64``, ``(zeros or ones)
and cuda:0``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.records.sanitize import shorten

Predicate = Callable[[str], bool]

MAX_LENGTH: Final = 1000
_TOKEN: Final = re.compile(r"\s*([()]|[^\s()]+)")


def compile_expression(expression: str) -> Predicate:
    """Return whether a text matches, as a function of the text.

    Raises
    ------
    UsageError
        If the expression cannot be read.

    Examples
    --------
    >>> matches = compile_expression("matmul and not (float64 or roundtrip)")
    >>> matches("matmul matmul[256] float32 cpu resident latency")
    True
    >>> matches("matmul matmul[256] float64 cpu resident latency")
    False
    """
    if len(expression) > MAX_LENGTH:
        msg = f"-k takes an expression of at most {MAX_LENGTH} characters; this one has {len(expression)}"
        raise UsageError(msg)
    parser = _Parser(expression=expression, tokens=_TOKEN.findall(expression))
    return parser.whole()


@dataclass(kw_only=True)
class _Parser:
    """Recursive descent: or binds loosest, then and, then not."""

    expression: str
    tokens: list[str]
    at: int = 0

    def whole(self) -> Predicate:
        predicate = self._either()
        if self.at < len(self.tokens):
            raise self._unexpected()
        return predicate

    def _either(self) -> Predicate:
        terms = [self._both()]
        while self._accept("or"):
            terms.append(self._both())
        return lambda text: any(term(text) for term in terms)

    def _both(self) -> Predicate:
        terms = [self._unary()]
        while self._accept("and"):
            terms.append(self._unary())
        return lambda text: all(term(text) for term in terms)

    def _unary(self) -> Predicate:
        if self._accept("not"):
            inner = self._unary()
            return lambda text: not inner(text)
        if self._accept("("):
            inner = self._either()
            if not self._accept(")"):
                raise self._unexpected()
            return inner
        if self.at >= len(self.tokens) or self.tokens[self.at] in {")", "and", "or"}:
            raise self._unexpected()
        word = self.tokens[self.at].lower()
        self.at += 1
        return lambda text: word in text.lower()

    def _accept(self, token: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def _unexpected(self) -> UsageError:
        found = shorten(self.tokens[self.at]) if self.at < len(self.tokens) else "the end"
        return UsageError(
            f"-k takes words joined by and, or, not and parentheses; {shorten(self.expression)} has {found} "
            "where a word or a closing parenthesis should stand"
        )
