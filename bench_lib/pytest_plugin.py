"""The name that conftest files load: see :mod:`bench_lib.plugins.pytest.plugin`."""

from bench_lib.plugins.pytest.plugin import *  # noqa: F403  # pytest looks for hooks and fixtures by name
