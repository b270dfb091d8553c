"""What a call cannot undercut: the cheapest operation, an empty kernel, a wait for nothing, the smallest copies.

From the tables to short rows that the price of admission is held against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from bench_lib import units
from bench_lib.records.sanitize import clean
from bench_lib.report.page.rows import Row, size
from bench_lib.report.sentences import words

CEILINGS: Final = (
    ("operation", "the cheapest operation", "one element"),
    ("kernel", "an empty kernel, waited for", "one element: submitted, started, done, noticed"),
    ("synchronize", "a wait for nothing", "of the host for an idle GPU"),
)
"""By quantity: the name of the row, and what it is."""

COPIES: Final = (
    ("host_to_device", "the smallest copy to the device"),
    ("device_to_host", "the smallest copy back"),
    ("device_to_device", "the smallest copy in place"),
)
"""By workload: the copies whose smallest size is as good as empty."""

SUBMITTED: Final = "; on the GPU, until it is submitted"
"""What the cheapest operation is on a GPU, beside one on a CPU."""

DRAWN: Final = {"kernel": "dashed", "host_to_device": "dotted"}
"""Those that are a line through all rows, of a GPU: how it is drawn."""

HOST_DRAWN: Final = {"operation": "dashed"}
"""The same of a CPU."""


@dataclass(frozen=True, kw_only=True)
class Time:
    """What one device takes: seconds, its limits (NaN where there are none), and what stands under it."""

    seconds: float
    low: float
    high: float
    span: str


@dataclass(frozen=True, kw_only=True)
class Floor:
    """One row to hold calls against.

    Attributes
    ----------
    key
        A quantity of a ceiling, or the name of a workload that copies.
    name, detail
        In words, and what exactly.
    times
        By the key of the device.
    """

    key: str
    name: str
    detail: str
    times: Mapping[str, Time]


def find(ceilings: pd.DataFrame, resident: pd.DataFrame, devices: Sequence[str], *, gpu: bool) -> tuple[Floor, ...]:
    """Return the floors that one run measured on some of its devices; a floor without a time is left out.

    Parameters
    ----------
    ceilings
        Rows of :func:`ceilings_table` of the run.
    resident
        Rows of :func:`estimates_table` of the run: latency with the data in place, those with a time.
    devices
        Keys of the devices that are shown.
    gpu
        Whether one of them is a GPU.
    """
    measured = ceilings[ceilings["device"].isin(list(devices)) & ceilings["seconds"].notna()]
    rows = measured.to_dict("records")
    found = [
        Floor(
            key=quantity,
            name=name,
            detail=detail + SUBMITTED * (gpu and quantity == "operation"),
            times={row["device"]: _best(row) for row in rows if row["quantity"] == quantity},
        )
        for quantity, name, detail in CEILINGS
    ]
    for workload, name in COPIES:
        copies = resident[resident["device"].isin(list(devices)) & (resident["workload"] == workload)]
        smallest = copies[copies["n"] == copies["n"].min()].to_dict("records")
        detail = f"{clean(smallest[0]['expression'])}, {size(smallest[0])}" if smallest else ""
        times = {row["device"]: _estimate(row) for row in smallest}
        found.append(Floor(key=workload, name=name, detail=detail, times=times))
    return tuple(floor for floor in found if floor.times)


def _best(ceiling: Row) -> Time:
    """Return the best of all rounds, which has no interval: how slow the worst round was stands under it."""
    seconds, worst = ceiling["seconds"], ceiling["worst_seconds"]
    return Time(
        seconds=seconds,
        low=seconds,
        high=worst,
        span=f"worst of {units.count(int(ceiling['rounds']), 'round')}: {units.seconds(worst)}"
        if ceiling["rounds"] > 1
        else "in one round",
    )


def _estimate(row: Row) -> Time:
    low, high = row["seconds_low"], row["seconds_high"]
    return Time(seconds=row["seconds"], low=low, high=high, span=words.seconds_span(low, high))
