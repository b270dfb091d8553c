"""Result files from outside and in: the one door for those that read or write them.

:class:`Store` writes a run; :func:`read` reads one, :func:`load` reads what asv and pytest-benchmark write as well.
"""

import contextlib
import gzip
import re
import shutil
from pathlib import Path
from typing import Final

from bench_lib.errors import RecordError, StorageError
from bench_lib.records.foreign.pytest_benchmark import looks_like_pytest_benchmark, read_pytest_benchmark
from bench_lib.records.line_reader import GZIP_MAGIC, MAX_FILE_BYTES, open_regular, quoted, read_json, reason
from bench_lib.records.reader import assemble
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.writer import Store

__all__ = ["MAX_EVIDENCE_BYTES", "Store", "compress", "default_path", "load", "read"]

MAX_EVIDENCE_BYTES: Final = 16 * 1024 * 1024
"""The largest compressed file that is kept beside the code."""

RUNS_FOLDER: Final = Path("results", "runs")
SHORT_ID_LENGTH: Final = 6
SNIFFED_BYTES: Final = 256
OWN_SUFFIXES: Final = (".jsonl", ".jsonl.gz")
_OWN_BEGINNING: Final = re.compile(rb'\s*\{\s*"kind"\s*:')


def read(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Recording:
    """Read a result file of Crossover, ``.jsonl`` or ``.jsonl.gz``; what cannot be used is named in ``problems``.

    Raises
    ------
    RecordError
        If it is not one, or holds more than ``max_bytes`` once decompressed.
    SchemaTooNew
        If a newer Crossover wrote it.
    """
    return assemble(path, max_bytes).recording()


def load(path: Path) -> Recording:
    """Read a result file, whoever wrote it: Crossover, asv or pytest-benchmark.

    Raises
    ------
    RecordError
        If it is none of these.
    """
    with open_regular(path) as file:
        beginning = file.read(SNIFFED_BYTES)
    if path.name.endswith(OWN_SUFFIXES) or beginning.startswith(GZIP_MAGIC) or _OWN_BEGINNING.match(beginning):
        return read(path)
    _, obj = read_json(path)
    if looks_like_pytest_benchmark(obj):
        return read_pytest_benchmark(path)
    from bench_lib.records.foreign.asv import looks_like_asv, read_asv  # only where it is needed

    if looks_like_asv(obj):
        return read_asv(path)
    msg = (
        f"{quoted(path)} is JSON, but no result file that is read here: "
        "those are Crossover's .jsonl and .jsonl.gz, asv's result files and pytest-benchmark's --benchmark-json"
    )
    raise RecordError(msg)


def default_path(run: Run) -> Path:
    """Return where a run is kept unless told otherwise: ``results/runs/<date>-<machine>-<profile>-<id>.jsonl``."""
    words = (run.created[:10], run.machine, run.profile, run.id[-SHORT_ID_LENGTH:])
    return RUNS_FOLDER / f"{'-'.join(re.sub(r'[^A-Za-z0-9.-]+', '-', word).strip('-.') for word in words)}.jsonl"


def compress(path: Path) -> Path:
    """Write ``<path>.gz`` beside a result file, the same bytes each time, and return its path; the file stays.

    Raises
    ------
    StorageError
        If the result is over 16 MiB, is there already, or cannot be written.
    RecordError
        If it is not a result file of ours.
    """
    read(path)
    if path.suffix == ".gz":
        msg = f"{quoted(path)} is compressed already"
        raise StorageError(msg)
    target = path.with_name(f"{path.name}.gz")
    try:
        file = target.open("xb")
    except OSError as err:
        msg = f"{quoted(target)} cannot be made ({reason(err)}): remove what is there, or mend the permissions"
        raise StorageError(msg) from err
    try:
        with file, open_regular(path) as source:
            # No name and no time in the header, or the same run would give other bytes tomorrow.
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed:
                shutil.copyfileobj(source, packed)
            _check_evidence(path, file.tell())
    except BaseException as err:
        target.unlink()
        if isinstance(err, OSError):
            msg = f"{quoted(target)} cannot be written ({reason(err)}): make room, then try again"
            raise StorageError(msg) from err
        raise
    return target


def _check_evidence(path: Path, size: int) -> None:
    if size > MAX_EVIDENCE_BYTES:
        msg = (
            f"{quoted(path)} has {size} bytes when compressed; at most {MAX_EVIDENCE_BYTES} are kept beside the code: "
            "run fewer rounds or cases"
        )
        raise StorageError(msg)


def write_text(path: Path, text: str) -> None:
    """Write a page or a table, its folder made; what stood there is replaced only by the whole of it.

    Raises
    ------
    StorageError
        If it cannot be written there.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write the bytes of a file, as :func:`write_text` does.

    Raises
    ------
    StorageError
        If it cannot be written there.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as err:
        with contextlib.suppress(OSError):  # where even its folder could not be made, there is nothing to remove
            unfinished.unlink(missing_ok=True)
        msg = f"cannot write {quoted(path)}: {reason(err)}; choose another place with --out"
        raise StorageError(msg) from err
