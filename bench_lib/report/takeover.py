"""Where one side takes over: what is known where the two neighbouring sizes cannot be told, and how rows are ordered.

Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from bench_lib.report.words import known

NOT_KNOWN: Final = (math.nan, math.nan)


def with_latest(crossovers: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add what is known of a crossover that cannot be told between two neighbouring sizes.

    Returns
    -------
    DataFrame
        With ``latest``, the smallest size from which the device wins at every larger one, in bytes, and ``earliest``,
        the largest size below it at which it is known not to win; NaN where there is none, and where the answer is
        not ``undecided``.
    """
    keys = ["workload", "dtype", "residency", "timing"]
    compared = pairs[pairs["verdict"] != ""].sort_values("n")
    found: dict[tuple[str, ...], tuple[float, float]] = {}
    for key, rows in compared.groupby(keys, sort=False):
        found[key] = _tail(rows["verdict"].tolist(), rows["nbytes"].tolist())
    undecided = (crossovers["answer"] == "undecided").tolist()
    bounds = [
        found.get(key, NOT_KNOWN) if open_ else NOT_KNOWN
        for key, open_ in zip(crossovers[keys].itertuples(index=False, name=None), undecided, strict=True)
    ]
    return crossovers.assign(earliest=[low for low, _ in bounds], latest=[high for _, high in bounds]).astype(
        {"earliest": float, "latest": float}
    )


def order(row: Mapping[str, Any] | None) -> tuple[int, float]:
    """Return the place of a crossover among others: always, then by size, then never, then what cannot be told."""
    if row is None:
        return 4, 0.0
    if row["answer"] == "between":
        return 1, float(row["nbytes_high"])
    if known(row["latest"]):
        return 1, float(row["latest"])
    return {"always": 0, "never": 2}.get(row["answer"], 3), 0.0


def _tail(verdicts: list[str], sizes: list[float]) -> tuple[float, float]:
    first = len(verdicts)
    while first > 0 and verdicts[first - 1] == "device":
        first -= 1
    if first == len(verdicts):
        return NOT_KNOWN
    decided = [size for verdict, size in zip(verdicts[:first], sizes[:first], strict=True) if verdict != "undecided"]
    return (decided[-1] if decided else math.nan), sizes[first]
