"""Every workload that Crossover measures, in one visible tuple, ``ALL``; and what a file of your own workloads needs.

A file for ``crossover run --workloads`` imports from here: :class:`Workload` and :class:`Axis` to declare an operation,
:func:`functional` and :func:`gradient` to make a pure function of tensors ready, forward and backward, or
:class:`Setting`, :class:`Prepared`, :class:`Check`, :func:`checked` and the measures of accuracy to write ``make`` by
hand. ``examples/my_ops.py`` shows each.
"""

from __future__ import annotations

from typing import Final

from bench_lib.errors import UsageError
from bench_lib.workloads.accuracy import Accuracy, error_bound, exact, relative_error, worst, worst_error
from bench_lib.workloads.autograd import AUTOGRAD
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Check, Prepared, Setting, checked
from bench_lib.workloads.control_flow import CONTROL_FLOW
from bench_lib.workloads.creation import CREATION
from bench_lib.workloads.device_kinds import ALL_KINDS, GPU_KINDS, TORCH_KINDS
from bench_lib.workloads.elementwise import ELEMENTWISE
from bench_lib.workloads.execution import EXECUTION
from bench_lib.workloads.fft import FFT
from bench_lib.workloads.functional import functional, gradient
from bench_lib.workloads.indexing import INDEXING
from bench_lib.workloads.linalg import LINALG
from bench_lib.workloads.matmul import MATMUL
from bench_lib.workloads.matmul_shapes import MATMUL_SHAPES
from bench_lib.workloads.narrow_matmul import NARROW_MATMUL
from bench_lib.workloads.neural import NEURAL
from bench_lib.workloads.ordering import ORDERING
from bench_lib.workloads.reduction import REDUCTION
from bench_lib.workloads.transfer import TRANSFER

# What a file of one's own needs. ALL is not among it: a file that takes * is not to measure what is built in as well.
__all__ = [
    "ALL_KINDS",
    "GPU_KINDS",
    "TORCH_KINDS",
    "Accuracy",
    "Axis",
    "Check",
    "Prepared",
    "Setting",
    "Workload",
    "checked",
    "error_bound",
    "exact",
    "functional",
    "gradient",
    "relative_error",
    "worst",
    "worst_error",
]

ALL: Final[tuple[Workload, ...]] = (
    *CREATION,
    *TRANSFER,
    *MATMUL,
    *MATMUL_SHAPES,
    *NARROW_MATMUL,
    *AUTOGRAD,
    *ELEMENTWISE,
    *REDUCTION,
    *INDEXING,
    *ORDERING,
    *LINALG,
    *FFT,
    *NEURAL,
    *EXECUTION,
    *CONTROL_FLOW,
)


def by_name() -> dict[str, Workload]:
    """Return the workloads under their names, in the order of :data:`ALL`."""
    return {workload.name: workload for workload in ALL}


def find(name: str) -> Workload:
    """Return the workload of a name.

    Raises
    ------
    UsageError
        If there is none.
    """
    known = by_name()
    if name not in known:
        msg = f"no workload is called {name!r}: choose one of {', '.join(known)}"
        raise UsageError(msg)
    return known[name]
