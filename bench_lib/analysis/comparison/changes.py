"""What a comparison says: of each case, and of all of them together."""

import math
from dataclasses import dataclass
from typing import Final

from bench_lib.analysis.comparison.calibration import Calibration
from bench_lib.analysis.comparison.metrics import METRICS, TIME
from bench_lib.analysis.comparison.obstacles import Obstacles
from bench_lib.records.case import Case
from bench_lib.records.intervals import Estimate
from bench_lib.records.run import Run
from bench_lib.records.verdicts import CANNOT_TELL, ChangeVerdict

UNKNOWN: Final = Estimate(value=math.nan, low=math.nan, high=math.nan)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one number of one case.

    Attributes
    ----------
    metric
        Name of one of :data:`bench_lib.analysis.comparison.metrics.METRICS`.
    verdict
        ``better`` and ``worse`` are ``faster`` and ``slower`` where the metric is a time: :attr:`word`.
    why
        Of a verdict that is none: what is missing or in the way.
    estimator
        Which number of a process was compared: ``median`` or ``floor`` of its blocks; empty for other metrics.
    before, after
        In the metric's unit, as far apart as the ratio; NaN where there is none.
    ratio
        After over before, with its 95 % interval.
    p_value, q_value
        Of the ratio being 1: for this case alone, and adjusted for all that were compared (NaN where not judged).
    processes
        How many numbers each side gave.
    log_spreads
        Standard deviation, in logs, that one process of each side brings; one for each estimator.
    margin
        What a change must exceed, as a ratio over 1: the threshold, or more where a time is close to the floor.
    min_detectable
        The smallest change that would be called in nine of ten comparisons such as this, as a ratio over 1.
    is_calibrated
        Whether that rests on comparisons of the case with itself, and not on this one alone.
    is_broken
        Whether the case had a number before, and has failed after.
    median_moved
        Whether the median looks changed where the floor is compared: some calls take longer, and the quickest do not.
    trouble
        On which sides some processes of the case have failed while others gave a number, and why.
    """

    case: Case
    metric: str
    verdict: ChangeVerdict
    why: str = ""
    estimator: str = ""
    before: float = math.nan
    after: float = math.nan
    ratio: Estimate = UNKNOWN
    p_value: float = math.nan
    q_value: float = math.nan
    processes: tuple[int, int] = (0, 0)
    log_spreads: tuple[float, ...] = ()
    margin: float = math.nan
    min_detectable: float = math.nan
    is_calibrated: bool = False
    is_broken: bool = False
    median_moved: bool = False
    trouble: str = ""

    @property
    def word(self) -> str:
        """The verdict in the metric's own words."""
        metric = next(one for one in METRICS if one.name == self.metric)
        return {"better": metric.better, "worse": metric.worse, "undecided": CANNOT_TELL}.get(
            self.verdict, self.verdict
        )

    @property
    def is_suspect(self) -> bool:
        """Whether it looks changed, and more processes would tell."""
        moved = abs(math.log(self.ratio.value)) > math.log1p(self.margin) if self.ratio.value > 0 else False
        return moved and self.verdict in ("better", "worse", "undecided")

    def is_unconfirmed(self, rounds: int) -> bool:
        """Whether it looks changed, and was not confirmed by more processes than the ``rounds`` that every case had."""
        is_confirmed = self.verdict in ("better", "worse") and min(self.processes) > rounds
        return self.is_suspect and not is_confirmed


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two sides, case by case.

    Attributes
    ----------
    before, after
        The header of the first file of each side.
    changes
        One for each case and metric that either side has.
    files
        How many each side had.
    calibration
        Of the machine, where there is one.
    is_paired
        Whether the sides were measured in alternation.
    """

    before: Run
    after: Run
    threshold: float
    is_paired: bool
    changes: tuple[Change, ...]
    obstacles: Obstacles
    files: tuple[int, int] = (1, 1)
    calibration: Calibration | None = None

    @property
    def judged(self) -> tuple[Change, ...]:
        """The changes of time that got a ratio with an interval."""
        return tuple(one for one in self.changes if one.metric == TIME.name and not math.isnan(one.q_value))

    def learnt(self) -> Calibration:
        """Return what is known of this machine after this comparison, which must be one of a thing with itself."""
        known = self.calibration or Calibration(
            machine=self.before.machine, threshold=self.threshold, instrument=self.before.instrument
        )
        seen = [(one.case, one.verdict in ("better", "worse"), one.log_spreads) for one in self.judged]
        return known.learn(seen, failed=bool(self.regressions))

    @property
    def regressions(self) -> tuple[Change, ...]:
        """What became worse, and what has failed since."""
        return tuple(change for change in self.changes if change.verdict == "worse" or change.is_broken)

    @property
    def suspects(self) -> tuple[Case, ...]:
        """The cases whose time looks changed, and that are to be measured again before the verdict."""
        return tuple(
            change.case
            for change in self.changes
            if change.metric == TIME.name and change.is_unconfirmed(self.before.rounds)
        )

    @property
    def unconfirmed(self) -> tuple[Change, ...]:
        """What looks changed, or is called so, and was not measured again for want of time; none of separate runs."""
        if not self.is_paired:
            return ()
        times = (change for change in self.changes if change.metric == TIME.name)
        left = (one for one in times if one.is_suspect and not one.trouble)
        return tuple(one for one in left if min(one.processes) <= self.before.rounds)

    @property
    def is_inconclusive(self) -> bool:
        """Whether it says nothing: no case could be judged."""
        return all(change.verdict in ("undecided", "not comparable") for change in self.changes)

    @property
    def exit_code(self) -> int:
        """0 for no regression, 1 for one, 3 where nothing is comparable or nothing could be told."""
        if self.regressions:
            return 1
        return 3 if self.is_inconclusive else 0
