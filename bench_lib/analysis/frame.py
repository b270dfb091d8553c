"""From recordings to one tidy table: a row for each sample, a column for each fact, every column with its unit.

The table knows nothing of how the numbers are judged; :mod:`bench_lib.analysis` does that. Text is categorical, in the
order in which the recordings name it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pandas as pd

from bench_lib.analysis.columns import COLUMNS, Column
from bench_lib.errors import NotComparable
from bench_lib.records import intervals
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from bench_lib.records.sanitize import shorten

FLOOR_QUANTILE: Final = 0.05  # of a visit's blocks: what the hardware does when nobody disturbs it
UNREACHED: Final = "not reached before the run ended"
NAN: Final = float("nan")
NO_TIMES: Final = (NAN, NAN, NAN, NAN)
TIMES: Final = ("median_seconds", "median_low", "median_high", "floor_seconds")
CLOCKS: Final = ("sm_clock_hz", "temperature_celsius", "power_watts")
CASE_FACTS: Final = ("workload", "n", "dtype", "device", "residency", "timing")
SAMPLE_FACTS: Final = tuple(
    column.name
    for column in COLUMNS
    if column.name in Sample.__struct_fields__ and column.name not in (*CASE_FACTS, "throttle")
)


def tidy(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Return one row for each sample, and one for each planned case that has none.

    Parameters
    ----------
    recordings
        Result files, read. A recording given twice counts once.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. What a source does not tell is NaN: asv and pytest-benchmark know neither FLOP
        nor warm-up, and a zero of theirs is not taken for a measurement.

    Raises
    ------
    NotComparable
        If two different recordings carry the same run id.
    """
    asked: list[tuple[Recording, PlannedCase]] = []
    seen: list[Sample] = []
    row_case: list[int] = []
    for recording in _each_once(recordings):
        _collect(recording, asked, seen, row_case)
    rows = np.array(row_case, dtype=np.int64)
    columns = {name: values.take(rows) for name, values in _case_columns(asked).items()} | _sample_columns(seen)
    foreign = np.asarray(columns["source"] != "crossover")
    for name in ("flop", "nbytes", "warmup_calls", "warmup_seconds", "wall_seconds"):
        columns[name] = np.where(foreign & (columns[name] == 0), np.nan, columns[name])
    return pd.DataFrame({column.name: columns[column.name] for column in COLUMNS}, copy=False)


def _each_once(recordings: Sequence[Recording]) -> list[Recording]:
    by_id: dict[str, Recording] = {}
    for recording in recordings:
        known = by_id.setdefault(recording.run.id, recording)
        if known is not recording and (known.run, known.samples) != (recording.run, recording.samples):
            msg = (
                f"each run is given once; two different files both hold run {shorten(recording.run.id)}: "
                "leave out the one that is older or shorter"
            )
            raise NotComparable(msg)
    return list(by_id.values())


def _collect(
    recording: Recording, asked: list[tuple[Recording, PlannedCase]], seen: list[Sample], row_case: list[int]
) -> None:
    """Add the cases and the samples of one recording; a planned case without a sample gets one that says so."""
    index: dict[Case, int] = {}
    for planned in recording.plan:
        if index.setdefault(planned.case, len(asked)) == len(asked):
            asked.append((recording, planned))
    first_row = len(row_case)
    for sample in recording.samples:
        if index.setdefault(sample.case, len(asked)) == len(asked):
            unplanned = PlannedCase(case=sample.case, flop=NAN, nbytes=0)
            asked.append((recording, unplanned))
        row_case.append(index[sample.case])
    seen.extend(recording.samples)
    reached = set(row_case[first_row:])
    for case, place in index.items():
        if place not in reached:
            seen.append(Sample(case=case, round=0, visit=0, status="skipped", reason=UNREACHED))
            row_case.append(place)


def _case_columns(asked: Sequence[tuple[Recording, PlannedCase]]) -> dict[str, Any]:
    """Return what is the same in every sample of a case, one entry for each case."""
    devices = {(r.run.id, d.key): d for r in _recordings(asked) for d in r.run.devices}
    workloads = {(r.run.id, w.name): w for r in _recordings(asked) for w in r.run.workloads}
    runs = [recording.run for recording, _ in asked]
    cases = [planned.case for _, planned in asked]
    unfit = {recording.run.id: recording.run.unfit.keys() for recording in _recordings(asked)}
    device = [devices.get((run.id, case.device)) for run, case in zip(runs, cases, strict=True)]
    workload = [workloads.get((run.id, case.workload)) for run, case in zip(runs, cases, strict=True)]
    # A case that no plan names has unknown work: its FLOP are NaN, and so then are its bytes.
    work = [(planned.flop, NAN if math.isnan(planned.flop) else planned.nbytes) for _, planned in asked]
    return _encoded(
        {
            "run": (run.id for run in runs),
            "source": (run.source for run in runs),
            "machine": (run.machine for run in runs),
            **{name: map(attrgetter(name), cases) for name in CASE_FACTS},
            "family": (w.family if w else "" for w in workload),
            "expression": ((w.expression if w else "") or c.workload for w, c in zip(workload, cases, strict=True)),
            "mode": (w.mode if w else "eager" for w in workload),
            "eager": (w.eager if w else "" for w in workload),
            "lazy": (bool(w and w.lazy) for w in workload),
            "kind": (d.kind if d else _kind_of_key(c.device) for d, c in zip(device, cases, strict=True)),
            "device_name": ((d.name if d else "") or c.device for d, c in zip(device, cases, strict=True)),
            "threads": (d.threads if d else None for d in device),
            "unfit": (c.device in unfit[run.id] for run, c in zip(runs, cases, strict=True)),
            "flop": (flop for flop, _ in work),
            "nbytes": (nbytes for _, nbytes in work),
        }
    )


def _sample_columns(seen: Sequence[Sample]) -> dict[str, Any]:
    """Return what differs between samples: what a sample tells under the column's name, and what is made of it."""
    times = np.array([_times(sample) for sample in seen], dtype=np.float64).reshape(len(seen), 4)
    return dict(zip(TIMES, times.T, strict=True)) | _encoded(
        {
            **{name: map(attrgetter(name), seen) for name in SAMPLE_FACTS},
            "blocks": (len(s.seconds) for s in seen),
            "timed_seconds": (sum(s.seconds) * s.calls for s in seen),
            **{name: [_number(s.clocks.get(name)) for s in seen] for name in CLOCKS},
            "throttle": (", ".join(s.throttle) for s in seen),
        }
    )


def _encoded(values: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    """Return each column as an array of its dtype."""
    return {column.name: _array(column, values[column.name]) for column in COLUMNS if column.name in values}


def _array(column: Column, values: Iterable[Any]) -> Any:
    if column.kind == "text":
        return _text(values)
    return _numbers(values) if column.dtype == "float64" else np.array([*values], dtype=column.dtype)


def _recordings(asked: Sequence[tuple[Recording, PlannedCase]]) -> Iterable[Recording]:
    return {recording.run.id: recording for recording, _ in asked}.values()


def _times(sample: Sample) -> tuple[float, float, float, float]:
    """Return median, its limits and floor of one visit's blocks; NaN if it is not ok, whatever it carries."""
    if sample.status != "ok":
        return NO_TIMES
    ordered = sorted(sample.seconds)
    count = len(ordered)
    median = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    place = FLOOR_QUANTILE * (count - 1)
    below = int(place)
    floor = ordered[below]
    if below + 1 < count:
        floor += (place - below) * (ordered[below + 1] - floor)
    ranks = _ranks(count)
    if ranks is None:
        return median, NAN, NAN, floor
    return median, ordered[ranks[0]], ordered[ranks[1]], floor


@cache
def _ranks(count: int) -> tuple[int, int] | None:
    return intervals.median_ranks(count)


def _text(values: Iterable[str]) -> pd.Categorical:
    """Encode text in order of first appearance, with one dictionary look-up per value."""
    book: dict[str, int] = {}
    codes = np.array([book.setdefault(value, len(book)) for value in values], dtype=np.int32)
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(book), dtype="str"))


def _numbers(values: Iterable[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([NAN if value is None else value for value in values], dtype=np.float64)


def _number(value: object) -> float | None:
    """Return a fact if it is a number; facts may be of any plain type."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _kind_of_key(key: str) -> str:
    """Return the kind that a device key names: ``cuda:0`` is cuda, ``cpu-1t`` is cpu."""
    return "cpu" if key == "cpu-1t" else key.partition(":")[0]
