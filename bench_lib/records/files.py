"""Which result files a person means: a file, a folder, a pattern such as ``runs/*.jsonl.gz``, or several of these."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from bench_lib.errors import RecordError, UsageError
from bench_lib.records.line_reader import quoted
from bench_lib.records.recording import Recording
from bench_lib.records.sanitize import shorten
from bench_lib.records.storage import load

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""One path or several, each of a file, of a folder, or a pattern."""

SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".json")
NOT_RESULTS: Final = ("machine.json", "benchmarks.json")  # asv keeps them beside its results, and they hold no number


def read_all(paths: Paths) -> list[Recording]:
    """Return what all the files hold, in the order named; a run that is given twice, once.

    Two different files that carry the same run id are both returned: :func:`bench_lib.analysis.frame.tidy` refuses
    them.

    Raises
    ------
    UsageError
        If nothing was named, or a folder or a pattern holds no result file.
    RecordError
        If there is no such path, or a file is none that is read here.
    """
    recordings: list[Recording] = []
    for path in find(paths):
        recording = load(path)
        if recording not in recordings:
            recordings.append(recording)
    return recordings


def find(paths: Paths) -> list[Path]:
    """Return the files that are meant, each once: those named, and of folders and patterns those that hold results.

    Of a folder it is what lies in it directly; names are in alphabetical order.

    Raises
    ------
    UsageError, RecordError
        As for :func:`read_all`.
    """
    named = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not named:
        msg = "at least one result file, folder or pattern is needed; none was named: make one with crossover run"
        raise UsageError(msg)
    found: dict[Path, Path] = {}
    for one in named:
        for path in _of_one(os.fspath(one)):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _of_one(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        files = list(_results(path.iterdir()))
        what = f"a folder of result files holds {', '.join(SUFFIXES)}; {quoted(path)} has none of them"
    elif glob.has_magic(name) and not path.exists():
        matches = [Path(match) for match in glob.glob(name, recursive=True)]
        files = list(_results(file for match in matches for file in (match.iterdir() if match.is_dir() else [match])))
        what = f"no result file matches {shorten(name, limit=300)}"
    elif path.exists():
        return [path]
    else:
        msg = f"a result file, a folder or a pattern was expected; there is nothing at {quoted(path)}: check the path"
        raise RecordError(msg)
    if not files:
        msg = f"{what}: make one with crossover run"
        raise UsageError(msg)
    return sorted(files)


def _results(paths: Iterable[Path]) -> Iterator[Path]:
    return (p for p in paths if p.name.endswith(SUFFIXES) and p.name not in NOT_RESULTS and p.is_file())
