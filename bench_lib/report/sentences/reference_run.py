"""What a GPU measured elsewhere would give a machine without one: sentences about two machines."""

from collections.abc import Sequence

from bench_lib import units
from bench_lib.analysis.pairings import across_runs, findings
from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.records.device_kind import is_gpu
from bench_lib.report.phrases import Phrase
from bench_lib.report.sentences import headlines


def sentences(crossings: Sequence[Pairing]) -> list[Phrase]:
    """Return the sentences on each GPU of another machine that is set against the CPU of the run told for.

    Who is faster how often, with the data there and with copies; from which size, for the operation that tells most;
    and the largest win. Empty where the run has a GPU of its own.
    """
    return [
        sentence
        for pairing in crossings
        if is_gpu(pairing.device.kind) and pairing.baseline.run.id == pairing.run.id
        for sentence in _of_pairing(pairing)
    ]


def left_out(pairing: Pairing) -> str:
    """Return which operations two runs have in common and are still not compared; empty where there is none."""
    if not pairing.changed:
        return ""
    return (
        f"{units.count(pairing.changed, 'operation')} of both runs {'is' if pairing.changed == 1 else 'are'} not "
        "compared: measured from different source"
    )


def _of_pairing(pairing: Pairing) -> list[Phrase]:
    found = {view.residency: view for view in across_runs.views(pairing)}
    device, baseline, sentences = pairing.device, pairing.baseline, []
    resident, roundtrip = found.get("resident"), found.get("roundtrip")
    threads = f", {units.count(baseline.threads, 'thread')}" if baseline.threads else ""
    if resident:
        where = f"On another machine, {device.name}, against this {baseline.name}{threads}"
        sentences.append(
            headlines.tally_sentence(
                device, baseline, findings.tally(resident.pairs), where, "with the data already there"
            )
        )
    if roundtrip:
        sentences.append(headlines.roundtrip_sentence(device, baseline, findings.tally(roundtrip.pairs)))
    first = resident or roundtrip
    if first is None:
        return sentences
    with_copies = roundtrip.crossovers if resident and roundtrip else first.crossovers.iloc[:0]
    telling = findings.telling_crossover(first.crossovers, with_copies)
    if telling:
        sentences.append(headlines.crossover_sentence(device, *telling))
    row = findings.largest_win(first.pairs, "device")
    if row is not None:
        sentences.append(headlines.win_sentence(device, baseline, row, device_wins=True))
    return sentences
