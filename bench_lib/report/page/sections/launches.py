"""What removes the launch cost: compiled calls and captured graphs against eager ones, one row for each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench_lib import units
from bench_lib.analysis.execution import OPERATION, execution_table, fades
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import OperationRow, Row, Value, operation, size
from bench_lib.report.sentences import words

NOTHING = (
    "No operation was measured both eagerly and compiled or as a captured graph: the standard profile measures the "
    "family execution."
)
MAX_ROWS: Final = 60
MODES: Final[Mapping[str, str]] = {"compiled": "torch.compile", "graph": "CUDA graph"}


@dataclass(frozen=True, kw_only=True)
class LaunchRow(OperationRow):
    """One operation in one mode on one device.

    Attributes
    ----------
    smallest, largest
        Eager time over the mode's, at the two ends of the sizes at which both were measured.
    fades
        From which size the mode makes no difference.
    compiling
        The longest that compiling or capturing took at any size.
    pays
        Calls after which that is won back.
    """

    device: str
    mode: str
    smallest: Value
    largest: Value
    fades: str
    compiling: str
    pays: Value


@dataclass(frozen=True, kw_only=True)
class LaunchesSection:
    """The section: its heading, its rows, and how many more there are."""

    heading: str
    rows: tuple[LaunchRow, ...]
    left_out: int


def launches_section(context: PageContext) -> LaunchesSection | Absent:
    """Return what the modes of the headline's run gain, in calls waited for with the data in place."""
    run, estimates = context.run, context.estimates
    modes = execution_table(context.frame)
    shown = (modes["run"] == run.id) & (modes["timing"] == "latency") & (modes["residency"] == "resident")
    compared = modes[shown & modes["ratio"].notna()]
    if compared.empty:
        return Absent(reason=NOTHING)
    known = estimates[estimates["run"] == run.id].drop_duplicates(["workload", "dtype", "n"]).to_dict("records")
    asked = {(row["workload"], row["dtype"], row["n"]): row for row in known}
    sizes: dict[tuple[Any, ...], list[Row]] = {}
    for row in compared.sort_values("n", kind="stable").to_dict("records"):
        sizes.setdefault(tuple(row[name] for name in OPERATION), []).append(row)
    found = fades(compared).to_dict("records")
    return LaunchesSection(
        heading=launches_heading(compared.to_dict("records")),
        rows=tuple(
            _row(one, sizes[tuple(one[name] for name in OPERATION)], asked, context.filters) for one in found[:MAX_ROWS]
        ),
        left_out=max(len(found) - MAX_ROWS, 0),
    )


def launches_heading(compared: Sequence[Row]) -> str:
    """Return by how much each mode makes a call faster at the most, where it surely does."""
    best: dict[str, Row] = {}
    for row in compared:
        if row["verdict"] == "mode" and (row["mode"] not in best or row["ratio"] > best[row["mode"]]["ratio"]):
            best[row["mode"]] = row
    gains = [
        f"up to {words.times(row['ratio'], row['ratio_low'], row['ratio_high'])} "
        f"with {'a ' if mode == 'graph' else ''}{_mode(mode)}"
        for mode, row in sorted(best.items())
    ]
    return f"Calls are faster than eager: {words.listed(gains)}" if gains else "No mode is surely faster than eager"


def _row(fading: Row, sizes: Sequence[Row], asked: Mapping[tuple[Any, ...], Row], filters: Filters) -> LaunchRow:
    first, last = sizes[0], sizes[-1]
    eager = asked[fading["eager"], fading["dtype"], first["n"]]
    own = asked[fading["workload"], fading["dtype"], first["n"]]
    places = {row["n"]: size(asked[fading["workload"], fading["dtype"], row["n"]]) for row in sizes}
    took = [row["compile_seconds"] for row in sizes if is_known(row["compile_seconds"])]
    one_size = len(sizes) == 1
    classes = filters.classes([fading["dtype"]], [own["family"], eager["family"]])
    return LaunchRow(
        **{**operation(eager, filters), "classes": classes},
        device=clean(fading["device"]),
        mode=_mode(fading["mode"]),
        smallest=_gain(first, places),
        largest=Value(text=units.NONE) if one_size else _gain(last, places),
        fades=_fades(fading, places),
        compiling=units.seconds(max(took)) if took else units.NONE,
        pays=Value(text=_calls(first), span="" if one_size else f"at {places[last['n']]}: {_calls(last)}"),
    )


def _mode(mode: Any) -> str:
    return MODES.get(mode, clean(mode))


def _gain(row: Row, places: Mapping[int, str]) -> Value:
    low, high = row["ratio_low"], row["ratio_high"]
    span = words.ratio_span(low, high)
    return Value(
        text=words.times(row["ratio"], low, high),
        span=f"at {places[row['n']]}{f', {span}' if span else ''}",
    )


def _fades(fading: Row, places: Mapping[int, str]) -> str:
    """Return from which size the mode makes no difference, as far as it was measured."""
    if not is_known(fading["fades_at"]):
        return f"not up to {places[fading['n_largest']]}"
    where = "at every size" if fading["fades_at"] == fading["n_smallest"] else f"from {places[fading['fades_at']]}"
    return where if fading["sure"] else f"perhaps {where}"


def _calls(row: Row) -> str:
    """Return after how many calls a mode has paid for itself; a guess is not made where it may never."""
    calls, low, high = row["pays_after"], row["pays_after_low"], row["pays_after_high"]
    if math.isnan(calls):
        return units.NONE
    if math.isinf(high) and not math.isinf(low):
        return words.CANNOT_TELL
    if math.isinf(calls):
        return "never"
    whole = units.ratio(calls, low, high).partition(".")[0]
    return f"{whole} {'call' if calls == 1 else 'calls'}"
