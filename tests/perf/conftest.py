"""Results as large as they come, made once: 10,000 cases, five rounds of them."""

from pathlib import Path

import pandas as pd
import pytest

from bench_lib import units
from bench_lib.analysis import frame
from bench_lib.records.recording import Recording, to_json
from tests.support.builders import recording
from tests.support.large_runs import CASES, ROUNDS, write


@pytest.fixture(scope="session")
def large() -> Recording:
    """Return 10,000 cases on a CPU and a GPU, five rounds of one visit each."""
    made = recording(
        workloads=tuple(f"operation_{number}" for number in range(50)),
        sizes=tuple(1024 * (number + 1) for number in range(50)),
        rounds=ROUNDS,
        visits=1,
    )
    assert len(made.plan) == CASES
    assert len(made.samples) == CASES * ROUNDS
    return made


@pytest.fixture(scope="session")
def large_frame(large: Recording) -> pd.DataFrame:
    """Return the tidy frame of the 10,000 cases."""
    return frame.tidy([large])


@pytest.fixture(scope="session")
def large_file(large: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a result file of the 10,000 cases, as a run leaves it."""
    path = tmp_path_factory.mktemp("large") / "run.jsonl"
    write(large, path, rounds=0)
    with path.open("a", encoding="utf-8") as file:  # what it costs to wait for the disk is measured elsewhere
        file.writelines(f"{to_json(sample)}\n" for sample in large.samples)
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show what was noted beside the times: bytes of files and memory, the parts of a time."""
    session = getattr(config, "_benchmarksession", None)
    for measured in session.benchmarks if session else ():
        for name, value in measured.extra_info.items():
            show = units.nbytes if name.endswith("nbytes") else units.seconds
            terminalreporter.write_line(f"{measured.name}: {name.replace('_', ' ')} {show(value)}")
