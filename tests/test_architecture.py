"""The sentences of docs/architecture.md about who may import whom, kept true by reading every import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

PACKAGE = "bench_lib"
ROOT = Path(__file__).parent.parent

# Which module belongs where, by its name below the package. Every module must be in exactly one group.
MAP = {
    "left": """
        ab ab.* asv_device asv_plugin beginning ceiling_* ceilings clock costs crew device_memory devices doctor
        doctor.* energy energy_phase examination gaps host host_memory inputs ledger measure observer pace passes plan
        process pytest_* ratios refine request runner schedule selection sitting software sources telemetry visitor
        worker workloads workloads.*
    """,
    "right": """
        advice_words advise analysis analysis.* answer answer.* asv_report columns comparison comparison.* curves
        evidence export.as_asv export.as_csv export.as_json export.as_parquet export.asv_numbers export.columns_page
        export.fields export.tables figures figures.* frame history history.* layout page page.* stats summary theme
        validation winners
    """,
    "waist": """
        asv_results asv_rows cases checkout environment errors export export.as_pytest_benchmark export.asv_benchmarks
        export.asv_place export.files foreign foreign_header header lines machine_sheet parameters prices reading
        records reference result_files samples schema storage store strict text units verdicts
    """,
    "top": "__init__ __main__ cli cli_* library terminal",
}
GROUPS = {group: names.split() for group, names in MAP.items()}

DRAWING = {"jinja2", "matplotlib", "pandas", "scipy"}
HEAVY = DRAWING | {"numpy", "torch"}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "__init__"


def _group(name: str) -> str:
    groups = [group for group, patterns in GROUPS.items() if any(fnmatchcase(name, pattern) for pattern in patterns)]
    assert len(groups) == 1, (
        f"bench_lib.{name} must be in exactly one group of tests/test_architecture.py; is in {groups}"
    )
    return groups[0]


MODULES = {_name(path): path for path in sorted((ROOT / PACKAGE).rglob("*.py"))}
OURS = frozenset(f"{PACKAGE}.{name}" for name in MODULES)


def _members(*groups: str) -> list[str]:
    return [
        name for name in MODULES if any(fnmatchcase(name, pattern) for group in groups for pattern in GROUPS[group])
    ]


def _tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def _imported(name: str, *, top_only: bool = False) -> set[str]:
    """Return the full names of all that a module imports, inside functions too unless ``top_only``."""
    tree = _tree(name)
    nodes = _top_level(tree) if top_only else ast.walk(tree)
    return {imported for node in nodes for imported in _names_of(node, name)}


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: not what stands in functions, nor what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not is_for_types and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _top_level(child)


def _names_of(node: ast.AST, importer: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, importer)
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            yield whole if whole in OURS else base
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def _absolute(node: ast.ImportFrom, importer: str) -> str:
    if not node.level:
        return node.module or ""
    here = [PACKAGE, *importer.split(".")]
    steps = node.level - (MODULES[importer].stem == "__init__" and importer != "__init__")
    return ".".join([*here[: len(here) - steps], *([node.module] if node.module else [])])


def _roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def _groups_of(names: set[str]) -> set[str]:
    return {_group(name.removeprefix(f"{PACKAGE}.")) for name in names if name in OURS}


def _child(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_place_in_the_map_and_a_docstring(name: str) -> None:
    assert _group(name)
    assert ast.get_docstring(_tree(name)), f"bench_lib.{name} must open with what it is for"


@pytest.mark.parametrize("name", _members("left"))
def test_the_half_that_measures_draws_nothing_and_knows_nothing_of_the_other(name: str) -> None:
    imported = _imported(name)
    assert not _roots(imported) & DRAWING
    assert _groups_of(imported) <= {"left", "waist"}


@pytest.mark.parametrize("name", _members("right"))
def test_the_half_that_draws_needs_no_torch_and_knows_nothing_of_the_other(name: str) -> None:
    imported = _imported(name)
    assert "torch" not in _roots(imported)
    assert _groups_of(imported) <= {"right", "waist"}


@pytest.mark.parametrize("name", _members("waist"))
def test_the_waist_needs_the_standard_library_and_itself_only(name: str) -> None:
    imported = _imported(name)
    assert _roots(imported) <= sys.stdlib_module_names | {PACKAGE}
    assert _groups_of(imported) <= {"waist"}


@pytest.mark.parametrize("name", _members("top"))
def test_the_top_imports_nothing_heavy_until_a_verb_needs_it(name: str) -> None:
    imported = _imported(name, top_only=True)
    assert not _roots(imported) & HEAVY
    assert _groups_of(imported) <= {"top", "waist"}


def test_measure_is_given_its_clock_and_has_no_torch_of_its_own() -> None:
    assert "torch" not in _roots(_imported("measure"))


@pytest.mark.parametrize("name", [name for name in MODULES if not fnmatchcase(name, "cli*")])
def test_only_the_command_line_prints(name: str) -> None:
    calls = [node for node in ast.walk(_tree(name)) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"] == []


def test_the_right_half_and_measure_can_be_imported_where_torch_is_not_installed() -> None:
    names = [f"{PACKAGE}.{name}" for name in [*_members("right", "waist"), "measure"]]
    _child(f"import importlib, sys; sys.modules['torch'] = None; [importlib.import_module(n) for n in {names!r}]")


def test_importing_the_package_and_its_command_loads_nothing_heavy() -> None:
    names = [
        name for name in (PACKAGE, *(f"{PACKAGE}.{top}" for top in _members("top") if top not in ("", "__main__")))
    ]
    loaded = _child(f"import importlib, sys; [importlib.import_module(n) for n in {names!r}]; print(*sys.modules)")
    assert not set(loaded.split()) & HEAVY


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import torch.nn", {"torch.nn"}),
        ("from bench_lib import records", {"bench_lib.records"}),
        ("from .base import Workload", {"bench_lib.workloads.base"}),
        ("from ..records import Case", {"bench_lib.records"}),
        ("def f():\n    import pandas", {"pandas"}),
        ("importlib.import_module('scipy.stats')", {"scipy.stats"}),
    ],
)
def test_the_reader_of_imports_sees_each_way_to_import(
    statement: str, expected: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "matmul.py"
    path.write_text(statement)
    monkeypatch.setitem(MODULES, "workloads.matmul", path)
    assert _imported("workloads.matmul") == expected


def test_a_module_in_no_group_is_refused() -> None:
    with pytest.raises(AssertionError, match="exactly one group"):
        _group("miscellany")
