"""The name that benchmark files import: see :mod:`bench_lib.plugins.asv.device`."""

from bench_lib.plugins.asv.device import DeviceBenchmark as DeviceBenchmark
from bench_lib.plugins.asv.device import benchmark as benchmark
