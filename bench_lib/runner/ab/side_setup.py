"""A side before its file exists: what it says of itself, and which cases it has."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from msgspec import structs

from bench_lib.devices.host import usable_threads
from bench_lib.errors import CrossoverError, UsageError
from bench_lib.records.checkout import COMMIT
from bench_lib.records.run import Run
from bench_lib.runner.ab.options import AbOptions
from bench_lib.runner.ab.side_runner import VISITS, Workers
from bench_lib.runner.ab.sides import Side
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.progress import Progress
from bench_lib.runner.run_header import make_header
from bench_lib.runner.sources import Starter, sources_of


def header_of(found: Run, side: Side, options: AbOptions, pair: str, *, visits: int) -> Run:
    """Return the header of a side's file, from what one of its processes has found.

    Parameters
    ----------
    pair
        Name of the comparison, which both sides have.
    visits
        To each case in a process.
    """
    settings = {key: fact for key, fact in found.settings.items() if key != COMMIT}
    return structs.replace(
        found,
        rounds=options.processes,
        visits=visits,
        seed=options.request.seed,
        budget_seconds=options.budget_seconds,
        command=options.command(),
        settings=settings | side.settings(pair, options.compared()),
    )


def workers_of(side: Side, options: AbOptions, pair: str, progress: Progress, stack: ExitStack) -> Workers:
    """Return a side that workers of ours measure.

    Parameters
    ----------
    stack
        Of what is to be taken away once all is measured.
    """
    request = options.request
    compile_cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossover-", ignore_cleanup_errors=True))
    start = Starter(
        start=lambda: WorkerProcess(
            seed=request.seed,
            threads=usable_threads().count,
            python=side.python,
            compile_cache=compile_cache,
            folder=side.folder,
            environment=side.variables(),
        ),
        sources=sources_of(
            [_at(side, file, progress) for file in request.workloads],
            [_model_at(side, one, progress) for one in request.models],
        ),
        visit_timeout=request.visit_timeout,
    )
    try:
        with start() as worker:
            found, cases = make_header(worker, request, start)
    except (CrossoverError, KeyError, TypeError) as err:
        raise _of_side(err, side, options) from err
    return Workers(
        header=header_of(found, side, options, pair, visits=VISITS),
        cases=cases,
        start=start,
        progress=progress,
        visit_timeout=request.visit_timeout,
    )


def _of_side(err: Exception, side: Side, options: AbOptions) -> Exception:
    """Return an error that says which side it is of, and, of a revision of this suite, that it may be too old."""
    if options.compared() not in ("revision", "python"):
        return err
    where = f"side {side.name.upper()} ({side.label})"
    if side.root and (side.root / "bench_lib").is_dir() and not isinstance(err, UsageError):
        return UsageError(f"{where}: this revision of Crossover does not answer as asked ({err}): name a newer one")
    return type(err)(f"{where}: {err}")


def _at(side: Side, file: Path, progress: Progress) -> Path:
    """Return where a file of the present checkout lies in that of a side; one from elsewhere stays where it is."""
    there = side.place_of(file)
    if there.exists() or not file.exists():
        return there
    progress.note(f"{file.name} is not in {side.label}: that of the working tree measures both sides")
    return file


def _model_at(side: Side, model: str, progress: Progress) -> str:
    path, colon, function = model.rpartition(":")
    return f"{_at(side, Path(path), progress)}{colon}{function}" if path else model
