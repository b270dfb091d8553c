"""Execution modes: the same work eager, compiled by ``torch.compile``, and captured as a CUDA graph.

What launching costs is what a small call mostly is; compiling fuses launches into few, a graph makes them one. Each
mode of each operation is a workload of its own (docs/decisions/0007-modes-are-workloads-of-their-own.md), and names the
eager one, of the same inputs, work and reference. Compiling and capturing happen before anything is timed, and their
time is kept apart. A graph's forward pass records nothing for gradients; eager and compiled do as the user's would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads import cuda_graphs
from bench_lib.workloads.accuracy import Accuracy
from bench_lib.workloads.autograd import AUTOGRAD, PERCEPTRON
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Check, Prepared, Setting, checked
from bench_lib.workloads.compiling import brought_up, compiled
from bench_lib.workloads.device_kinds import ALL_KINDS, TORCH_KINDS
from bench_lib.workloads.functional import functional
from bench_lib.workloads.network_passes import compare_output, forward
from bench_lib.workloads.networks import Network, Problem, perceptron
from bench_lib.workloads.neural import NEURAL
from bench_lib.workloads.neural_blocks import TRANSFORMER_BLOCK, inference
from bench_lib.workloads.training import SGD, Optimizer, compare_step, training_step

LINKS: Final = 8  # of the chain, two operations each

Tensors = tuple[torch.Tensor, ...]
Make = Callable[[Setting], Prepared]


def chain(x: Any, y: Any) -> Any:
    """Return x after sixteen elementwise steps, each of which needs the one before."""
    for _ in range(LINKS):
        x = 0.5 * x + y
    return x


def _two_vectors(setting: Setting) -> Tensors:
    return setting.randn(setting.n, stream=0), setting.randn(setting.n, stream=1)


def _make_chain(function: Callable[..., Any]) -> Make:
    """Return the ``make`` of the chain; what is added last weighs most, so its roundings hardly add up."""
    return functional(function, _two_vectors, reference=chain, numpy_function=chain, terms=1.0, roundings=2 * LINKS)


@dataclass(frozen=True, kw_only=True)
class Static:
    """Work on inputs that stay where they are, as a graph needs it.

    Attributes
    ----------
    run
        Does it once.
    inputs
        Where each input of a call lies on the device, and where on the host.
    compare
        Says how far a result is from its reference.
    result
        From what a run returned to what is compared.
    restore
        Puts back what runs have moved.
    clear
        Drops what a graph must allocate itself.
    """

    run: Callable[[], Any]
    inputs: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    compare: Callable[[Any], Accuracy]
    result: Callable[[Any], Any] = lambda output: output
    restore: Callable[[], object] = lambda: None
    clear: Callable[[], object] = lambda: None


def static_chain(setting: Setting) -> Static:
    """Return the chain on vectors that stay in place."""
    check = _make_chain(chain)(replace(setting, residency="resident")).check
    assert isinstance(check, Check)
    pairs = tuple((setting.place(tensor), tensor) for tensor in _two_vectors(setting))
    return Static(run=partial(chain, *(here for here, _ in pairs)), inputs=pairs, compare=check.compare)


def static_forward(network: Network, setting: Setting) -> Static:
    """Return a network's forward pass on a batch that stays in place."""
    host = network.build(setting)
    problem = host.to(setting.torch_device)
    compare = partial(compare_output, network, host, setting)
    return Static(run=partial(problem.output, problem.x), inputs=((problem.x, host.x),), compare=compare)


def static_step(network: Network, optimizer: Optimizer, setting: Setting) -> Static:
    """Return a training step on a batch that stays in place, by an optimizer that keeps no state."""
    host = network.build(setting)
    problem = host.to(setting.torch_device)
    return Static(
        run=training_step(problem, optimizer, None),
        inputs=((problem.x, host.x), (problem.target, host.target)),
        compare=partial(compare_step, network, optimizer, host, setting),
        result=lambda loss: (problem, loss),
        restore=partial(_restore, problem, host),
        clear=problem.model.zero_grad,
    )


def make_graph(static_of: Callable[[Setting], Static], setting: Setting) -> Prepared:
    """Capture work as a graph; round trip, the batch is copied over the captured inputs and the output out."""
    static = static_of(setting)
    graph = cuda_graphs.capture(static.run, setting.torch_device, static.clear)

    def roundtrip() -> torch.Tensor:
        for here, host in static.inputs:
            here.copy_(host)
        graph.replay()
        output: torch.Tensor = graph.output.to("cpu")
        return output

    def once() -> Any:
        static.restore()
        if setting.residency == "roundtrip":
            return static.result(roundtrip())
        graph.replay()
        return static.result(graph.output)

    return Prepared(
        call=roundtrip if setting.residency == "roundtrip" else graph.replay,
        check=Check(call=once, compare=static.compare),
        compile_seconds=graph.seconds,
    )


def make_compiled_chain(setting: Setting) -> Prepared:
    """Compile the chain."""
    return brought_up(_make_chain(compiled(chain))(setting), setting)


def make_compiled_forward(network: Network, setting: Setting) -> Prepared:
    """Compile a network's forward pass."""
    host = network.build(setting)
    problem = host.to(setting.torch_device)
    call = forward(problem, host, setting, compiled(problem.output))
    return brought_up(checked(call, partial(compare_output, network, host, setting)), setting)


def make_compiled_step(network: Network, optimizer: Optimizer, setting: Setting) -> Prepared:
    """Compile a training step's forward pass, loss and backward pass; the optimizer, without state, stays eager."""
    host = network.build(setting)
    problem = host.to(setting.torch_device)
    batch = host if setting.residency == "roundtrip" else None
    step = training_step(problem, optimizer, batch, compiled(problem.loss_of))

    def first_step() -> tuple[Problem, torch.Tensor]:
        _restore(problem, host)
        return problem, step()

    check = Check(call=first_step, compare=partial(compare_step, network, optimizer, host, setting))
    return brought_up(Prepared(call=step, check=check), setting)


def _restore(problem: Problem, host: Problem) -> None:
    """Put the parameters back to those on the host, in place."""
    with torch.no_grad():
        for here, there in zip(problem.model.parameters(), host.model.parameters(), strict=True):
            here.copy_(there)


POINTWISE_CHAIN: Final = Workload(
    name="pointwise_chain",
    family="execution",
    expression=f"for _ in range({LINKS}): x = 0.5 * x + y",
    size="n elements of each vector",
    sizes=Axis(quick=(), standard=(2**10, 2**15, 2**20), full=(2**12, 2**18, 2**22, 2**24, 2**27)),
    dtypes=Axis(quick=("float32",)),
    kinds=ALL_KINDS,
    timings=("latency", "throughput", "device"),
    one_thread=False,
    make=_make_chain(chain),
    flop=lambda n: 2.0 * LINKS * n,
    nbytes=lambda n, itemsize: 3 * n * itemsize,
)
WIDTHS: Final = Axis(quick=(), standard=(32, 256, 1024), full=(64, 128, 512, 2048))
BATCHES: Final = Axis(quick=(), standard=(1, 16), full=(4, 64, 256))
EAGER: Final = {workload.name: workload for workload in (POINTWISE_CHAIN, *AUTOGRAD, *NEURAL)}


def _modes(
    name: str, sizes: Axis[int], compiled_expression: str, compile_it: Make, static: Any
) -> tuple[Workload, ...]:
    """Return the two other modes of an eager workload, of the same work."""
    eager = EAGER[name]
    mode = partial(
        replace,
        eager,
        family="execution",
        sizes=sizes,
        dtypes=Axis(quick=("float32",)),
        sizes_of=(),
        timings=("latency", "throughput", "device"),
        one_thread=False,
        eager=name,
    )
    return (
        mode(
            name=f"{name}_compiled", expression=compiled_expression, kinds=TORCH_KINDS, make=compile_it, mode="compiled"
        ),
        mode(
            name=f"{name}_graph",
            expression=f"graph.replay()  # of {eager.expression.partition('  #')[0]}",
            kinds=("cuda",),
            make=partial(make_graph, static),
            mode="graph",
        ),
    )


MLP: Final = perceptron(PERCEPTRON)
TRANSFORMER: Final = inference(TRANSFORMER_BLOCK)

EXECUTION: Final[tuple[Workload, ...]] = (
    POINTWISE_CHAIN,
    *_modes(
        "pointwise_chain",
        POINTWISE_CHAIN.sizes,
        "torch.compile(chain, dynamic=False)(x, y)",
        make_compiled_chain,
        static_chain,
    ),
    *_modes(
        "mlp_forward",
        WIDTHS,
        "torch.compile(model, dynamic=False)(x)",
        partial(make_compiled_forward, MLP),
        partial(static_forward, MLP),
    ),
    *_modes(
        "transformer_block_forward",
        BATCHES,
        "torch.compile(block, dynamic=False)(x)  # eval mode, no gradients",
        partial(make_compiled_forward, TRANSFORMER),
        partial(static_forward, TRANSFORMER),
    ),
    *_modes(
        "mlp_train_sgd",
        WIDTHS,
        "optimizer.zero_grad(); loss = torch.compile(loss_of, dynamic=False)(x, y); loss.backward(); optimizer.step()",
        partial(make_compiled_step, MLP, SGD),
        partial(static_step, MLP, SGD),
    ),
)
