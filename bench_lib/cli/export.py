"""The verb ``crossover export``: the numbers of result files, written for other tools."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bench_lib.errors import UsageError

if TYPE_CHECKING:
    from bench_lib.records.recording import Recording

TABLES: Final = ("csv", "parquet", "json")
TOOLS: Final = ("asv", "pytest-benchmark")
FOLDER: Final = Path("results", "exports")


def export(
    files: Annotated[
        list[Path], typer.Argument(help="Result files or folders of them: our own, asv's or pytest-benchmark's.")
    ],
    to: Annotated[str, typer.Option(help="csv, parquet, json, asv or pytest-benchmark.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write (asv: its results folder). Default: in results/exports.")
    ] = None,
    level: Annotated[
        Literal["case", "sample", "speedup"] | None,
        typer.Option(help="Of csv, parquet, json: a row is a case (default), a sample or a speedup."),
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="Of speedups: the device to compare with. Default: cpu.")] = None,
    commit: Annotated[
        str | None, typer.Option(help="Of asv and pytest-benchmark: the commit measured, if the file does not tell it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write the numbers of result files for other tools, print the path, and say what the format cannot hold."""
    from bench_lib.records.files import read_all

    _refuse_what_does_not_fit(to, level=level, baseline=baseline, commit=commit)
    recordings = read_all(files)
    if to == "asv":
        paths, lost = _asv(recordings, out, commit, force=force)
    elif to in TABLES:
        path, lost = _table(recordings, files[0], to, out, level or "case", baseline or "cpu", force=force)
        paths = [path]
    else:
        path, lost = _pytest_benchmark(_only(recordings, to), files[0], out, commit or "", force=force)
        paths = [path]
    for sentence in lost:
        print(f"{to}: {sentence}", file=sys.stderr)
    print(*paths, sep="\n")


def _refuse_what_does_not_fit(to: str, *, level: str | None, baseline: str | None, commit: str | None) -> None:
    if to not in (*TABLES, *TOOLS):
        msg = f"--to takes {', '.join((*TABLES, *TOOLS))}; came {to!r}"
    elif to in TOOLS and (level or baseline):
        msg = f"--level and --baseline are of tables, and {to} has a form of its own: leave them out"
    elif to in TABLES and commit:
        msg = f"--commit is for {' and '.join(TOOLS)}, and a {to} table has no place for it: leave it out"
    elif baseline and level != "speedup":
        msg = "--baseline is what speedups are of: add --level speedup"
    else:
        return
    raise UsageError(msg)


def _table(
    recordings: Sequence[Recording], first: Path, to: str, out: Path | None, level: str, baseline: str, *, force: bool
) -> tuple[Path, list[str]]:
    from bench_lib.export import csv, json, parquet, tables
    from bench_lib.export.files import put, require_free

    path = out or FOLDER / f"{_name(first, recordings[0])}-{level}.{to}"
    require_free(path, force=force)
    table = tables.table(recordings, level, baseline)
    if to == "csv":
        content, lost = csv.content(table), csv.lost(recordings, level)
    elif to == "json":
        content, lost = json.content(table, recordings), json.lost(recordings, level)
    else:
        content, lost = parquet.content(table, recordings), parquet.lost(recordings, level)
    put(path, content, force=force)
    return path, lost


def _asv(
    recordings: Sequence[Recording], out: Path | None, commit: str | None, *, force: bool
) -> tuple[list[Path], list[str]]:
    """Write result files into a results folder of asv's, and add to the files that it shares with others.

    Nothing is written before all runs are seen to fit.
    """
    from bench_lib.export import asv
    from bench_lib.export.asv_benchmarks import merged
    from bench_lib.export.asv_place import require_apart
    from bench_lib.export.files import known, put, require_free

    if commit and len(recordings) > 1:
        msg = f"--commit is of one run, and {len(recordings)} were named: leave it out, or export them one by one"
        raise UsageError(msg)
    folder = out or FOLDER / "asv"
    kept = [asv.files(recording, commit or "") for recording in recordings]
    require_apart([recording.run for recording in recordings], [one.path for one in kept])
    for one in kept:
        require_free(folder / one.path, force=force)
    shared = known(folder / "benchmarks.json")
    for one in kept:
        shared = merged(shared, one.benchmarks)
        machine = folder / one.machine_path
        put(machine, asv.content({**known(machine), **one.machine}), force=True)
    put(folder / "benchmarks.json", asv.content(shared), force=True)
    for one in kept:
        put(folder / one.path, asv.content(one.result), force=force)
    said = [sentence for pair in zip(recordings, kept, strict=True) for sentence in asv.lost(*pair)]
    return [folder / one.path for one in kept], list(dict.fromkeys(said))


def _pytest_benchmark(
    recording: Recording, first: Path, out: Path | None, commit: str, *, force: bool
) -> tuple[Path, list[str]]:
    from bench_lib.export import pytest_benchmark
    from bench_lib.export.files import put, require_free

    path = out or FOLDER / f"{_name(first, recording)}-pytest-benchmark.json"
    require_free(path, force=force)
    put(path, pytest_benchmark.content(recording, commit), force=force)
    return path, pytest_benchmark.lost(recording)


def _only(recordings: Sequence[Recording], to: str) -> Recording:
    if len(recordings) > 1:
        msg = f"a file of {to} holds one run; {len(recordings)} were named: export them one after the other"
        raise UsageError(msg)
    return recordings[0]


def _name(file: Path, recording: Recording) -> str:
    """Return the name of a result file of ours, or one for a run of another tool, whose names can hold a path."""
    from bench_lib.records.storage import default_path

    is_own_file = recording.run.source == "crossover" and not file.is_dir()
    return file.name.split(".")[0] if is_own_file else default_path(recording.run).stem
