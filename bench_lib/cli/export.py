"""The verb ``crossover export``: the numbers of result files, written for other tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bench_lib.cli.options import name_of
from bench_lib.errors import UsageError
from bench_lib.export.formats import FORMATS, ExportRequest, Format
from bench_lib.records.sanitize import shorten

if TYPE_CHECKING:
    from bench_lib.records.recording import Recording

FOLDER: Final = Path("results", "exports")


def format_named(name: str) -> Format:
    """Return a format by the name that ``--to`` takes.

    Raises
    ------
    UsageError
        If there is none.
    """
    found = next((one for one in FORMATS if one.name == name), None)
    if found is None:
        msg = f"--to takes {', '.join(one.name for one in FORMATS)}; came {shorten(name)}"
        raise UsageError(msg)
    return found


def _listed(names: list[str], last: str) -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


TABLES: Final = [one.name for one in FORMATS if one.is_table]
WITH_COMMIT: Final = _listed([one.name for one in FORMATS if one.takes_commit], "and")


def export(
    files: Annotated[
        list[Path], typer.Argument(help="Result files or folders of them: our own, asv's or pytest-benchmark's.")
    ],
    to: Annotated[
        Format,
        typer.Option(parser=format_named, metavar="FORMAT", help=f"{_listed([one.name for one in FORMATS], 'or')}."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write (asv: its results folder). Default: in results/exports.")
    ] = None,
    level: Annotated[
        Literal["case", "sample", "speedup"] | None,
        typer.Option(help=f"Of {', '.join(TABLES)}: a row is a case (default), a sample or a speedup."),
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="Of speedups: the device to compare with. Default: cpu.")] = None,
    commit: Annotated[
        str | None, typer.Option(help=f"Of {WITH_COMMIT}: the commit measured, if the file does not tell it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write the numbers of result files for other tools, print the path, and say what the format cannot hold."""
    from bench_lib.export.files import Files, put, require_free
    from bench_lib.records.files import read_all

    _refuse_what_does_not_fit(to, level=level, baseline=baseline, commit=commit)
    recordings = read_all(files)
    if to.holds_one_run and len(recordings) > 1:
        msg = f"a file of {to.name} holds one run; {len(recordings)} were named: export them one after the other"
        raise UsageError(msg)
    level = level or "case"
    path = out or FOLDER / _name(to, level, files[0], recordings[0])
    if to.suffix:
        require_free(path, force=force)
    request = ExportRequest(
        recordings=recordings, path=path, level=level, baseline=baseline or "cpu", commit=commit or ""
    )
    writer = to.writer()
    written = writer.write(request)
    kept = written if isinstance(written, Files) else Files(own={path: written}, shared={})
    put(kept, force=force)
    for sentence in writer.omissions(request):
        print(f"{to.name}: {sentence}", file=sys.stderr)
    print(*kept.own, sep="\n")


def _refuse_what_does_not_fit(to: Format, *, level: str | None, baseline: str | None, commit: str | None) -> None:
    if not to.is_table and (level or baseline):
        msg = f"--level and --baseline are of tables, and {to.name} has a form of its own: leave them out"
    elif not to.takes_commit and commit:
        place = f"a {to.name} table" if to.is_table else to.name
        msg = f"--commit is for {WITH_COMMIT}, and {place} has no place for it: leave it out"
    elif baseline and level != "speedup":
        msg = "--baseline is what speedups are of: add --level speedup"
    else:
        return
    raise UsageError(msg)


def _name(to: Format, level: str, file: Path, recording: Recording) -> str:
    """Return the name of an export by default."""
    if not to.suffix:
        return to.name
    return f"{name_of(file, recording.run)}-{level if to.is_table else to.name}{to.suffix}"
