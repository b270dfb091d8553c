"""The rows of asv's result files: one benchmark, its combinations of parameters, their numbers.

Every value comes from a file that someone else wrote: it is looked at, never trusted, and what does not fit becomes
nothing (:func:`text`, :func:`items`, :func:`mapping`, :func:`number`).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, get_args

from msgspec import structs

from bench_lib.records.bounds import MAX_ITEMS
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.records.foreign.parameters import roles
from bench_lib.records.run import WorkloadRecord
from bench_lib.records.sample import Sample, is_time
from bench_lib.records.sanitize import scrub, shorten

OUR_PARAMS: Final = ("device", "dtype", "n")
WAYS: Final = {"residency": get_args(Residency), "timing": get_args(Timing)}
"""What a benchmark that Crossover has exported says of itself; others are of the first."""

TIMING_NAME: Final = re.compile(r"(?:^|\.)(?:device_|Device[A-Z_]|time_|timeraw_|Time[A-Z_]|Timeraw[A-Z_])[^.]*$")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One benchmark of a result file.

    Attributes
    ----------
    columns
        What the result file says, by the name of the column.
    about
        What ``benchmarks.json`` says of it; empty where nothing is known.
    """

    name: str
    columns: Mapping[str, Any]
    about: Mapping[str, Any]

    @property
    def is_time(self) -> bool:
        """Whether its numbers are seconds."""
        if "unit" in self.about:
            return bool(self.about["unit"] == "seconds")
        return bool(items(self.columns.get("stats_number"))) or TIMING_NAME.search(self.name) is not None

    @property
    def axes(self) -> list[list[str]]:
        """The values of each parameter, as the text of their ``repr``."""
        return _axes(self.columns.get("params"))

    @property
    def axis_names(self) -> tuple[str, ...]:
        """The names of the parameters; numbered where ``benchmarks.json`` does not tell."""
        names = tuple(text(name) for name in items(self.about.get("param_names")))
        if len(names) == len(self.axes):
            return names
        is_ours = self.name.rpartition(".")[2].startswith("device_") and len(self.axes) == len(OUR_PARAMS)
        return OUR_PARAMS if is_ours else tuple(f"param{index + 1}" for index in range(len(self.axes)))

    @property
    def extra(self) -> Mapping[str, Any]:
        """What Crossover wrote of the workload, where it is of the same source."""
        is_same = self.about.get("version") == self.columns.get("version")
        return mapping(self.about.get("crossover")) if is_same else {}

    def told(self, key: str) -> list[Any]:
        """Return what :attr:`extra` says of each combination, None where nothing.

        ``benchmarks.json`` may know more values of a parameter than a file that was written earlier, or on another
        machine, and fewer: combinations are found by their values.
        """
        axes = _axes(self.about.get("params"))
        count = math.prod(map(len, axes))
        if count > MAX_ITEMS:
            return [None] * math.prod(map(len, self.axes))
        known = dict(zip(product(*axes), _of_length(count, self.extra.get(key)), strict=True))
        return [known.get(values) for values in product(*self.axes)]

    @property
    def workload(self) -> WorkloadRecord:
        """What is measured; asv's version of a benchmark is the hash of its source."""
        declared = mapping(self.extra.get("workload"))
        last = self.name.rpartition(".")[2]
        name = text(declared.get("name")) or (last.removeprefix("device_") if last.startswith("device_") else self.name)
        return WorkloadRecord(
            name=name,
            family=text(declared.get("family")) or self.name.partition(".")[0],
            expression=text(declared.get("expression")) or name,
            size=text(declared.get("size")),
            source_sha256=text(self.columns.get("version")),
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """One combination of parameters: what was measured, how much work it is, what was seen."""

    workload: WorkloadRecord
    planned: PlannedCase
    sample: Sample


def results(row: Row) -> Iterator[Result]:
    """Yield one result for each combination of parameters; none where the row does not have one for each.

    Combinations of our own suite that exist on no machine, such as TF32 on a processor, are no results.
    """
    axes = row.axes
    count = math.prod(len(axis) for axis in axes)
    column = row.columns.get("result")
    if column is None and count <= MAX_ITEMS:  # asv's short form for: all of them failed
        column = [None] * count
    if len(items(column)) != count:
        return
    names, workload = row.axis_names, row.workload
    way = {key: choice(row.extra.get(key), choices) for key, choices in WAYS.items()}
    columns = zip(
        product(*axes),
        items(column),
        _of_length(count, row.columns.get("samples")),
        _of_length(count, row.columns.get("stats_number")),
        row.told("flop"),
        row.told("nbytes"),
        row.told("possible"),
        strict=True,
    )
    for values, result, samples, calls, flop, nbytes, possible in columns:
        if possible is False:
            continue
        measured, case = _identify(workload, dict(zip(names, map(_unquote, values), strict=True)), way)
        planned = PlannedCase(case=case, flop=number(flop), nbytes=int(number(nbytes)))
        yield Result(workload=measured, planned=planned, sample=_sample(case, result, samples, calls))


def _identify(workload: WorkloadRecord, named: dict[str, str], way: Mapping[str, Any]) -> tuple[WorkloadRecord, Case]:
    """Give each parameter its role by name; what has none becomes part of the workload's name."""
    found = roles(named)
    if found.rest:
        name = found.name(workload.name)
        workload = structs.replace(workload, name=name, expression=name)
    return workload, Case(workload=workload.name, n=found.n, dtype=found.dtype, device=found.device, **way)


def _sample(case: Case, result: object, samples: object, calls: object) -> Sample:
    if isinstance(result, float) and math.isnan(result):
        reason = "asv has no number: its setup skipped the combination, or it was not selected"
        return Sample(case=case, round=1, visit=1, status="skipped", reason=reason)
    if result is None:
        return Sample(case=case, round=1, visit=1, status="failed", reason="asv has no number: the benchmark failed")
    seconds = _seconds(samples) or _seconds([result])
    if not seconds:
        reason = f"asv has {shorten(repr(result))} where a time above 0 is expected"
        return Sample(case=case, round=1, visit=1, status="failed", reason=reason)
    return Sample(case=case, round=1, visit=1, seconds=seconds, calls=max(int(number(calls)), 1))


def text(value: object) -> str:
    """Return a text of a file, made fit for a record; empty for anything else."""
    return scrub(value) if isinstance(value, str) else ""


def items(value: object) -> list[Any]:
    """Return a list of a file; empty for anything else."""
    return value if isinstance(value, list) else []


def mapping(value: object) -> dict[str, Any]:
    """Return an object of a file; empty for anything else."""
    return value if isinstance(value, dict) else {}


def choice(value: object, choices: tuple[str, ...]) -> str:
    """Return a value if it is one of those that there are; the first of them for anything else."""
    return value if isinstance(value, str) and value in choices else choices[0]


def number(value: object) -> float:
    """Return a finite number of 0 or more; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value < 2**63 else 0.0


def _seconds(values: object) -> tuple[float, ...]:
    """Return times; none at all where one of them is not a time."""
    numbers = tuple(number(value) for value in items(values))
    return numbers if numbers and all(map(is_time, numbers)) else ()


def _axes(params: object) -> list[list[str]]:
    return [[text(value) for value in items(axis)] for axis in items(params)]


def _of_length(count: int, value: object) -> list[Any]:
    column = items(value)
    return column if len(column) == count else [None] * count


def _unquote(written: str) -> str:
    is_quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
    return written[1:-1] if is_quoted else written
