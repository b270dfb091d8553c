"""Everything that should be known before a number is believed: one row for each doubt about each case."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench_lib import units
from bench_lib.analysis.estimates import judge
from bench_lib.analysis.levels import Cases, sort_into_cases, table, text
from bench_lib.records.intervals import Floats
from bench_lib.records.location import WITHIN, Ints, Objects

KEY: Final = ("run", "workload", "n", "dtype", "device", "residency", "timing")
COLUMNS: Final = (*KEY, "kind_of_doubt", "reason", "visits")
NOT_OK: Final = ("wrong", "failed", "oom", "timeout", "too_slow", "skipped")

TWO_MODES: Final = "its visits fall into two heaps: the median depends on which was met more often"
LAUNCH_BOUND: Final = "submitting took longer than the pre-block: launch cost may be in the number"
ONE_ROUND: Final = "one round only: differences between processes are not in the interval, which is too narrow"
FRESH_PAGES: Final = "each call is given new pages by the system, whose cost is in the number"
BUSY: Final = "a thread of the measuring process still worked when the visit began"
NO_INTERVAL: Final = "one visit of fewer than 6 blocks: the number has no interval"
STOPS: Final = {
    "budget": "its share of the time was spent",
    "stalled": "its interval had stopped shrinking",
}
"""Why a visit ended before its interval was narrow; a call longer than its share is timed whole, and needs none."""

ENDS: Final = ("single", "enough")
"""Why a visit ended that is no doubt: its one call was long, or it had the blocks that it was to have."""

MOST: Final = 0.5
"""A case is not converged where more than this part of its visits ended before their interval was narrow."""

LEAST_FAULTS: Final = 1.0  # pages in a call, from which on they count
HELD_UP: Final = 3.0
"""A visit that takes so many times its case's lower quartile was held up, by whatever else ran."""

LOWER: Final = 0.25
FEW: Final = 4  # visits to a case, below which there is no lower quartile to speak of

WIDE: Final = 1.25
"""An interval whose limits are this factor from the value, or further, says little."""

IMPOSSIBLE: Final = "impossible"
NEVER_TRIED: Final = ("too_slow", "skipped")


def trust_table(frame: pd.DataFrame, bounds: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return everything suspect.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.
    bounds
        From :func:`bounds_table`, of the same cases; without it, no case is called impossible.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, the gravest kind of doubt first. ``kind_of_doubt`` is ``wrong``, ``failed``,
        ``oom``, ``timeout``, ``too slow`` or ``skipped`` for a case that is not ok; for one that is: ``impossible``
        (faster than a ceiling of its device allows), ``lost visit`` (some visits failed), ``throttled``, ``two modes``,
        ``launch bound``, ``fresh pages``, ``busy process``, ``within-run interval`` (or none), ``wide interval`` (a
        quarter or more to either side) and ``not converged`` (most of its visits). ``visits`` counts those concerned; 0
        for a case that was never reached. Other tools do not say whether a visit converged, and are not blamed for it.
    """
    cases = sort_into_cases(frame)
    estimates = judge(frame).table
    status, ok_case = text(frame["status"]), cases.ok[cases.of_row]
    ok = ok_case & (status == "ok")
    own = text(frame["source"]) == "crossover"
    throttle = text(frame["throttle"])
    case_status, interval = text(estimates["status"]), text(estimates["interval"])
    reach = np.sqrt((estimates["seconds_high"] / estimates["seconds_low"]).to_numpy())
    open_ended = ok & own & ~frame["converged"].to_numpy() & ~np.isin(text(frame["stop"]), ENDS)
    faults = (frame["minor_faults"] / frame["calls"]).to_numpy() >= LEAST_FAULTS
    share = _counts(cases, open_ended) / np.maximum(_counts(cases, ok), 1)
    stops = pd.Series(text(frame["stop"]), dtype=object).map(STOPS).fillna("it ended without saying why")

    def whole(kind: str, concerned: NDArray[np.bool_], reason: str | Objects) -> pd.DataFrame:
        """Doubt a case as such."""
        case = np.flatnonzero(concerned)
        reasons = np.broadcast_to(np.asarray(reason, dtype=object), concerned.shape)[case]
        reached = np.bincount(cases.of_row[frame["round"].to_numpy() > 0], minlength=cases.size)
        return _doubts(estimates, case, kind, reasons, reached[case])

    def some(kind: str, rows: NDArray[np.bool_], reasons: Objects) -> pd.DataFrame:
        """Doubt some visits of a case."""
        case, joined, visits = _by_case(cases.of_row[rows], reasons[rows])
        return _doubts(estimates, case, kind, joined, visits)

    parts = [
        *(whole(kind.replace("_", " "), case_status == kind, text(estimates["reason"])) for kind in NOT_OK),
        *([] if bounds is None else [_impossible(estimates, bounds)]),
        some("lost visit", ok_case & ~ok & ~np.isin(status, NEVER_TRIED), status + ": " + text(frame["reason"])),
        some("throttled", ok & (throttle != ""), throttle),
        whole("two modes", (estimates["modes"] == 2).to_numpy(), TWO_MODES),
        some("launch bound", ok & frame["launch_bound"].to_numpy(), np.full(len(frame), LAUNCH_BOUND, dtype=object)),
        some("fresh pages", ok & faults, np.full(len(frame), FRESH_PAGES, dtype=object)),
        some("busy process", ok & frame["busy"].to_numpy(), np.full(len(frame), BUSY, dtype=object)),
        whole("within-run interval", interval == WITHIN, ONE_ROUND),
        whole("within-run interval", (interval == "") & (case_status == "ok"), NO_INTERVAL),
        whole("wide interval", reach >= WIDE, _reaches(reach)),
        some("not converged", open_ended & (share > MOST)[cases.of_row], text(stops)),
    ]
    return pd.concat(parts, ignore_index=True)


def held_up(frame: pd.DataFrame) -> tuple[int, int]:
    """Return how many visits of our own took far longer than is usual for their case, and of how many.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.
    """
    ok = frame[(frame["status"] == "ok") & (frame["source"] == "crossover")]
    times = ok.groupby(list(KEY), observed=True)["median_seconds"]
    usual, visits = times.transform("quantile", LOWER), times.transform("size")
    counted = visits >= FEW
    return int((counted & (ok["median_seconds"] > HELD_UP * usual)).sum()), int(counted.sum())


def _impossible(estimates: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """Doubt the cases that were faster than they can have been."""
    case = np.flatnonzero(bounds["impossible"].to_numpy())
    reasons = [
        f"{units.seconds(seconds)}, which is {units.percent(fraction)} of its {kind} ceiling: the time is too short, "
        "its work is declared too large, or its ceiling was measured too low"
        for seconds, fraction, kind in zip(
            estimates["seconds"].to_numpy()[case],
            bounds["fraction"].to_numpy()[case],
            text(bounds["bound_by"])[case],
            strict=True,
        )
    ]
    return _doubts(estimates, case, IMPOSSIBLE, np.array(reasons, dtype=object), estimates["visits"].to_numpy()[case])


def _counts(cases: Cases, rows: NDArray[np.bool_]) -> Ints:
    counts: Ints = np.bincount(cases.of_row[rows], minlength=cases.size)
    return counts


def _reaches(reach: Floats) -> Objects:
    sentences = [f"the 95 % interval reaches a factor of {factor:.2g} to either side" for factor in reach.tolist()]
    return np.array(sentences, dtype=object)


def _doubts(estimates: pd.DataFrame, case: Ints, kind: str, reason: Objects, visits: Ints) -> pd.DataFrame:
    concerned = estimates.iloc[case]
    columns = {
        **{name: concerned[name].to_numpy() for name in KEY},
        "kind_of_doubt": np.full(len(case), kind, dtype=object),
        "reason": reason,
        "visits": visits,
    }
    return table(columns, COLUMNS)


def _by_case(of_row: Ints, reasons: Objects) -> tuple[Ints, Objects, Ints]:
    """Return each case once, with its distinct reasons joined and the number of its rows."""
    words: dict[int, dict[str, None]] = {}
    for case, reason in zip(of_row.tolist(), reasons.tolist(), strict=True):
        words.setdefault(case, {})[reason] = None
    case, visits = np.unique(of_row, return_counts=True)
    joined = np.array(["; ".join(sorted(words[number])) for number in case.tolist()], dtype=object)
    return case, joined, visits
