"""Workloads that are not built in: from a file, from a module's ``make``, from an installed package.

A source is loaded whole or not at all: what is wrong with it is one sentence, with the file's own line, and costs only
its own cases.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Final

import torch

from bench_lib.errors import UsageError
from bench_lib.records.messages import GROUP, Source
from bench_lib.records.run import WorkloadRecord
from bench_lib.records.sanitize import scrub
from bench_lib.workloads.base import Workload
from bench_lib.workloads.checks import fault
from bench_lib.workloads.model import name_of, workloads
from bench_lib.workloads.source_location import Origin, sentence


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A workload that is not built in, and where it comes from."""

    workload: Workload
    origin: Origin

    def record(self) -> WorkloadRecord:
        """Return what a result file says of it."""
        return self.workload.record(beside=self.origin.folder)


def load(source: Source, *, taken: Collection[str], seed: int) -> tuple[Loaded, ...]:
    """Return the workloads of a source, in the order that it declares them.

    Parameters
    ----------
    taken
        Names that other workloads have already.
    seed
        What a module's weights are drawn from.

    Raises
    ------
    UsageError
        If it cannot be loaded, declares no workload, or one that cannot be measured.
    """
    names = set(taken)
    loaded = []
    with _torch_left_as_it_was():
        declared = tuple(LOADERS[source.kind](source.place, seed))
    for one in declared:
        _require_sound(one)
        if one.workload.name in names:
            msg = f"{one.origin}: another workload is called {one.workload.name!r} already: choose another name"
            raise UsageError(msg)
        names.add(one.workload.name)
        loaded.append(replace(one, workload=_without_paths(one.workload)))
    if not loaded:
        msg = f"{source.name}: declares no Workload: name one, or a tuple of them, at the top level"
        raise UsageError(msg)
    return tuple(loaded)


@contextmanager
def _torch_left_as_it_was() -> Iterator[None]:
    """Undo what a file sets of torch for the whole process, which would change how all other cases are measured."""
    dtype, is_recording = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        yield
    finally:
        torch.set_default_device(None)  # not the one before: any default device, the CPU too, slows every call down
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(is_recording)
        torch.set_float32_matmul_precision("highest")  # the precision of each case is then set by its dtype


def _from_file(place: str, seed: int) -> Iterator[Loaded]:
    del seed
    path = Path(place)
    for workload in _workloads_among(vars(load_file(path)).values()):
        yield Loaded(workload=workload, origin=Origin(file=path, line=line_of_declaration(path, workload.name)))


def _from_model(place: str, seed: int) -> Iterator[Loaded]:
    file, _, function = place.rpartition(":")
    path = Path(file)
    make = getattr(load_file(path), function, None)
    if not callable(make):
        msg = f"{path.name}: has no function {function!r}: name one that returns a module and its example inputs"
        raise UsageError(msg)
    origin = Origin(file=path, line=line_of_declaration(path, function))
    try:
        found = workloads(make, name_of(function, path.stem), seed)
    except (Exception, SystemExit) as err:  # the function is the user's: anything may come
        raise UsageError(sentence(err, origin)) from err
    yield from (Loaded(workload=workload, origin=origin) for workload in found)


def _from_package(place: str, seed: int) -> Iterator[Loaded]:
    name, value = place.split(" = ", 1)
    del seed
    entry = EntryPoint(name=name, value=value, group=GROUP)
    try:
        found = entry.load()
    except (Exception, SystemExit) as err:  # so is the package
        msg = f"package {name}: {sentence(err, Origin(file=_file_of(entry.module.partition('.')[0])))}"
        raise UsageError(msg) from err
    origin = Origin(file=_file_of(entry.module))
    yield from (Loaded(workload=workload, origin=origin) for workload in _workloads_among([found]))


LOADERS: Final[dict[str, Callable[[str, int], Iterator[Loaded]]]] = {
    "workloads": _from_file,
    "model": _from_model,
    "package": _from_package,
}


def _file_of(module: str) -> Path:
    """Return the file of a module that is loaded or, at the top level, can be found."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin if spec and spec.origin else module)


def _workloads_among(values: Iterable[object]) -> Iterator[Workload]:
    """Yield the workloads among values, and in the tuples and lists among them, each once."""
    seen: set[int] = set()
    for value in list(values):
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, Workload) and id(one) not in seen:
                seen.add(id(one))
                yield one


def _without_paths(workload: Workload) -> Workload:
    """Return a workload whose texts are fit for a record."""
    family, expression, size = scrub(workload.family), scrub(workload.expression), scrub(workload.size)
    return replace(workload, family=family, expression=expression, size=size)


def _require_sound(loaded: Loaded) -> None:
    try:
        wrong = fault(loaded.workload)
        loaded.record()
    except Exception as err:  # its functions of work are the user's too, and all that they reach
        raise UsageError(sentence(err, loaded.origin)) from err
    if wrong:
        msg = f"{loaded.origin}: {wrong}"
        raise UsageError(scrub(msg))


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
