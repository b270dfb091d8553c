"""What is wrong with a workload that somebody declared: one sentence, before anything is measured.

A built-in workload is looked at by the tests, a user's by this module.
"""

from __future__ import annotations

import math
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final

from bench_lib.records.case import Timing
from bench_lib.records.run import Mode
from bench_lib.records.sanitize import is_printable, shorten
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.device_kinds import ALL_KINDS, TORCH_DTYPES

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
TEXTS: Final = ("family", "expression", "size")
MAX_LENGTH: Final = 400
MAX_VALUES: Final = 100
LIMIT: Final = 2**63  # of whole numbers in a result file


def fault(workload: Workload) -> str:
    """Return what keeps a workload from being measured: what was expected and what came; empty if nothing does."""
    return next(_faults(workload), "")


def _faults(workload: Workload) -> Iterator[str]:
    """Yield each fault; what comes later may rely on what came before."""
    yield from _faults_of_texts(workload)
    yield from _faults_of_axes(workload)
    yield from _faults_of_choices(workload)
    for name in ("make", "flop", "nbytes"):
        if not callable(getattr(workload, name)):
            yield f"{name} is a function; came {_shown(getattr(workload, name))}"
    yield from _faults_of_work(workload)


def _faults_of_texts(workload: Workload) -> Iterator[str]:
    if not isinstance(workload.name, str) or not NAME.fullmatch(workload.name):
        yield (
            "a name is at most 80 lower-case letters, digits and underscores, beginning with a letter; "
            f"came {_shown(workload.name)}"
        )
    for name in TEXTS:
        text = getattr(workload, name)
        if not isinstance(text, str) or not text.strip() or len(text) > MAX_LENGTH or not is_printable(text):
            yield f"{name} is a printable text of at most {MAX_LENGTH} characters; came {_shown(text)}"


def _faults_of_axes(workload: Workload) -> Iterator[str]:
    axes = [("sizes", workload.sizes, _fault_of_size), ("dtypes", workload.dtypes, _fault_of_dtype)]
    if not isinstance(workload.sizes_of, tuple) or not all(_is_pair(pair) for pair in workload.sizes_of):
        yield f"sizes_of is a tuple of pairs of a dtype and an Axis; came {_shown(workload.sizes_of)}"
        return
    axes += [(f"sizes_of {dtype}", axis, _fault_of_size) for dtype, axis in workload.sizes_of]
    for name, axis, fault_of in axes:
        yield from _faults_of_axis(name, axis, fault_of)
    for dtype, _ in workload.sizes_of:
        yield from _one(_fault_of_dtype(dtype))


def _faults_of_axis(name: str, axis: object, fault_of: Callable[[object], str]) -> Iterator[str]:
    if not isinstance(axis, Axis) or not all(isinstance(part, tuple) for part in vars(axis).values()):
        yield f"{name} is an Axis of tuples, such as Axis(quick=(1, 2)); came {_shown(axis)}"
        return
    values = axis.values("full")
    if not 1 <= len(values) <= MAX_VALUES:
        yield f"{name} has 1 to {MAX_VALUES} values; came {len(values)}"
    for value in values:
        yield from _one(fault_of(value))


def _faults_of_choices(workload: Workload) -> Iterator[str]:
    for name, known in (("kinds", ALL_KINDS), ("timings", typing.get_args(Timing))):
        values = getattr(workload, name)
        if not isinstance(values, tuple) or not values or not set(values) <= set(known):
            yield f"{name} is a tuple of some of {', '.join(known)}; came {_shown(values)}"
    if "latency" not in workload.timings:
        yield f"timings hold latency, which every device has; came {_shown(workload.timings)}"
    for name in ("roundtrip", "one_thread", "lazy"):
        if not isinstance(getattr(workload, name), bool):
            yield f"{name} is True or False; came {_shown(getattr(workload, name))}"
    if _fault_of_size(workload.multiple):
        yield f"multiple is a whole number from 1, below 2**63; came {_shown(workload.multiple)}"
    if workload.mode not in typing.get_args(Mode):
        yield f"mode is one of {', '.join(typing.get_args(Mode))}; came {_shown(workload.mode)}"
    if not isinstance(workload.eager, str) or not NAME.fullmatch(workload.eager or "none"):
        yield f"eager is the name of another workload, or empty; came {_shown(workload.eager)}"


def _faults_of_work(workload: Workload) -> Iterator[str]:
    for dtype in workload.dtypes.values("full"):
        for n in workload.sizes_for(dtype, "full"):
            flop, nbytes = workload.flop(n), workload.working_set(n, dtype)
            if not isinstance(flop, int | float) or not math.isfinite(flop) or flop < 0:
                yield f"flop({n}) is a number from 0; came {_shown(flop)}"
            if not _is_whole(nbytes) or not 0 <= nbytes < LIMIT:
                yield f"nbytes({n}, itemsize) is a whole number from 0, below 2**63; came {_shown(nbytes)}"


def _fault_of_size(value: object) -> str:
    return "" if _is_whole(value) and 1 <= value < LIMIT else f"a size is a whole number from 1; came {_shown(value)}"


def _fault_of_dtype(value: object) -> str:
    known = ", ".join(TORCH_DTYPES)
    return "" if value in TORCH_DTYPES else f"a dtype is one of {known}; came {_shown(value)}"


def _is_whole(value: Any) -> typing.TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2


def _one(text: str) -> Iterator[str]:
    if text:
        yield text


def _shown(value: object) -> str:
    return shorten(value) if isinstance(value, str) else shorten(repr(value)).strip("'\"")
