"""A comparison as a DataFrame, for a notebook or a script."""

from typing import Any, Final

import pandas as pd

from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.report.comparison import terms

COLUMNS: Final = (
    *("workload", "n", "dtype", "device", "residency", "timing", "metric", "verdict", "why", "unit", "before", "after"),
    *("ratio", "ratio_low", "ratio_high", "q_value", "processes_before", "processes_after", "sees", "could_hide"),
)


def as_table(comparison: Comparison) -> pd.DataFrame:
    """Return one row for each case and metric, with :data:`COLUMNS`.

    ``before`` and ``after`` are in the row's ``unit``; ``sees`` and ``could_hide`` are ratios over 1. What is not known
    is NaN.
    """
    return pd.DataFrame([_row(change) for change in comparison.changes], columns=list(COLUMNS))


def _row(change: Change) -> tuple[Any, ...]:
    case, ratio = change.case, change.ratio
    verdict = "failed" if change.is_broken else change.word
    return (
        *(case.workload, case.n, case.dtype, case.device, case.residency, case.timing),
        *(change.metric, verdict, change.why, terms.metric_of(change).unit, change.before, change.after),
        *(ratio.value, ratio.low, ratio.high, change.q_value, *change.processes),
        *(change.min_detectable, terms.could_hide(change)),
    )
