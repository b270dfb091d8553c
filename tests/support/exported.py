"""Two runs that are exported: of Crossover with a case in doubt, and of asv."""

from collections.abc import Sequence
from typing import Any

from bench_lib.export.formats import ExportRequest
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from tests.support.builders import recording


def in_doubt(case: Case, rng: Any) -> Any:
    """Model a GPU that is out of memory at the largest size; all else takes a time."""
    return ("oom", "no memory") if case.n == 2**26 and case.device == "cuda:0" else 1e-6 * rng.uniform(1, 2)


GPU_RUN = recording(model=in_doubt, rounds=3, visits=2, unreached=lambda case: case.n == 2**22)
FOREIGN_RUN = recording(source="asv", run_id="asv-1", rounds=1, visits=1)
BOTH = [GPU_RUN, FOREIGN_RUN]


def asked(recordings: Sequence[Recording], level: str = "case", baseline: str = "cpu") -> ExportRequest:
    """Return what asks for these runs at a level."""
    return ExportRequest(recordings=recordings, level=level, baseline=baseline)  # type: ignore[arg-type]
