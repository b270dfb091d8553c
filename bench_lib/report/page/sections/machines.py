"""Machines: what differs between the runs of a page, and their devices side by side.

Every time is of one run, at the largest size that all runs have; nothing is averaged over them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis import environment
from bench_lib.analysis.environment import Difference
from bench_lib.analysis.fastest import fastest
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.intervals import Estimate
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page import captions
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import OperationRow, Row, Value, operation, seconds, size
from bench_lib.report.sentences import headlines, reference_run, words

ONE = (
    "One run is on this page: crossover report takes several files, of other machines, GPUs or versions of torch, and "
    "sets them side by side."
)
NO_REFERENCE = (
    f"{ONE} Nor is there a reference run of a GPU to set beside this CPU: none ships with this version, or none was "
    "wanted; crossover report --reference FILE adds one that was measured elsewhere."
)
MAX_RUNS: Final = 4
MAX_ROWS: Final = 200
"""Operations listed, those measured at the most sizes."""
LONG: Final = 20
"""Rows from which on the table scrolls by itself."""
CPU_WORDS: Final = {"cpu": "CPU", "cpu-1t": "1 thread", "numpy": "NumPy"}
_LIMITS: Final = {"value": "seconds", "low": "seconds_low", "high": "seconds_high"}


@dataclass(frozen=True, kw_only=True)
class MachinesSection:
    """What the section shows: ``differences`` by group, and in ``notes`` what is not compared."""

    heading: str
    names: tuple[Label, ...]
    where: tuple[str, ...]
    same: str
    differences: tuple[tuple[str, tuple[Difference, ...]], ...]
    times: TimesTable
    notes: tuple[str, ...]
    provenance: str


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One column: a device of one of the runs, with its data in place or copied.

    Attributes
    ----------
    place
        Which run, from 0.
    """

    place: int
    key: str
    residency: str
    word: str


@dataclass(frozen=True, kw_only=True)
class MachineRow(OperationRow):
    """One operation: times, noted where one is the fastest; ``winner`` is that, ``rivals`` who else it may be."""

    size: str
    cells: tuple[Value | None, ...]
    winner: str
    rivals: str


@dataclass(frozen=True, kw_only=True)
class TimesTable:
    """The table.

    Attributes
    ----------
    heads
        Name of each run, and how many columns it has.
    wins
        The devices that are surely the fastest of all, in how many operations each, the most frequent first.
    alone
        Operations that not all of the runs have at one size.
    left_out
        Operations that all have and that are not listed.
    """

    heads: tuple[tuple[str, int], ...]
    slots: tuple[Slot, ...]
    rows: tuple[MachineRow, ...]
    wins: tuple[tuple[str, int], ...]
    alone: int
    left_out: int

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return len(self.rows) > LONG


def machines_section(context: PageContext) -> MachinesSection | Absent:
    """Return what differs between the runs, and their times side by side."""
    runs = context.runs
    if len(runs) < 2:
        has_gpu = any(pairing.has_gpu for pairing in context.lead)
        return Absent(reason=ONE if has_gpu else NO_REFERENCE)
    shown = runs[:MAX_RUNS]
    names = labels(shown)
    found = tuple(_clean(one) for one in environment.differences(shown))
    workloads = frozenset.intersection(*(environment.common_workloads(shown[0], run) for run in shown[1:]))
    times = times_table(shown, names, context.every_estimate, workloads, context.filters)
    return MachinesSection(
        heading=machines_heading(times.wins, len(times.rows)),
        names=names,
        where=tuple(_machine(run, context) for run in shown),
        same=differences_sentence(len(found), len(shown)),
        differences=tuple((group, tuple(some)) for group, some in groupby(found, key=lambda one: one.group)),
        times=times,
        notes=_notes(context, times, len(runs) - len(shown)),
        provenance=captions.of_runs(shown, context.every_estimate),
    )


def _machine(run: Run, context: PageContext) -> str:
    reference = any(one.run.id == run.id for one in context.reference)
    return f"{clean(run.machine)}{' (reference, another machine)' if reference else ''}"


def _clean(one: Difference) -> Difference:
    return Difference(
        group=one.group,
        name=clean(one.name),
        texts=tuple(clean(value) for value in one.texts),
    )


def _notes(context: PageContext, times: TimesTable, more_runs: int) -> tuple[str, ...]:
    notes = [reference_run.left_out(pairing) for pairing in context.crossings]
    notes = [f"{name}." for name in dict.fromkeys(notes) if name]
    if times.alone:
        notes.append(f"{units.count(times.alone, 'operation')} not measured by all of the runs at one size.")
    if times.left_out:
        notes.append(f"{units.count(times.left_out, 'more operation')} in all numbers.")
    if more_runs:
        notes.append(f"{units.count(more_runs, 'more run')} of this page not shown here, but in all numbers.")
    return tuple(notes)


def times_table(
    runs: Sequence[Run], labels: Sequence[Label], estimates: pd.DataFrame, workloads: frozenset[str], filters: Filters
) -> TimesTable:
    """Return the table of the times of some runs.

    Parameters
    ----------
    runs, labels
        At most :data:`MAX_RUNS`, and what they are called.
    estimates
        :func:`estimates_table` of these runs, and perhaps of others.
    workloads
        Names of those that all runs measured from one source.
    """
    slots = _slots(runs, estimates)
    ids = [run.id for run in runs]
    place = {(ids[slot.place], slot.key, slot.residency): index for index, slot in enumerate(slots)}
    shown = estimates[estimates["run"].isin(ids) & (estimates["timing"] == "latency")]
    cases: dict[tuple[str, str], dict[int, dict[int, Row]]] = {}
    for row in shown.to_dict("records"):
        slot = place.get((row["run"], row["device"], row["residency"]))
        if slot is not None:
            cases.setdefault((row["workload"], row["dtype"]), {}).setdefault(row["n"], {})[slot] = row
    found, everyone = {}, set(range(len(runs)))
    for key, sizes in cases.items():
        common = [n for n, rows in sizes.items() if {slots[slot].place for slot in _timed(rows)} == everyone]
        if key[0] in workloads and common:
            found[key] = sizes[max(common)]
    listed = sorted(found, key=lambda key: -len(cases[key]))[:MAX_ROWS]
    rows = [_row(found[key], slots, ids, labels, filters) for key in found if key in set(listed)]
    return TimesTable(
        heads=tuple((label.text, sum(slot.place == index for slot in slots)) for index, label in enumerate(labels)),
        slots=slots,
        rows=tuple(row for row, _ in rows),
        wins=_wins((best for _, best in rows), slots, labels),
        alone=len(cases) - len(found),
        left_out=len(found) - len(listed),
    )


def _slots(runs: Sequence[Run], estimates: pd.DataFrame) -> tuple[Slot, ...]:
    """Return the columns: GPU and CPU of each run; copies where a run has no GPU; all of the CPU where none has."""
    measured = estimates[estimates["timing"] == "latency"]
    there = set(zip(measured["run"], measured["device"], measured["residency"], strict=True))
    gpus = [next((device.key for device in run.devices if is_gpu(device.kind)), None) for run in runs]
    slots: list[Slot] = []
    for place, (run, gpu) in enumerate(zip(runs, gpus, strict=True)):
        wanted = [(gpu, "resident", "GPU")] if gpu else []
        if gpu and not all(gpus):
            wanted.append((gpu, "roundtrip", "GPU, copied"))
        wanted += [(key, "resident", word) for key, word in CPU_WORDS.items() if key == "cpu" or not any(gpus)]
        slots += [
            Slot(place=place, key=key, residency=residency, word=word)
            for key, residency, word in wanted
            if (run.id, key, residency) in there
        ]
    return tuple(slots)


def _timed(rows: Mapping[int, Row]) -> list[int]:
    """Return the columns of one case that have a time, in order."""
    return [slot for slot in sorted(rows) if is_known(rows[slot]["seconds"])]


def _wins(best: Iterable[Sequence[int]], slots: Sequence[Slot], labels: Sequence[Label]) -> tuple[tuple[str, int], ...]:
    """Return who wins how often, told within a sentence; a device of several runs counts where it wins in any."""
    gpus = {slot.place for slot in slots if slot.word == "GPU"}
    winners = []
    for places in best:
        if len(places) == 1:
            (slot,) = (slots[place] for place in places)
            winners.append(_subject(slot, labels[slot.place], has_gpu=slot.place in gpus))
        elif shared := _shared(places, slots):
            winners.append(f"{_the(shared)} of {'either' if len(labels) == 2 else 'one or another'} run")
    return tuple(Counter(winners).most_common())


def _shared(places: Sequence[int], slots: Sequence[Slot]) -> str:
    """Return the word that all of these columns have; empty where they have several."""
    found = {slots[place].word for place in places}
    return found.pop() if len(found) == 1 else ""


def _rivals(places: Sequence[int], slots: Sequence[Slot], labels: Sequence[Label], *, named: bool) -> str:
    """Return the runs, and their devices if ``named``, among which it cannot be told who is the fastest."""
    by_run: dict[int, list[str]] = {}
    for place in places:
        by_run.setdefault(slots[place].place, []).append(slots[place].word)
    if not named:
        return " or ".join(labels[run].text for run in by_run)
    return "; ".join(f"{labels[run].text}: {', '.join(found)}" for run, found in by_run.items())


def _the(word: str) -> str:
    return f"the {word}" if word in ("GPU", "CPU") else word


def _subject(slot: Slot, label: Label, *, has_gpu: bool) -> str:
    """Return a column's device within a sentence: ``the H200``, ``the CPU beside the H200``."""
    if label.is_device and slot.word == ("GPU" if has_gpu else "CPU"):
        return label.subject
    return f"{_the(slot.word)} {'beside' if label.is_device and has_gpu else 'of'} {label.subject}"


def _row(
    rows: Mapping[int, Row], slots: Sequence[Slot], ids: Sequence[str], labels: Sequence[Label], filters: Filters
) -> tuple[MachineRow, Sequence[int]]:
    """Return a row, and the columns of which it cannot be told that another is faster."""
    first = next(iter(rows.values()))
    rivals = [index for index in _timed(rows) if slots[index].residency == "resident"]
    times = [Estimate(**{name: rows[index][column] for name, column in _LIMITS.items()}) for index in rivals]
    best = [rivals[place] for place in fastest(times, [ids[slots[index].place] for index in rivals])]
    alone, shared = len(best) == 1, _shared(best, slots)
    cells = (
        _cell(rows[index], "fastest" if alone and index == best[0] else "") if index in rows else None
        for index in range(len(slots))
    )
    row = MachineRow(
        **operation(first, filters),
        size=size(first),
        cells=tuple(cells),
        winner=f"{labels[slots[best[0]].place].text}, {shared}" if alone else shared or words.CANNOT_TELL,
        rivals="" if alone else _rivals(best, slots, labels, named=not shared),
    )
    return row, best


def _cell(row: Row, note: str) -> Value:
    if not is_known(row["seconds"]):
        return Value(text=words.status(row["status"], short=True))
    return seconds(row["seconds"], row["seconds_low"], row["seconds_high"], note)


def machines_heading(wins: Sequence[tuple[str, int]], operations: int) -> str:
    """Return which device of all runs is the fastest, and how often.

    Parameters
    ----------
    wins
        Devices within a sentence, and in how many operations each is surely the fastest; the most frequent first.
    operations
        Compared, those that cannot be told among them.
    """
    if not operations:
        return "The runs have no case in common"
    if not wins:
        whole = units.count(operations, "operation")
        return f"Which device is the fastest can\N{RIGHT SINGLE QUOTATION MARK}t be told for any of {whole}"
    (first, most), *others = wins
    parts = [f"{first[:1].upper()}{first[1:]} is the fastest in {headlines.share(most, operations)} operations"]
    parts += [f"{subject} in {units.count(count)}" for subject, count in others[:3]]
    return ", ".join(parts)


def differences_sentence(differing: int, runs: int) -> str:
    """Return in how many facts the runs differ."""
    if not differing:
        return f"Nothing differs between the {runs} runs, as far as they tell: machine, versions, flags, settings."
    facts = units.count(differing, "fact")
    return f"The {runs} runs differ in {facts} of their machines, versions, flags and settings."
