"""The whole answer about each run, gathered once: what a terminal prints and a comment on a pull request says.

What the page says at its top comes from the same functions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bench_lib import units
from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.pairings import across_runs, findings
from bench_lib.analysis.pairings import pairings as pairings
from bench_lib.analysis.pairings.pairings import Pairing, View
from bench_lib.analysis.trust import trust_table
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.report.phrases import Phrase, one_line, phrase
from bench_lib.report.sentences import headlines, masthead, reference_run, words
from bench_lib.report.sentences.guards import guards
from bench_lib.report.sentences.outcome import Ending, ending


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """The answer about one run, or about two that are set against each other.

    Attributes
    ----------
    title
        The finding.
    guards, sentences
        What a reader must know before the numbers, and the numbers that matter.
    views
        The ways to look at it, the headline's first.
    missing
        What was measured and is set against nothing here, in a sentence; may be empty.
    ending
        How the run ended; None where two runs are set against each other, each of which has an answer of its own.
    environment
        Which devices, versions and run, in one line.
    """

    title: str
    guards: tuple[Phrase, ...]
    sentences: tuple[Phrase, ...]
    views: tuple[View, ...]
    missing: str
    ending: Ending | None
    environment: str

    @property
    def pairings(self) -> tuple[tuple[View, ...], ...]:
        """The views of each pair of sides, in their order."""
        by_sides: dict[int, list[View]] = {}
        for view in self.views:
            by_sides.setdefault(id(view.pairing), []).append(view)
        return tuple(tuple(views) for views in by_sides.values())


def digest(
    recordings: Sequence[Recording], devices: Iterable[str] = (), reference: Sequence[Recording] = ()
) -> tuple[Answer, ...]:
    """Return an answer for each run, then one for each other run that the first is set against.

    Parameters
    ----------
    recordings
        At least one. A run that is given twice counts once.
    devices
        Keys of the devices to tell about; none for all.
    reference
        Runs of GPUs elsewhere, to be set beside the first run and to have no answer of their own.
    """
    chosen = frozenset(devices)
    unique = list({recording.run.id: recording for recording in recordings}.values())
    frames = [tidy([recording]) for recording in unique]
    answers = [_of_run(recording, frame, chosen) for recording, frame in zip(unique, frames, strict=True)]
    own = {recording.run.id for recording in unique}
    elsewhere = [recording for recording in reference if recording.run.id not in own]
    if len(unique) + len(elsewhere) < 2:
        return tuple(answers)
    runs = [recording.run for recording in (*unique, *elsewhere)]
    crossings = across_runs.cross(runs[0], runs[1:], pd.concat([*frames, *(tidy([one]) for one in elsewhere)]))
    return (*answers, *(_of_crossing(found) for found in crossings if _is_chosen(found, chosen)))


def devices_of(recordings: Iterable[Recording]) -> tuple[str, ...]:
    """Return the keys of all devices of some runs, each once."""
    return tuple(dict.fromkeys(device.key for recording in recordings for device in recording.run.devices))


def _of_run(recording: Recording, frame: pd.DataFrame, chosen: frozenset[str]) -> Answer:
    run = recording.run
    estimates = estimates_table(frame)
    trust = trust_table(frame, bounds_table(estimates, ceilings_table([recording])))
    found = [pairing for pairing in pairings.find(frame, [recording]) if _is_chosen(pairing, chosen)]
    views = tuple(view for pairing in found for view in pairings.views(pairing))
    return Answer(
        title=one_line(masthead.title(run, views)),
        guards=tuple(guards(run, findings.doubts(run, estimates, trust))),
        sentences=tuple(masthead.sentences(views, estimates)),
        views=views,
        missing=_missing(run, found),
        ending=ending(recording, frame, estimates, trust),
        environment=_environment(run),
    )


def _of_crossing(pairing: Pairing) -> Answer:
    """Return what two runs say of each other: they were measured apart, and no verdict is averaged over them."""
    views = across_runs.views(pairing)
    device, baseline, first = pairing.device, pairing.baseline, views[0]
    tally = findings.tally(first.pairs)
    apart = "Two machines" if pairing.two_machines else "Two runs of one machine"
    where = f"{apart}, {device.name} against {masthead.full_name(baseline.name, baseline.threads)}"
    sentences = reference_run.sentences([pairing]) or [headlines.tally_sentence(device, baseline, tally, where, "")]
    return Answer(
        title=one_line(f"{apart}. {headlines.title(device, baseline, tally, None)}"),
        guards=(phrase("They were measured apart, each in its own run: what else differs between them counts, too."),),
        sentences=tuple(sentences),
        views=views,
        missing=reference_run.left_out(pairing),
        ending=None,
        environment=f"{_environment(device.run)}; {_environment(baseline.run)}",
    )


def _is_chosen(pairing: Pairing, chosen: frozenset[str]) -> bool:
    return not chosen or bool({pairing.device.key, pairing.baseline.key} & chosen)


def _missing(run: Run, found: Sequence[Pairing]) -> str:
    """Say what was measured and is in no table here, so that nobody looks for it."""
    shown = {side.key for pairing in found for side in (pairing.device, pairing.baseline)}
    unfit = run.unfit
    withheld = [f"{clean(key)} is withheld, since the doctor found it unfit ({clean(unfit[key])})." for key in unfit]
    others = [clean(device.key) for device in run.devices if device.key not in {*shown, *unfit}]
    if others:
        verb = "is" if len(others) == 1 else "are"
        withheld.append(f"{words.listed(others)} {verb} set against nothing here: the report has all times.")
    return " ".join(withheld)


def _environment(run: Run) -> str:
    """Return devices, versions, threads and run in one line."""
    names = {clean(device.name or device.key): device.threads for device in reversed(run.devices)}
    devices = [masthead.full_name(name, threads) for name, threads in reversed(names.items())]
    versions = [
        f"{name} {clean(run.software[key], 40)}"
        for key, name in (("torch", "torch"), ("cuda", "CUDA"), ("driver", "driver"), ("numpy", "NumPy"))
        if run.software.get(key)
    ]
    rounds = f"{units.count(run.rounds, 'round')} of {units.count(run.visits, 'visit')}" if run.rounds else ""
    facts = [*devices, *versions, rounds, f"measured by {run.source}" if run.source != "crossover" else ""]
    facts += [f"machine {clean(run.machine)}", f"run {clean(run.id)}", words.date(run.created)]
    return " \N{MIDDLE DOT} ".join(fact for fact in facts if fact)
