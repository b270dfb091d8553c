"""What a call takes besides time: memory, energy and money, each as a table or as the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.cost import costs
from bench_lib.analysis.energy import energies
from bench_lib.analysis.memory import memory
from bench_lib.records import hourly_prices
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import MAX_PROSE, clean, is_known
from bench_lib.report.page.page_context import PageContext
from bench_lib.report.sentences import words

MOST: Final = 200
"""Rows of one table; the rest is counted."""
CALLS: Final = 1e6
"""So many calls together cost an amount that can be read."""
AS_WORDS: Final = {"Cost": "money"}
SIZES_OF: Final = ["run", "workload", "dtype", "device", "residency"]
MEASURED: Final = ("allocated_nbytes", "reserved_nbytes", "host_nbytes", "n_too_large", "fits_up_to_nbytes")
"""Of a row of memory, what tells something; the working set follows from the size alone."""
VERDICTS: Final = {"device": "cheaper", "baseline": "dearer", "same": "about the same", "undecided": words.CANNOT_TELL}
ASK_FOR_ENERGY: Final = "Energy was not measured: crossover run --energy does, where the hardware has a counter."
ASK_FOR_PRICES: Final = (
    "No price was given: --price cpu=0.40 --price cuda:0=3.50 (for an hour) makes crossover run and crossover report "
    "say what a call costs."
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One table, folded away until it is wanted.

    Attributes
    ----------
    reason
        Why there is no table; empty where there is one.
    rows
        The first cell of each is its heading.
    """

    title: str
    meaning: str = ""
    reason: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class ResourcesSection:
    """The section."""

    heading: str
    blocks: tuple[Block, ...]


def resources_section(context: PageContext) -> ResourcesSection:
    """Return a table for each, or the reason why there is none."""
    recordings, speedups = context.recordings, context.against_cpu
    by_run = {one.run.id: dict(context.prices or hourly_prices.of_settings(one.run.settings)) for one in recordings}
    blocks = (
        _memory(memory(context.frame, recordings)),
        _energy(energies(recordings)),
        _cost(costs(speedups[speedups["timing"] == "latency"], by_run), any(by_run.values())),
    )
    known = [AS_WORDS.get(block.title, block.title.lower()) for block in blocks if block.rows]
    heading = f"A call takes {words.listed(known)} as well as time" if known else "Beside time nothing was measured"
    return ResourcesSection(heading=heading, blocks=blocks)


def _memory(table: pd.DataFrame) -> Block:
    rows = [
        (
            words.operation(row.workload),
            clean(row.dtype),
            clean(row.device),
            _nbytes(row.nbytes_fits),
            _nbytes(row.allocated_nbytes),
            _nbytes(row.reserved_nbytes),
            _nbytes(row.host_nbytes),
            "" if pd.isna(row.n_too_large) else f"n = {units.count(int(row.n_too_large))}",
            _nbytes(row.fits_up_to_nbytes),
        )
        for row in table[table[[*MEASURED]].notna().any(axis="columns")].itertuples()
    ]
    return _block(
        "Memory",
        "At the largest size that was ok: its working set, by how much a call raised the device's and the process's "
        "memory, and, in proportion, the working set that would fill the device: an estimate, on the careful side.",
        ("Operation", "dtype", "Device", "Working set", "Call took", "Reserved", "Host", "Too large", "Full at about"),
        rows,
        "Memory was not measured: crossover run notes what a call takes, and when one runs out of it.",
    )


def _energy(table: pd.DataFrame) -> Block:
    measured = table[table["gross_per_call"].notna()]
    rows = [
        (
            words.operation(row.workload),
            clean(row.dtype),
            clean(row.device),
            units.count(int(row.n)),
            _rate(row.joules_per_call, "J"),
            _rate(row.joules_per_gigaflop, "J"),
            _rate(row.gross_per_call, "J"),
            _rate(row.watts, "W"),
            _rate(row.idle_watts, "W"),
        )
        for row in measured.itertuples()
    ]
    reasons = table.loc[table["gross_per_call"].isna(), ["device", "reason"]].drop_duplicates()
    why = "; ".join(f"{clean(row.device)}: {clean(row.reason, MAX_PROSE)}" for row in reasons.itertuples())
    return _block(
        "Energy",
        "By the hardware's own counter, over loops of seconds; above idle, which is taken off, and in all.",
        ("Operation", "dtype", "Device", "n", "Per call", "Per GFLOP", "With idle", "Power", "Idle"),
        rows,
        f"{why}." if why else ASK_FOR_ENERGY,
    )


def _cost(table: pd.DataFrame, priced: bool) -> Block:
    shown = _telling(table)
    rows = [
        (
            words.operation(row.workload),
            clean(row.dtype),
            clean(row.device),
            _nbytes(row.nbytes),
            "copied" if row.residency == "roundtrip" else "in place",
            *(_money(CALLS * value) for value in (row.cost, row.baseline_cost)),
            *(_money(value) for value in (row.cost_per_teraflop, row.baseline_cost_per_teraflop)),
            VERDICTS[row.verdict],
            words.times(row.turns_at, row.turns_low, row.turns_high),
        )
        for row in shown.itertuples()
    ]
    million, trillion = "10\N{SUPERSCRIPT SIX} calls", "10\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO} FLOP"
    costs_of = (million, f"{million}, CPU", trillion, f"{trillion}, CPU")
    return _block(
        "Cost",
        "Of a million calls and of 10\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO} operations, in the currency of the prices. "
        "The device is the cheaper as long as its hour costs less than that of the CPU times the last column.",
        ("Operation", "dtype", "Device", "Working set", "Data", *costs_of, "The device is", "Turns at"),
        rows,
        "No device with a price could be compared with a CPU with one." if priced else ASK_FOR_PRICES,
        left_out=len(table) - len(shown),
    )


def _telling(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to show: those of GPUs where there are any, and of too many those of each largest size."""
    on_gpu = costs["device"].map(lambda key: is_gpu(str(key).partition(":")[0])).to_numpy(dtype=bool)
    shown = costs[on_gpu] if on_gpu.any() else costs
    if len(shown) <= MOST:
        return shown
    return shown[shown["n"] == shown.groupby(SIZES_OF, observed=True)["n"].transform("max")]


def _block(
    title: str,
    meaning: str,
    header: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    reason: str,
    left_out: int = 0,
) -> Block:
    """Return a table without its empty columns, or the reason why there is none."""
    if not rows:
        return Block(title=title, reason=reason)
    used = [place for place in range(len(header)) if any(row[place] for row in rows)]
    return Block(
        title=title,
        meaning=meaning,
        header=tuple(header[place] for place in used),
        rows=tuple(tuple(row[place] for place in used) for row in rows[:MOST]),
        left_out=left_out + max(len(rows) - MOST, 0),
    )


def _nbytes(value: Any) -> str:
    return units.nbytes(value) if is_known(value) else ""


def _rate(value: float, unit: str) -> str:
    """Return joules or watts, small ones too: ``3.2 uJ`` with a real micro sign."""
    if not is_known(value):
        return ""
    for scale, prefix in ((1e-9, "n"), (1e-6, "\N{MICRO SIGN}"), (1e-3, "m")):
        if value < 1000 * scale:
            return f"{units.ratio(value / scale)} {prefix}{unit}"
    return units.rate(value, unit)


def _money(value: float) -> str:
    """Return an amount with two digits that count."""
    return units.ratio(float(f"{value:.2g}")) if is_known(value) else ""
