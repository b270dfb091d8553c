"""Who is set against whom: the comparisons that a page can tell, found in the runs that it is given.

With a GPU in a run, each GPU is set against the CPU with all its threads. Without one, the CPU half is told: all
threads against one, PyTorch against NumPy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from bench_lib.analysis.break_even import break_even_table
from bench_lib.analysis.crossovers import crossovers_table
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Run
from bench_lib.records.sanitize import clean

BASELINES: Final = ("cpu", "cpu-1t", "numpy")
"""What a GPU is set against: the first of these that the run has."""

MAX_PAIRINGS: Final = 6

NOTHING: Final[Mapping[str, pd.DataFrame]] = {}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two that are compared.

    Attributes
    ----------
    run
        Where it was measured.
    word
        What a cell of the table says: ``GPU``, ``CPU``, ``2 threads``, ``NumPy``.
    subject
        The same within a sentence: ``the GPU``, ``2 threads``.
    plural
        Whether the subject takes a plural verb.
    """

    run: Run
    key: str
    kind: str
    name: str
    threads: int | None
    word: str
    subject: str
    plural: bool = False

    def verb(self, one: str, many: str) -> str:
        """Return the form of a verb that fits the subject."""
        return many if self.plural else one

    @property
    def start(self) -> str:
        """The subject at the start of a sentence."""
        return self.subject[:1].upper() + self.subject[1:]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairing:
    """A device against a baseline, in one run or in two. Ratios above 1 mean that the device is faster.

    Attributes
    ----------
    run
        The run that it is told for: of both sides, or of one where they cross
        (:mod:`bench_lib.analysis.pairings.across_runs`).
    pairs, crossovers, break_even
        The tables of :mod:`bench_lib.analysis`, for these two alone.
    changed
        Operations that both runs have under one name from different source, and that are therefore not compared.
    """

    run: Run
    device: Side
    baseline: Side
    pairs: pd.DataFrame
    crossovers: pd.DataFrame
    break_even: pd.DataFrame
    changed: int = 0

    @property
    def is_unlike(self) -> bool:
        """Whether the sides are unlike, an accelerator and a CPU, so that ratios are large."""
        return self.has_gpu and not is_gpu(self.baseline.kind)

    @property
    def crosses(self) -> bool:
        """Whether the sides were measured in two runs."""
        return self.device.run.id != self.baseline.run.id

    @property
    def two_machines(self) -> bool:
        """Whether the sides were measured on two machines."""
        return self.device.run.machine != self.baseline.run.machine

    @property
    def has_gpu(self) -> bool:
        """Whether the device is an accelerator."""
        return is_gpu(self.device.kind)


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One way to look at a pairing: where the data is, and what was timed."""

    pairing: Pairing
    residency: str
    timing: str
    label: str
    meaning: str

    @property
    def pairs(self) -> pd.DataFrame:
        """The pairs that were measured this way."""
        pairs = self.pairing.pairs
        return pairs[(pairs["residency"] == self.residency) & (pairs["timing"] == self.timing)]

    @property
    def crossovers(self) -> pd.DataFrame:
        """The crossovers of these pairs."""
        found = self.pairing.crossovers
        return found[(found["residency"] == self.residency) & (found["timing"] == self.timing)]


GPU_VIEWS: Final = (
    ("resident", "latency", "Data already there", "one call, waited for; inputs and results stay on each device"),
    ("roundtrip", "latency", "Copied there and back", "one call, waited for; the GPU's copies both ways are counted"),
    ("resident", "throughput", "Many calls in a row", "calls back to back, waited for once; data already there"),
)


def find(
    frame: pd.DataFrame, recordings: Sequence[Recording], known: Mapping[str, pd.DataFrame] = NOTHING
) -> tuple[Pairing, ...]:
    """Return the pairings of all runs, those with a GPU first, and our own measurements before those of other tools.

    Parameters
    ----------
    frame
        :func:`bench_lib.analysis.frame.tidy` of the recordings.
    recordings
        The runs, in the order given.
    known
        Tables of :func:`speedups_table` that are there already, by baseline.
    """
    fit = frame[~frame["unfit"]]  # what an instrument cannot measure there is no finding
    present = {run: set(devices) for run, devices in fit.groupby("run", observed=True)["device"].agg(set).items()}
    wanted: list[tuple[Run, Side, Side]] = []
    for run in {recording.run.id: recording.run for recording in recordings}.values():
        devices = [device for device in run.devices if device.key in present.get(run.id, set())]
        wanted.extend((run, *sides) for sides in _sides(run, devices))
    baselines = sorted({base.key for _, _, base in wanted} - known.keys())
    tables = {**known, **{key: speedups_table(frame, baseline=key) for key in baselines}}
    pairings = [_pairing(run, device, baseline, tables) for run, device, baseline in wanted]
    pairings = [pairing for pairing in pairings if len(pairing.pairs)]
    pairings.sort(key=lambda pairing: (not pairing.has_gpu, pairing.run.source != "crossover"))
    return tuple(pairings[:MAX_PAIRINGS])


def views(pairing: Pairing) -> tuple[View, ...]:
    """Return the ways in which a pairing can be looked at, the headline first."""
    if not pairing.has_gpu:
        label = f"{pairing.device.word} or {pairing.baseline.word}"
        meaning = "one call, waited for; both on the same data"
        return (View(pairing=pairing, residency="resident", timing="latency", label=label, meaning=meaning),)
    measured = set(zip(pairing.pairs["residency"], pairing.pairs["timing"], strict=True))
    return tuple(
        View(pairing=pairing, residency=residency, timing=timing, label=label, meaning=meaning)
        for residency, timing, label, meaning in GPU_VIEWS
        if (residency, timing) in measured
    )


def _sides(run: Run, devices: Sequence[DeviceRecord]) -> list[tuple[Side, Side]]:
    by_key = {device.key: device for device in devices}
    gpus = [device for device in devices if is_gpu(device.kind)]
    if not gpus:
        return _cpu_sides(run, by_key)
    baseline = next((by_key[key] for key in BASELINES if key in by_key), None)
    if baseline is None:
        return []
    word = "NumPy" if baseline.kind == "numpy" else "CPU"
    against = side(run, baseline, word, "NumPy" if word == "NumPy" else "the CPU")
    words = ["GPU"] if len(gpus) == 1 else [f"GPU {index}" for index in range(len(gpus))]
    return [
        (side(run, gpu, word, f"the {word}" if word == "GPU" else word), against)
        for gpu, word in zip(gpus, words, strict=True)
    ]


def _cpu_sides(run: Run, by_key: Mapping[str, DeviceRecord]) -> list[tuple[Side, Side]]:
    if "cpu" not in by_key:
        return []
    cpu, sides = by_key["cpu"], []
    threads = f"{cpu.threads} threads" if cpu.threads else "all threads"
    if "cpu-1t" in by_key:
        one = side(run, by_key["cpu-1t"], "1 thread", "1 thread")
        sides.append((side(run, cpu, threads, threads, plural=True), one))
    if "numpy" in by_key:
        sides.append((side(run, cpu, "PyTorch", "PyTorch"), side(run, by_key["numpy"], "NumPy", "NumPy")))
    return sides


def side(run: Run, device: DeviceRecord, word: str, subject: str, *, plural: bool = False) -> Side:
    """Return a device of a run as one that is compared, its name made harmless."""
    return Side(
        run=run,
        key=device.key,
        kind=device.kind,
        name=clean(device.name or device.key),
        threads=device.threads,
        word=word,
        subject=subject,
        plural=plural,
    )


def _pairing(run: Run, device: Side, baseline: Side, tables: Mapping[str, pd.DataFrame]) -> Pairing:
    table = tables[baseline.key]
    pairs = table[(table["run"] == run.id) & (table["device"] == device.key)].reset_index(drop=True)
    gpu = is_gpu(device.kind)
    return Pairing(
        run=run,
        device=device,
        baseline=baseline,
        pairs=pairs,
        crossovers=crossovers_table(pairs),
        break_even=break_even_table(pairs) if gpu else pd.DataFrame(),
    )
