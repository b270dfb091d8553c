"""A hash of the code behind a workload, so that numbers of two different sources are not compared.

Only what a workload reaches counts: its functions, what they close over, and the functions, classes and constants that
they name, as far as those are this package's or stand beside the workload's own file. A new workload in a family, a
comment or a docstring so changes no other hash.
"""

from __future__ import annotations

import ast
import hashlib
import linecache
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

HERE: Final = Path(__file__).parent
PLAIN: Final = (str, int, float, bool, dict, type(None))
UNREADABLE: Final = ""


def source_digest(*roots: object) -> str:
    """Return the hash of all that some functions reach; empty where a source cannot be read, as at a prompt."""
    seen: set[int] = set()
    parts = [part for root in roots for part in _reached(root, _folders(root), seen)]
    return "" if UNREADABLE in parts else hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _folders(root: object) -> frozenset[Path]:
    function = root.func if isinstance(root, partial) else root
    code = getattr(function, "__code__", None)
    return frozenset({HERE} if code is None else {HERE, Path(code.co_filename).parent})


def _reached(found: Any, ours: frozenset[Path], seen: set[int]) -> Iterator[str]:
    """Yield a text for ``found`` and for each thing that it reaches, always in the same order."""
    if isinstance(found, PLAIN):
        yield repr(found)
        return
    if not isinstance(found, tuple | list):
        yield getattr(found, "__name__", type(found).__name__)
    if id(found) in seen:
        return
    seen.add(id(found))
    if isinstance(found, FunctionType) and Path(found.__code__.co_filename).parent in ours:
        yield _skeleton_at(found.__code__.co_filename, found.__code__.co_firstlineno)
    for part in _parts(found, ours):
        yield from _reached(part, ours, seen)


def _parts(found: Any, ours: frozenset[Path]) -> Iterable[Any]:
    """Return what a thing is made of, or names, as far as it is ours."""
    if isinstance(found, partial):
        return (found.func, *found.args, *found.keywords.items())
    if isinstance(found, FunctionType):
        code = found.__code__
        if Path(code.co_filename).parent not in ours:
            return ()
        named = (found.__globals__[name] for name in _names(code) if name in found.__globals__)
        return (*(cell.cell_contents for cell in found.__closure__ or ()), *named)
    if isinstance(found, type):
        # A dataclass's own methods are written by its decorator, in no file.
        methods = (method for method in vars(found).values() if isinstance(method, FunctionType))
        return [method for method in methods if Path(method.__code__.co_filename).is_relative_to(HERE)]
    if is_dataclass(found):
        return [getattr(found, field.name) for field in fields(found)]
    return found if isinstance(found, tuple | list) else ()


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _skeleton_at(path: str, line: int) -> str:
    return "".join(repr(_skeleton(node)) for node in _functions(path).get(line, []))


@cache
def _functions(path: str) -> dict[int, list[ast.AST]]:
    """Return the functions of a module by the line that they begin in, decorators counted in."""
    by_line: dict[int, list[ast.AST]] = {}
    for node in ast.walk(ast.parse("".join(linecache.getlines(path)))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
            by_line.setdefault(first, []).append(node)
    return by_line


def _skeleton(node: Any) -> Any:
    """Return a syntax tree as nested tuples, without texts that only document and without fields that hold nothing.

    Empty fields differ between Python versions (``ast.dump`` writes them or not), the code does not.
    """
    if isinstance(node, list):
        return tuple(_skeleton(item) for item in node if not _documents(item))
    if isinstance(node, ast.AST):
        parts = ((name, _skeleton(value)) for name, value in ast.iter_fields(node))
        return (type(node).__name__, *((name, value) for name, value in parts if value not in (None, ())))
    return node


def _documents(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
