"""What comparisons of a thing with itself add up to, in words: how often the gate is wrong, and what it can see.

Never imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench_lib import units
from bench_lib.analysis.comparison.calibration import Calibration, rate
from bench_lib.analysis.comparison.changes import Change
from bench_lib.records.sanitize import clean


def told(calibration: Calibration) -> str:
    """Return how often the gate was wrong on a machine, in two sentences."""
    comparisons = units.count(calibration.comparisons, "comparison")
    called, failed = calibration.called, calibration.failed
    return (
        f"{called} of {units.count(calibration.judged, 'verdict')} called a change where there is none: "
        f"{_share(called, calibration.judged)}, in {comparisons} of this machine with itself at a threshold of "
        f"{100 * calibration.threshold:g} %. "
        f"{failed} of {comparisons} would have failed a gate: {_share(failed, calibration.comparisons)}."
    )


def seen(changes: Sequence[Change]) -> list[str]:
    """Return a line for each case with the smallest change that would be called in nine of ten comparisons."""
    known = [change for change in changes if not math.isnan(change.sees)]
    width = max((len(clean(str(change.case))) for change in known), default=0)
    lines = [f"{clean(str(change.case)):<{width}}  {_percent(change.sees)}" for change in known]
    return ["smallest change that is called in nine of ten comparisons:", *lines] if lines else []


def _share(count: int, of: int) -> str:
    estimate = rate(count, of)
    if math.isnan(estimate.value):
        return "nothing was judged"
    return f"{_percent(estimate.value)} (95 % interval {_percent(estimate.low)} to {_percent(estimate.high)})"


def _percent(share: float) -> str:
    """Return a share with two digits behind the point, where it is small, and none where it is not."""
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.1 else f"{100 * share:.2g} %"
