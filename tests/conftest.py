"""What every test shares: what needs a GPU or a module that is not here is skipped, with the reason."""

import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import hypothesis
import pytest

from bench_lib.devices.host import usable_threads
from tests.support.extras import EXTRAS, reason

# Tests that start pytest start one that measures: it must not take itself for a worker of pytest-xdist.
os.environ.pop("PYTEST_XDIST_WORKER", None)

# Two processes share the cores: threads that have nothing to do sleep at once, in place of spinning in another's time.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

# How long an example takes says nothing about the code on a machine that is shared.
hypothesis.settings.register_profile("crossover", deadline=None)
hypothesis.settings.load_profile("crossover")


MAX_PROCESSES = 8  # each takes half a gigabyte, and the longest file of tests sets when all end


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start as many processes as there are cores for this one, and not as many as the machine has."""
    threads = usable_threads()
    return min(threads.affinity, max(1, int(threads.quota or threads.affinity)), MAX_PROCESSES)


class Module(pytest.Module):
    """A file of tests, which is skipped where it imports a module that may be missing."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        try:
            return super().collect()
        except self.CollectError as error:
            missing = str(getattr(error.__cause__, "name", "")).partition(".")[0]
            if missing in EXTRAS:
                pytest.skip(reason(missing), allow_module_level=True)
            raise


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Module:
    return Module.from_parent(parent, path=module_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with slow files, so that all processes end together, and skip ``cuda`` tests without a GPU."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)
    needs_gpu = [item for item in items if item.get_closest_marker("cuda")]
    if not needs_gpu:
        return  # and torch is not imported
    reason = _why_no_gpu()
    if reason:
        for item in needs_gpu:
            item.add_marker(pytest.mark.skip(reason=reason))


def _why_no_gpu() -> str:
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return ""
    said = "".join(f" ({warning.message})" for warning in caught)
    return f"needs an NVIDIA GPU, and torch {torch.__version__} finds none{said}"
