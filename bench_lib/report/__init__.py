"""The report: one page that answers when the GPU wins, and needs nothing but itself.

The parts, in the order of the data: :mod:`matchups` (who is set against whom), :mod:`findings` (counted),
:mod:`headlines` (in sentences), :mod:`hero`, :mod:`strip`, :mod:`panels`, :mod:`launches`, :mod:`fitness`,
:mod:`doubt`, :mod:`expenses`, :mod:`numbers` and :mod:`sheet` (what each section shows), :mod:`captions` (the small
print), :mod:`story` (all of it) and :mod:`page` (as text). Nothing here imports torch, and nothing is read or written
but the package's own templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench_lib.errors import UsageError
from bench_lib.records import Recording
from bench_lib.report import page, story

__all__ = ["build"]


def build(frame: pd.DataFrame, runs: Sequence[Recording], prices: Mapping[str, float] | None = None) -> str:
    """Return the report as one self-contained HTML page. The same input gives the same text.

    Parameters
    ----------
    frame
        :func:`bench_lib.frame.tidy` of the runs.
    runs
        The runs, at least one: the machine sheets, versions and commands come from them.
    prices
        Of an hour of each device by its key, in any currency; those kept in the runs if None.

    Raises
    ------
    UsageError
        If there is no run.
    """
    if not runs:
        msg = "a report needs at least one result file; none was given: run crossover run first"
        raise UsageError(msg)
    return page.render(story.tell(frame, runs, prices))
