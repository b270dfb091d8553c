"""Time against size: which operations get a panel, and what stands beside it. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report import figures
from bench_lib.report.page import panel_lines, svg
from bench_lib.report.page.filters import Filters
from bench_lib.report.sentences import words

MAX_PANELS: Final = 24
MIN_SIZES: Final = 2

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Workload and dtype."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One operation in one dtype: its figure, its finding, and the numbers behind it.

    Attributes
    ----------
    header, body
        The figure's data as a table: sizes down, devices across.
    """

    name: str
    expression: str
    dtype: str
    classes: str
    finding: str
    chart: Markup
    header: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Panels:
    """The panels shown, how many operations have none, what else is not drawn, and the runs that are."""

    panels: tuple[Panel, ...]
    left_out: int
    note: str
    runs: tuple[Run, ...]


def build(view: View, estimates: pd.DataFrame, filters: Filters, runs: Sequence[Run] = ()) -> Panels:
    """Return a panel for each operation that was measured at several sizes, those with the most sizes first chosen.

    Parameters
    ----------
    view
        The headline view: its run is drawn, its crossovers are marked.
    estimates
        :func:`bench_lib.analysis.estimates` of any runs.
    runs
        All runs of the page, that of the headline first: a few of them are drawn beside it.
    """
    lines = panel_lines.choose(view, estimates, runs)
    mine, drawn = lines.own, lines.drawn
    groups = {
        (str(workload), str(dtype)): rows
        for (workload, dtype), rows in mine.groupby(["workload", "dtype"], observed=True, sort=False)
        if rows["nbytes"].nunique() >= MIN_SIZES
    }
    for workload, dtype in [key for key in groups if key[1] == "tf32" and (key[0], "float32") in groups]:
        groups[workload, dtype] = _with_baseline(groups[workload, dtype], groups[workload, "float32"], view)
    chosen = set(_most_telling(groups)[:MAX_PANELS])
    crossovers = {(row["workload"], row["dtype"]): row for row in view.crossovers.to_dict("records")}
    shown = [key for key in groups if key in chosen]
    others = {key: rows for key, rows in lines.others.groupby(["workload", "dtype"], observed=True) if key in chosen}
    groups |= {key: pd.concat([groups[key], rows]) for key, rows in others.items()}
    limits = figures.limits(pd.concat([groups[key] for key in shown]) if shown else mine)
    return Panels(
        panels=tuple(
            _panel(place, groups[key], crossovers.get(key), lines.view, drawn, limits, filters)
            for place, key in enumerate(shown)
        ),
        left_out=len(groups) - len(shown),
        note=lines.note,
        runs=lines.runs,
    )


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
    place: int,
    rows: pd.DataFrame,
    crossover: Row | None,
    view: View,
    drawn: panel_lines.Drawn,
    limits: figures.Limits,
    filters: Filters,
) -> Panel:
    first = rows.iloc[0]
    finding = _finding(crossover, view)
    estimate = crossover["nbytes_estimate"] if crossover and crossover["answer"] == "between" else None
    figure = figures.time_against_size(
        rows,
        series={key: series for key, (series, _) in drawn.items()},
        labels={key: word for key, (_, word) in drawn.items()},
        limits=limits,
        crossover=estimate if estimate is not None and is_known(estimate) else None,
    )
    header, body = _data(rows.to_dict("records"), {key: word for key, (_, word) in drawn.items()})
    expression, dtype = clean(first["expression"]), clean(first["dtype"])
    return Panel(
        name=words.operation(first["workload"]),
        expression=expression,
        dtype="" if dtype == "float32" else dtype,
        classes=filters.classes([str(first["dtype"])], [str(first["family"])]),
        finding=finding,
        chart=svg.inline(
            figure, prefix=f"p{place}", alternative=f"Time of {expression} in {dtype} against size. {finding}"
        ),
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
        low, high = (words.unbroken(units.nbytes(crossover[name])) for name in ("nbytes_low", "nbytes_high"))
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
