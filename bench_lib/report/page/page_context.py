"""What every section of a page is made from: the runs and the tables about them, computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.pairings import across_runs, findings
from bench_lib.analysis.pairings import pairings as pairings
from bench_lib.analysis.pairings.findings import Doubts
from bench_lib.analysis.pairings.pairings import Pairing, View
from bench_lib.analysis.speedups import speedups_table
from bench_lib.analysis.trust import trust_table
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.report.page import filters
from bench_lib.report.page.filters import Filters


@dataclass(frozen=True, kw_only=True, eq=False)
class PageContext:
    """The runs of a page and the tables that its sections share.

    Attributes
    ----------
    frame
        :func:`bench_lib.analysis.frame.tidy` of the recordings.
    recordings
        At least one.
    run
        The run that the headline is about.
    pairings
        Who is set against whom, in all runs; those of ``run`` come first.
    crossings
        ``run`` against each of some other runs, references among them.
    views, every_view
        The ways to look at the pairings of ``run``, and at all pairings and crossings; the headline's first.
    against_cpu
        :func:`speedups_table` of all runs against the CPU with all its threads.
    estimates, ceilings, bounds, trust
        The tables of those functions of :mod:`bench_lib.analysis`, of all runs; ``bounds`` row by row of ``estimates``.
    doubts
        What casts doubt on ``run``.
    filters
        The chips of the page.
    prices
        Of an hour of each device, in place of those that the runs keep; None for those.
    reference, reference_estimates
        Runs of GPUs elsewhere that stand beside a machine without one, and their estimates: in no other table.
    """

    frame: pd.DataFrame
    recordings: Sequence[Recording]
    run: Run
    pairings: tuple[Pairing, ...]
    views: tuple[View, ...]
    every_view: tuple[View, ...]
    against_cpu: pd.DataFrame
    estimates: pd.DataFrame
    ceilings: pd.DataFrame
    bounds: pd.DataFrame
    trust: pd.DataFrame
    doubts: Doubts
    filters: Filters
    prices: Mapping[str, float] | None
    crossings: tuple[Pairing, ...] = ()
    reference: Sequence[Recording] = ()
    reference_estimates: pd.DataFrame | None = None

    @property
    def lead(self) -> tuple[Pairing, ...]:
        """The pairings of the run that the headline is about."""
        return tuple(pairing for pairing in self.pairings if pairing.run is self.run)

    @property
    def gpu_pairing(self) -> Pairing | None:
        """The first of :attr:`lead` that is about a GPU."""
        return next((pairing for pairing in self.lead if pairing.has_gpu), None)

    @property
    def calls(self) -> pd.DataFrame:
        """The estimates of :attr:`run` that have a time: of one call, waited for, with the data in place."""
        own = self.estimates[self.estimates["run"] == self.run.id]
        waited = (own["timing"] == "latency") & (own["residency"] == "resident")
        return own[waited & own["seconds"].notna()]

    @property
    def every_estimate(self) -> pd.DataFrame:
        """The estimates of all runs, references among them."""
        if not self.reference:
            return self.estimates
        return pd.concat([self.estimates, self.reference_estimates], ignore_index=True)

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs, each once: that of the headline, the others as given, the references."""
        every = [self.run, *(one.run for one in (*self.recordings, *self.reference))]
        return tuple({run.id: run for run in every}.values())


@dataclass(frozen=True, kw_only=True)
class Absent:
    """Why a section has nothing to show; one plain sentence that also says what would fill it."""

    reason: str


def page_context(
    frame: pd.DataFrame,
    recordings: Sequence[Recording],
    prices: Mapping[str, float] | None = None,
    reference: Sequence[Recording] = (),
) -> PageContext:
    """Return what the sections of a page are made from.

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
    against_cpu = speedups_table(frame, baseline="cpu")
    found = pairings.find(frame, recordings, known={"cpu": against_cpu})
    run = found[0].run if found else recordings[0].run
    own = {recording.run.id for recording in recordings}
    reference = [recording for recording in reference if recording.run.id not in own]
    reference_frame = tidy(reference)
    others = [recording.run for recording in (*recordings, *reference)]
    crossings = across_runs.cross(run, others, pd.concat([frame, reference_frame]) if reference else frame)
    estimates = estimates_table(frame)
    ceilings = ceilings_table(recordings)
    bounds = bounds_table(estimates, ceilings)
    trust = trust_table(frame, bounds)
    return PageContext(
        frame=frame,
        recordings=recordings,
        run=run,
        pairings=found,
        views=tuple(view for pairing in found if pairing.run is run for view in pairings.views(pairing)),
        every_view=(
            *(view for pairing in found for view in pairings.views(pairing)),
            *(view for pairing in crossings for view in across_runs.views(pairing)),
        ),
        against_cpu=against_cpu,
        estimates=estimates,
        ceilings=ceilings,
        bounds=bounds,
        trust=trust,
        doubts=findings.doubts(run, estimates, trust),
        filters=filters.find(
            estimates["dtype"].unique(),
            estimates["family"].unique(),
            estimates["residency"].unique(),
            estimates["timing"].unique(),
            [(recording.run.id, recording.run.machine) for recording in recordings],
        ),
        prices=prices,
        crossings=crossings,
        reference=reference,
        reference_estimates=estimates_table(reference_frame),
    )
