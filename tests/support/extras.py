"""What tests need and a machine may lack: such tests are collected, and skipped with the reason."""

from importlib.util import find_spec

import pytest

EXTRAS = {
    "asv": "of Crossover itself",
    "asv_runner": "of Crossover itself",
    "axe_playwright_python": "of the extra test",
    "hatchling": "of the extra test",
    "ipykernel": "of the extra notebooks",
    "jsonschema": "of the extra test",
    "material": "of the extra docs",
    "mkdocs": "of the extra docs",
    "nbclient": "of the extra notebooks",
    "nbformat": "of the extra notebooks",
    "otava": "see docs/history.md",
    "playwright": "of the extra test",
    "pyarrow": "of the extra parquet",
    "yaml": "which comes with the extra docs",
}
"""Modules that may be missing, and where they come from."""


def reason(module: str) -> str:
    """Return why a test is skipped that needs a module."""
    return f"needs {module}, {EXTRAS[module]}"


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip a test where one of these modules is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=reason(missing[0]) if missing else "")
