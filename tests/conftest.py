"""What every test shares: tests that need an NVIDIA GPU are skipped where there is none, with the reason."""

import os
import warnings

import hypothesis
import pytest

# Tests that start pytest start one that measures: it must not take itself for a worker of pytest-xdist.
os.environ.pop("PYTEST_XDIST_WORKER", None)

# How long an example takes says nothing about the code on a machine that is shared.
hypothesis.settings.register_profile("crossover", deadline=None)
hypothesis.settings.load_profile("crossover")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip ``cuda`` tests without a GPU. torch is imported only if one of them was asked for."""
    needs_gpu = [item for item in items if item.get_closest_marker("cuda")]
    if not needs_gpu:
        return
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
