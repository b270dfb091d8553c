"""The end of a run in a terminal: who wins where, how the cases ended, where the time went.

Imports pandas through the analysis and rich for the tables; never torch.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from bench_lib import units
from bench_lib.analysis import bounds, ceilings, estimates, speedups
from bench_lib.analysis.speedups import HOST_KINDS
from bench_lib.frame import tidy
from bench_lib.records import DeviceRecord, Recording
from bench_lib.winners import BASELINE, UNDECIDED, Winners, plain, rows_of, status_words

FAILED: Final = ("failed", "wrong", "timeout")
"""What makes a run's exit code 2; out of memory and too slow are results."""

SINGLE: Final = "cpu-1t"
PLACES: Final = {"resident": "data already there", "roundtrip": "data copied there and back"}
MAX_FAILED: Final = 10
LEGEND: Final = (
    f"Sizes are the bytes that a call works on; 3.2x: so many times faster; {UNDECIDED}: the interval of the ratio "
    "holds more than one answer; by 4 KiB: at that size or a smaller one that cannot be told."
)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run's end prints.

    Attributes
    ----------
    tables
        Whether there is a GPU, where there is none, then for each device that is set against the CPU who wins where.
    sentences
        Counts, shares and noteworthy lines.
    failed
        Cases that failed, were wrong or did not answer, and sources of workloads that could not be loaded.
    """

    tables: tuple[RenderableType, ...]
    sentences: str
    failed: int


def of(recording: Recording) -> Summary:
    """Summarise one run."""
    frame = tidy([recording])
    cases = estimates(frame)
    counts = Counter(cases["status"].astype(str))
    pairs = speedups(frame, baseline=BASELINE)
    pairs = pairs[pairs["timing"] == "latency"]
    shown = _opponents(recording)
    winners = [
        Winners(title=_title(recording, key, place), device=key, rows=rows_of(recording, key, chosen))
        for key in shown
        for place in PLACES
        if len(chosen := pairs[(pairs["device"] == key) & (pairs["residency"] == place)])
    ]
    notes = [*([LEGEND] if winners else []), *_left_out(recording, shown)]
    return Summary(
        tables=(*_first_line(recording), *winners),
        sentences="\n".join([*notes, *_sentences(recording, counts, cases)]),
        failed=sum(counts[status] for status in FAILED) + len(_not_loaded(recording)),
    )


def status_counts(counts: Counter[str]) -> str:
    """Return how many cases ended how: ``240 ok, 3 too slow``.

    Examples
    --------
    >>> status_counts(Counter(ok=240, too_slow=3))
    '240 ok, 3 too slow'
    """
    ordered = sorted(counts.items(), key=lambda item: (item[0] != "ok", -item[1]))
    return ", ".join(f"{count:,} {status_words(status)}" for status, count in ordered)


def _first_line(recording: Recording) -> tuple[Text, ...]:
    """Say that there is no GPU, where there is none, and what is told instead."""
    if _gpus(recording):
        return ()
    others = [_spoken(key) for key in _opponents(recording)]
    if not others:
        return (Text("No GPU in this run, and no two devices to set against each other."),)
    threads = next(device.threads for device in recording.run.devices if device.key == BASELINE)
    all_threads = f" with all {threads} threads" if threads and threads > 1 else ""
    verb = "is" if len(others) == 1 else "are"
    return (Text(f"No GPU in this run: {' and '.join(others)} {verb} set against the CPU{all_threads}."),)


def _left_out(recording: Recording, shown: tuple[str, ...]) -> list[str]:
    """Say what was measured and has no table, so that nobody looks for it here."""
    keys = [device.key for device in recording.run.devices if device.key not in (*shown, BASELINE)]
    if not keys or not _gpus(recording):
        return []
    names = " and ".join(plain(key) for key in keys)
    if BASELINE not in {device.key for device in recording.run.devices}:
        return [f"No {BASELINE} in this run to set {names} against: the report shows the times."]
    return [f"How {names} compare with {BASELINE} is in the report."]


def _opponents(recording: Recording) -> tuple[str, ...]:
    """Return the devices to set against the CPU: the GPUs, or what else there is where there is none."""
    keys = [device.key for device in recording.run.devices]
    if BASELINE not in keys:
        return ()
    return tuple(_gpus(recording) or [key for key in keys if key != BASELINE])


def _gpus(recording: Recording) -> list[str]:
    return [device.key for device in recording.run.devices if device.kind not in HOST_KINDS]


def _title(recording: Recording, key: str, place: str) -> str:
    named = {device.key: _described(device) for device in recording.run.devices}
    where = f", {PLACES[place]}" if key in _gpus(recording) else ""
    return f"{named[key]} against {named[BASELINE]}{where}"


def _described(device: DeviceRecord) -> str:
    threads = f", {units.count(device.threads, 'thread')}" if device.threads else ""
    return f"{plain(device.key)} ({plain(device.name)}{threads})"


def _sentences(recording: Recording, counts: Counter[str], cases: pd.DataFrame) -> list[str]:
    rounds = units.count(len({sample.round for sample in recording.samples}), "round")
    spent = recording.spent_seconds
    share = f", {recording.busy_seconds / spent:.0%} of it in timed and warm-up calls" if spent else ""
    lines = [f"{units.count(len(cases), 'case')}: {status_counts(counts)}; {rounds}, {spent:.0f} s{share}"]
    lines += [*_added(recording), *_impossible(recording, cases)]
    bad = cases[cases["status"].isin(FAILED)]
    lines += [
        plain(f"{status_words(row.status)}: {_case(row)}: {row.reason}") for row in bad.head(MAX_FAILED).itertuples()
    ]
    if len(bad) > MAX_FAILED:
        lines.append(f"and {len(bad) - MAX_FAILED} more: the report's section Trust lists them all")
    lines += _lost_visits(recording)
    lines += [plain(f"not loaded: {sentence}") for sentence in _not_loaded(recording)]
    return lines + [plain(problem) for problem in recording.problems]


def _added(recording: Recording) -> list[str]:
    """Say how many cases the run has added to its plan, and why."""
    added = sum(len(plan.cases) for plan in recording.additions)
    if not added:
        return []
    verb = "was" if added == 1 else "were"
    return [
        f"{units.count(added, 'case')} of them {verb} added near crossovers, or where memory ends, as the run went on"
    ]


def _impossible(recording: Recording, cases: pd.DataFrame) -> list[str]:
    """Name the results that are faster than the device was seen to be at anything."""
    found = cases[bounds(cases, ceilings([recording]))["impossible"].to_numpy()]
    names = [plain(f"impossible: {_case(row)}: faster than its ceiling") for row in found.itertuples()]
    more = [f"and {len(names) - MAX_FAILED} more: the report's section Trust lists them all"]
    return names[:MAX_FAILED] + more * (len(names) > MAX_FAILED)


def _lost_visits(recording: Recording) -> list[str]:
    """Say why visits failed to cases that have a time from other visits."""
    timed = {sample.case for sample in recording.samples if sample.status == "ok"}
    lost = [one for one in recording.samples if one.status in ("failed", "timeout") and one.case in timed]
    counts = Counter(sample.reason for sample in lost)
    return [
        plain(f"{units.count(count, 'visit')} failed, with a time from others: {reason}")
        for reason, count in counts.most_common(MAX_FAILED)
    ]


def _not_loaded(recording: Recording) -> list[str]:
    """Return why sources of workloads could not be loaded, a sentence for each."""
    return str(recording.run.settings.get("not_loaded", "")).splitlines()


def _case(row: Any) -> str:
    return f"{row.workload}[{row.n}] {row.dtype} {row.device} {row.residency} {row.timing}"


def _spoken(key: str) -> str:
    return "one thread" if key == SINGLE else plain(key)
