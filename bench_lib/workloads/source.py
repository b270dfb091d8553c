"""A hash of the code behind a workload, so that numbers of two different sources are not compared.

Only what a workload reaches counts: its functions, what they close over, and the functions, classes and constants that
they name, as far as those are this package's or stand beside the workload's own file. Classes count with their
methods, bases and constants. A new workload in a family, a comment or a docstring so changes no other hash.
"""

from __future__ import annotations

import ast
import hashlib
import linecache
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

HERE: Final = Path(__file__).parent
PLAIN: Final = (str, int, float, bool, type(None))
UNREADABLE: Final = ""


def source_digest(*roots: object, beside: Path | None = None) -> str:
    """Return the hash of all that some functions reach; empty where a source cannot be read, as at a prompt.

    Parameters
    ----------
    beside
        The folder of the file that declares the workload, where that is not this package's: a function of the package
        that closes over functions of that file does not tell.
    """
    seen: dict[int, object] = {}  # held, so that no other thing gets the number of one that is gone
    more = frozenset() if beside is None else frozenset({beside})
    parts = [part for root in roots for part in _reached(root, _folders(root) | more, seen)]
    return "" if UNREADABLE in parts else hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _folders(root: object) -> frozenset[Path]:
    function = root.func if isinstance(root, partial) else root
    code = getattr(function, "__code__", None)
    return frozenset({HERE} if code is None else {HERE, Path(code.co_filename).parent})


def _reached(found: Any, ours: frozenset[Path], seen: dict[int, object]) -> Iterator[str]:
    """Yield a text for ``found`` and for each thing that it reaches, always in the same order."""
    if isinstance(found, PLAIN):
        yield repr(found)
        return
    if not isinstance(found, tuple | list | dict | set | frozenset):
        yield getattr(found, "__name__", type(found).__name__)
    if id(found) in seen:
        return
    seen[id(found)] = found
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
        # __file__ and the like say where the code stands, and nothing of what it does.
        seen_names = (name for name in _names(code) if not name.startswith("__"))
        named = (found.__globals__[name] for name in seen_names if name in found.__globals__)
        return (*_enclosed(found), *_from_modules(named, code, ours))
    if isinstance(found, type):
        return _parts_of_class(found, ours)
    if is_dataclass(found):
        return [getattr(found, field.name) for field in fields(found)]
    if isinstance(found, dict):
        return tuple(found.items())
    if isinstance(found, set | frozenset):
        return sorted(found, key=repr)
    if isinstance(found, tuple | list):
        return found
    return (type(found),) if _is_ours(type(found), ours) else ()


def _enclosed(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # a variable that has no value yet, or none any more
            yield cell.cell_contents


def _from_modules(named: Iterable[Any], code: CodeType, ours: frozenset[Path]) -> Iterator[Any]:
    """Yield what code names, and for a module of ours what the code takes from it."""
    for found in named:
        if not isinstance(found, ModuleType):
            yield found
        elif Path(getattr(found, "__file__", None) or "").parent in ours:
            yield from (vars(found)[name] for name in _names(code) if name in vars(found))


def _parts_of_class(found: type, ours: frozenset[Path]) -> list[Any]:
    """Return the bases, methods and constants of a class, as far as it is ours."""
    if not _is_ours(found, ours):
        return []
    parts: list[Any] = [base for base in found.__bases__ if _is_ours(base, ours)]
    for name, value in vars(found).items():
        method = getattr(value, "fget", None) or getattr(value, "__func__", value)  # properties, class methods
        if isinstance(method, FunctionType):
            # A dataclass's own methods are written by its decorator, in no file.
            parts += [method] if Path(method.__code__.co_filename).parent in ours else []
        elif isinstance(value, PLAIN) and not name.startswith("__"):
            parts += [name, value]
    return parts


def _is_ours(found: type, ours: frozenset[Path]) -> bool:
    module = sys.modules.get(found.__module__)
    return Path(getattr(module, "__file__", None) or "").parent in ours


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
