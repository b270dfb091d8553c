"""The environment variables that change how libraries compute, and whether NumPy and torch multiply alike under them.

A variable of another machine, or of a container's image, can make one library half as fast as it is: it is then the
variable that a comparison shows, and not the library.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

from bench_lib import units
from bench_lib.devices.host import QUIET, thread_environment
from bench_lib.devices.software import software_facts
from bench_lib.devices.variables import computing_variables
from bench_lib.records.run import Finding
from bench_lib.records.sanitize import scrub

MEANINGS: Final = (
    (r"OPENBLAS_CORETYPE|(?:NVPL|MKL|ARMPL)_\w*(?:TYPE|INSTRUCTIONS|CBWR)|BLIS_ARCH\w*|NPY_\w+", "NumPy's kernels"),
    (r"ATEN_CPU_CAPABILITY|(?:DNNL|ONEDNN)_\w*ISA", "torch's instructions"),
    (r"(?:OPENBLAS|GOTO|BLIS|MKL|NVPL|VECLIB|OMP|GOMP|KMP)_\w+", "threads: how many, where, and how they wait"),
    (r"MALLOC_\w+|GLIBC_TUNABLES|LD_PRELOAD|DYLD_INSERT_LIBRARIES", "where memory comes from"),
    (r"(?:CUDA|NVIDIA|HIP|ROCR|HSA|ZE|SYCL|ONEAPI)_\w+", "which GPUs are seen, and how calls reach them"),
    (r"(?:PYTORCH|TORCH|TORCHINDUCTOR|ATEN)_\w+", "torch's settings"),
)
"""What variables decide, by their names: the first that fits."""

OTHERWISE: Final = "a library's settings"
KERNELS: Final = tuple(pattern for pattern, meaning in MEANINGS[:2])
ALWAYS: Final = "npy aten dnnl onednn"  # of NumPy and of torch themselves
SLOWER: Final = 0.6  # of the other library's speed on one thread; two good ones are within a third of each other
TIMEOUT_SECONDS: Final = 60.0
PRODUCTS: Final = """
import time, numpy, torch
torch.set_num_threads(1)
a = torch.randn(384, 384)
def best(x):
    times = []
    for _ in range(12):
        start = time.perf_counter()
        x @ x
        times.append(time.perf_counter() - start)
    return min(times)
print(best(a.numpy()), best(a))
"""


def variables(
    environment: Mapping[str, str] = os.environ, products: Callable[[], tuple[float, float]] | None = None
) -> Finding:
    """Name the variables that are set, what they decide, and whether one library is held back.

    Parameters
    ----------
    products
        Seconds of a matrix product on one thread, NumPy's and torch's; measured in a process of its own if not given.
        Asked only where a variable decides how one of them multiplies.
    """
    ours = {*thread_environment(1), "TORCHINDUCTOR_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS"}
    known = computing_variables(environment)
    found = {name: value for name, value in known.items() if name not in ours and QUIET.get(name) != value}
    found.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)
    if not found:
        return Finding(check="variables", severity="ok", found="no variable is set that changes how libraries compute")
    listed = "; ".join(f"{name}={value} ({meaning(name)})" for name, value in found.items())
    advice = "unset what you did not set on purpose: numbers with and without it are not of the same library"
    if not any(_chooses_kernels(name) for name in found):
        return Finding(check="variables", severity="note", found=f"set: {listed}", advice=advice)
    try:
        numpy_seconds, torch_seconds = (products or _measured)()
    except (OSError, ValueError, subprocess.SubprocessError) as err:
        said = scrub(f"set: {listed}; products could not be compared: {type(err).__name__}")
        return Finding(check="variables", severity="note", found=said, advice=advice)
    share = min(numpy_seconds, torch_seconds) / max(numpy_seconds, torch_seconds)
    slower = "NumPy" if numpy_seconds > torch_seconds else "torch"
    times = f"a product on one thread takes NumPy {units.seconds(numpy_seconds)}, torch {units.seconds(torch_seconds)}"
    if share >= SLOWER:
        return Finding(check="variables", severity="note", found=f"set: {listed}; {times}", advice=advice)
    return Finding(
        check="variables",
        severity="warning",
        found=f"set: {listed}; {times}: {slower} has {units.percent(round(share, 2))} of the other's speed",
        advice=f"unset it, and see whether {slower} multiplies faster: what is measured may be the variable",
    )


def meaning(name: str) -> str:
    """Return what a variable decides."""
    return next((words for pattern, words in MEANINGS if re.fullmatch(pattern, name)), OTHERWISE)


def _chooses_kernels(name: str) -> bool:
    """Return whether a variable decides how a library multiplies that is in use here."""
    if not any(re.fullmatch(pattern, name) for pattern in KERNELS):
        return False
    facts = software_facts()
    here = f"{facts['numpy_blas']} {facts['torch_blas']} {ALWAYS}".lower().replace("math kernel library", "mkl")
    return name.partition("_")[0].lower() in here


def _measured() -> tuple[float, float]:
    """Return seconds of a product by NumPy and by torch, on one thread each, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", PRODUCTS],
        env=os.environ | thread_environment(1),
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    by_numpy, by_torch = map(float, done.stdout.split())
    return by_numpy, by_torch
