"""The answer at the top of the page: the title, the sentences and the tallies."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings import findings
from bench_lib.analysis.pairings.pairings import Pairing, Side, View
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.run import Run
from bench_lib.report.phrases import Phrase
from bench_lib.report.sentences import headlines
from bench_lib.report.theme import device_series


@dataclass(frozen=True, kw_only=True)
class TallyPart:
    """One of the numbers: wins of either side, ties, open."""

    word: str
    count: str
    style: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class TallyBar:
    """The numbers of one view, and what they are shares of."""

    label: str
    device_color: str
    baseline_color: str
    parts: tuple[TallyPart, ...]


def title(run: Run, views: Sequence[View]) -> str:
    """Return the headline of the page: the finding of the first view, or that there is none."""
    finding = None
    if views:
        pairs = views[0].pairs
        pairing = views[0].pairing
        finding = headlines.title(pairing.device, pairing.baseline, findings.tally(pairs), findings.split(pairs))
    if any(is_gpu(device.kind) for device in run.devices):
        return finding or headlines.NOTHING_TO_COMPARE
    return headlines.title_without_gpu(finding)


def sentences(views: Sequence[View], estimates: pd.DataFrame) -> list[Phrase]:
    """Return the sentences under the headline.

    Parameters
    ----------
    views
        Of the run that the headline is about.
    estimates
        :func:`estimates_table` of any runs.
    """
    if not views:
        return []
    if views[0].pairing.has_gpu:
        return _gpu_sentences(views)
    sentences = [sentence for view in views for sentence in _cpu_sentences(view)]
    run = views[0].pairing.run
    cpu = estimates[(estimates["run"] == run.id) & (estimates["device"] == "cpu") & estimates["seconds"].notna()]
    if len(cpu):
        sentences.append(headlines.bar_sentence(dict(cpu.iloc[int(cpu["seconds"].to_numpy().argmin())])))
    return sentences


def _gpu_sentences(views: Sequence[View]) -> list[Phrase]:
    resident = views[0]
    roundtrip = next((view for view in views if view.residency == "roundtrip"), None)
    device, baseline = resident.pairing.device, resident.pairing.baseline
    pairs = resident.pairs
    place = "with the data already there" if resident.residency == "resident" else "with copies both ways"
    sentences = [headlines.tally_sentence(device, baseline, findings.tally(pairs), _where(resident.pairing), place)]
    if roundtrip is not None and roundtrip is not resident:
        sentences.append(headlines.roundtrip_sentence(device, baseline, findings.tally(roundtrip.pairs)))
        telling = findings.telling_crossover(resident.crossovers, roundtrip.crossovers)
    else:
        telling = findings.telling_crossover(resident.crossovers, resident.crossovers.iloc[:0])
    if telling:
        sentences.append(headlines.crossover_sentence(device, *telling))
    sentences += _wins(resident)
    floor = findings.call_floor(pairs)
    if floor:
        sentences.append(headlines.floor_sentence(device, baseline, *floor))
    return sentences


def _cpu_sentences(view: View) -> list[Phrase]:
    device, baseline = view.pairing.device, view.pairing.baseline
    if not device.plural:
        return _wins(view)[-1:]  # NumPy's largest win, or PyTorch's where it has none: the counts stand beside
    sentences = [headlines.tally_sentence(device, baseline, findings.tally(view.pairs), f"On {device.name}", "")]
    telling = findings.telling_crossover(view.crossovers, view.crossovers.iloc[:0])
    if telling:
        sentences.append(headlines.crossover_sentence(device, *telling))
    return sentences + _wins(view)[:1]


def _wins(view: View) -> list[Phrase]:
    device, baseline = view.pairing.device, view.pairing.baseline
    lazy = {one.name for side in (device, baseline) for one in side.run.workloads if one.lazy}
    # One side may return before it has touched a byte, and wins by not having worked yet.
    pairs = view.pairs[~view.pairs["workload"].isin(list(lazy))]
    sentences = []
    for verdict, winner, loser in (("device", device, baseline), ("baseline", baseline, device)):
        row = findings.largest_win(pairs, verdict)
        if row is not None:
            sentences.append(headlines.win_sentence(winner, loser, row, device_wins=verdict == "device"))
    return sentences


def tally_views(views: Sequence[View]) -> Sequence[View]:
    """Return the views whose numbers are shown: resident and round trip, or threads and NumPy."""
    return [view for view in views if view.timing == "latency"][:2]


def tally(view: View) -> TallyBar:
    """Return how often either side wins, they tie, and it is open."""
    pairing, counted = view.pairing, findings.tally(view.pairs)
    whole = max(counted.total, 1)
    parts = (
        (pairing.device.word, counted.device, "g"),
        ("ties", counted.ties, "t"),
        ("open", counted.open, "o"),
        (pairing.baseline.word, counted.baseline, "c"),
    )
    missing = f", {units.count(counted.missing)} more could not be compared" if counted.missing else ""
    return TallyBar(
        label=f"{view.label}: who is faster in {units.count(counted.total, 'case')}{missing}",
        device_color=color(pairing.run, pairing.device),
        baseline_color=color(pairing.run, pairing.baseline),
        parts=tuple(
            TallyPart(word=word, count=units.count(count), style=style, percent=round(100 * count / whole, 2))
            for word, count, style in parts
        ),
    )


def _where(pairing: Pairing) -> str:
    return f"On {pairing.device.name} against {full_name(pairing.baseline.name, pairing.baseline.threads)}"


def color(run: Run, side: Side) -> str:
    """Return the colour of a device in its run."""
    return device_series((device.key, device.kind) for device in run.devices)[side.key].color


def full_name(name: str, threads: int | None) -> str:
    """Return a device's name with its threads, where it has any."""
    return f"{name}, {units.count(threads, 'thread')}" if threads else name
