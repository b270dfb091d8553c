"""What is set against what: the interpreter, the checkout and the variables of each side, and what it has installed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bench_lib.devices.host import QUIET
from bench_lib.errors import UsageError
from bench_lib.records.bounds import Facts
from bench_lib.records.checkout import COMMIT
from bench_lib.records.sanitize import scrub

PROBE_SECONDS: Final = 60.0
PACKAGES: Final = {
    "bench_lib": "tensor-crossover",
    "torch": "torch",
    "pytest": "pytest",
    "pytest_benchmark": "pytest-benchmark",
}
"""What has to be installed for each module that is needed."""

PROTOCOL: Final = "bench_lib.records.messages"
"""What a measuring process that is asked as this one asks has."""

FOR_WORKERS: Final = ("bench_lib", "torch", PROTOCOL)
FOR_TESTS: Final = ("pytest", "pytest_benchmark")

# A module may lie in the folder of the checkout, and not be installed, so it is looked for as an import would.
LOOK: Final = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
modules, packages = json.loads(sys.argv[1])
def version_of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
def is_there(name):
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its package is none there
        return False
print(json.dumps({
    "missing": [name for name in modules if not is_there(name)],
    "versions": {"python": platform.python_version(), **{name: version_of(name) for name in packages}},
}))
"""

SideName = Literal["a", "b"]
Compared = Literal["python", "revision", "environment", "nothing"]
"""What differs between the sides on purpose: the interpreter and its packages, the code, variables; or nothing."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two things that are compared.

    Attributes
    ----------
    name
        ``a`` is before, ``b`` is after.
    label
        What a person calls it; never with a folder.
    python
        The interpreter that measures.
    folder
        Where its processes start, in the checkout whose code is measured; None for where the command runs.
    root, here
        The uppermost folder of that checkout, and of the one that the command runs in; None without a folder.
    environment
        Variables that its processes are given.
    commit
        The revision of the checkout, with a ``+`` behind it where it has changes of its own; empty where there is none.
    """

    name: SideName
    label: str
    python: str = sys.executable
    folder: Path | None = None
    root: Path | None = None
    here: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""

    def variables(self) -> dict[str, str]:
        """Return the variables that its processes are given: its checkout is imported before what is installed."""
        if self.folder is None or self.root is None:
            return dict(self.environment)
        given = self.environment.get("PYTHONPATH") or os.environ.get("PYTHONPATH")
        folders = dict.fromkeys(
            [self.folder / "src", self.folder, self.root / "src", self.root]  # that of a part before that of the whole
        )
        path = [str(folder) for folder in folders if folder.is_dir()] + ([given] if given else [])
        return dict(self.environment) | {"PYTHONPATH": os.pathsep.join(path)}

    def whole_environment(self) -> dict[str, str]:
        """Return all variables of a process, those that it inherits included."""
        return QUIET | os.environ | self.variables()

    def place_of(self, file: Path) -> Path:
        """Return where a file of the present checkout lies in that of this side; one from elsewhere stays there."""
        if self.root is None or self.here is None:
            return file
        whole = file.resolve()
        return self.root / whole.relative_to(self.here) if whole.is_relative_to(self.here) else whole

    def settings(self, pair: str, compared: Compared) -> Facts:
        """Return what the header of its file says of it."""
        names = ", ".join(scrub(f"{key}={value}") for key, value in self.environment.items())
        facts: Facts = {"compared": compared, "pair": pair, "side": self.name, "label": self.label}
        if self.commit:
            facts[COMMIT] = self.commit
        if names:
            facts["environment"] = names
        return facts


def look_at(side: Side, modules: Sequence[str]) -> dict[str, str]:
    """Return the versions of Python and torch that a side has; empty of what is not installed.

    Parameters
    ----------
    modules
        That it must be able to import.

    Raises
    ------
    UsageError
        If there is no such interpreter, or it lacks one of them.
    """
    question = json.dumps([list(modules), ["torch"]])
    option = f"--python-{side.name}"
    try:
        done = subprocess.run(
            [side.python, "-c", LOOK, question],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=True,
            env=side.whole_environment(),
            cwd=side.folder,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as err:
        msg = f"{option} takes a Python interpreter that works; this one does not: {_why(err)}"
        raise UsageError(msg) from err
    if answer["missing"] == [PROTOCOL]:
        msg = (
            f"side {side.name.upper()} ({side.label}) has an older Crossover, whose measuring process does not "
            "understand this one: give it the same Crossover, or compare the two by tests, with --pytest"
        )
        raise UsageError(msg)
    if answer["missing"]:
        lacks = [PACKAGES[name] for name in answer["missing"] if name != PROTOCOL]
        msg = (
            f"the interpreter of side {side.name.upper()} ({side.label}) lacks {' and '.join(lacks)}: install it there "
            f"with its own python -m pip install {' '.join(lacks)}, or name another interpreter with {option}"
        )
        raise UsageError(msg)
    versions: dict[str, str] = answer["versions"]
    return versions


def _why(err: Exception) -> str:
    """Return in a line why an interpreter did not answer."""
    if isinstance(err, subprocess.CalledProcessError):
        said = str(err.stderr).strip().splitlines()
        return scrub(said[-1]) if said else f"it ended with exit code {err.returncode}"
    if isinstance(err, subprocess.TimeoutExpired):
        return f"it did not answer within {PROBE_SECONDS:.0f} s"
    return scrub(str(err)) if isinstance(err, OSError) else "it printed something else than was asked"
