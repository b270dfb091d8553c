"""The page: one HTML file that answers when the GPU wins, and needs nothing but itself.

In the order of the data: :mod:`material` (the tables, computed once), :mod:`sections` (what each section shows, or why
it shows nothing), :mod:`story` (all of it) and :mod:`render` (as text). What a section draws stands in a module of its
own beside it: :mod:`hero`, :mod:`strip`, :mod:`panels` and so on. The sentences come from
:mod:`bench_lib.report.sentences`. Nothing here imports torch, and nothing is read or written but the package's own
templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench_lib.errors import UsageError
from bench_lib.records.recording import Recording
from bench_lib.report.page import render, story

__all__ = ["build"]


def build(
    frame: pd.DataFrame,
    runs: Sequence[Recording],
    prices: Mapping[str, float] | None = None,
    reference: Sequence[Recording] = (),
) -> str:
    """Return the report as one self-contained HTML page. The same input gives the same text.

    Parameters
    ----------
    frame
        :func:`bench_lib.analysis.frame.tidy` of the runs.
    runs
        The runs, at least one: the machine sheets, versions and commands come from them.
    prices
        Of an hour of each device by its key, in any currency; those kept in the runs if None.
    reference
        Runs of GPUs on other machines, set beside one without a GPU, said to be two machines, and in no other table.

    Raises
    ------
    UsageError
        If there is no run.
    """
    if not runs:
        msg = "a report needs at least one result file; none was given: run crossover run first"
        raise UsageError(msg)
    return render.render(story.tell(frame, runs, prices, reference))
