"""Welch's interval of two sets of values, from the limits that the product computes for whole arrays."""

import numpy as np

from bench_lib.records.intervals import Estimate, welch_limits


def welch(a, b, **more) -> Estimate:
    """Return the mean of ``a`` less that of ``b``, with its limits."""
    moments = [part for x in (a, b) for part in (np.mean(x), np.var(x, ddof=1) if len(x) > 1 else np.nan, len(x))]
    low, high = welch_limits(*moments, **more)
    return Estimate(value=float(np.mean(a) - np.mean(b)), low=float(low), high=float(high))
