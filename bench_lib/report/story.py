"""What the page says, part by part: from tables to the values that the templates fill in. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from bench_lib import analysis, units
from bench_lib.records import Recording, Run
from bench_lib.report import (
    doubt,
    filters,
    findings,
    headlines,
    hero,
    matchups,
    numbers,
    panels,
    sheet,
    strip,
    words,
)
from bench_lib.report.matchups import Matchup, Side, View
from bench_lib.theme import device_series, is_gpu

SECTIONS: Final = (
    ("hero", "Who wins"),
    ("when", "From which size"),
    ("size", "Time against size"),
    ("trust", "Trust"),
    ("numbers", "All numbers"),
    ("how", "How"),
)


@dataclass(frozen=True, kw_only=True)
class TallyPart:
    """One of the three numbers."""

    word: str
    count: str
    style: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class TallyBar:
    """The three numbers of one view, and what they are shares of."""

    label: str
    device_color: str
    baseline_color: str
    parts: tuple[TallyPart, ...]
    missing: str


@dataclass(frozen=True, kw_only=True)
class HeroView:
    """One of the tables of winners, and the choice that shows it."""

    name: str
    label: str
    finding: str
    meaning: str
    device_word: str
    baseline_word: str
    device_color: str
    baseline_color: str
    provenance: str
    table: hero.HeroTable


def tell(frame: pd.DataFrame, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Return the values of the page's template.

    Parameters
    ----------
    frame
        :func:`bench_lib.frame.tidy` of the recordings.
    recordings
        The runs, at least one.
    """
    found = matchups.find(frame, recordings)
    lead_run = found[0].run if found else recordings[0].run
    lead = tuple(matchup for matchup in found if matchup.run is lead_run)
    lead_views = tuple(view for matchup in lead for view in matchups.views(matchup))
    all_views = tuple(view for matchup in found for view in matchups.views(matchup))
    estimates = analysis.estimates(frame)
    trust = analysis.trust(frame)
    chips = filters.find(estimates["dtype"].unique(), estimates["family"].unique())
    several = len(recordings) > 1
    drawn = panels.build(lead_views[0], estimates, chips) if lead_views else None
    shown_strip = _strip_views(lead_views)
    numbered = numbers.build(estimates, _ratios(frame, found), chips)
    doubted = doubt.build(trust, estimates, recordings, chips)
    return {
        "title": _title(lead_run, lead_views),
        "sections": [
            section for section in SECTIONS if section[0] not in ("hero", "when", "size") or lead_views
        ],
        "sides": _masthead_sides(lead_run, lead),
        "meta": _meta(lead_run, recordings),
        "guards": headlines.guards(findings.doubts(lead_run, estimates, trust)),
        "sentences": _sentences(lead_views, estimates),
        "tallies": [_tally(view) for view in _tally_views(lead_views)],
        "filters": chips,
        "views": [_hero_view(place, view, chips, several=several) for place, view in enumerate(all_views)],
        "hero_heading": headlines.hero_heading(lead[0].device, lead[0].baseline) if lead else "",
        "strip": strip.build(shown_strip, _break_even(lead_views), chips) if shown_strip else None,
        "strip_heading": headlines.strip_heading(shown_strip[0].matchup.device, list(shown_strip[0].crossovers["answer"]))
        if shown_strip
        else "",
        "strip_labels": [_strip_label(view) for view in shown_strip],
        "strip_colors": ([_color(view.matchup.run, view.matchup.device) for view in shown_strip] * 2)[:2],
        "strip_reuse": bool(len(_break_even(lead_views))),
        "strip_provenance": _provenance(shown_strip[0], residency=False) if shown_strip else "",
        "panels": drawn,
        "lines_heading": headlines.lines_heading(_quickest(lead_views, estimates)),
        "lines_provenance": _provenance(lead_views[0], residency=False) if lead_views else "",
        "trust": doubted,
        "trust_heading": headlines.trust_heading(doubted.doubted, doubted.cases),
        "numbers": numbered,
        "numbers_heading": headlines.numbers_heading(numbered.total),
        "method": headlines.method(lead_run),
        "method_heading": headlines.method_heading(lead_run),
        "sheets": [sheet.build(recording) for recording in recordings],
    }


def _title(run: Run, views: Sequence[View]) -> str:
    finding = None
    if views:
        pairs = views[0].pairs
        matchup = views[0].matchup
        finding = headlines.title(matchup.device, matchup.baseline, findings.tally(pairs), findings.split(pairs))
    if any(is_gpu(device.kind) for device in run.devices):
        return finding or headlines.NOTHING_TO_COMPARE
    return headlines.title_without_gpu(finding)


def _sentences(views: Sequence[View], estimates: pd.DataFrame) -> list[Markup]:
    if not views:
        return []
    if views[0].matchup.has_gpu:
        return _gpu_sentences(views)
    told = [sentence for view in views for sentence in _cpu_sentences(view)]
    run = views[0].matchup.run
    cpu = estimates[(estimates["run"] == run.id) & (estimates["device"] == "cpu") & estimates["seconds"].notna()]
    if len(cpu):
        told.append(headlines.bar_sentence(dict(cpu.iloc[int(cpu["seconds"].to_numpy().argmin())])))
    return [*told, headlines.next_step()]


def _gpu_sentences(views: Sequence[View]) -> list[Markup]:
    resident = views[0]
    roundtrip = next((view for view in views if view.residency == "roundtrip"), None)
    device, baseline = resident.matchup.device, resident.matchup.baseline
    pairs = resident.pairs
    place = "with the data already there" if resident.residency == "resident" else "with copies both ways"
    told = [headlines.tally_sentence(device, baseline, findings.tally(pairs), _where(resident.matchup), place)]
    if roundtrip is not None and roundtrip is not resident:
        told.append(headlines.roundtrip_sentence(device, baseline, findings.tally(roundtrip.pairs)))
        telling = findings.telling_crossover(resident.crossovers, roundtrip.crossovers)
    else:
        telling = findings.telling_crossover(resident.crossovers, resident.crossovers.iloc[:0])
    if telling:
        told.append(headlines.crossover_sentence(device, *telling))
    told += _wins(resident)
    floor = findings.call_floor(pairs)
    if floor:
        told.append(headlines.floor_sentence(device, baseline, *floor))
    return told


def _cpu_sentences(view: View) -> list[Markup]:
    device, baseline = view.matchup.device, view.matchup.baseline
    told = [headlines.tally_sentence(device, baseline, findings.tally(view.pairs), f"On {device.name}", "")]
    if device.plural:
        telling = findings.telling_crossover(view.crossovers, view.crossovers.iloc[:0])
        if telling:
            told.append(headlines.crossover_sentence(device, *telling))
    return told + _wins(view)[: 1 if device.plural else 2]


def _wins(view: View) -> list[Markup]:
    device, baseline = view.matchup.device, view.matchup.baseline
    told = []
    for verdict, winner, loser in (("device", device, baseline), ("baseline", baseline, device)):
        row = findings.largest_win(view.pairs, verdict)
        if row is not None:
            told.append(headlines.win_sentence(winner, loser, row, device_wins=verdict == "device"))
    return told


def _tally_views(views: Sequence[View]) -> Sequence[View]:
    return [view for view in views if view.timing == "latency"][:2]


def _strip_views(views: Sequence[View]) -> Sequence[View]:
    """Return the views of one device that the strip draws: filled and hollow."""
    if views and views[0].matchup.has_gpu:
        return [view for view in views if view.matchup is views[0].matchup and view.timing == "latency"][:2]
    return views[:2]


def _break_even(views: Sequence[View]) -> list[Mapping[str, Any]]:
    return list(views[0].matchup.break_even.to_dict("records")) if views else []


def _tally(view: View) -> TallyBar:
    matchup, counted = view.matchup, findings.tally(view.pairs)
    whole = max(counted.total, 1)
    parts = (
        (matchup.device.word, counted.device, "g"),
        ("too close to call", counted.close, "o"),
        (matchup.baseline.word, counted.baseline, "c"),
    )
    missing = f"{units.count(counted.missing, 'case')} could not be compared" if counted.missing else ""
    return TallyBar(
        label=f"{view.label}: who is faster in {units.count(counted.total, 'case')}",
        device_color=_color(matchup.run, matchup.device),
        baseline_color=_color(matchup.run, matchup.baseline),
        parts=tuple(
            TallyPart(word=word, count=units.count(count), style=style, percent=round(100 * count / whole, 2))
            for word, count, style in parts
        ),
        missing=missing,
    )


def _hero_view(place: int, view: View, chips: filters.Filters, *, several: bool) -> HeroView:
    matchup, counted = view.matchup, findings.tally(view.pairs)
    return HeroView(
        name=f"v{place}",
        label=f"{view.label} ({words.clean(matchup.run.machine, 40)})" if several else view.label,
        finding=f"{headlines.title(matchup.device, matchup.baseline, counted, None)}.",
        meaning=f"{view.meaning[:1].upper()}{view.meaning[1:]}.",
        device_word=matchup.device.word,
        baseline_word=matchup.baseline.word,
        device_color=_color(matchup.run, matchup.device),
        baseline_color=_color(matchup.run, matchup.baseline),
        provenance=_provenance(view, residency=True),
        table=hero.table(view, chips),
    )


def _strip_label(view: View) -> str:
    if view.matchup.has_gpu:
        return "Copied there and back" if view.residency == "roundtrip" else "Data already there"
    return f"{view.matchup.device.word} over {view.matchup.baseline.word}"


def _color(run: Run, side: Side) -> str:
    return device_series((device.key, device.kind) for device in run.devices)[side.key].color


def _masthead_sides(run: Run, lead: Sequence[Matchup]) -> list[dict[str, str]]:
    """Return the full names at the top: GPU and CPU, or the CPU alone."""
    look = device_series((device.key, device.kind) for device in run.devices)
    if lead and lead[0].has_gpu:
        sides = [*(matchup.device for matchup in lead), lead[0].baseline]
        return [{"name": _full_name(side.name, side.threads), "color": look[side.key].color} for side in sides]
    names: dict[str, dict[str, str]] = {}
    for device in sorted(run.devices, key=lambda device: (device.key != "cpu", not is_gpu(device.kind))):
        name = words.clean(device.name)
        names.setdefault(name, {"name": _full_name(name, device.threads), "color": look[device.key].color})
    return list(names.values())[:3]


def _full_name(name: str, threads: int | None) -> str:
    return f"{name}, {units.count(threads, 'thread')}" if threads else name


def _where(matchup: Matchup) -> str:
    return f"On {matchup.device.name} against {_full_name(matchup.baseline.name, matchup.baseline.threads)}"


def _meta(run: Run, recordings: Sequence[Recording]) -> list[str]:
    facts = [sheet.date(run.created), words.clean(run.machine), f"run {words.clean(run.id)}"]
    if len(recordings) > 1:
        facts.append(f"{units.count(len(recordings))} runs on this page, the headline is of this one")
    return facts


def _provenance(view: View, *, residency: bool) -> str:
    """Return the grey line under a figure, so that a picture of it stands alone."""
    matchup = view.matchup
    run = matchup.run
    names = (
        [matchup.device.name, _full_name(matchup.baseline.name, matchup.baseline.threads)]
        if matchup.has_gpu
        else [_full_name(matchup.device.name, matchup.device.threads)]
    )
    facts: list[str] = [*names, *headlines.versions(run)]
    if residency:
        facts.append(f"{view.timing}, {'round trip' if view.residency == 'roundtrip' else 'resident'}")
    else:
        facts.append("latency")
    facts += [
        f"medians of {units.count(run.rounds, 'round')} of {units.count(run.visits, 'visit')}",
        f"run {words.clean(run.id)}",
        "times: lower is better",
    ]
    return " \N{MIDDLE DOT} ".join(facts)


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
    found = []
    for side in (matchup.baseline, matchup.device):
        rows = mine[mine["device"] == side.key]
        if len(rows):
            found.append((side, dict(rows.iloc[int(rows["seconds"].to_numpy().argmin())])))
    return found


def _ratios(frame: pd.DataFrame, found: Sequence[Matchup]) -> pd.DataFrame:
    """Return the ratios of the table of all numbers: against the CPU with all its threads, in every run."""
    whole = analysis.speedups(frame, baseline="cpu")
    others = [matchup.pairs for matchup in found if matchup.has_gpu and matchup.baseline.key != "cpu"]
    return pd.concat([whole, *others], ignore_index=True) if others else whole
