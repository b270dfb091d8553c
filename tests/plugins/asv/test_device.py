"""The asv benchmark type: what asv asks for is what is measured, and what cannot be measured is skipped or fails."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asv_runner.benchmarks import benchmark_types
from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import disc_benchmarks

from bench_lib.devices import device as devices
from bench_lib.errors import CrossoverError, UsageError
from bench_lib.measure.sampling import Settings
from bench_lib.plugins.asv import device as asv_device
from bench_lib.plugins.asv.device import DeviceBenchmark
from bench_lib.records.case import PlannedCase
from bench_lib.records.sample import Sample
from bench_lib.workloads import ALL, find
from bench_lib.workloads.base import Workload

ROOT = Path(__file__).parents[3]
FAMILIES = tuple(dict.fromkeys(workload.family for workload in ALL))
SMALL = ("cpu", "float32", 16)


class Suite:
    device_matmul = asv_device.benchmark("matmul")


class FakeVisitor:
    """Remembers what was asked, and answers with a sample."""

    asked: dict[str, Any] = {}  # noqa: RUF012
    answer: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, **keywords: Any) -> None:
        type(self).asked = keywords

    def warm(self, key: str, seconds: float) -> None:
        self.asked.update(warmed=key, warm_seconds=seconds)

    def visit(self, planned: PlannedCase, **keywords: Any) -> Sample:
        self.asked.update(keywords, planned=planned)
        return Sample(case=planned.case, round=1, visit=1, **self.answer)


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> type[FakeVisitor]:
    monkeypatch.setattr(FakeVisitor, "answer", {"seconds": (2e-6, 3e-6), "calls": 7})
    monkeypatch.setattr(asv_device, "Visitor", FakeVisitor)
    return FakeVisitor


def made(**attributes: Any) -> DeviceBenchmark:
    """Make the benchmark as asv does, with attributes as ``asv run -a`` sets them: later, before all others."""
    suite = Suite()
    benchmark = DeviceBenchmark("matmul.Suite.device_matmul", suite.device_matmul, [suite.device_matmul, suite])
    benchmark._attr_sources.insert(0, type("Extra", (), attributes))
    return benchmark


def run(*params: Any, **attributes: Any) -> Any:
    benchmark = made(**attributes)
    benchmark._current_params = params
    assert not benchmark.do_setup()
    return benchmark.do_run()


def settings_of(visitor: type[FakeVisitor], **attributes: Any) -> Settings:
    run(*SMALL, **attributes)
    settings = visitor.asked["settings"]
    assert isinstance(settings, Settings)
    return settings


def test_the_times_of_a_visit_are_the_samples_that_asv_gets(visitor: type[FakeVisitor]) -> None:
    assert run(*SMALL) == {"samples": [2e-6, 3e-6], "number": 7}
    assert str(visitor.asked["planned"].case) == "matmul[16] float32 cpu resident latency"
    assert visitor.asked["check"] is True


def test_by_default_a_visit_goes_on_until_its_interval_is_narrow(visitor: type[FakeVisitor]) -> None:
    settings = settings_of(visitor)
    assert (settings.calls, settings.blocks) == (0, 0)
    assert settings.visit_seconds == asv_device.VISIT_SECONDS
    assert settings.block_seconds == Settings.block_seconds
    assert visitor.asked["warm_seconds"] == asv_device.WARMUP_SECONDS


def test_a_quick_run_is_one_call_and_nothing_before_it(visitor: type[FakeVisitor]) -> None:
    settings = settings_of(visitor, number=1, repeat=1, warmup_time=0, rounds=1)  # what --quick sets
    assert (settings.calls, settings.blocks, settings.warmup_share) == (1, 1, 0.0)
    assert visitor.asked["warm_seconds"] == 0


@pytest.mark.parametrize(
    ("attributes", "field", "value"),
    [
        ({"number": 50}, "calls", 50),
        ({"repeat": 9}, "blocks", 9),
        ({"repeat": (1, 10, 2.5)}, "visit_seconds", 2.5),
        ({"repeat": [1, 10, 2.5]}, "visit_seconds", 2.5),
        ({"sample_time": 0.01}, "block_seconds", 0.01),
    ],
)
def test_the_attributes_of_asvs_own_timings_mean_the_same_here(
    visitor: type[FakeVisitor], attributes: dict[str, Any], field: str, value: float
) -> None:
    assert getattr(settings_of(visitor, **attributes), field) == value


def test_the_device_is_warmed_up_for_as_long_as_asv_says(visitor: type[FakeVisitor]) -> None:
    run(*SMALL, warmup_time=1.5)
    assert (visitor.asked["warmed"], visitor.asked["warm_seconds"]) == ("cpu", 1.5)


@pytest.mark.parametrize("status", ["wrong", "oom", "failed"])
def test_what_has_no_time_fails_with_its_reason(visitor: type[FakeVisitor], status: str) -> None:
    visitor.answer = {"status": status, "reason": "because"}
    with pytest.raises(CrossoverError, match=f"{status}: because"):
        run(*SMALL)


def skipped(capsys: pytest.CaptureFixture[str], *params: Any) -> str:
    benchmark = made()
    benchmark._current_params = params
    assert benchmark.do_setup() is True
    return capsys.readouterr().out


def test_a_device_that_is_not_here_is_skipped_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    said = skipped(capsys, "xpu:7", "float32", 16)
    assert "asv: skipped" in said
    assert "no device xpu:7" in said
    assert "numpy" in said


def test_a_dtype_that_a_device_has_not_is_skipped_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not exist in tf32 on cpu" in skipped(capsys, "cpu", "tf32", 16)


def test_a_product_for_gpus_is_skipped_on_a_processor(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is for GPUs" in skipped(capsys, "cpu", "float32", 4096)


def test_what_only_making_it_ready_shows_to_be_impossible_is_skipped_with_the_reason(
    visitor: type[FakeVisitor], capsys: pytest.CaptureFixture[str]
) -> None:
    visitor.answer = {"status": "skipped", "reason": "no such kernel here"}
    with pytest.raises(SkipNotImplemented, match="no such kernel here"):
        run(*SMALL)
    assert capsys.readouterr().out == "asv: skipped: no such kernel here\n"


def test_a_real_case_is_measured_and_checked_without_any_stand_in() -> None:
    result = run(*SMALL, number=3, repeat=2, warmup_time=0)
    assert result["number"] == 3
    assert len(result["samples"]) == 2
    assert min(result["samples"]) > 0


def test_a_wrong_result_has_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operator.matmul", lambda a, b: a - b)
    with pytest.raises(CrossoverError, match="wrong"):
        run("numpy", "float32", 64, number=1, repeat=1, warmup_time=0)


def test_only_methods_named_device_are_benchmarks() -> None:
    names = ("device_matmul", "time_x", "benchmark", "device_", "not_device_x")
    assert [name for name in names if DeviceBenchmark.name_regex.match(name)] == ["device_matmul"]


def test_an_unknown_workload_is_refused_when_the_suite_is_imported() -> None:
    with pytest.raises(UsageError, match="no workload is called 'nonsense'"):
        asv_device.benchmark("nonsense")


@pytest.fixture(scope="module")
def suite() -> dict[str, DeviceBenchmark]:
    """Discover the suite as asv does."""
    return {benchmark.name: benchmark for benchmark in disc_benchmarks(str(ROOT / "benchmarks"))}


def class_of(family: str) -> str:
    return family.title().replace("_", "")


def test_every_workload_is_one_benchmark_of_its_familys_class_under_its_name(suite: dict[str, DeviceBenchmark]) -> None:
    expected = {f"{w.family}.{class_of(w.family)}.device_{w.name}" for w in ALL}
    assert set(suite) == expected
    for name, benchmark in suite.items():
        assert isinstance(benchmark, DeviceBenchmark)
        assert name.endswith(f"device_{benchmark.crossover['workload']['name']}")


def test_every_benchmark_asks_for_a_device_a_dtype_and_a_size(suite: dict[str, DeviceBenchmark]) -> None:
    for benchmark in suite.values():
        keys, dtypes, sizes = benchmark._params
        assert benchmark.param_names == ["device", "dtype", "n"]
        assert set(keys) <= set(asv_device.DEVICE_KEYS)
        assert keys
        assert all(isinstance(dtype, str) for dtype in dtypes)
        assert sizes == sorted(set(sizes))
        assert benchmark.check(str(ROOT / "benchmarks"))


def test_what_a_quick_run_lacks_is_asked_for_at_the_smallest_and_the_largest_size_of_a_standard_run(
    suite: dict[str, DeviceBenchmark],
) -> None:
    _, _, sizes = suite["indexing.Indexing.device_gather"]._params
    gather = find("gather").sizes
    assert gather.quick == ()
    assert sizes == [min(gather.standard), max(gather.standard)]
    _, _, sizes = suite["matmul.Matmul.device_matvec"]._params
    assert sizes == sorted(find("matvec").sizes.quick)


def test_the_page_about_asv_says_about_how_many_combinations_there_are(suite: dict[str, DeviceBenchmark]) -> None:
    said = re.search(
        r"about ([\d,]+) combinations of device, dtype and size, of which a machine without a GPU has about ([\d,]+);",
        (ROOT / "docs" / "asv.md").read_text(encoding="utf-8"),
    )
    assert said, "docs/asv.md must say how many combinations the suite has"
    told = [benchmark.crossover["possible"] for benchmark in suite.values()]
    devices = [[key for key, _, _ in itertools.product(*benchmark._params)] for benchmark in suite.values()]
    on_hosts = [
        there and key in ("numpy", "cpu", "cpu-1t")
        for possible_here, keys in zip(told, devices, strict=True)
        for there, key in zip(possible_here, keys, strict=True)
    ]
    counted = (len(on_hosts), sum(on_hosts))
    assert counted == pytest.approx(tuple(int(text.replace(",", "")) for text in said.groups()), rel=0.05)


def test_one_thread_is_only_asked_for_where_it_teaches_something(suite: dict[str, DeviceBenchmark]) -> None:
    for benchmark in suite.values():
        workload = find(benchmark.crossover["workload"]["name"])
        asked = "cpu-1t" in benchmark._params[0]
        assert asked == (workload.one_thread and "cpu" in workload.kinds)


def possible(device: str, dtype: str, n: int, *, workload: Workload) -> bool:
    kind = device.partition(":")[0].removesuffix("-1t")
    too_much = kind in ("numpy", "cpu") and workload.flop(n) > asv_device.HOST_FLOP_LIMIT
    return workload.exists_on(kind, dtype) and not too_much


def test_what_a_benchmark_tells_fits_its_combinations_and_is_json(suite: dict[str, DeviceBenchmark]) -> None:
    for benchmark in suite.values():
        told = json.loads(json.dumps(benchmark.crossover))
        combinations = list(itertools.product(*benchmark._params))
        workload = find(told["workload"]["name"])
        assert told["flop"] == [workload.flop(n) for _, _, n in combinations]
        assert told["possible"] == [possible(*combination, workload=workload) for combination in combinations]
        assert told["nbytes"] == [workload.working_set(n, dtype) for _, dtype, n in combinations]
        assert benchmark.version == workload.record().source_sha256
        assert benchmark.pretty_name == workload.expression


def test_the_type_is_registered_once_however_often_the_suite_is_imported(suite: dict[str, DeviceBenchmark]) -> None:
    assert suite
    assert benchmark_types.count(DeviceBenchmark) == 1


def test_importing_the_suite_touches_no_gpu_and_looks_for_none() -> None:
    modules = ", ".join(f"benchmarks.{family}" for family in FAMILIES)
    code = f"""
import torch
from bench_lib.devices import device
def never(*args): raise AssertionError("importing the suite looked for devices")
device.discover = torch.cuda.is_available = torch.cuda._lazy_init = never
import {modules}
import os
print(torch.cuda.is_initialized(), os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "1"], done.stderr


def test_every_device_of_this_machine_but_further_gpus_is_asked_for() -> None:
    here = {device.key for device in devices.discover() if device.index == 0}
    assert here <= set(asv_device.DEVICE_KEYS)
