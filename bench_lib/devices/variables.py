"""The environment variables that change how a library computes: in the record, so that two runs can be told apart.

Names are always kept; a value only where it is a number or a known word, since any other may be a path or a name.
"""

import os
import re
from collections.abc import Mapping
from typing import Final

from bench_lib.records.bounds import Facts

OURS: Final = re.compile(
    r"(?:OPENBLAS|GOTO|BLIS|MKL|NVPL|ARMPL|VECLIB|OMP|GOMP|KMP|MALLOC|TORCH|TORCHINDUCTOR|PYTORCH|ATEN|DNNL|ONEDNN"
    r"|NPY|NUMPY|CUDA|CUBLAS|CUDNN|NCCL|NVIDIA|HIP|HSA|ROCR|MIOPEN|SYCL|ONEAPI|ZE)_\w+"
    r"|LD_PRELOAD|LD_LIBRARY_PATH|GLIBC_TUNABLES|DYLD_INSERT_LIBRARIES"
)
SECRET: Final = re.compile(r"TOKEN|SECRET|PASSWORD|KEY|USER|HOME|HOST", re.IGNORECASE)
NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?[kKmMgGbB]{0,2}(?:,\d+)*")
KNOWN: Final = re.compile(
    r"true|false|yes|no|on|off|auto|default|none|enabled|disabled|active|passive|static|dynamic|guided"
    r"|close|spread|master|primary|threads|cores|sockets|compact|scatter|balanced|respect|norespect|granularity=fine"
    r"|haswell|zen|skylakex|cooperlake|sapphirerapids|sandybridge|nehalem|prescott|core2|penryn|barcelona|bulldozer"
    r"|piledriver|steamroller|excavator|generic|armv8|neoverse[nv]\d|cortexa\d+|a64fx"
    r"|sse4_?[12]|avx\w*|high|highest|medium|lazy|eager|expandable_segments:(?:true|false)|(?:\w+=)?\d+",
    re.IGNORECASE,
)
SET: Final = "set, to what is not kept"


def computing_variables(environment: Mapping[str, str] = os.environ) -> Facts:
    """Return the variables that change how numbers are computed, by name, with the values that say nothing else."""
    return {name: _shown(environment[name]) for name in sorted(environment) if is_computing(name)}


def is_computing(name: str) -> bool:
    """Return whether a variable is one that a library for computing, or the loader of one, reads."""
    return OURS.fullmatch(name) is not None and SECRET.search(name) is None


def _shown(value: str) -> str:
    return value if not value or KNOWN.fullmatch(value) or NUMBER.fullmatch(value) else SET
