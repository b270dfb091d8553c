"""What asv measures: one class for each family of workloads, one method for each workload.

asv imports this package before it looks for benchmarks, which is when our benchmark type must be known to it. Importing
it touches no GPU.
"""

import os

# Before torch is imported: the driver is asked whether there is a GPU, and CUDA stays untouched until after the fork.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

from bench_lib.devices.host import QUIET

# Before NumPy is: its BLAS asks once how long an idle thread stays awake. What a person has set wins.
os.environ.update(QUIET | os.environ)

from asv_runner.benchmarks import benchmark_types

from bench_lib.plugins.asv.device import DeviceBenchmark

if DeviceBenchmark not in benchmark_types:
    benchmark_types.append(DeviceBenchmark)
