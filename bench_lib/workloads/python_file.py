"""A Python file of the user's, run as a module of its own. The file's errors become one sentence with its own line."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import re
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.workloads.source_location import Origin, sentence

PREFIX: Final = "user_file"


def load_file(path: Path) -> ModuleType:
    """Run a file and return its module; files beside it can be imported while it runs.

    Parameters
    ----------
    path
        Absolute.

    Raises
    ------
    UsageError
        If it is not there or raises, with one sentence that names its line.
    """
    if not path.is_file():
        msg = f"{path.name}: there is no such file: name a Python file"
        raise UsageError(msg)
    _give_way(path.parent)
    name = f"{PREFIX}_{len(_loaded())}_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path, loader=SourceFileLoader(name, str(path)))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import would: dataclasses and torch look modules up by their name
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(path.parent))
    try:
        # Not through the loader, which would take a file that was edited within the same second from its cache.
        exec(compile(path.read_bytes(), path, "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as err:  # whatever the file does wrong, other files are still measured
        del sys.modules[name]
        raise UsageError(sentence(err, Origin(file=path))) from err
    finally:
        sys.dont_write_bytecode = writes
        with contextlib.suppress(ValueError):  # the file may have taken it away itself
            sys.path.remove(str(path.parent))
    return module


def line_of_declaration(path: Path, name: str) -> int | None:
    """Return the line of the function of that name in a file, or of the call that is given the name; None without.

    A call that is given it as ``name="..."`` comes before one that is given it in another way, and the last before
    earlier ones.
    """
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    functions = [node.lineno for node in nodes if isinstance(node, ast.FunctionDef) and node.name == name]
    named = [call.lineno for call in calls if any(_is(one.value, name) for one in call.keywords if one.arg == "name")]
    given = [call.lineno for call in calls if any(_is(argument, name) for argument in call.args)]
    lines = functions or named or given
    return max(lines) if lines else None


def _is(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _loaded() -> list[ModuleType]:
    return [module for name, module in sys.modules.items() if name.startswith(f"{PREFIX}_")]


def _give_way(folder: Path) -> None:
    """Let go of helper modules that an earlier file had beside it, where this one has others of the same name."""
    others = {_file(module).parent for module in _loaded()} - {folder}
    for name, module in list(sys.modules.items()) if others else ():
        if _file(module).parent in others and (folder / f"{name}.py").is_file():
            del sys.modules[name]


def _file(module: ModuleType) -> Path:
    return Path(vars(module).get("__file__") or "")
