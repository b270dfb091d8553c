"""What the page says, part by part: from tables to the values that the templates fill in.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench_lib.records.recording import Recording
from bench_lib.report.page import captions, sections
from bench_lib.report.page.page_context import gather
from bench_lib.report.sentences import masthead, reference_run
from bench_lib.report.sentences.guards import guards


def tell(
    frame: pd.DataFrame,
    recordings: Sequence[Recording],
    prices: Mapping[str, float] | None = None,
    reference: Sequence[Recording] = (),
) -> dict[str, Any]:
    """Return the values of the page's template.

    Parameters
    ----------
    frame
        :func:`bench_lib.analysis.frame.tidy` of the recordings.
    recordings
        The runs, at least one.
    prices
        Of an hour of each device, in place of those that the runs keep.
    reference
        Runs of GPUs elsewhere, to stand beside a machine without one.
    """
    material = gather(frame, recordings, prices, reference)
    built = sections.build(material)
    return {
        "title": masthead.title(material.run, material.views),
        "sides": captions.masthead_sides(material.run, material.lead),
        "meta": captions.meta(material.run, recordings),
        "guards": guards(material.run, material.doubts),
        "sentences": masthead.sentences(material.views, material.estimates),
        "tallies": [masthead.tally(view) for view in masthead.tally_views(material.views)],
        "filters": material.filters,
        "beside": reference_run.sentences(material.crossings),
        "view_count": sum(len(one.content.views) for one in built if one.section.id == "hero" and not one.reason),
        "sections": [(one.section, one.content) for one in built if not one.reason],
        "absent": [one for one in built if one.reason],
    }
