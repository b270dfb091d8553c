"""What several runs on one page are called: short, and each name once.

A run is named by its GPU, or by its CPU where it has none. Runs of one device are told apart by the first thing in
which they differ: the machine, a version, the profile, the day.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib.records.device_kind import is_gpu
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.units import count

MAX_LABEL: Final = 24
MAX_WORDS: Final = 3

# What makers write around the part of a name that tells one device from another.
_BOILERPLATE = re.compile(
    r"\((?:r|tm|c)\)|@.*$|\b(?:nvidia|amd|intel|apple|arm|corporation|geforce|tesla|processor|cpu|core|gpu|graphics|"
    r"laptop|\d+-core|with radeon.*|sxm\d*|pcie|hbm\d*e?|\d+ ?gi?b)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Label:
    """The name of a run.

    Attributes
    ----------
    text
        In a cell or at a line's end: ``H200``, ``torch 2.13.0``.
    subject
        In a sentence: ``the H200``.
    is_device
        Whether it begins with a device, and is not only what else tells the run from others.
    """

    text: str
    subject: str
    is_device: bool = False


def short(name: str) -> str:
    """Return what tells a device from others of its maker: ``NVIDIA GeForce RTX 4090`` is ``RTX 4090``."""
    plain = " ".join(re.sub(r"[-\s]+$|^[-\s]+", "", _BOILERPLATE.sub(" ", clean(name))).split()[:MAX_WORDS])
    return clean(plain or name, MAX_LABEL)


def labels(runs: Sequence[Run]) -> tuple[Label, ...]:
    """Return a name for each run, no two alike if their ids are not."""
    names = [device_name(run) for run in runs]
    counts = Counter(names)
    found = []
    for run, name in zip(runs, names, strict=True):
        if counts[name] == 1:
            found.append(Label(text=name, subject=f"the {name}", is_device=True))
            continue
        tell = _tell([other for other, its in zip(runs, names, strict=True) if its == name])
        text = clean(tell.of(run), 2 * MAX_LABEL)
        found.append(
            Label(text=text, subject=tell.phrase.format(text))
            if len(counts) == 1
            else Label(text=f"{name}, {text}", subject=f"the {name} ({text})", is_device=True)
        )
    return tuple(found)


def device_name(run: Run) -> str:
    """Return the short name of a run's first GPU, else of its CPU; of the machine where it names no device."""
    ranked = sorted(run.devices, key=lambda device: (not is_gpu(device.kind), device.key != "cpu"))
    return short(ranked[0].name or ranked[0].key) if ranked else clean(run.machine, MAX_LABEL)


@dataclass(frozen=True, kw_only=True)
class _Tell:
    """A way to tell runs apart: what it is in a run, and within a sentence."""

    of: Callable[[Run], str]
    phrase: str = "the run of {}"


def _software(key: str, name: str) -> _Tell:
    return _Tell(
        of=lambda run: f"{name} {run.software[key]}" if run.software.get(key) else "", phrase="the run with {}"
    )


def _threads(run: Run) -> str:
    threads = next((device.threads for device in run.devices if device.key == "cpu"), None)
    return count(threads, "thread") if threads else ""


_TELLS: Final = (
    _Tell(of=lambda run: run.machine, phrase="the run on {}"),
    *(_software(key, name) for key, name in (("torch", "torch"), ("cuda", "CUDA"), ("driver", "driver"))),
    *(_software(key, name) for key, name in (("python", "Python"), ("numpy", "NumPy"))),
    _Tell(of=_threads, phrase="the run with {}"),
    _Tell(of=lambda run: run.source, phrase="the run of {}"),
    _Tell(of=lambda run: run.profile, phrase="the {} run"),
    _Tell(of=lambda run: run.created[:10]),
    _Tell(of=lambda run: run.created[:16].replace("T", " ")),
    _Tell(of=lambda run: run.id, phrase="the run {}"),
)


def _tell(runs: Sequence[Run]) -> _Tell:
    """Return the first thing that no two of the runs have in common; their ids where there is no other."""
    for tell in _TELLS[:-1]:
        answers = {tell.of(run) for run in runs}
        if len(answers) == len(runs) and all(answers):
            return tell
    return _TELLS[-1]
