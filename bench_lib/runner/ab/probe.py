"""What a side's interpreter has, looked at before anything is measured with it: one sentence says what is missing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.records.sanitize import scrub
from bench_lib.runner.ab.sides import Side

PROBE_SECONDS: Final = 60.0
PACKAGES: Final = {
    "bench_lib": "tensor-crossover",
    "torch": "torch",
    "pytest": "pytest",
    "pytest_benchmark": "pytest-benchmark",
}
"""What has to be installed for each module that is needed."""

FOR_WORKERS: Final = ("bench_lib", "torch")
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
print(json.dumps({
    "missing": [name for name in modules if find_spec(name) is None],
    "versions": {"python": platform.python_version(), **{name: version_of(name) for name in packages}},
}))
"""


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
    if answer["missing"]:
        lacks = [PACKAGES[name] for name in answer["missing"]]
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
