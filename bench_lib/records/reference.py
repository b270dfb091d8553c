"""The runs of GPUs that ship with Crossover, to stand beside a machine that has none.

They are those of ``results/runs`` that were measured with a GPU: in a checkout where they lie, in an installed package
as a copy of them.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench_lib.errors import CrossoverError
from bench_lib.records.bounds import MAX_LINE_BYTES
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.recording import Recording, from_json
from bench_lib.records.run import Run
from bench_lib.records.storage import load

PACKAGE: Final = Path(__file__).parent.parent
FOLDERS: Final = (PACKAGE / "reference_runs", PACKAGE.parent / "results" / "runs")
"""Where runs that ship may lie, in an installed package and in a checkout."""


def has_gpu(run: Run) -> bool:
    """Return whether a run has a device that is neither NumPy nor a CPU."""
    return any(device.kind not in HOST_KINDS for device in run.devices)


def shipped(folders: Sequence[Path] = FOLDERS) -> tuple[Recording, ...]:
    """Return the runs that ship with a GPU in them: of each GPU the newest, by the name of the GPU.

    Only headers are read of the others. None ships as long as none was measured.

    Parameters
    ----------
    folders
        Where to look; the first that exists counts.

    Raises
    ------
    RecordError
        If a run with a GPU cannot be read.
    """
    folder = next((folder for folder in folders if folder.is_dir()), None)
    newest: dict[str, tuple[str, Path]] = {}
    for path in sorted(folder.glob("*.jsonl*")) if folder else ():
        run = _header(path)
        if run is None or not has_gpu(run):
            continue
        gpu = next(device.name for device in run.devices if device.kind not in HOST_KINDS)
        if gpu not in newest or newest[gpu][0] < run.created:
            newest[gpu] = (run.created, path)
    return tuple(load(path) for _, (_, path) in sorted(newest.items()))


def beside(runs: Sequence[Run]) -> tuple[Recording, ...]:
    """Return the runs to set beside some others: those that ship, where none of the others has a GPU."""
    return () if any(has_gpu(run) for run in runs) else shipped()


def _header(path: Path) -> Run | None:
    """Return the first line of a result file as what it is; None where it is none of a run's."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            line = from_json(file.readline(MAX_LINE_BYTES))
    except (OSError, EOFError, UnicodeDecodeError, CrossoverError):
        return None  # a folder may hold other files; what is a run and cannot be read, load says when it is asked for
    return line if isinstance(line, Run) else None
