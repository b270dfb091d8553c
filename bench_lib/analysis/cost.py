"""What a call costs where a device is paid by the hour, and at which prices the verdict turns."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from bench_lib.analysis.levels import table, text
from bench_lib.records import intervals
from bench_lib.records.hourly_prices import of_device
from bench_lib.records.location import Objects

KEY: Final = ("run", "machine", "workload", "family", "expression", "n", "dtype", "device", "residency", "timing")
COLUMNS: Final = (
    *(*KEY, "baseline", "nbytes", "price", "baseline_price", "cost", "baseline_cost"),
    *("cost_per_teraflop", "baseline_cost_per_teraflop", "ratio", "ratio_low", "ratio_high", "verdict"),
    *("turns_at", "turns_low", "turns_high"),
)
HOUR: Final = 3600.0
TERAFLOP: Final = 1e12  # operations


def costs(speedups: pd.DataFrame, prices: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Return for each pair of cases what a call costs on both sides, and who is the cheaper.

    Parameters
    ----------
    speedups
        From :func:`speedups_table`; pairs without a ratio are left out.
    prices
        Price of an hour of each device, by run and key, in any one currency.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``cost`` is for one call, ``cost_per_teraflop`` for 10^12 operations (NaN where
        an operation has none). ``ratio`` is the baseline's cost over the device's: above 1 the device is the cheaper,
        with the speedup's interval; ``verdict`` as for times. ``turns_at`` is the price of the device in prices of the
        baseline at which both cost the same, which is the speedup itself: below it the device is the cheaper.
        Rows without both prices are left out.
    """
    rows = speedups[speedups["verdict"] != ""]
    price, baseline_price = (_prices(rows, prices, side) for side in ("device", "baseline"))
    priced = ~np.isnan(price) & ~np.isnan(baseline_price)
    rows, price, baseline_price = rows[priced], price[priced], baseline_price[priced]
    cost, baseline_cost = rows["seconds"] * price / HOUR, rows["baseline_seconds"] * baseline_price / HOUR
    operations = (rows["flop"] / TERAFLOP).where(rows["flop"] > 0)
    turns = {limit: rows[f"ratio{limit}"].to_numpy() for limit in ("", "_low", "_high")}
    ratio = {limit: value * baseline_price / price for limit, value in turns.items()}
    columns = {
        **{name: rows[name].to_numpy() for name in (*KEY, "baseline", "nbytes")},
        "price": price,
        "baseline_price": baseline_price,
        "cost": cost.to_numpy(),
        "baseline_cost": baseline_cost.to_numpy(),
        "cost_per_teraflop": (cost / operations).to_numpy(),
        "baseline_cost_per_teraflop": (baseline_cost / operations).to_numpy(),
        **{f"ratio{limit}": value for limit, value in ratio.items()},
        "verdict": intervals.verdicts(ratio["_low"], ratio["_high"]),
        "turns_at": turns[""],
        "turns_low": turns["_low"],
        "turns_high": turns["_high"],
    }
    return table(columns, COLUMNS)


def _prices(rows: pd.DataFrame, prices: Mapping[str, Mapping[str, float]], side: str) -> np.ndarray:
    runs: Objects = text(rows["run"])
    keys: Objects = text(rows[side])
    found = [of_device(prices.get(run, {}), key) for run, key in zip(runs, keys, strict=True)]
    return np.array(found, dtype=np.float64)
