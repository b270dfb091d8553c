"""Devices are found, chosen and made ready; those that are not here are stood in for by a made-up torch."""

import re
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.devices import device as devices
from bench_lib.devices import memory, software
from bench_lib.devices.device import Device
from bench_lib.devices.host import Threads
from bench_lib.errors import DeviceNotFound
from bench_lib.records.run import MACHINE_PATTERN
from bench_lib.records.sanitize import scrub

CPU = Device(key="cpu", kind="cpu", name="AMD EPYC", threads=2)
GPU = Device(key="cuda:1", kind="cuda", name="NVIDIA H200")
PRECISION_FLAGS = (
    torch.backends.cuda.matmul,
    torch.backends.cudnn.conv,
    torch.backends.cudnn.rnn,
    torch.backends.mkldnn.matmul,
)


@pytest.fixture(autouse=True)
def _leave_torch_as_it_was():
    threads, flags = torch.get_num_threads(), [flag.fp32_precision for flag in PRECISION_FLAGS]
    yield
    torch.set_num_threads(threads)
    for flag, precision in zip(PRECISION_FLAGS, flags, strict=True):
        flag.fp32_precision = precision


@pytest.fixture
def two_h200(monkeypatch):
    """Stand in for a machine with two NVIDIA GPUs; returns what was done to them."""
    done = []
    properties = SimpleNamespace(
        name="NVIDIA H200", total_memory=150 << 30, major=9, minor=0, multi_processor_count=132, L2_cache_size=60 << 20
    )
    replaced = {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "get_device_properties": lambda index: properties,
        "set_device": lambda index: done.append(("set_device", index)),
        "mem_get_info": lambda index: (1000, 2000),
        "memory_reserved": lambda index: 300,
        "memory_allocated": lambda index: 100,
        "reset_peak_memory_stats": lambda index: done.append(("reset", index)),
        "max_memory_allocated": lambda index: 11,
        "max_memory_reserved": lambda index: 22,
    }
    for name, function in replaced.items():
        monkeypatch.setattr(torch.cuda, name, function)
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda index: done.append(("synchronize", index)))
    return done


@pytest.fixture
def apple(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 16 << 30)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 1 << 30)
    monkeypatch.setattr(devices, "cpu_name", lambda: "Apple M2 Pro")


@pytest.fixture
def intel(monkeypatch):
    properties = SimpleNamespace(name="Intel Arc B580", total_memory=12 << 30, driver_version="1.6", gpu_eu_count=160)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: True)
    monkeypatch.setattr(torch.xpu, "device_count", lambda: 1)
    monkeypatch.setattr(torch.xpu, "get_device_properties", lambda index: properties)
    chosen = []
    monkeypatch.setattr(torch.xpu, "set_device", chosen.append)
    return chosen


def _usable(monkeypatch, count):
    threads = Threads(count=count, affinity=count, quota=None, physical=count, why="made up")
    monkeypatch.setattr(devices, "usable_threads", lambda: threads)


def test_importing_sets_nothing_and_brings_no_accelerator_up():
    code = """
import torch
def refuse(*_): raise SystemExit("initialised")
torch.cuda._lazy_init = torch.xpu._lazy_init = refuse
def state():
    backends = torch.backends
    return (torch.get_num_threads(), backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision)
before = state()
import bench_lib.devices.device, bench_lib.devices.telemetry, bench_lib.workloads
assert state() == before
assert not torch.cuda.is_initialized()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_host_is_found_three_times_when_it_has_threads_to_spare(monkeypatch):
    _usable(monkeypatch, 4)
    found = [device for device in devices.discover() if not device.is_gpu]
    assert [(device.key, device.kind, device.threads) for device in found] == [
        ("numpy", "numpy", 4),
        ("cpu", "cpu", 4),
        ("cpu-1t", "cpu", 1),
    ]
    assert {device.torch_name for device in found} == {"cpu"}
    assert all(device.name and device.memory_nbytes > 0 for device in found)


def test_one_thread_is_not_measured_twice(monkeypatch):
    _usable(monkeypatch, 1)
    assert "cpu-1t" not in [device.key for device in devices.discover()]


def test_every_cuda_device_is_found_after_the_hosts(two_h200):
    found = devices.discover()
    assert [device.key for device in found if device.kind == "cuda"] == ["cuda:0", "cuda:1"]
    assert [device.is_gpu for device in found] == sorted(device.is_gpu for device in found)
    gpu = found[-1]
    assert (gpu.name, gpu.index, gpu.torch_name, gpu.threads) == ("NVIDIA H200", 1, "cuda:1", None)
    assert gpu.facts["compute_capability"] == "9.0"
    assert gpu.record().memory_nbytes == 150 << 30


def test_an_apple_gpu_is_found_under_the_chip_it_is_part_of(apple):
    gpu = devices.discover()[-1]
    assert (gpu.key, gpu.kind, gpu.name, gpu.torch_name, gpu.index) == ("mps", "mps", "Apple M2 Pro GPU", "mps", 0)
    assert memory.available_nbytes(gpu) == 15 << 30
    assert memory.peak_nbytes(gpu) is None


def test_an_intel_gpu_is_found_and_made_current(intel):
    gpu = devices.discover()[-1]
    assert (gpu.key, gpu.name, gpu.facts["driver"]) == ("xpu:0", "Intel Arc B580", "1.6")
    devices.activate(gpu, "float32")
    assert intel == [0]


def test_the_default_is_cuda_then_mps_then_cpu(monkeypatch):
    for cuda, mps, key in ((True, True, "cuda:0"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        assert devices.default_key() == key


def test_no_key_selects_everything_and_keys_keep_the_order_found():
    found = (CPU, GPU)
    assert devices.select([], found) == found
    assert devices.select(["cuda:1", "cpu", "cpu"], found) == found
    assert devices.select(["cpu"], found) == (CPU,)


def test_cuda_alone_means_the_first_of_its_kind():
    first = Device(key="cuda:0", kind="cuda", name="NVIDIA H200")
    assert devices.select(["cuda"], (CPU, first, GPU)) == (first,)


def test_a_device_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(DeviceNotFound, match=r"no device mps, xpu:7 .* which has cpu, cuda:1: choose"):
        devices.select(["xpu:7", "cpu", "mps"], (CPU, GPU))


def test_only_a_gpu_is_waited_for(two_h200):
    devices.synchronize(CPU)
    assert two_h200 == []
    devices.synchronize(GPU)
    assert two_h200 == [("synchronize", 1)]


@pytest.mark.parametrize(("dtype", "precision"), [("float32", "ieee"), ("bfloat16", "ieee"), ("tf32", "tf32")])
def test_float32_means_float32_for_products_and_for_cudnn(two_h200, dtype, precision):
    for flag in PRECISION_FLAGS:
        flag.fp32_precision = "tf32" if flag is not torch.backends.mkldnn.matmul else "ieee"
    devices.activate(GPU, dtype)
    facts = software.precision_facts()
    assert [facts[f"{name}_fp32"] for name in ("cuda_matmul", "cudnn_conv", "cudnn_rnn")] == [precision] * 3
    assert facts["mkldnn_matmul_fp32"] == "ieee"
    assert two_h200 == [("set_device", 1)]


def test_tf32_does_not_outlive_its_own_case(two_h200):
    devices.activate(GPU, "tf32")
    devices.activate(CPU, "float32")
    assert software.precision_facts()["cuda_matmul_fp32"] == "ieee"


def test_a_host_device_computes_with_its_own_threads(monkeypatch):
    devices.activate(Device(key="cpu-1t", kind="cpu", name="AMD EPYC", threads=1), "float32")
    assert torch.get_num_threads() == 1
    devices.activate(CPU, "float32")
    assert torch.get_num_threads() == 2


def test_beside_a_gpu_the_host_has_all_its_threads(two_h200, monkeypatch):
    _usable(monkeypatch, 2)
    torch.set_num_threads(1)
    devices.activate(GPU, "float32")
    assert torch.get_num_threads() == 2


def test_cached_memory_that_nobody_uses_counts_as_available(two_h200):
    assert memory.available_nbytes(GPU) == 1000 + 300 - 100


def test_host_memory_is_what_the_host_says(monkeypatch):
    monkeypatch.setattr(memory, "host_available_nbytes", lambda: 12345)
    assert memory.available_nbytes(CPU) == 12345


def test_a_gpu_tells_its_peak_and_a_host_does_not(two_h200):
    memory.reset_peak(CPU)
    memory.reset_peak(GPU)
    assert two_h200 == [("reset", 1)]
    assert memory.peak_nbytes(GPU) == (11, 22)
    assert memory.peak_nbytes(CPU) is None


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_what_torch_has_cached_is_given_back_by_the_module_of_its_kind(monkeypatch, kind):
    emptied = []
    for name in ("cuda", "mps", "xpu"):
        monkeypatch.setattr(getattr(torch, name), "empty_cache", lambda name=name: emptied.append(name))
    memory.empty_cache(CPU)
    memory.empty_cache(Device(key=kind, kind=kind, name="a GPU"))
    assert emptied == [kind]


def test_a_machine_is_named_by_its_gpus_and_threads(monkeypatch):
    _usable(monkeypatch, 16)
    monkeypatch.setattr(devices, "cpu_name", lambda: "AMD EPYC 9B14 96-Core Processor")
    assert devices.machine_name([CPU]) == "amd-epyc-9b14-16c"
    assert devices.machine_name([CPU, GPU]) == "nvidia-h200-16c"
    assert devices.machine_name([CPU, GPU, GPU]) == "nvidia-h200-x2-16c"


@given(st.text(max_size=200))
def test_any_device_name_gives_a_machine_name_that_records_accept(name):
    machine = devices.machine_name([Device(key="cuda:0", kind="cuda", name=name)])
    assert MACHINE_PATTERN.fullmatch(machine)


def test_software_facts_name_the_versions_that_numbers_depend_on():
    facts = software.software_facts()
    assert facts["torch"] == torch.__version__
    assert facts["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert re.match(r"[\w-]+ [\d.]+", facts["numpy_blas"])
    assert facts["torch_blas"]
    assert set(facts) >= {"numpy", "cuda", "cudnn", "driver", "torch_openmp", "torch_cpu_capability"}


def test_no_fact_names_a_host_or_a_folder():
    facts = software.software_facts() | software.precision_facts()
    for device in devices.discover():
        facts |= device.facts
    for fact in facts.values():
        assert fact is None or isinstance(fact, str | int | float)
        if isinstance(fact, str):
            assert scrub(fact) == fact
            assert socket.gethostname() not in fact.split()


@pytest.mark.cuda
def test_a_real_gpu_is_found_activated_waited_for_and_asked():
    gpu = next(device for device in devices.discover() if device.key == devices.default_key())
    devices.activate(gpu, "float32")
    memory.reset_peak(gpu)
    before = memory.available_nbytes(gpu)
    held = torch.ones(1 << 24, device=gpu.torch_name)
    devices.synchronize(gpu)
    allocated, reserved = memory.peak_nbytes(gpu)
    assert held.numel() * 4 <= allocated <= reserved
    assert 0 < memory.available_nbytes(gpu) <= before
    assert before <= gpu.memory_nbytes
    assert gpu.facts["compute_capability"]
