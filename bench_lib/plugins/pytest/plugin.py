"""A pytest plugin: pytest-benchmark measures tensor operations with this project's timer, warm-up and checks.

A test suite takes it in with ``pytest_plugins = ["bench_lib.pytest_plugin"]`` in its uppermost ``conftest.py``::

    from bench_lib.pytest_plugin import cases

    @cases("matmul", n=(64, 512), devices=("cpu", "gpu"))
    def test_matmul(crossover, case):
        crossover.measure(case)

    def test_my_model(crossover):
        crossover.measure_call(lambda: model(x), workload="my_model", n=64, device="gpu")

pytest-benchmark's own options mean what they mean there. What is written by ``--benchmark-json`` is read by ``crossover
report``, ``show`` and ``compare``. Nothing heavy is imported until a test needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import pytest

from bench_lib.devices.host import QUIET, host_facts, thread_environment, usable_threads
from bench_lib.errors import DeviceNotFound
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.records.foreign.machine_sheet import KEY
from bench_lib.records.recording import to_object
from bench_lib.records.run import WorkloadRecord

if TYPE_CHECKING:
    from bench_lib.plugins.pytest.bench import Bench
    from bench_lib.plugins.pytest.cases import Asked, Ready
    from bench_lib.workloads.base import Workload

BLOCK_SECONDS: Final = 0.2e-3  # as a visit has it: long enough that reading the clock is nothing of it

R = TypeVar("R")


def cases(
    workload: str | Workload,
    *,
    n: int | Sequence[int],
    devices: Sequence[str] = ("cpu",),
    dtypes: Sequence[str] = ("float32",),
    residency: Residency = "resident",
    timing: Timing = "latency",
) -> pytest.MarkDecorator:
    """Parametrize a test's ``case`` with cases of a workload.

    Parameters
    ----------
    workload
        The name of one of Crossover's (``docs/workloads.md``), or a :class:`bench_lib.workloads.Workload` of your own.
    n
        The size or the sizes, in what the workload counts.
    devices
        ``numpy``, ``cpu``, ``cpu-1t``, ``cuda:0``, ``mps``, ``xpu:0``; ``gpu`` is the one of this machine. The test is
        skipped on those that are not here.
    timing
        ``latency`` or ``throughput``.

    Raises
    ------
    UsageError
        If the workload does not exist, or not in this way.
    """
    from bench_lib.plugins.pytest.cases import asked_for

    sizes = (n,) if isinstance(n, int) else n
    asked = asked_for(workload, n=sizes, devices=devices, dtypes=dtypes, residency=residency, timing=timing)
    return pytest.mark.parametrize("case", [pytest.param(one, id=one.id) for one in asked])


@dataclass(frozen=True, kw_only=True)
class Crossover:
    """What the ``crossover`` fixture gives: one measurement of one test."""

    _benchmark: Any
    _bench: Bench

    def measure(self, case: Asked) -> None:
        """Measure a case that :func:`cases` has named, once its result has been compared with the reference.

        The test is skipped, with the reason, where this machine lacks what the case needs, and fails where the result
        is wrong: then there is no time.
        """
        from bench_lib.measure.visit import what_is_wrong

        try:
            ready = self._bench.prepare(case, warm=self._benchmark.enabled)
        except (DeviceNotFound, NotImplementedError) as err:
            _skip(err)
        if ready.accuracy is not None and not ready.accuracy.ok:
            reason = f"{case.workload.name}: {what_is_wrong(ready.accuracy)}"
            self._benchmark(
                pytest.fail, reason, pytrace=False
            )  # by the fixture, which else complains of not being used
        self._measured(ready)

    def measure_call(
        self,
        call: Callable[[], R],
        *,
        workload: str,
        n: int = 0,
        dtype: str = "float32",
        device: str = "cpu",
        timing: Timing = "latency",
        expression: str = "",
        family: str = "",
        size: str = "",
        flop: float = 0.0,
        nbytes: int = 0,
    ) -> R:
        """Measure a call of your own, and return the result of a last, untimed one, for the test to look at.

        Parameters
        ----------
        call
            Works on ``device``, with inputs that are there already.
        workload, n, dtype
            The name that it gets in results, its size and its dtype; ``tf32`` allows a GPU to round float32 to it.
        expression, family, size
            How it is printed, what it is listed with, and what ``n`` counts.
        flop, nbytes
            The work of one call; 0 where it is not known.

        Raises
        ------
        UsageError
            If ``timing`` is not ``latency`` or ``throughput``; a CPU has only ``latency``.
        """
        from bench_lib.plugins.pytest.cases import key_of, require_timing

        require_timing(timing)
        asked = Case(workload=workload, n=n, dtype=dtype, device=key_of(device), timing=timing)
        record = WorkloadRecord(
            name=workload, family=family or "pytest-benchmark", expression=expression or workload, size=size
        )
        try:
            ready = self._bench.prepare_call(
                call, PlannedCase(case=asked, flop=flop, nbytes=nbytes), record, warm=self._benchmark.enabled
            )
        except DeviceNotFound as err:
            _skip(err)
        self._measured(ready)
        return call()

    def _measured(self, ready: Ready) -> None:
        self._benchmark.group = ready.group
        self._benchmark.params = ready.params  # the test's own may be an object, which is no JSON
        self._benchmark.extra_info.update(ready.extra_info)
        self._benchmark(ready.call)


@pytest.fixture
def crossover(request: pytest.FixtureRequest, benchmark: Any) -> Crossover:
    """Measures a case or a call of one's own, see :class:`Crossover`."""
    return Crossover(_benchmark=benchmark, _bench=_bench_of(request.config))


def pytest_configure(config: pytest.Config) -> None:
    """Tell NumPy's BLAS, which asks once, when it is loaded: how many threads it may use, and when they sleep."""
    del config
    if "numpy" not in sys.modules:
        for name, value in (QUIET | thread_environment(usable_threads().count)).items():
            os.environ.setdefault(name, value)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set the timer that waits for the device, whatever else a marker of the test sets."""
    if "crossover" not in getattr(item, "fixturenames", ()):
        return
    given = item.get_closest_marker("benchmark")
    options: dict[str, Any] = {
        "min_time": max(BLOCK_SECONDS, float(item.config.getoption("benchmark_min_time", BLOCK_SECONDS))),
        "disable_gc": True,
        **(given.kwargs if given else {}),
        "timer": _bench_of(item.config).timer,
    }
    item.add_marker(pytest.mark.benchmark(**options), append=False)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Add devices, versions, threads and flags; take out the host's name, and the name that someone gave its kernel."""
    machine_info.pop("node", None)
    machine_info["release"] = host_facts()["system_release"] or ""
    machine_info[KEY] = to_object(_bench_of(config).sheet())


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_commit_info(config: pytest.Config, commit_info: dict[str, Any]) -> None:
    """Take out the name of the folder, and what git said where there is no repository, which holds paths."""
    del config
    commit_info["project"] = ""
    commit_info.pop("error", None)


_BENCH: Final = pytest.StashKey["Bench"]()


def _bench_of(config: pytest.Config) -> Bench:
    """Return the session's bench, made when it is first asked for: that imports torch."""
    if _BENCH not in config.stash:
        from bench_lib.plugins.pytest.bench import Bench

        config.stash[_BENCH] = Bench()
    return config.stash[_BENCH]


def _skip(err: Exception) -> NoReturn:
    pytest.skip(str(err))
