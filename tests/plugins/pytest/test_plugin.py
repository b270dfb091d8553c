"""The plugin for pytest-benchmark: what a test asks for is what is measured, written down, and read back."""

import dataclasses
import gc
import json
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bench_lib.devices.device import Device, discover, machine_name
from bench_lib.devices.host import usable_threads
from bench_lib.errors import UsageError
from bench_lib.plugins.pytest import bench as pytest_bench
from bench_lib.plugins.pytest import cases, plugin
from bench_lib.plugins.pytest.bench import Bench
from bench_lib.plugins.pytest.cases import Asked, asked_for
from bench_lib.records.case import Case, PlannedCase, Timing
from bench_lib.records.foreign.pytest_header import NO_ROUNDS
from bench_lib.records.recording import Recording
from bench_lib.records.run import WorkloadRecord
from bench_lib.records.storage import load
from bench_lib.workloads import ALL, find
from bench_lib.workloads.accuracy import Accuracy
from tests.support.extras import needs
from tests.support.fakes import FakeDevice

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[3]
SHORT = (
    "--benchmark-max-time=0.001",
    "--benchmark-min-rounds=3",
    "--benchmark-json=out.json",
    "-p",
    "no:cacheprovider",
)
GPU = Device(key="cuda:0", kind="cuda", name="Example GPU X1")

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Return what runs a file of tests with the plugin, in this process and briefly."""
    monkeypatch.setattr(pytest_bench, "BRING_UP_SECONDS", 0.0)
    pytester.makeconftest('pytest_plugins = ["bench_lib.pytest_plugin"]')

    def run(tests: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(f"import pytest\nfrom bench_lib.pytest_plugin import cases\n{tests}")
        return pytester.runpytest_inprocess(*SHORT, *options)

    return run


def read(pytester: pytest.Pytester) -> Recording:
    return load(pytester.path / "out.json")


def written(pytester: pytest.Pytester) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((pytester.path / "out.json").read_text())
    return document


MATMUL = """
@cases("matmul", n=(8, 16), devices=("numpy", "cpu"))
def test_matmul(crossover, case):
    crossover.measure(case)
"""

ADD = """
@cases("add", n={n})
def test_add(crossover, case):
    crossover.measure(case)
"""
PLAIN = """
def test_plain(benchmark):
    benchmark(dict)
"""


def test_a_case_is_measured_and_read_back_as_that_case(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(MATMUL).assert_outcomes(passed=4)
    recording = read(pytester)
    expected = [Case(workload="matmul", n=n, dtype="float32", device=key) for n in (8, 16) for key in ("numpy", "cpu")]
    assert [planned.case for planned in recording.plan] == expected
    assert [(planned.flop, planned.nbytes) for planned in recording.plan][::2] == [(1024.0, 768), (8192.0, 3072)]
    assert recording.run.workloads == (find("matmul").record(),)
    for sample in recording.samples:
        assert (sample.status, len(sample.seconds) >= 3) == ("ok", True)
        assert sample.relative_error is not None
        assert sample.error_bound is not None
        assert 0 <= sample.relative_error <= sample.error_bound


def test_the_file_says_where_and_with_what_it_was_measured(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(MATMUL)
    recording = read(pytester)
    here = {device.key: device.record() for device in discover()}
    assert recording.problems == (NO_ROUNDS,)
    assert recording.run.machine == machine_name(discover())
    assert recording.run.devices == (here["numpy"], here["cpu"])
    assert recording.run.software["torch"] == torch.__version__
    assert recording.run.software["pytest-benchmark"]
    assert recording.run.precision["cuda_matmul_fp32"] == "ieee"
    assert recording.run.host["threads_usable"] == usable_threads().count
    assert recording.run.settings["timer"] == "crossover"


def test_no_host_no_folder_and_no_object_stands_in_the_file(
    suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "node", lambda: "host-of-someone")
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-kernel-of-someone")
    suite(MATMUL)
    text = (pytester.path / "out.json").read_text()
    for private in ("of-someone", str(pytester.path), pytester.path.name, "UNSERIALIZABLE", "object at 0x"):
        assert private not in text
    document = written(pytester)
    assert "node" not in document["machine_info"]
    assert document["machine_info"]["release"] == "6.1.0"
    assert document["benchmarks"][0]["params"] == {
        "device": "numpy", "dtype": "float32", "n": 8, "residency": "resident", "timing": "latency"
    }  # fmt: skip


def test_the_devices_of_an_operation_at_a_size_are_one_table(suite: Suite, pytester: pytest.Pytester) -> None:
    said = suite(MATMUL)
    said.stdout.fnmatch_lines(["*benchmark 'a @ b float32 n=16': 2 tests*", "*test_matmul?16-float32-*"])
    assert [one["group"] for one in written(pytester)["benchmarks"]].count("a @ b float32 n=8") == 2


def test_a_call_of_ones_own_is_measured_and_its_result_returned(suite: Suite, pytester: pytest.Pytester) -> None:
    result = suite(
        """
def test_mine(crossover):
    said = crossover.measure_call(lambda: 7, workload="my_model", n=3, expression="model(x)", flop=2.0, nbytes=8)
    assert said == 7
"""
    )
    result.assert_outcomes(passed=1)
    recording = read(pytester)
    planned = PlannedCase(case=Case(workload="my_model", n=3, dtype="float32", device="cpu"), flop=2.0, nbytes=8)
    assert recording.plan == (planned,)
    assert recording.run.workloads == (
        WorkloadRecord(name="my_model", family="pytest-benchmark", expression="model(x)"),
    )
    assert recording.run.devices[0].threads == usable_threads().count


def test_a_device_that_is_not_here_is_skipped_with_the_reason(suite: Suite, pytester: pytest.Pytester) -> None:
    result = suite(
        """
@cases("matmul", n=8, devices=("cpu", "cuda:93"))
def test_matmul(crossover, case):
    crossover.measure(case)

def test_mine(crossover):
    crossover.measure_call(dict, workload="mine", device="cuda:93")
""",
        "-rs",
    )
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*no device cuda:93 on this machine*"])
    assert [planned.case.device for planned in read(pytester).plan] == ["cpu"]


def test_a_wrong_result_fails_and_has_no_time(
    suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = find("add")

    def make_wrong(setting: Any) -> Any:
        return dataclasses.replace(add.make(setting), check=lambda: Accuracy(error=0.5, bound=1e-6))

    monkeypatch.setattr(cases, "find", lambda _: dataclasses.replace(add, make=make_wrong))
    result = suite(PLAIN + ADD.format(n=8))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*add: relative error 0.5 against the float64 reference, where 1e-06 is allowed*"])
    assert [one["name"] for one in written(pytester)["benchmarks"]] == ["test_plain"]


def test_a_case_that_does_not_fit_is_skipped(suite: Suite) -> None:
    result = suite(PLAIN + ADD.format(n=2**50), "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*needs about * of memory on cpu*"])


def test_where_pytest_benchmark_is_switched_off_a_case_is_checked_and_not_measured(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pytest-benchmark 4 opens the file, and leaves it at that
        suite(MATMUL, "--benchmark-disable").assert_outcomes(passed=4)
        gc.collect()
    out = pytester.path / "out.json"
    assert not out.exists() or not out.stat().st_size


def test_options_and_markers_of_pytest_benchmark_count_but_the_timer_waits(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(
        """
@pytest.mark.benchmark(min_rounds=9, disable_gc=False, timer=pytest)
@cases("add", n=8)
def test_add(crossover, case):
    crossover.measure(case)
""",
        "--benchmark-min-time=0.0005",
    ).assert_outcomes(passed=1)
    (one,) = written(pytester)["benchmarks"]
    options = one["options"]
    assert {key: options[key] for key in ("min_rounds", "min_time", "max_time", "disable_gc", "timer")} == {
        "min_rounds": 9, "min_time": 0.0005, "max_time": 0.001, "disable_gc": False, "timer": "crossover"
    }  # fmt: skip
    assert one["stats"]["rounds"] >= 9


def test_other_tests_of_the_suite_keep_their_own_timer(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(PLAIN).assert_outcomes(passed=1)
    assert written(pytester)["benchmarks"][0]["options"]["timer"] != "crossover"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"workload": "no_such"}, "no workload is called 'no_such'"),
        ({"timing": "device"}, "pytest-benchmark can time latency and throughput; came 'device'"),
        ({"dtypes": ("tf32",)}, "matmul does not exist in tf32 on cpu"),
        ({"workload": "matmul_backward", "devices": ("numpy",)}, "matmul_backward does not exist in float32 on numpy"),
        ({"timing": "throughput"}, "matmul has on cpu one timing"),
        ({"residency": "roundtrip"}, "matmul has on cpu one timing"),
        ({"workload": "create_from_list", "devices": ("gpu",), "timing": "throughput"}, "has no throughput"),
        ({"workload": "create_zeros", "devices": ("gpu",), "residency": "roundtrip"}, "not timed with its copies"),
    ],
)
def test_what_cannot_be_measured_is_refused_where_it_is_asked_for(wanted: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        plugin.cases(wanted.pop("workload", "matmul"), n=8, **wanted)


def cases_on_gpu() -> list[str]:
    wanted = {"n": (64,), "devices": ("gpu",), "dtypes": ("float32",), "residency": "resident"}
    asked: tuple[Asked, ...] = asked_for("matmul", timing="throughput", **wanted)  # type: ignore[arg-type]
    return [one.id for one in asked]


def test_gpu_is_the_one_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "_gpu", lambda: "")
    assert cases_on_gpu() == ["64-float32-gpu-throughput"]
    monkeypatch.setattr(cases, "_gpu", lambda: "mps")
    assert cases_on_gpu() == ["64-float32-mps-throughput"]


@pytest.mark.parametrize(("timing", "waits"), [("latency", 4), ("throughput", 1)])
def test_the_device_is_waited_for_as_the_timing_says(
    timing: Timing, waits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeDevice()
    monkeypatch.setattr(pytest_bench, "waiter", lambda _: fake.wait)
    monkeypatch.setattr(pytest_bench, "activate", lambda device, dtype: None)
    monkeypatch.setattr(pytest_bench.time, "perf_counter", lambda: fake.now() * 1e-9)
    bench = Bench(devices=(GPU,))
    planned = PlannedCase(
        case=Case(workload="mine", n=1, dtype="float32", device="cuda:0", timing=timing), flop=0, nbytes=0
    )
    record = WorkloadRecord(name="mine", family="mine", expression="mine")
    ready = bench.prepare_call(fake.kernel(1e-3), planned, record, warm=False)
    start = bench.timer()
    fake.waits = 0
    for _ in range(3):
        ready.call()
    seconds = bench.timer() - start
    assert fake.waits == waits
    assert 3e-3 < seconds < 3.1e-3  # made-up time


def test_on_a_host_nothing_is_waited_for() -> None:
    bench = Bench()
    record = WorkloadRecord(name="mine", family="mine", expression="mine")
    planned = PlannedCase(case=Case(workload="mine", n=1, dtype="float32", device="cpu"), flop=0, nbytes=0)
    assert bench.prepare_call(dict, planned, record, warm=False).call is dict
    assert bench.timer.wait is None


def test_numpy_is_given_the_threads_that_it_may_use_before_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    config: Any = None
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "77")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "")
    plugin.pytest_configure(config)
    assert "OMP_NUM_THREADS" not in os.environ  # it is loaded here: too late
    monkeypatch.delitem(sys.modules, "numpy")
    plugin.pytest_configure(config)
    assert os.environ["OMP_NUM_THREADS"] == str(usable_threads().count)
    assert os.environ["MKL_NUM_THREADS"] == "77"
    for name in ("OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        monkeypatch.setenv(name, "")  # so that all are put back as they were


def test_the_example_in_the_documentation_works(suite: Suite, pytester: pytest.Pytester) -> None:
    example = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8").split("```python\n")[2].partition("```")[0]
    assert suite(example, "-k", "layer or 64").ret == 0
    measured = {planned.case for planned in read(pytester).plan}
    assert Case(workload="my_layer", n=64, dtype="float32", device="cpu") in measured
    assert Case(workload="matmul", n=64, dtype="float32", device="cpu") in measured


def test_the_plugin_loads_nothing_heavy_until_a_test_needs_it() -> None:
    code = "import sys, bench_lib.pytest_plugin; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


@needs("asv_runner")
def test_asv_does_not_look_into_what_pytest_benchmark_measures() -> None:
    from asv_runner.discovery import disc_modules

    assert (ROOT / "benchmarks" / "ci" / "test_matmul.py").is_file()
    assert not [module.__name__ for module in disc_modules("benchmarks") if "ci" in module.__name__.split(".")]


@pytest.mark.slow
def test_all_of_benchmarks_ci_is_measured_by_the_command_that_is_documented(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "pytest", "benchmarks/ci", "--benchmark-only", f"--benchmark-json={out}"]
    command += ["--benchmark-max-time=0.001", "--benchmark-min-rounds=3"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    recording = load(out)
    hosts = [planned.case for planned in recording.plan if planned.case.device in ("numpy", "cpu", "cpu-1t")]
    missing = 0 if usable_threads().count > 1 else 6  # where the one thread is all there are
    assert 50 <= len(hosts) + missing <= 60
    assert {workload.family for workload in recording.run.workloads} == {workload.family for workload in ALL}
    assert {sample.status for sample in recording.samples} == {"ok"}
    assert recording.problems == (NO_ROUNDS,)
    assert all(workload.source_sha256 for workload in recording.run.workloads)
