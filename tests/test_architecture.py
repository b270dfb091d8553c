"""The hourglass, as folders: which room of the package may import what. Nobody edits this when a file is added."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bench_lib"

UPPER = ("devices", "workloads", "measure", "runner")
WAIST = ("records", "errors", "units")
LOWER = ("analysis", "report", "export")
BOTH = ("cli", "plugins", "api")  # they see both halves, and bring each in where it is needed
ROOMS = (*UPPER, *WAIST, *LOWER, *BOTH)
STABLE_NAMES = ("asv_device", "asv_plugin", "asv_report", "pytest_plugin")  # users' files say them

MAY_IMPORT = {
    "errors": (),
    "units": (),
    "records": WAIST,
    "devices": ("devices", *WAIST),
    "workloads": ("devices", "workloads", *WAIST),
    "measure": ("devices", "workloads", "measure", *WAIST),
    "runner": ("devices", "runner", *WAIST),  # of devices only what needs no torch: the host
    "analysis": ("analysis", *WAIST),
    "report": ("analysis", "report", *WAIST),
    "export": ("analysis", "export", *WAIST),
    "api": (*LOWER, *WAIST),
    "plugins": ROOMS,
    "cli": ROOMS,
    **dict.fromkeys(STABLE_NAMES, ("plugins",)),
    "__init__": ("api",),
    "__main__": ("cli",),
}
HOMES = {
    "torch": ("devices", "workloads", "measure"),
    "pandas": ("analysis", "report", "export", "api"),
    "scipy": ("analysis", "export", "records"),
    "matplotlib": ("report",),
    "jinja2": ("report",),
    "typer": ("cli",),
}
HEAVY = ("torch", "pandas", "matplotlib", "scipy")

FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the folder below the package that a file is in, or its own name where it is in none."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full name of all that a file imports, in functions and for types too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: an import names its module in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_the_package_has_ten_rooms_and_nothing_lies_beside_them() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    files = {path.stem for path in PACKAGE.iterdir() if path.is_file()}
    assert folders == {"cli", "plugins", *UPPER, "records", *LOWER}
    assert files == {"__init__", "__main__", "py", "api", "errors", "units", *STABLE_NAMES}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_room_imports_only_the_rooms_that_data_comes_from(path: Path) -> None:
    parts = [name.split(".") for name in imports_of(path) if name.startswith("bench_lib.")]
    rooms = {part[1] for part in parts} - {"__version__"}
    assert rooms <= {*MAY_IMPORT[room_of(path)]}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_heavy_library_stays_in_its_rooms(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imports_of(path)}
    astray = {name for name in roots & HOMES.keys() if room_of(path) not in HOMES[name]}
    assert not astray


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_says_what_it_is_for_and_holds_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= 400


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) != "cli"], ids=named)
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"] == []


def test_the_lower_half_can_be_imported_where_torch_is_not_installed() -> None:
    rooms = {*WAIST, *LOWER, "runner", "cli"}
    names = [_module(path) for path in FILES if room_of(path) in rooms]
    _child(f"import importlib, sys; sys.modules['torch'] = None; [importlib.import_module(n) for n in {names!r}]")


def test_the_command_line_starts_without_anything_heavy() -> None:
    names = ["bench_lib", *(_module(path) for path in FILES if room_of(path) == "cli")]
    loaded = _child(f"import importlib, sys; [importlib.import_module(n) for n in {names!r}]; print(*sys.modules)")
    assert not {*loaded.split()} & {*HEAVY}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _child(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
