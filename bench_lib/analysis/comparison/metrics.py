"""What is compared besides time, and which way is better."""

import math
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["seconds", "nbytes", "joules", "per second"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One kind of number.

    Attributes
    ----------
    columns
        Of the tidy table, one for each estimator, the first the one that is shown; empty where the numbers come from
        other lines of a file.
    more_is_better
        Whether a rise is an improvement.
    better, worse
        What such a change is called.
    exact
        Whether the same code gives the same number each time, so that one process is enough.
    """

    name: str
    unit: Unit
    columns: tuple[str, ...] = ()
    more_is_better: bool = False
    better: str = "less"
    worse: str = "more"
    exact: bool = False

    def is_better(self, log_ratio: float) -> bool:
        """Return whether a change is an improvement; ``log_ratio`` is that of after over before."""
        return (log_ratio > 0) == self.more_is_better


TIME: Final = Metric(
    name="time", unit="seconds", columns=("median_seconds", "floor_seconds"), better="faster", worse="slower"
)
METRICS: Final = (
    TIME,
    Metric(name="first-call", unit="seconds", columns=("first_call_seconds",), better="faster", worse="slower"),
    Metric(name="compile", unit="seconds", columns=("compile_seconds",), better="faster", worse="slower"),
    Metric(name="memory", unit="nbytes", columns=("peak_allocated_nbytes",), exact=True),
    Metric(name="energy", unit="joules"),
    Metric(name="ceiling", unit="per second", more_is_better=True, better="faster", worse="slower"),
)

HOST_FLOOR_SECONDS: Final = 25e-9
"""The least change of a call on the host's clock that means anything: torch.utils.benchmark takes the same for the
least half width that it believes (``_MIN_CONFIDENCE_INTERVAL``)."""

LAUNCH_FLOOR_SECONDS: Final = 0.5e-6
"""The same where a device is launched and waited for: the resolution of CUDA events (cudaEventElapsedTime)."""


def floor_seconds(device: str) -> float:
    """Return the least change of a call's time, in seconds, that counts on a device."""
    return HOST_FLOOR_SECONDS if device.partition("-")[0] in ("cpu", "numpy") else LAUNCH_FLOOR_SECONDS


def margin(metric: Metric, threshold: float, before: float, device: str) -> float:
    """Return the log ratio that a change must exceed: the threshold, or what the floor is of a short time.

    Parameters
    ----------
    threshold
        Relative, such as 0.05.
    before
        In the metric's unit.
    """
    floor = floor_seconds(device) / before if metric.unit == "seconds" else 0.0
    return math.log1p(max(threshold, floor))
