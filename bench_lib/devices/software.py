"""The versions and the flags that numbers depend on."""

import platform
import re
from typing import Any

import numpy as np
import torch

from bench_lib.devices.nvml import driver_version
from bench_lib.records.bounds import Facts


def software_facts() -> Facts:
    """Return the versions that numbers depend on: Python, torch, NumPy, CUDA, cuDNN, driver, BLAS, OpenMP."""
    built_with = torch.__config__.show()
    numpy_build: Any = np.show_config(mode="dicts")
    numpy_blas = numpy_build["Build Dependencies"]["blas"]
    cudnn: Any = torch.backends.cudnn
    return {
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "torch": torch.__version__,
        "torch_git": torch.version.git_version,
        "torch_blas": _first_match(r"- (.*Math Kernel Library Version [\d.]+)", r"BLAS_INFO=(\w+)", text=built_with),
        "torch_onednn": _first_match(r"- .*MKL-DNN (v\S+)", text=built_with),
        "torch_openmp": _first_match(r"- (OpenMP .*)", text=built_with),
        "torch_cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "numpy": np.__version__,
        "numpy_blas": f"{numpy_blas['name']} {numpy_blas['version']}",
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "cudnn": cudnn.version() if torch.cuda.is_available() else None,
        "driver": driver_version(),
    }


def precision_facts() -> Facts:
    """Return the flags that decide what precision a dtype means, as they are now."""
    backends: Any = torch.backends
    return {
        "cuda_matmul_fp32": backends.cuda.matmul.fp32_precision,
        "cudnn_conv_fp32": backends.cudnn.conv.fp32_precision,
        "cudnn_rnn_fp32": backends.cudnn.rnn.fp32_precision,
        "mkldnn_matmul_fp32": backends.mkldnn.matmul.fp32_precision,
        "cuda_bf16_reduced_reduction": backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        "cuda_fp16_reduced_reduction": backends.cuda.matmul.allow_fp16_reduced_precision_reduction,
        "cudnn_benchmark": backends.cudnn.benchmark,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
    }


def _first_match(*patterns: str, text: str) -> str | None:
    found = (re.search(pattern, text) for pattern in patterns)
    return next((match.group(1) for match in found if match), None)
