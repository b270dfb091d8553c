"""Machines: what differs between the runs of a page, and their devices side by side. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from bench_lib import units
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.records import environment
from bench_lib.records.environment import Difference
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.report.page import captions, headings, machines
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import reference_run

ONE = (
    "One run is on this page: crossover report takes several files, of other machines, GPUs or versions of torch, and "
    "sets them side by side."
)
NO_REFERENCE = (
    f"{ONE} Nor is there a reference run of a GPU to set beside this CPU: none ships with this version, or none was "
    "wanted; crossover report --reference FILE adds one that was measured elsewhere."
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows: ``differences`` by group, and in ``told`` what is not compared."""

    heading: str
    names: tuple[Label, ...]
    where: tuple[str, ...]
    same: str
    differences: tuple[tuple[str, tuple[Difference, ...]], ...]
    times: machines.Times
    told: tuple[str, ...]
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return what differs between the runs, and their times side by side."""
    runs = material.runs
    if len(runs) < 2:
        has_gpu = any(pairing.has_gpu for pairing in material.lead)
        return Absent(reason=ONE if has_gpu else NO_REFERENCE)
    shown = runs[: machines.MAX_RUNS]
    names = labels(shown)
    found = tuple(_clean(one) for one in environment.differences(shown))
    workloads = frozenset.intersection(*(environment.common_workloads(shown[0], run) for run in shown[1:]))
    times = machines.build(shown, names, material.every_estimate, workloads, material.filters)
    return Content(
        heading=headings.machines_heading(times.wins, len(times.rows)),
        names=names,
        where=tuple(_machine(run, material) for run in shown),
        same=headings.differences_sentence(len(found), len(shown)),
        differences=tuple((group, tuple(some)) for group, some in groupby(found, key=lambda one: one.group)),
        times=times,
        told=_told(material, times, len(runs) - len(shown)),
        provenance=captions.of_runs(shown, material.every_estimate),
    )


def _machine(run: Run, material: PageContext) -> str:
    reference = any(one.run.id == run.id for one in material.reference)
    return f"{clean(run.machine)}{' (reference, another machine)' if reference else ''}"


def _clean(one: Difference) -> Difference:
    return Difference(
        group=one.group,
        name=clean(one.name),
        texts=tuple(clean(value) for value in one.texts),
    )


def _told(material: PageContext, times: machines.Times, more_runs: int) -> tuple[str, ...]:
    told = [reference_run.left_out(pairing) for pairing in material.crossings]
    told = [f"{name}." for name in dict.fromkeys(told) if name]
    if times.alone:
        told.append(f"{units.count(times.alone, 'operation')} not measured by all of the runs at one size.")
    if times.left_out:
        told.append(f"{units.count(times.left_out, 'more operation')} in all numbers.")
    if more_runs:
        told.append(f"{units.count(more_runs, 'more run')} of this page not shown here, but in all numbers.")
    return tuple(told)
