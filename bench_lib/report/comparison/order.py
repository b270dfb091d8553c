"""In which order a comparison is told: what became worse first, then what became better, then what could hide most."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.report.comparison.terms import could_hide, metric_of


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """The changes of a comparison by verdict, each group with what matters most first.

    Attributes
    ----------
    worse
        Those that became worse, after those that have failed since; a case that failed is there once, whatever number
        of it was asked for.
    undecided
        By how large a change for the worse could hide.
    """

    worse: tuple[Change, ...]
    better: tuple[Change, ...]
    undecided: tuple[Change, ...]
    unchanged: tuple[Change, ...]
    not_comparable: tuple[Change, ...]

    @property
    def judged(self) -> int:
        """How many could be set against each other."""
        return len(self.better) + len(self.undecided) + len(self.unchanged) + sum(not c.is_broken for c in self.worse)


def by_verdict(comparison: Comparison) -> Sorted:
    """Return the changes of a comparison in the order in which they are told."""
    found = comparison.changes
    broken = {one.case: one for one in reversed(found) if one.is_broken}
    worse = [*reversed(broken.values()), *(one for one in found if one.verdict == "worse")]
    return Sorted(
        worse=_sorted(worse, lambda one: (not one.is_broken, -_badness(one))),
        better=_sorted((one for one in found if one.verdict == "better"), _badness),
        undecided=_sorted((one for one in found if one.verdict == "undecided"), lambda one: -_hidden(one)),
        unchanged=tuple(one for one in found if one.verdict == "unchanged"),
        not_comparable=tuple(one for one in found if one.verdict == "not comparable" and not one.is_broken),
    )


def _sorted(changes: Iterable[Change], key: Callable[[Change], object]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=key))  # type: ignore[arg-type]


def _badness(change: Change) -> float:
    """Return by how much it became worse, in logs: the more negative, the better it became."""
    if not change.ratio.value > 0:
        return 0.0
    return math.log(change.ratio.value) * (-1 if metric_of(change).more_is_better else 1)


def _hidden(change: Change) -> float:
    """Return what could hide; where even that is unknown, more than any that is known."""
    hidden = could_hide(change)
    return math.inf if math.isnan(hidden) else hidden
