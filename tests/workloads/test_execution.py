"""Execution modes: the same work as the eager sibling, compiled once and before it is timed, captured in order."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from bench_lib.workloads import ALL, compiling, cuda_graphs, find
from bench_lib.workloads.base import PROFILES
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.execution import EXECUTION, POINTWISE_CHAIN, chain
from bench_lib.workloads.networks import Problem
from tests.support.workload_fakes import CPU, LIKE_A_GPU, prepare, treat_as_gpu

COMPILED = [pytest.param(workload, id=workload.name) for workload in EXECUTION if workload.mode == "compiled"]
GRAPHS = [pytest.param(workload, id=workload.name) for workload in EXECUTION if workload.mode == "graph"]
MODES = [pytest.param(workload, id=workload.name) for workload in ALL if workload.mode != "eager"]


def test_each_chosen_operation_has_all_three_modes():
    chosen = {"pointwise_chain", "mlp_forward", "transformer_block_forward", "mlp_train_sgd"}
    assert {(one.eager, one.mode) for one in EXECUTION if one.eager} == {
        (name, mode) for name in chosen for mode in ("compiled", "graph")
    }


@pytest.mark.parametrize("workload", MODES)
def test_a_mode_does_its_eager_siblings_work_at_sizes_that_the_sibling_has(workload):
    eager = find(workload.eager)
    assert (eager.mode, eager.eager) == ("eager", "")
    assert (workload.flop, workload.nbytes, workload.roundtrip) == (eager.flop, eager.nbytes, eager.roundtrip)
    assert set(workload.kinds) <= set(eager.kinds)
    for profile in PROFILES:
        for dtype in workload.dtypes.values(profile):
            assert set(workload.sizes_for(dtype, profile)) <= set(eager.sizes_for(dtype, profile))


@pytest.mark.parametrize("workload", MODES)
def test_its_record_names_mode_and_sibling_and_its_source_is_its_own(workload):
    record, eager = workload.record(), find(workload.eager).record()
    assert (record.mode, record.eager) == (workload.mode, workload.eager)
    assert record.source_sha256 != eager.source_sha256


def test_the_chain_is_sixteen_operations_for_each_element():
    assert POINTWISE_CHAIN.flop(10) == 160
    assert POINTWISE_CHAIN.nbytes(10, 4) == 120
    x, y = torch.tensor([256.0]), torch.tensor([1.0])
    assert chain(x, y).item() == 256 / 2**8 + 2 - 2**-7


def test_one_link_too_few_is_caught():
    check = prepare(POINTWISE_CHAIN, CPU, n=64).check
    x, y = check.call.args
    assert not check.compare((chain(x, y) - y) * 2).ok


@pytest.mark.parametrize("workload", COMPILED)
def test_nothing_is_compiled_again_after_it_was_made(workload):
    prepared = prepare(workload, CPU)
    assert prepared.compile_seconds > 0
    with torch.compiler.set_stance("fail_on_recompile"):
        prepared.call()
        assert prepared.check().ok
        prepared.call()


def test_more_cases_than_torch_recompiles_of_one_function_are_each_compiled():
    workload = find("pointwise_chain_compiled")
    kept = [prepare(workload, CPU, n=n) for n in range(8, 18)]
    with torch.compiler.set_stance("fail_on_recompile"):
        assert all(prepared.check().ok for prepared in kept)


def test_the_compiled_step_trains_and_is_checked_from_its_start_however_far_it_went():
    prepared = prepare(find("mlp_train_sgd_compiled"), CPU, n=32)
    losses = [prepared.call().item() for _ in range(20)]
    assert losses[-1] < losses[0]
    assert prepared.check().ok


@pytest.mark.parametrize("workload", GRAPHS)
def test_a_graph_gives_a_result_only_by_its_replay(workload, monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = prepare(workload, LIKE_A_GPU)
    assert prepared.check().ok
    assert prepared.compile_seconds == 0.5
    monkeypatch.setattr(cuda_graphs, "capture", without_replay)
    result = prepare(workload, LIKE_A_GPU).check
    assert not result().ok


def without_replay(run, device, clear):
    """Capture as a driver would that records nothing."""
    output = torch.full_like(run().detach(), torch.nan)
    return cuda_graphs.Captured(replay=lambda: None, output=output, seconds=0.5)


@pytest.mark.parametrize("name", ["mlp_forward_graph", "pointwise_chain_graph"])
def test_a_round_trip_of_a_graph_takes_the_batch_from_the_host_each_time(name, monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = prepare(find(name), LIKE_A_GPU, residency="roundtrip")
    copied, copy = [], torch.Tensor.copy_
    monkeypatch.setattr(torch.Tensor, "copy_", lambda here, there: copied.append(there) or copy(here, there))
    first, again = prepared.call(), prepared.call()
    assert torch.equal(first, again)
    copied[0].neg_()
    assert not torch.equal(prepared.call(), first)


@pytest.fixture
def cuda(monkeypatch) -> list[str]:
    """Stand in for torch.cuda, and return what was asked of it, in order."""
    said: list[str] = []

    def stream(name):
        return SimpleNamespace(name=name, wait_stream=lambda other: said.append(f"{name} waits for {other.name}"))

    @contextlib.contextmanager
    def on(chosen) -> Iterator[None]:
        said.append(f"on {chosen.name}")
        yield
        said.append(f"off {chosen.name}")

    @contextlib.contextmanager
    def graph(captured, stream) -> Iterator[None]:
        said.append(f"capture on {stream.name}")
        yield
        said.append("captured")

    current = stream("current")
    fake = SimpleNamespace(
        Stream=lambda device: stream("side"),
        current_stream=lambda device: current,
        stream=on,
        graph=graph,
        synchronize=lambda device: said.append("synchronize"),
        CUDAGraph=lambda: SimpleNamespace(replay=lambda: said.append("replay")),
    )
    monkeypatch.setattr(torch, "cuda", fake)
    return said


def test_a_graph_is_captured_after_a_warm_up_on_a_side_stream(cuda):
    output = object()

    def run():
        cuda.append("run")
        return output

    captured = cuda_graphs.capture(run, torch.device("cuda:0"), lambda: cuda.append("clear"))
    assert cuda == [
        *("side waits for current", "on side", "run", "run", "run", "off side", "current waits for side"),
        *("clear", "synchronize", "capture on side", "run", "captured", "synchronize"),
    ]
    assert captured.output is output
    assert captured.seconds > 0
    captured.replay()
    assert cuda[-1] == "replay"


def test_a_captured_step_has_gradients_of_its_own(monkeypatch):
    treat_as_gpu(monkeypatch)
    seen = []

    def capture(run, device, clear):
        problem: Problem = run.__closure__[run.__code__.co_freevars.index("loss_of")].cell_contents.__self__
        run()
        clear()
        seen.extend(parameter.grad for parameter in problem.model.parameters())
        return cuda_graphs.Captured(replay=run, output=run(), seconds=0.5)

    monkeypatch.setattr(cuda_graphs, "capture", capture)
    prepare(find("mlp_train_sgd_graph"), LIKE_A_GPU)
    assert seen == [None] * 6


class InvalidCxxCompiler(RuntimeError):
    """Of inductor's name: what it raises where there is no compiler."""


def failing(err):
    def compile_(function, **options):
        def call(*arguments):
            raise err

        return call

    return compile_


def wrapped(inner):
    err = RuntimeError(f"backend='inductor' raised:\n{inner}")
    err.inner_exception = inner
    return err


def test_a_machine_without_a_compiler_skips_with_the_reason(monkeypatch):
    compiling._wake.cache_clear()
    monkeypatch.setattr(torch, "compile", failing(wrapped(InvalidCxxCompiler("No working C++ compiler found\nhint"))))
    reason = r"needs a C\+\+ compiler on the CPU and Triton on a GPU: No working C\+\+ compiler found$"
    with pytest.raises(NotImplementedError, match=reason):
        prepare(find("pointwise_chain_compiled"), CPU)


def test_a_compiler_that_is_not_there_is_no_reason_not_to_bring_a_device_up(monkeypatch):
    compiling._wake.cache_clear()
    monkeypatch.setattr(torch, "compile", failing(wrapped(InvalidCxxCompiler("No working C++ compiler found"))))
    compiling.bring_compiler_up(CPU)
    with pytest.raises(NotImplementedError):
        prepare(find("pointwise_chain_compiled"), CPU)


def test_a_python_without_compile_skips_with_the_reason(monkeypatch):
    def refuse(function, **options):
        raise RuntimeError("torch.compile is not supported on Python 3.15+")

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(NotImplementedError, match=r"not supported on Python 3\.15\+"):
        prepare(find("mlp_forward_compiled"), CPU)


def test_any_other_error_of_the_compiler_stays_what_it_is(monkeypatch):
    compiling._wake.cache_clear()
    monkeypatch.setattr(torch, "compile", failing(wrapped(ValueError("a bug"))))
    with pytest.raises(RuntimeError, match="a bug") as caught:
        prepare(find("pointwise_chain_compiled"), CPU)
    assert not isinstance(caught.value, NotImplementedError)


def test_a_small_gradient_wakes_the_compiler_once_for_each_kind_of_device(monkeypatch):
    compiling._wake.cache_clear()
    made = []
    monkeypatch.setattr(torch, "compile", lambda function, **options: made.append(options) or function)
    setting = Setting(n=8, dtype="float32", device=CPU, residency="resident", seed=1)
    for _ in range(2):
        assert POINTWISE_CHAIN.make(setting).compile_seconds is None
        assert find("pointwise_chain_compiled").make(setting).compile_seconds > 0
    assert made == [{"dynamic": False, "fullgraph": True}] * 3
    compiling._wake.cache_clear()
