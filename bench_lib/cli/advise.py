"""The verb ``crossover advise``: which device to take, from runs that were measured."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench_lib.errors import UsageError


def advise(
    workload: Annotated[str, typer.Argument(help="Name of a workload, such as matmul.")],
    n: Annotated[int, typer.Option("--n", min=1, help="Size, as the workload counts it.")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Result files. Default: all in results/runs, the newest last.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="float32, bfloat16, tf32, ...")] = "float32",
    calls: Annotated[int, typer.Option(min=1, help="Calls on the same data, one after the other.")] = 1,
    start: Annotated[
        Literal["host", "device"], typer.Option("--from", help="host: data is copied there and back; device: in place.")
    ] = "host",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Say which device to take for an operation at a size, with times and intervals, and why."""
    from bench_lib.analysis.advice.advise import advise as find_advice
    from bench_lib.analysis.frame import tidy
    from bench_lib.records.storage import load
    from bench_lib.report import formats
    from bench_lib.report.terminal.console import console

    frame = tidy([load(path) for path in files or _newest_last(Path("results", "runs"))])
    found = find_advice(frame, workload, n=n, dtype=dtype, calls=calls, start=start)
    formats.write(console(sys.stdout), "advise", "json" if as_json else "table", found)


def _newest_last(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.jsonl*"), key=lambda path: (path.stat().st_mtime, path.name))
    if not paths:
        msg = f"advice comes from runs that were measured, and {folder} has none: make one with crossover run"
        raise UsageError(msg)
    return paths
