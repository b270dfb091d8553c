"""The price of admission: what a call costs before there is any work, on an axis of time.

Positions are percentages, so that the marks follow the width of the page without being stretched.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.log_axis import LogAxis
from bench_lib.report.page import captions, launch_floors
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.interleave import in_turn
from bench_lib.report.page.launch_floors import DRAWN, HOST_DRAWN, Floor
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import OperationRow, Row, Value, operation, seconds, size
from bench_lib.report.phrases import unbroken
from bench_lib.report.sentences import headlines, words
from bench_lib.report.theme import Series, device_series

NOTHING: Final = (
    "No call that is waited for, with its data in place, was measured in this run: any run of operations that do not "
    "all fail shows what a call costs at the least."
)
MAX_DEVICES: Final = 4
MAX_ROWS: Final = 40
LONG: Final = 24
"""Rows from which on the figure scrolls by itself."""
MAX_TICKS: Final = 7
SPREAD: Final = 5
"""How far apart marks stand where more than two devices share a line, in pixels."""
PATHS: Final[Mapping[str, str]] = {
    "o": "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "s": "M-4-4h8v8h-8z",
    "^": "M0-5 5 4h-10z",
    "D": "M0-5 5 0 0 5-5 0z",
    "v": "M0 5 5-4h-10z",
    "P": "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "X": "M-4.7-2.4-2.4-4.7 0-2.4 2.4-4.7 4.7-2.4 2.4 0 4.7 2.4 2.4 4.7 0 2.4-2.4 4.7-4.7 2.4-2.4 0z",
    "<": "M-5 0 4-5v10z",
}
"""The markers of :mod:`bench_lib.report.theme` as paths round their centre."""

Key = tuple[str, str]
"""Workload and dtype."""
Times = Mapping[str, tuple[float, float, float]]
"""By the key of a device: its time and the interval of that."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One device: its key and kind, its short name, and how it is drawn."""

    key: str
    kind: str
    name: str
    series: Series

    @property
    def path(self) -> str:
        """Its marker."""
        return PATHS[self.series.marker]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One device's time on the axis, in percent of its width, with its interval; ``place`` is that of its column."""

    place: int
    at: float
    low: float
    high: float
    y: int


@dataclass(frozen=True, kw_only=True)
class AdmissionRow(OperationRow):
    """One operation at its smallest size, or one floor; a device without a time there has neither mark nor text."""

    size: str
    marks: tuple[Mark, ...]
    cells: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line through all rows: of which column, where, and whether ``dashed`` or ``dotted``."""

    place: int
    at: float
    style: str


@dataclass(frozen=True, kw_only=True)
class AdmissionSection:
    """What the section shows: floors and operations, the axis, the lines through all rows, and what is left out.

    Attributes
    ----------
    finding
        How many of the calls each side wins.
    meaning
        What the lines are.
    """

    heading: str
    columns: tuple[Column, ...]
    floors: tuple[AdmissionRow, ...]
    rows: tuple[AdmissionRow, ...]
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    left_out: int
    finding: str
    meaning: str
    provenance: str

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return len(self.floors) + len(self.rows) > LONG


def admission_section(context: PageContext) -> AdmissionSection | Absent:
    """Return the smallest call of each operation on the devices of the headline's run."""
    run, ceilings, calls = context.run, context.ceilings, context.calls
    columns = tuple(_columns(context))[:MAX_DEVICES]
    keys = [column.key for column in columns]
    resident = calls[calls["device"].isin(keys)]
    gpu = any(is_gpu(column.kind) for column in columns)
    floors = launch_floors.find(ceilings[ceilings["run"] == run.id], resident, keys, gpu=gpu)
    smallest = smallest_calls(resident[~resident["workload"].isin([floor.key for floor in floors])])
    found: dict[Key, dict[str, Row]] = {}
    for row in smallest.to_dict("records"):
        found.setdefault((row["workload"], row["dtype"]), {})[row["device"]] = row
    if not found:
        return Absent(reason=NOTHING)
    shown = _shown(found, keys)
    times = [row["seconds"] for key in shown for row in found[key].values()]
    times += [time.seconds for floor in floors for time in floor.times.values()]
    axis = LogAxis(low=min(times), high=max(times))
    lines = tuple(_lines(floors, columns, axis))
    names = {device.key: device.name or device.key for device in run.devices}
    return AdmissionSection(
        heading=admission_heading(resident, columns),
        columns=columns,
        floors=tuple(_floor(floor, columns, axis) for floor in floors),
        rows=tuple(_row(found[key], columns, axis, context.filters) for key in shown),
        ticks=tuple((axis.percent(tick), units.seconds(tick)) for tick in axis.decades(MAX_TICKS)),
        lines=lines,
        left_out=len(found) - len(shown),
        finding=_finding(smallest, context.lead),
        meaning=_meaning(lines, columns),
        provenance=captions.of_run(
            run,
            [f"{column.name}: {clean(names[column.key])}" for column in columns],
            resident,
            "latency, resident, the smallest size of each operation",
        ),
    )


def smallest_calls(resident: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each operation at one size: the smallest of those that the most devices have a time at.

    Parameters
    ----------
    resident
        Rows of :func:`estimates_table` of one run: latency with the data in place, those with a time.
    """
    operation = ["workload", "dtype"]
    devices = resident.groupby([*operation, "n"], observed=True)["device"].transform("nunique")
    most = resident[devices == devices.groupby([resident[name] for name in operation]).transform("max")]
    return most[most["n"] == most.groupby(operation, observed=True)["n"].transform("min")]


def _columns(context: PageContext) -> Iterable[Column]:
    """Yield the devices: what the GPUs are set against and the GPUs; without that, all of the run."""
    devices = context.run.devices
    styles = device_series((device.key, device.kind) for device in devices)
    gpus = [pairing for pairing in context.lead if pairing.has_gpu]
    if gpus:
        for side in (gpus[0].baseline, *(pairing.device for pairing in gpus)):
            yield Column(key=side.key, kind=side.kind, name=side.word, series=styles[side.key])
        return
    order = {"cpu": 0, "cpu-1t": 1}
    for device in sorted(devices, key=lambda device: order.get(device.key, 2)):
        name = {"numpy": "NumPy", "cpu-1t": "1 thread"}.get(device.key) or (
            f"{device.threads} threads" if device.key == "cpu" and device.threads else clean(device.key)
        )
        yield Column(key=device.key, kind=device.kind, name=name, series=styles[device.key])


def _shown(found: Mapping[Key, Mapping[str, Row]], keys: Sequence[str]) -> list[Key]:
    """Return the operations to show, by the times of their devices; one without a time comes last."""

    def times(key: Key) -> tuple[float, ...]:
        return tuple(found[key][device]["seconds"] if device in found[key] else math.inf for device in keys)

    ordered = sorted(found, key=lambda key: (-len(found[key]), key[1] != "float32", *times(key), key))
    chosen = in_turn(ordered, lambda key: next(iter(found[key].values()))["family"], MAX_ROWS)
    return sorted(chosen, key=lambda key: (*times(key), key))


def _row(rows: Mapping[str, Row], columns: Sequence[Column], axis: LogAxis, filters: Filters) -> AdmissionRow:
    first = next(iter(rows.values()))
    times = {key: (row["seconds"], row["seconds_low"], row["seconds_high"]) for key, row in rows.items()}
    return AdmissionRow(
        **operation(first, filters),
        size=size(first),
        marks=tuple(_marks(times, columns, axis)),
        cells=_cells({key: seconds(*time) for key, time in times.items()}, columns),
    )


def _floor(floor: Floor, columns: Sequence[Column], axis: LogAxis) -> AdmissionRow:
    times = {key: (time.seconds, time.low, time.high) for key, time in floor.times.items()}
    cells = {key: Value(text=units.seconds(time.seconds), span=time.span) for key, time in floor.times.items()}
    return AdmissionRow(
        name=floor.name,
        expression=floor.detail,
        dtype="",
        classes="",
        size="",
        marks=tuple(_marks(times, columns, axis)),
        cells=_cells(cells, columns),
    )


def _cells(cells: Mapping[str, Value], columns: Sequence[Column]) -> tuple[Value, ...]:
    return tuple(cells.get(column.key, Value(text=units.NONE)) for column in columns)


def _marks(times: Times, columns: Sequence[Column], axis: LogAxis) -> Iterable[Mark]:
    spread = SPREAD if len(columns) > 2 else 0
    for place, column in enumerate(columns):
        if column.key in times:
            time, *limits = times[column.key]
            low, high = (axis.percent(limit if is_known(limit) else time) for limit in limits)
            y = round(13 + spread * (2 * place / max(len(columns) - 1, 1) - 1))
            yield Mark(place=place, at=axis.percent(time), low=low, high=high, y=y)


def _lines(floors: Sequence[Floor], columns: Sequence[Column], axis: LogAxis) -> Iterable[Line]:
    for floor in floors:
        for place, column in enumerate(columns):
            style = (DRAWN if is_gpu(column.kind) else HOST_DRAWN).get(floor.key)
            if style and column.key in floor.times:
                yield Line(place=place, at=axis.percent(floor.times[column.key].seconds), style=style)


def admission_heading(resident: pd.DataFrame, columns: Sequence[Column]) -> str:
    """Return what the quickest call on each side takes, the cheapest first: no work makes it cheaper.

    However many threads PyTorch has, its calls without work take the same: it is one side.
    """
    sides: dict[str, list[str]] = {}
    for column in columns:
        sides.setdefault(_on(column), []).append(column.key)
    quickest: list[tuple[dict[Any, Any], str]] = []
    for side, keys in sides.items():
        rows = resident[resident["device"].isin(keys)]
        if len(rows):
            quickest.append((dict(rows.iloc[int(rows["seconds"].to_numpy().argmin())]), side))
    quickest.sort(key=lambda one: one[0]["seconds"])
    calls = [f"{unbroken(headlines.timed(row))} {side}" for row, side in quickest]
    return f"However small the work, a call takes at least {words.listed(calls)}"


def _on(column: Column) -> str:
    if column.kind == "numpy":
        return "with NumPy"
    if not is_gpu(column.kind):
        return "on the CPU" if column.name == "CPU" else "with PyTorch"
    return "on the GPU" if column.name == "GPU" else f"on {column.name}"


def _meaning(lines: Sequence[Line], columns: Sequence[Column]) -> str:
    """Return what the lines through all rows are."""
    host = any(not is_gpu(columns[line.place].kind) for line in lines)
    of_gpu = {line.style for line in lines if is_gpu(columns[line.place].kind)}
    meanings = [
        *(["the dashed line of a CPU is its cheapest operation"] if host else []),
        *(["the dashed line of a GPU is an empty kernel"] if "dashed" in of_gpu else []),
        *(["the dotted one the smallest copy to it"] if "dotted" in of_gpu else []),
    ]
    return words.listed(meanings)


def _finding(smallest: pd.DataFrame, lead: Sequence[Pairing]) -> str:
    """Return how many of the smallest calls each side wins: GPU or CPU, else PyTorch or NumPy; empty without both."""
    pairing = next((one for one in lead if one.has_gpu or one.baseline.kind == "numpy"), None)
    if pairing is None:
        return ""
    pairs = pairing.pairs[(pairing.pairs["residency"] == "resident") & (pairing.pairs["timing"] == "latency")]
    case = ["workload", "dtype", "n"]
    verdicts = Counter(pairs.merge(smallest[case].drop_duplicates(), on=case)["verdict"])
    device, baseline = pairing.device, pairing.baseline
    total = verdicts["device"] + verdicts["baseline"] + verdicts["same"] + verdicts["undecided"]
    if not total:
        return ""
    return (
        f"At these sizes {baseline.subject} {baseline.verb('is', 'are')} the faster in "
        f"{headlines.share(verdicts['baseline'], total)} operations, {device.subject} in "
        f"{units.count(verdicts['device']) if verdicts['device'] else 'none'}."
    )
