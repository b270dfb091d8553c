"""What the page says, part by part: from tables to the values that the templates fill in.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import analysis
from bench_lib.records import Recording
from bench_lib.report import (
    answer,
    captions,
    doubt,
    expenses,
    filters,
    findings,
    fitness,
    headings,
    headlines,
    hero,
    launches,
    matchups,
    numbers,
    panels,
    sheet,
    strip,
    words,
)
from bench_lib.report.matchups import Matchup, Side, View

SECTIONS: Final = (
    ("hero", "Who wins"),
    ("when", "From which size"),
    ("size", "Time against size"),
    ("launches", "Launch cost"),
    ("trust", "Trust"),
    ("expenses", "Memory, energy, cost"),
    ("numbers", "All numbers"),
    ("how", "How"),
)


@dataclass(frozen=True, kw_only=True)
class HeroView:
    """One of the tables of winners, and the choice that shows it."""

    name: str
    label: str
    machine: str
    finding: str
    meaning: str
    device_word: str
    baseline_word: str
    device_color: str
    baseline_color: str
    provenance: str
    table: hero.HeroTable


def tell(
    frame: pd.DataFrame, recordings: Sequence[Recording], prices: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return the values of the page's template.

    Parameters
    ----------
    frame
        :func:`bench_lib.frame.tidy` of the recordings.
    recordings
        The runs, at least one.
    prices
        Of an hour of each device, in place of those that the runs keep.
    """
    against_cpu = analysis.speedups(frame, baseline="cpu")
    found = matchups.find(frame, recordings, known={"cpu": against_cpu})
    lead_run = found[0].run if found else recordings[0].run
    lead = tuple(matchup for matchup in found if matchup.run is lead_run)
    lead_views = tuple(view for matchup in lead for view in matchups.views(matchup))
    all_views = tuple(view for matchup in found for view in matchups.views(matchup))
    estimates = analysis.estimates(frame)
    ceilings = analysis.ceilings(recordings)
    bounds = analysis.bounds(estimates, ceilings)
    trust = analysis.trust(frame, bounds)
    chips = filters.find(estimates["dtype"].unique(), estimates["family"].unique())
    several = len(recordings) > 1
    drawn = panels.build(lead_views[0], estimates, chips) if lead_views else None
    shown_strip = _strip_views(lead_views)
    doubts = findings.doubts(lead_run, estimates, trust)
    reuse = [row for matchup in found if matchup.has_gpu for row in matchup.break_even.to_dict("records")]
    numbered = numbers.build(estimates, _ratios(against_cpu, found), chips, bounds, reuse)
    examined = fitness.build(recordings)
    launched = launches.build(frame, lead_run, estimates, chips)
    doubted = doubt.build(trust, estimates, recordings, chips)
    return {
        "title": answer.title(lead_run, lead_views),
        "sections": _sections(lead_views, launched),
        "sides": captions.masthead_sides(lead_run, lead),
        "meta": captions.meta(lead_run, recordings),
        "guards": [*fitness.guards(lead_run), *headlines.guards(doubts)],
        "sentences": answer.sentences(lead_views, estimates),
        "tallies": [answer.tally(view) for view in answer.tally_views(lead_views)],
        "filters": chips,
        "views": [_hero_view(place, view, chips, several=several) for place, view in enumerate(all_views)],
        "hero_heading": headings.HERO,
        "strip": strip.build(shown_strip, _break_even(lead_views), chips) if shown_strip else None,
        "strip_heading": headings.strip_heading(shown_strip[0].matchup.device, _answers(shown_strip[0]))
        if shown_strip
        else "",
        "strip_labels": [captions.strip_label(view) for view in shown_strip],
        "strip_colors": ([answer.color(view.matchup.run, view.matchup.device) for view in shown_strip] * 2)[:2],
        "strip_reuse": bool(len(_break_even(lead_views))),
        "strip_provenance": captions.provenance(shown_strip[0], both=True) if shown_strip else "",
        "panels": drawn,
        "lines_heading": headings.lines_heading(_quickest(lead_views, estimates)),
        "lines_provenance": captions.provenance(lead_views[0], both=True) if lead_views else "",
        "launches": launched,
        "fitness": examined,
        "trust": doubted,
        "trust_heading": headings.trust_heading(
            doubted.doubted, doubted.cases, warned=any(one.rows for one in examined)
        ),
        "expenses": expenses.build(frame, recordings, against_cpu, prices),
        "numbers": numbered,
        "numbers_heading": headings.numbers_heading(numbered.total),
        "method": headings.method(lead_run, doubts.rounds),
        "method_heading": headings.method_heading(lead_run, doubts.rounds),
        "sheets": [sheet.build(recording, ceilings) for recording in recordings],
    }


def _sections(views: Sequence[View], launched: launches.Launches | None) -> list[tuple[str, str]]:
    """Return the sections that the page has, for its navigation."""
    absent = {*(() if views else ("hero", "when", "size")), *(() if launched else ("launches",))}
    return [section for section in SECTIONS if section[0] not in absent]


def _strip_views(views: Sequence[View]) -> Sequence[View]:
    """Return the views of one device that the strip draws: filled and hollow."""
    if views and views[0].matchup.has_gpu:
        return [view for view in views if view.matchup is views[0].matchup and view.timing == "latency"][:2]
    return views[:2]


def _answers(view: View) -> list[str]:
    """Return the answers that the strip draws, those known at the latest among those between two sizes."""
    rows = view.crossovers.to_dict("records")
    drawn = [row for row in rows if row["sizes"] >= strip.MIN_SIZES]
    return ["between" if words.known(row["latest"]) else row["answer"] for row in drawn]


def _break_even(views: Sequence[View]) -> list[Mapping[str, Any]]:
    return list(views[0].matchup.break_even.to_dict("records")) if views else []


def _hero_view(place: int, view: View, chips: filters.Filters, *, several: bool) -> HeroView:
    matchup, counted = view.matchup, findings.tally(view.pairs)
    return HeroView(
        name=f"v{place}",
        label=view.label,
        machine=words.clean(matchup.run.machine, 40) if several else "",
        finding=f"{headlines.title(matchup.device, matchup.baseline, counted, None)}.",
        meaning=f"{view.meaning[:1].upper()}{view.meaning[1:]}.",
        device_word=matchup.device.word,
        baseline_word=matchup.baseline.word,
        device_color=answer.color(matchup.run, matchup.device),
        baseline_color=answer.color(matchup.run, matchup.baseline),
        provenance=captions.provenance(view, both=False),
        table=hero.table(view, chips),
    )


def _quickest(views: Sequence[View], estimates: pd.DataFrame) -> list[tuple[Side, Mapping[str, Any]]]:
    """Return the quickest call of each side of the headline."""
    if not views:
        return []
    matchup = views[0].matchup
    mine = estimates[
        (estimates["run"] == matchup.run.id)
        & (estimates["timing"] == "latency")
        & (estimates["residency"] == "resident")
        & estimates["seconds"].notna()
    ]
    found: list[tuple[Side, Mapping[str, Any]]] = []
    for side in (matchup.baseline, matchup.device):
        rows = mine[mine["device"] == side.key]
        if len(rows):
            found.append((side, dict(rows.iloc[int(rows["seconds"].to_numpy().argmin())])))
    return found


def _ratios(whole: pd.DataFrame, found: Sequence[Matchup]) -> pd.DataFrame:
    """Return the ratios of the table of all numbers: against the CPU with all its threads, else what there is."""
    others = [matchup.pairs for matchup in found if matchup.has_gpu and matchup.baseline.key != "cpu"]
    return pd.concat([whole, *others], ignore_index=True) if others else whole
