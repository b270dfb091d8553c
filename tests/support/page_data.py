"""Made-up runs that look real: a machine with a GPU, one without, and as many cases as asked for.

Times follow a simple model (overhead + bytes over bandwidth + FLOP over rate) with seeded noise in three levels
(process, visit, block), so that winners, crossovers, intervals that cannot tell, and doubts all occur.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Run, WorkloadRecord
from bench_lib.records.sample import Finish, Sample

CPU_NAME = "AMD EPYC 9B14"
GPU_NAME = "NVIDIA H200"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation of the model: ``operands`` elements moved per n, ``power`` FLOP growth."""

    name: str
    family: str
    expression: str
    sizes: tuple[int, ...]
    dtypes: tuple[str, ...] = ("float32",)
    dimensions: int = 1
    arrays: int = 3
    flop_factor: float = 1.0
    flop_power: int = 1
    numpy: bool = True
    cpu_overhead: float = 1.2e-6
    roundtrip: bool = True

    def elements(self, n: int) -> int:
        """Elements of one array at size ``n``."""
        return int(n**self.dimensions)


VECTOR = tuple(2**power for power in (10, 12, 14, 16, 18, 20, 22, 24))
SQUARE = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
BATCH = (1, 8, 64, 512, 4096)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="zeros",
        family="creation",
        expression="torch.zeros(n)",
        sizes=VECTOR,
        arrays=1,
        flop_factor=0,
        cpu_overhead=1.0e-6,
    ),
    Operation(name="randn", family="creation", expression="torch.randn(n)", sizes=VECTOR, arrays=1, flop_factor=25),
    Operation(
        name="tensor_from_list",
        family="creation",
        expression="torch.tensor(list)",
        sizes=VECTOR[:6],
        arrays=1,
        flop_factor=120,
        numpy=False,
    ),
    Operation(
        name="from_numpy",
        family="creation",
        expression="torch.from_numpy(a)",
        sizes=VECTOR[:5],
        arrays=1,
        flop_factor=0,
        cpu_overhead=6e-7,
        roundtrip=False,
    ),
    Operation(name="add", family="elementwise", expression="x + y", sizes=VECTOR),
    Operation(name="exp", family="elementwise", expression="torch.exp(x)", sizes=VECTOR, arrays=2, flop_factor=8),
    Operation(
        name="matmul",
        family="matmul",
        expression="A @ B",
        sizes=SQUARE,
        dtypes=("float32", "float64", "bfloat16"),
        dimensions=2,
        flop_factor=2,
        flop_power=3,
    ),
    Operation(
        name="matvec",
        family="matmul",
        expression="A @ v",
        sizes=SQUARE,
        dimensions=2,
        arrays=1,
        flop_factor=2,
        flop_power=2,
    ),
    Operation(
        name="scalar_backward",
        family="autograd",
        expression="y = x**3 + 5; y.backward()",
        sizes=(1,),
        arrays=1,
        numpy=False,
        cpu_overhead=28e-6,
    ),
    Operation(
        name="mlp_step",
        family="autograd",
        expression="loss(mlp(x)).backward(); adamw.step()",
        sizes=BATCH,
        arrays=900,
        flop_factor=6.3e5,
        numpy=False,
        cpu_overhead=210e-6,
    ),
)

RATES = {  # overhead factor or seconds, bytes/s, FLOP/s
    "numpy": (0.75, 9e9, 4.2e10),
    "cpu": (1.0, 1.0e10, 7.2e10),
    "cpu-1t": (1.0, 1.0e10, 7.2e10),
    "cuda:0": (8.5e-6, 3.6e12, 4.5e13),
}
LINK_RATE = 2.2e10
ERRORS = {"float64": 4e-16, "tf32": 4e-4, "bfloat16": 3e-3}  # of the others, 1e-7
FORK_NBYTES = 1 << 17  # below, one thread does the work whatever it is given


def gpu_recording(
    *, rounds: int = 5, visits: int = 3, seed: int = 1, operations: Sequence[Operation] = OPERATIONS
) -> Recording:
    """Return a run with NumPy, CPU, one thread and a GPU; some cases out of memory, wrong, throttled."""
    devices = (
        DeviceRecord(key="numpy", kind="numpy", name=CPU_NAME, threads=16),
        DeviceRecord(key="cpu", kind="cpu", name=CPU_NAME, threads=16, memory_nbytes=2**37),
        DeviceRecord(key="cpu-1t", kind="cpu", name=CPU_NAME, threads=1, memory_nbytes=2**37),
        DeviceRecord(
            key="cuda:0",
            kind="cuda",
            name=GPU_NAME,
            memory_nbytes=141 * 10**9,
            facts={"compute_capability": "9.0", "multiprocessors": 132},
        ),
    )
    recording = _record(devices, operations, rounds=rounds, visits=visits, seed=seed, scale=6.0)
    return replace(recording, samples=tuple(_with_doubts(recording.samples)))


def cpu_recording(
    *, rounds: int = 5, visits: int = 3, seed: int = 2, operations: Sequence[Operation] = OPERATIONS
) -> Recording:
    """Return a run of a small machine without a GPU."""
    devices = (
        DeviceRecord(key="numpy", kind="numpy", name=CPU_NAME, threads=2),
        DeviceRecord(key="cpu", kind="cpu", name=CPU_NAME, threads=2, memory_nbytes=2**33),
        DeviceRecord(key="cpu-1t", kind="cpu", name=CPU_NAME, threads=1, memory_nbytes=2**33),
    )
    return _record(devices, operations, rounds=rounds, visits=visits, seed=seed, scale=1.9)


def second_gpu_recording(*, seed: int = 4, operations: Sequence[Operation] = OPERATIONS) -> Recording:
    """Return a run of a made-up second machine: a GPU with 0.3 of the first one's pace, a CPU with 1.5 of it."""
    first = gpu_recording(seed=seed, operations=operations)
    names = {"cuda": "Example GPU X1"}
    devices = tuple(
        structs.replace(device, name=names.get(device.kind, "Example CPU 9000"), facts={})
        for device in first.run.devices
    )
    run = structs.replace(
        first.run,
        id="20250612T070000Z-b2b2",
        created="2025-06-12T07:00:00Z",
        machine="example-x1-16c",
        host={**first.run.host, "cpu": "Example CPU 9000"},
        software={**first.run.software, "cuda": "12.8", "driver": "570.1"},
        devices=devices,
    )
    return paced(replace(first, run=run), {"cuda:0": 0.3, "cpu": 1.5, "cpu-1t": 1.5, "numpy": 1.5})


def other_torch(recording: Recording, version: str = "2.12.0") -> Recording:
    """Return a run as of another day, the same machine with another torch, whose GPU calls take 1.25 times as long."""
    run = structs.replace(
        recording.run,
        id=f"{recording.run.id[:-4]}0d0d",
        created="2025-06-13T08:00:00Z",
        software={**recording.run.software, "torch": version},
    )
    return paced(replace(recording, run=run), {"cuda:0": 0.8})


def paced(recording: Recording, paces: dict[str, float]) -> Recording:
    """Return a run whose devices are so many times as fast."""
    samples = tuple(
        structs.replace(one, seconds=tuple(value / paces.get(one.case.device, 1.0) for value in one.seconds))
        for one in recording.samples
    )
    return replace(recording, samples=samples)


MODE_GAINS = {"compiled": 2.5, "graph": 4.0}  # of calls that are all launch
MODE_FADES_AT = 2**16  # elements at which half of that is left


def with_modes(recording: Recording, eager: str = "exp", seed: int = 3) -> Recording:
    """Return a run with an operation compiled on CPU and GPU, and captured as a graph on the GPU, beside it eager."""
    randomness = random.Random(seed)
    (plain,) = (workload for workload in recording.run.workloads if workload.name == eager)
    workloads, plan, samples = list(recording.run.workloads), list(recording.plan), list(recording.samples)
    for mode in MODE_GAINS:
        name = f"{eager}_{mode}"
        workloads.append(
            structs.replace(plain, name=name, family="execution", expression=f"{mode} {eager}", mode=mode, eager=eager)
        )
        plan += [
            structs.replace(one, case=structs.replace(one.case, workload=name))
            for one in recording.plan
            if _has_mode(one.case, plain, mode)
        ]
        samples += [
            _in_mode(one, name, mode, randomness) for one in recording.samples if _has_mode(one.case, plain, mode)
        ]
    return replace(
        recording,
        run=structs.replace(recording.run, workloads=tuple(workloads)),
        plan=tuple(plan),
        samples=tuple(samples),
    )


def _has_mode(case: Case, plain: WorkloadRecord, mode: str) -> bool:
    devices = ("cuda:0",) if mode == "graph" else ("cpu", "cuda:0")
    return case.workload == plain.name and case.device in devices and case.timing == "latency"


def _in_mode(sample: Sample, name: str, mode: str, randomness: random.Random) -> Sample:
    left = 1 / (1 + (sample.case.n / MODE_FADES_AT) ** 2)
    gain = 1 + (MODE_GAINS[mode] - 1) * left
    factor = math.exp(randomness.gauss(0, 0.002)) / gain
    return structs.replace(
        sample,
        case=structs.replace(sample.case, workload=name),
        seconds=tuple(factor * value for value in sample.seconds),
        compile_seconds=1.25 if sample.round == 1 else 0.1,
    )


def many_operations(count: int) -> tuple[Operation, ...]:
    """Return ``count`` operations over eight sizes each."""
    families = ("creation", "elementwise", "reduction", "matmul", "autograd")
    return tuple(
        Operation(
            name=f"operation_{index}",
            family=families[index % len(families)],
            expression=f"torch.operation_{index}(x)",
            sizes=VECTOR,
            arrays=1 + index % 4,
            flop_factor=1 + index % 40,
            cpu_overhead=(1 + index % 7) * 1e-6,
        )
        for index in range(count)
    )


def _record(
    devices: tuple[DeviceRecord, ...],
    operations: Sequence[Operation],
    *,
    rounds: int,
    visits: int,
    seed: int,
    scale: float,
) -> Recording:
    threads = next(device.threads for device in devices if device.key == "cpu")
    gpu = any(device.kind == "cuda" for device in devices)
    run = Run(
        id="20250611T093012Z-4f2a" if gpu else "20250611T101544Z-9c1d",
        created="2025-06-11T09:30:12Z" if gpu else "2025-06-11T10:15:44Z",
        machine="nvidia-h200-16c" if gpu else "amd-epyc-9b14-2c",
        profile="quick",
        seed=seed,
        rounds=rounds,
        visits=visits,
        budget_seconds=180.0,
        command=f"crossover run --profile quick --budget 3m --seed {seed}",
        host={
            "system": "Linux",
            "system_release": "6.8.0",
            "architecture": "x86_64",
            "cpu": CPU_NAME,
            "threads_usable": threads,
            "threads_physical": threads,
            "threads_affinity": (threads or 1) * 2,
            "threads_why": f"{threads} usable, set by the physical cores: {(threads or 1) * 2} logical in the affinity "
            f"mask, {threads} physical, no cgroup quota",
            "memory_nbytes": 2**37 if gpu else 2**33,
        },
        software={"python": "3.11.9", "torch": "2.13.0", "numpy": "2.4.1", "cuda": "13.0" if gpu else None},
        precision={"cuda_matmul_fp32": "ieee", "cudnn_conv_fp32": "ieee", "default_dtype": "float32"},
        settings={"target_half_width": 0.03, "visit_seconds": 0.08},
        devices=devices,
        workloads=tuple(
            WorkloadRecord(
                name=operation.name,
                family=operation.family,
                expression=operation.expression,
                size="elements",
                source_sha256=f"{index:064x}",
            )
            for index, operation in enumerate(operations)
        ),
    )
    randomness = random.Random(seed)
    plan: list[PlannedCase] = []
    samples: list[Sample] = []
    for operation in operations:
        for dtype in operation.dtypes:
            for n in operation.sizes:
                _record_size(operation, dtype, n, devices, rounds, visits, scale, randomness, plan, samples)
    wall_seconds = 171.4
    return Recording(
        run=run,
        plan=tuple(plan),
        samples=tuple(samples),
        finishes=(Finish(outcome="complete", rounds=rounds, wall_seconds=wall_seconds),),
    )


def _record_size(
    operation: Operation,
    dtype: str,
    n: int,
    devices: Iterable[DeviceRecord],
    rounds: int,
    visits: int,
    scale: float,
    randomness: random.Random,
    plan: list[PlannedCase],
    samples: list[Sample],
) -> None:
    itemsize = {"float64": 8, "float32": 4, "tf32": 4, "bfloat16": 2, "uint8": 1}[dtype]
    nbytes = max(itemsize, operation.arrays * operation.elements(n) * itemsize)
    flop = operation.flop_factor * n**operation.flop_power
    drift = [[randomness.gauss(0, 0.12) for _ in range(visits)] for _ in range(rounds)]
    for device in devices:
        if device.kind == "numpy" and (not operation.numpy or dtype == "bfloat16"):
            continue
        for residency, timing in _ways(operation, device.kind):
            case = Case(
                workload=operation.name, n=n, dtype=dtype, device=device.key, residency=residency, timing=timing
            )
            plan.append(PlannedCase(case=case, flop=float(flop), nbytes=nbytes))
            seconds = _model(operation, case, flop, nbytes, scale)
            for number in range(1, rounds + 1):
                process = randomness.gauss(0, 0.02)
                for visit in range(1, visits + 1):
                    shared = drift[number - 1][visit - 1] * (1.0 if device.kind != "cuda" else 0.1)
                    level = seconds * math.exp(process + shared + randomness.gauss(0, 0.02))
                    blocks = tuple(level * (1 + abs(randomness.gauss(0, 0.01))) for _ in range(10))
                    samples.append(
                        Sample(
                            case=case,
                            round=number,
                            visit=visit,
                            seconds=blocks,
                            calls=max(1, int(2e-4 / seconds)),
                            converged=seconds < 0.05,
                            stop="narrow" if seconds < 0.05 else "budget",
                            warmup_calls=3,
                            warmup_seconds=3 * seconds,
                            first_call_seconds=seconds * 4,
                            wall_seconds=12 * seconds,
                            relative_error=ERRORS.get(dtype, 1e-7),
                            error_bound=100 * ERRORS.get(dtype, 1e-7),
                        )
                    )


def _ways(operation: Operation, kind: str) -> list[tuple[str, str]]:
    ways = [("resident", "latency")]
    if kind == "cuda":
        ways += [("resident", "throughput"), ("resident", "device"), ("resident", "submit")]
        if operation.roundtrip:
            ways.append(("roundtrip", "latency"))
    return ways


def _model(operation: Operation, case: Case, flop: float, nbytes: int, scale: float) -> float:
    overhead, bandwidth, rate = RATES[case.device]
    if case.device.startswith("cuda"):
        calls = max(1.0, operation.cpu_overhead / 8e-6)
        speed = {"bfloat16": 12.0, "float64": 1.0, "float32": 1.0}.get(case.dtype, 1.0)
        work = nbytes / bandwidth + flop / (rate * speed)
        launch = {"latency": overhead * calls, "throughput": 2.6e-6 * calls, "device": 1.6e-6, "submit": 3e-6 * calls}
        copies = 2 * 9e-6 + nbytes / LINK_RATE if case.residency == "roundtrip" else 0.0
        return launch[case.timing] + (0.0 if case.timing == "submit" else work) + copies
    precision = {"bfloat16": 0.15, "float64": 0.5}.get(case.dtype, 1.0)
    parallel = case.device == "cpu" and nbytes > FORK_NBYTES
    threads = scale if parallel else 1.0
    fork = 5e-6 if parallel else 0.0
    return (
        operation.cpu_overhead * overhead
        + fork
        + nbytes / (bandwidth * min(threads, 4))
        + flop / (rate * threads * precision)
    )


def _with_doubts(samples: Iterable[Sample]) -> Iterable[Sample]:
    """Turn a few cases into what goes wrong in practice."""
    for sample in samples:
        case = sample.case
        if case.workload == "matmul" and case.dtype == "float64" and case.n == 4096 and case.device == "cuda:0":
            yield Sample(
                case=case,
                round=sample.round,
                visit=sample.visit,
                status="oom",
                reason="402653184 B asked for, 310 MB free on cuda:0",
            )
        elif case.workload == "exp" and case.n == 2**24 and case.device == "cuda:0":
            yield structs.replace(sample, throttle=("sw_power_cap",))
        elif case.workload == "matvec" and case.n == 4096 and case.device == "cpu-1t":
            yield Sample(
                case=case,
                round=sample.round,
                visit=sample.visit,
                status="wrong",
                reason="relative error 3e-2 is over the bound 1e-5",
                relative_error=3e-2,
                error_bound=1e-5,
            )
        else:
            yield sample
