"""Moving bytes: which are counted, which copies wait, and that a copy is a copy."""

import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.device_kinds import GPU_KINDS
from bench_lib.workloads.transfer import TRANSFER
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, is_bare, prepare, treat_as_gpu

COPIES = [pytest.param(workload, id=workload.name) for workload in TRANSFER if not workload.name.startswith("allocate")]
OVER_THE_LINK = [
    pytest.param(workload, id=workload.name)
    for workload in TRANSFER
    if workload.name.startswith(("host_to_", "device_to_host"))
]


@pytest.mark.parametrize("workload", COPIES)
def test_the_timed_call_enters_c_at_once(workload, monkeypatch):
    # Without the stand-ins for moves, which are Python: only the type of the call matters here.
    monkeypatch.setattr(torch.Tensor, "pin_memory", torch.Tensor.clone)
    assert is_bare(prepare(workload, LIKE_A_GPU).call)


@pytest.mark.parametrize("workload", OVER_THE_LINK)
def test_the_link_needs_a_gpu_and_counts_each_byte_once(workload):
    assert set(workload.kinds) <= set(GPU_KINDS)
    assert workload.working_set(4096, "uint8") == 4096


@pytest.mark.parametrize("workload", OVER_THE_LINK)
def test_only_copies_that_the_queue_holds_are_timed_on_the_device(workload):
    queued = "pinned" in workload.expression and "non_blocking" in workload.expression
    assert ("device" in workload.timings) == queued


def test_sizes_go_from_four_bytes_to_one_gibibyte():
    for name in ("host_to_device", "device_to_host_pinned_into", "device_to_device"):
        sizes = find(name).sizes
        assert min(sizes.quick) == 4
        assert max(sizes.quick) == 64 << 20
        assert max(sizes.values("full")) == 1 << 30


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_a_copy_in_memory_reads_and_writes(device):
    workload = find("device_to_device")
    assert workload.working_set(1000, "uint8") == 2000
    assert prepare(workload, device, n=1000).check().ok


@pytest.mark.parametrize("workload", COPIES)
def test_the_source_itself_is_no_copy(workload, monkeypatch):
    treat_as_gpu(monkeypatch)
    compare = prepare(workload, LIKE_A_GPU).check.compare
    host = next(cell.cell_contents for cell in compare.__closure__ if isinstance(cell.cell_contents, torch.Tensor))
    assert not compare(host).ok
    assert compare(host.clone()).ok


def test_a_copy_that_does_not_block_is_waited_for_before_it_is_looked_at(monkeypatch):
    treat_as_gpu(monkeypatch)
    check = prepare(find("device_to_host_nonblocking"), LIKE_A_GPU).check
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", waited.append)
    assert check().ok
    assert waited == [0]


def test_an_uncached_allocation_gives_back_what_it_took(monkeypatch):
    emptied = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    prepare(find("allocate_uncached"), LIKE_A_GPU, n=64).call()
    assert emptied == [True]
