"""The machine sheet: facts with units, how the run ended, devices and ceilings."""

from dataclasses import replace

import pytest
from msgspec import structs

from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord
from bench_lib.records.sample import Ceiling, Finish
from bench_lib.report.page.sections import how
from bench_lib.report.sentences import words
from tests.support.builders import ceilings_of, recording
from tests.support.page_data import gpu_recording

KIB, MIB, GIB = 2**10, 2**20, 2**30


def sheet_of(made: Recording) -> how.MachineSheet:
    return how.machine_sheet(made, ceilings_table([made]))


def facts_of(made: Recording) -> dict[str, dict[str, str]]:
    return {name: dict(facts) for name, facts in sheet_of(made).groups}


def test_the_sheet_shows_facts_with_units_and_leaves_out_what_is_not_known() -> None:
    made = gpu_recording()
    host = made.run.host | {"cpu_governor": None, "fast": True, "step_seconds": 0.001}
    found = facts_of(replace(made, run=structs.replace(made.run, host=host)))["Machine"]
    assert found["memory"] == "128 GiB"
    assert found["fast"] == "yes"
    assert found["step"] == "1 ms"
    assert "cpu governor" not in found


def test_the_sheet_says_how_the_run_ended() -> None:
    made = recording()
    assert "killed" in sheet_of(made).ending
    twice = (
        Finish(outcome="interrupted", rounds=2, wall_seconds=60.0),
        Finish(outcome="complete", rounds=5, wall_seconds=30.0),
    )
    assert sheet_of(replace(made, finishes=twice)).ending == "complete after 90 s in 2 parts"


@pytest.mark.parametrize(
    ("created", "shown"),
    [("2025-06-11T09:30:12Z", "2025-06-11 09:30 UTC"), ("2025-06-11", "2025-06-11"), ("", "")],
)
def test_dates_are_shown_to_the_minute(created: str, shown: str) -> None:
    assert words.date(created) == shown


def test_a_device_without_threads_or_memory_has_a_dash() -> None:
    made = recording()
    bare = DeviceRecord(key="cuda:0", kind="cuda", name="G")
    found = sheet_of(replace(made, run=structs.replace(made.run, devices=(bare,)))).devices[0]
    assert (found.threads, found.memory, found.facts) == ("-", "-", "")


def test_the_sheet_lists_the_ceilings_of_each_device_in_one_order() -> None:
    lines = [structs.replace(line, seconds=(2 * min(line.seconds),), round=2) for line in ceilings_of("cuda:0")]
    shy = Ceiling(device="cuda:0", quantity="matmul", round=1, dtype="int8", reason="RuntimeError: no kernel")
    found = sheet_of(replace(recording(), ceilings=(*ceilings_of("cuda:0"), *lines, shy))).ceilings
    assert [(row.name, row.of, row.best, row.worst) for row in found] == [
        ("Matrix product", "float32", "10 TFLOP/s", "5 TFLOP/s"),
        ("Matrix product", "int8", "RuntimeError: no kernel", ""),
        ("Copy", "256 MiB", "1 TB/s", "500 GB/s"),
        ("To the device, pinned", "256 MiB", "20 GB/s", "10 GB/s"),
        ("Cheapest operation", "", "2 \N{MICRO SIGN}s", "4 \N{MICRO SIGN}s"),
        ("Cheapest kernel, waited for", "", "8 \N{MICRO SIGN}s", "16 \N{MICRO SIGN}s"),
        ("Synchronisation", "", "1 \N{MICRO SIGN}s", "2 \N{MICRO SIGN}s"),
    ]
    assert {row.device for row in found} == {"cuda:0"}


def test_a_working_set_without_a_time_does_not_hide_a_smaller_one_with_one() -> None:
    none = Ceiling(device="cuda:0", quantity="copy", round=1, nbytes=4 * GIB, reason="needs more memory than there is")
    found = sheet_of(replace(recording(), ceilings=(*ceilings_of("cuda:0"), none))).ceilings
    assert [(row.of, row.best) for row in found if row.name == "Copy"] == [("256 MiB", "1 TB/s")]
