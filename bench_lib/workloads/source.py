"""A hash of the code behind a workload, so that numbers of two different sources are not compared."""

from __future__ import annotations

import ast
import hashlib
import linecache
from collections.abc import Callable
from functools import cache, partial
from typing import Any


def source_files(function: Callable[..., Any]) -> frozenset[str]:
    """Return the files that define a function and the functions of this project or the user's that it closes over."""
    if isinstance(function, partial):
        parts: list[Any] = [function.func, *function.args, *function.keywords.values()]
    else:
        parts = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    files = frozenset(file for part in parts if callable(part) for file in source_files(part))
    code = getattr(function, "__code__", None)
    return files | {code.co_filename} if code is not None else files


@cache
def source_digest(paths: frozenset[str]) -> str:
    """Hash what modules do: comments, documentation and layout do not count; empty where a source cannot be read."""
    digest = hashlib.sha256()
    # By their text and not by their path: the same code in another folder is the same code.
    for text in sorted("".join(linecache.getlines(path)) for path in paths):
        if not text:
            return ""
        digest.update(repr(_skeleton(ast.parse(text))).encode())
    return digest.hexdigest()


def _skeleton(node: Any) -> Any:
    """Return a syntax tree as nested tuples, without texts that only document and without fields that hold nothing.

    Empty fields differ between Python versions (``ast.dump`` writes them or not), the code does not.
    """
    if isinstance(node, list):
        return tuple(_skeleton(item) for item in node if not _documents(item))
    if isinstance(node, ast.AST):
        fields = ((name, _skeleton(value)) for name, value in ast.iter_fields(node))
        return (type(node).__name__, *((name, value) for name, value in fields if value not in (None, ())))
    return node


def _documents(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
