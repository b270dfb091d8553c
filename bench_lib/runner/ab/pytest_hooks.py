"""A plugin that pytest takes in where it measures a side: which tests run, and what became of each.

It is copied beside the tests, whose interpreter may lack this package: it imports the standard library and pytest only.
The folder that :data:`FOLDER` names holds ``wanted.json``, a list of node ids, or null for all; the answer is
``outcomes.json``.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

FOLDER: Final = "CROSSOVER_AB_FOLDER"

MEASURING: Final[dict[str, Any]] = {
    "benchmark_skip": False,
    "benchmark_disable": False,
    "benchmark_autosave": False,
    "benchmark_save": None,
    "benchmark_compare": None,
    "benchmark_compare_fail": None,
    "benchmark_histogram": None,
    "benchmark_cprofile": None,
    "maxfail": 0,
    "numprocesses": None,
    "dist": "no",
    "tx": [],
}
"""Options that a project may have set for its own purposes, and that would keep its tests from measuring, or from
measuring undisturbed: pytest-benchmark's, pytest's, and those of pytest-xdist."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the options that measure, before others read them, and listen."""
    for name, value in MEASURING.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    config.pluginmanager.register(Listener(Path(os.environ[FOLDER])))


class Listener:
    """Runs the wanted tests only, and writes what became of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._failed: dict[str, str] = {}
        self._skipped: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what is not wanted."""
        wanted = json.loads((self._folder / "wanted.json").read_text(encoding="utf-8"))
        if wanted is not None:
            names = set(wanted)
            config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in names])
            items[:] = [item for item in items if item.nodeid in names]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a step of a test took, and why it did not end well."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._failed.setdefault(report.nodeid, _reason(report.longrepr))
        elif report.skipped:
            self._skipped.setdefault(report.nodeid, _reason(report.longrepr))

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        outcomes = {"seconds": self._seconds, "failed": self._failed, "skipped": self._skipped}
        (self._folder / "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")


def _reason(longrepr: Any) -> str:
    """Return in a line why a test failed or was skipped."""
    if isinstance(longrepr, tuple):
        return str(longrepr[-1])
    crash = getattr(longrepr, "reprcrash", None)
    lines = str(getattr(crash, "message", longrepr)).strip().splitlines()
    return lines[0] if lines else ""
