"""The page: one HTML file that answers when the GPU wins, and needs nothing but itself.

In the order of the data: :mod:`page_context` (the tables, computed once), :mod:`sections` (what each section shows, or
why it shows nothing) and :mod:`render` (all of it as text). The sentences come from :mod:`bench_lib.report.sentences`.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from bench_lib.errors import UsageError
from bench_lib.records.recording import Recording
from bench_lib.report.page import captions
from bench_lib.report.page.page_context import Absent, page_context
from bench_lib.report.page.render import render
from bench_lib.report.page.sections import SECTIONS
from bench_lib.report.sentences import masthead, reference_run
from bench_lib.report.sentences.guards import guards


def build_page(
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
    context = page_context(frame, runs, prices, reference)
    sections = [(section, section.content(context)) for section in SECTIONS]
    return render(
        title=masthead.title(context.run, context.views),
        sides=captions.masthead_sides(context.run, context.lead),
        meta=captions.meta(context.run, runs),
        guards=guards(context.run, context.doubts),
        sentences=masthead.sentences(context.views, context.estimates),
        tallies=[masthead.tally(view) for view in masthead.tally_views(context.views)],
        filters=context.filters,
        reference_sentences=reference_run.sentences(context.crossings),
        sections=[(section, content) for section, content in sections if not isinstance(content, Absent)],
        absent=[(section, content) for section, content in sections if isinstance(content, Absent)],
    )
