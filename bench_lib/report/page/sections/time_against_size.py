"""Time against size: which operations of the headline's run get a panel, which lines it draws, and its numbers.

Where runs stand beside each other, the device keys of the others are prefixed with their place, so that each line has a
key of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd
from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.environment import common_workloads
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.analysis.pairings.pairings import BASELINES, View
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report import device_styles
from bench_lib.report.figures import time_against_size as figures
from bench_lib.report.page import captions, svg
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import OperationRow, Row, operation
from bench_lib.report.phrases import unbroken
from bench_lib.report.sentences import headlines, words
from bench_lib.report.theme import Series, device_series

NOTHING = "No operation was measured at two sizes or more, so there is no line to draw."
MAX_PANELS: Final = 24
MIN_SIZES: Final = 2
Key = tuple[str, str]
"""Workload and dtype."""
MAX_RUNS: Final = 3
"""Runs in one panel, that of the headline among them: more lines would hide each other."""
MAX_LETTERS: Final = 12
Drawn = Mapping[str, tuple[Series, str]]
"""By key: how a line is drawn, and the short name at its end."""


@dataclass(frozen=True, kw_only=True)
class Panel(OperationRow):
    """One operation: its figure, its finding, and the numbers behind it.

    Attributes
    ----------
    header, body
        The figure's data as a table: sizes down, devices across.
    """

    finding: str
    chart: Markup
    header: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class TimeAgainstSizeSection:
    """The panels shown, how many operations have none, and what else is not drawn."""

    heading: str
    panels: tuple[Panel, ...]
    left_out: int
    note: str
    provenance: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """What is drawn.

    Attributes
    ----------
    own
        Estimates of the run of the headline.
    others
        Those of the other runs, under keys of their own, of the operations measured from the same source.
    view
        The headline view, its GPU named where there are several.
    note
        What is left out; may be empty.
    """

    own: pd.DataFrame
    others: pd.DataFrame
    drawn: Drawn
    view: View
    note: str
    runs: tuple[Run, ...]


def time_against_size_section(context: PageContext) -> TimeAgainstSizeSection | Absent:
    """Return a panel for each operation that was measured at several sizes, those with the most sizes first chosen.

    The run of the headline view is drawn, and its crossovers are marked; a few others are drawn beside it.
    """
    if not context.views:
        return Absent(reason=NOTHING)
    view = context.views[0]
    lines = choose_lines(view, context.every_estimate, context.runs)
    groups = {
        (str(workload), str(dtype)): rows
        for (workload, dtype), rows in lines.own.groupby(["workload", "dtype"], observed=True, sort=False)
        if rows["nbytes"].nunique() >= MIN_SIZES
    }
    for workload, dtype in [key for key in groups if key[1] == "tf32" and (key[0], "float32") in groups]:
        groups[workload, dtype] = _with_baseline(groups[workload, dtype], groups[workload, "float32"], view)
    chosen = set(_most_telling(groups)[:MAX_PANELS])
    shown = [key for key in groups if key in chosen]
    if not shown:
        return Absent(reason=NOTHING)
    others = {key: rows for key, rows in lines.others.groupby(["workload", "dtype"], observed=True) if key in chosen}
    groups |= {key: pd.concat([groups[key], rows]) for key, rows in others.items()}
    crossovers = {(row["workload"], row["dtype"]): row for row in view.crossovers.to_dict("records")}
    limits = figures.limits(pd.concat([groups[key] for key in shown]))
    return TimeAgainstSizeSection(
        heading=_heading(view, context.calls),
        panels=tuple(
            _panel(place, groups[key], crossovers.get(key), lines, limits, context.filters)
            for place, key in enumerate(shown)
        ),
        left_out=len(groups) - len(shown),
        note=lines.note,
        provenance=captions.of_runs(lines.runs, context.every_estimate)
        if len(lines.runs) > 1
        else captions.provenance(view, both=True),
    )


def _heading(view: View, calls: pd.DataFrame) -> str:
    """Return what the quickest call of each side takes."""
    quickest = []
    for side in (view.pairing.baseline, view.pairing.device):
        rows = calls[calls["device"] == side.key]
        if len(rows):
            row = rows.iloc[int(rows["seconds"].to_numpy().argmin())]
            preposition = "on" if side.subject.startswith("the ") else "with"
            quickest.append(f"{headlines.timed(dict(row))} {preposition} {side.subject}")
    return f"The quickest call takes {words.listed(quickest)}" if quickest else ""


def _most_telling(groups: Mapping[Key, pd.DataFrame]) -> list[Key]:
    """Return the operations in turn from each family, of a family those measured at the most sizes first."""

    def order(key: Key) -> tuple[object, ...]:
        return -groups[key]["nbytes"].nunique(), key[1] != "float32", key

    families: dict[str, list[Key]] = {}
    for key in sorted(groups, key=order):
        families.setdefault(str(groups[key].iloc[0]["family"]), []).append(key)
    turns = {key: turn for keys in families.values() for turn, key in enumerate(keys)}
    return sorted(groups, key=lambda key: (turns[key], order(key)))


def _with_baseline(tf32: pd.DataFrame, float32: pd.DataFrame, view: View) -> pd.DataFrame:
    """Return tf32 rows with the float32 rows of the CPU that they are compared with: a CPU has no tf32 of its own."""
    key = view.pairing.baseline.key
    return pd.concat([tf32, float32[(float32["device"] == key) & float32["n"].isin(tf32["n"])]])


def _panel(
    place: int, rows: pd.DataFrame, crossover: Row | None, lines: Lines, limits: figures.Limits, filters: Filters
) -> Panel:
    first = dict(rows.iloc[0])
    finding = _finding(crossover, lines.view)
    estimate = crossover["nbytes_estimate"] if crossover and crossover["answer"] == "between" else None
    names = {key: word for key, (_, word) in lines.drawn.items()}
    figure = figures.time_against_size(
        rows,
        series={key: series for key, (series, _) in lines.drawn.items()},
        labels=names,
        limits=limits,
        crossover=estimate if estimate is not None and is_known(estimate) else None,
    )
    header, body = _data(rows.to_dict("records"), names)
    about = f"Time of {clean(first['expression'])} in {clean(first['dtype'])} against size. {finding}"
    return Panel(
        **operation(first, filters),
        finding=finding,
        chart=svg.inline(figure, prefix=f"p{place}", alternative=about),
        header=header,
        body=body,
    )


def _finding(crossover: Row | None, view: View) -> str:
    device, baseline = view.pairing.device, view.pairing.baseline
    if crossover is None:
        return "Measured, with nothing to compare"
    if crossover["answer"] == "always":
        return f"{device.start} {device.verb('is', 'are')} faster at every size"
    if crossover["answer"] == "never":
        return f"{device.start} never {device.verb('takes', 'take')} over from {baseline.subject}"
    if crossover["answer"] == "between":
        low, high = (unbroken(units.nbytes(crossover[name])) for name in ("nbytes_low", "nbytes_high"))
        return f"{device.start} {device.verb('takes', 'take')} over between {low} and {high}"
    if is_known(crossover["latest"]):
        return f"{device.start} {device.verb('takes', 'take')} over by {units.nbytes(crossover['latest'])}"
    return f"Can\N{RIGHT SINGLE QUOTATION MARK}t tell where {device.subject} {device.verb('takes', 'take')} over"


def _data(rows: Sequence[Row], labels: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    columns = [
        (key, residency)
        for key in labels
        for residency in ("resident", "roundtrip")
        if any(row["device"] == key and row["residency"] == residency for row in rows)
    ]
    by_size: dict[tuple[float, int], dict[tuple[str, str], str]] = {}
    for row in rows:
        low, high = row["seconds_low"], row["seconds_high"]
        span = words.seconds_span(low, high)
        text = units.seconds(row["seconds"], low, high) + (f" ({span})" if span else "")
        by_size.setdefault((row["nbytes"], row["n"]), {})[(row["device"], row["residency"])] = text
    header = ("Size", *(f"{labels[key]} + copies" if way == "roundtrip" else labels[key] for key, way in columns))
    body = tuple(
        (units.nbytes(nbytes), *(cells.get(column, "-") for column in columns))
        for (nbytes, _), cells in sorted(by_size.items())
    )
    return header, body


def choose_lines(view: View, estimates: pd.DataFrame, runs: Sequence[Run] = ()) -> Lines:
    """Return the lines of the panels.

    Parameters
    ----------
    view
        The headline view.
    estimates
        :func:`estimates_table` of these runs, and perhaps of others.
    runs
        All runs of the page, that of the headline first.
    """
    run = view.pairing.run
    timed = estimates[(estimates["timing"] == "latency") & estimates["seconds"].notna() & (estimates["nbytes"] > 0)]
    own = timed[timed["run"] == run.id]
    rest = [other for other in runs if other.id != run.id]
    shown = rest[: MAX_RUNS - 1]
    if not shown:
        return Lines(own=own, others=own.iloc[:0], drawn=_one_run(view), view=view, note="", runs=(run,))
    own, drawn, others = _several(view, own, timed, shown)
    copies = "" if drawn.keys() & {"cpu-1t", "numpy"} else "Copies are not drawn where several machines have a GPU. "
    left = len(rest) - len(shown)
    more = f"{units.count(left, 'more run')} {'is' if left == 1 else 'are'} not drawn." if left else ""
    note = f"{copies if view.pairing.has_gpu else ''}{more}".strip()
    return Lines(
        own=own, others=pd.concat(others), drawn=drawn, view=_named(view, shown), note=note, runs=(run, *shown)
    )


def _one_run(view: View) -> Drawn:
    """Return the devices of a run that are drawn: with a GPU, it and its baseline."""
    pairing = view.pairing
    styles = device_series((device.key, device.kind) for device in pairing.run.devices)
    if pairing.has_gpu:
        sides = (pairing.baseline, pairing.device)
        return {side.key: (styles[side.key], side.word) for side in sides}
    names = {"numpy": "NumPy", "cpu-1t": "1 thread"}
    return {
        device.key: (
            styles[device.key],
            names.get(device.key) or (f"{device.threads} threads" if device.threads else "all threads"),
        )
        for device in pairing.run.devices
        if not is_gpu(device.kind)
    }


def _several(
    view: View, own: pd.DataFrame, timed: pd.DataFrame, shown: Sequence[Run]
) -> tuple[pd.DataFrame, Drawn, list[pd.DataFrame]]:
    """Return the rows of the headline's run, all lines, and the rows of each other run under their own keys.

    With a GPU of its own, or with none anywhere, a run shows its GPU and its CPU; a run without one beside GPUs shows
    its CPU in full, and of the others the GPU alone, copies included.
    """
    run = view.pairing.run
    styles, names = device_styles.series([run, *shown]), labels([run, *shown])
    gpus = any(is_gpu(device.kind) for other in shown for device in other.devices)
    beside_gpus = gpus and not view.pairing.has_gpu
    drawn: dict[str, tuple[Series, str]] = {}
    if beside_gpus:
        drawn |= _one_run(view)
    else:
        own = own[own["residency"] == "resident"]
        drawn |= {key: (styles[run.id, gpu], _word(names[0], run, gpu=gpu)) for key, gpu in _devices(run)}
    others = []
    for place, (other, label) in enumerate(zip(shown, names[1:], strict=True), start=1):
        rows = timed[(timed["run"] == other.id) & timed["workload"].isin(list(common_workloads(run, other)))]
        rows = rows if beside_gpus else rows[rows["residency"] == "resident"]
        others.append(rows.assign(device=[f"{place}:{key}" for key in rows["device"]]))
        drawn |= {
            f"{place}:{key}": (styles[other.id, gpu], _word(label, other, gpu=gpu))
            for key, gpu in _devices(other)
            if gpu or not beside_gpus
        }
    return own, drawn, others


def _named(view: View, others: Sequence[Run]) -> View:
    """Return a view whose GPU goes by its own name, so that a finding does not leave open which GPU it is about."""
    (label, *_), pairing = labels([view.pairing.run, *others]), view.pairing
    if not (label.is_device and pairing.has_gpu):
        return view
    return replace(view, pairing=replace(pairing, device=replace(pairing.device, subject=label.subject)))


def _devices(run: Run) -> list[tuple[str, bool]]:
    """Return the keys of a run's CPU and of its first GPU, and whether it is the GPU."""
    keys = [device.key for device in run.devices]
    cpu = next((key for key in BASELINES if key in keys), None)
    gpu = next((device.key for device in run.devices if is_gpu(device.kind)), None)
    return [(key, is_it) for key, is_it in ((cpu, False), (gpu, True)) if key]


def _word(label: Label, run: Run, *, gpu: bool) -> str:
    """Return the name at a line's end: short, and of letters that every face has, since it is drawn."""
    plain = "".join(letter for letter in label.text if letter.isascii() and letter.isprintable()) or "run"
    # What tells runs of one device apart stands last.
    short = plain if len(plain) <= MAX_LETTERS else plain[-MAX_LETTERS:].strip()
    has_gpu = any(is_gpu(device.kind) for device in run.devices)
    if has_gpu and not (gpu and label.is_device and short == plain):
        return f"{'GPU' if gpu else 'CPU'} {short}"
    return short
