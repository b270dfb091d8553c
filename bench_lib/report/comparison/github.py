"""A comparison as GitHub's workflow commands, which a job prints to annotate a pull request.

Whatever a file says is escaped: a name can neither end a command nor begin another. GitHub shows ten annotations of
each kind for a step.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from bench_lib import units
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.report.comparison import reasons, terms, words
from bench_lib.report.comparison.order import by_verdict

MOST: Final = 10
"""Annotations of one kind that GitHub shows for a step; the last of them counts those beyond."""

Level = Literal["error", "warning", "notice"]


class Annotation(NamedTuple):
    """One command: its level, its title, and what it says."""

    level: Level
    title: str
    message: str


def github(comparison: Comparison) -> str:
    """Return the commands, a line each.

    An error for what became worse or failed; a warning for what looks changed and cannot be told, for what differs or
    is lacking on one side, and where nothing could be told; a notice for the finding and for what became better.
    """
    found = by_verdict(comparison)
    errors = [Annotation("error", _title(change), _message(change)) for change in found.worse]
    suspects = [change for change in found.undecided if change.is_suspect or change.median_moved]
    apart = [change for change in found.not_comparable if not reasons.is_on_neither(change)]
    warnings = [
        *(Annotation("warning", "Not compared", one) for one in reasons.not_compared(comparison, apart)),
        *(Annotation("warning", _title(change), _message(change)) for change in suspects),
    ]
    if comparison.exit_code not in (0, 1):
        warnings.insert(0, Annotation("warning", "Nothing could be told", words.headline(comparison)))
    summary = ". ".join([words.headline(comparison), *words.sentences(comparison)[:1]])
    notices = [
        Annotation("notice", "Performance", summary),
        *(Annotation("notice", _title(change), _message(change)) for change in found.better),
    ]
    lines = [command(one) for kind in (errors, warnings, notices) for one in _most(kind)]
    return "".join(f"{line}\n" for line in lines)


def command(annotation: Annotation) -> str:
    r"""Return a workflow command.

    Escaping is that of actions/toolkit (``core/src/command.ts``): ``%``, carriage return and line feed everywhere, and
    colon and comma in properties.

    Examples
    --------
    >>> command(Annotation("error", "slower: a,b", "100 %\n"))
    '::error title=slower%3A a%2Cb::100 %25%0A'
    """
    return f"::{annotation.level} title={_property(annotation.title)}::{_data(annotation.message)}"


def _most(annotations: Sequence[Annotation]) -> list[Annotation]:
    """Return as many as are shown, the last of which counts those that are not."""
    if len(annotations) <= MOST:
        return list(annotations)
    seen, rest = annotations[: MOST - 1], annotations[MOST - 1 :]
    titles = "; ".join(one.title for one in rest[:MOST])
    more = f"; and {units.count(len(rest) - MOST)} more" if len(rest) > MOST else ""
    return [*seen, Annotation(rest[0].level, f"And {units.count(len(rest))} more", f"{titles}{more}")]


def _title(change: Change) -> str:
    return f"{terms.verdict(change)}: {terms.full_name(change.case)}"


def _message(change: Change) -> str:
    if change.is_broken:
        return reasons.why(change)
    metric = "" if change.metric == "time" else f"{change.metric}: "
    levels = f"{terms.level(change, change.before)} before, {terms.level(change, change.after)} after"
    sees = (
        ""
        if math.isnan(change.min_detectable)
        else f", a change of {terms.share(change.min_detectable)} would be called"
    )
    return f"{metric}{terms.shift(change)}, {levels}{sees}{f': {reasons.why(change)}' if change.why else ''}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
