"""The host's surroundings on made-up trees of system files: each state, and each thing that cannot be seen."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from bench_lib.devices.host import Threads, limit_threads
from bench_lib.measure.doctor import surroundings
from bench_lib.measure.doctor.surroundings import Counters
from bench_lib.records.run import Finding

CPU = "sys/devices/system/cpu"
TICK = 1 / os.sysconf("SC_CLK_TCK")
BEFORE = Counters(
    wall_seconds=100.0,
    own_seconds=10.0,
    busy_seconds=50.0,
    stolen_seconds=1.0,
    throttled_periods=3,
    slowdowns=7,
    swapped_pages=5,
    memory_stall_seconds=0.5,
)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return root


def later(seconds: float = 10.0, **gone_by: float) -> Counters:
    """Return the counters some seconds later, with these differences and no others."""
    changed = {name: getattr(BEFORE, name) + by for name, by in gone_by.items()}
    return dataclasses.replace(BEFORE, wall_seconds=BEFORE.wall_seconds + seconds, **changed)  # type: ignore[arg-type]


def threads(affinity: int = 8, physical: int = 4, quota: float | None = None) -> Threads:
    return limit_threads(affinity=affinity, quota=quota, physical=physical)


def is_unseen(finding: Finding) -> bool:
    return finding.severity == "note" and "cannot be seen" in finding.found


@pytest.mark.parametrize(
    ("governors", "driver", "severity"),
    [
        (("performance", "performance"), "acpi-cpufreq", "ok"),
        (("performance", "schedutil"), "acpi-cpufreq", "note"),
        (("powersave", "powersave"), "acpi-cpufreq", "warning"),  # holds the lowest clock
        (("powersave", "powersave"), "intel_pstate", "note"),  # follows the load
    ],
)
def test_the_governor_is_judged_with_its_driver(
    tmp_path: Path, governors: tuple[str, str], driver: str, severity: str
) -> None:
    for number, name in enumerate(governors):
        folder = f"{CPU}/cpu{number}/cpufreq"
        write(tmp_path, {f"{folder}/scaling_governor": name, f"{folder}/scaling_driver": driver})
    found = surroundings.governor(tmp_path, frozenset({0, 1}))
    assert found.severity == severity
    assert set(governors) <= set(found.found.split())
    assert bool(found.advice) == (severity != "ok")


@pytest.mark.parametrize(
    ("files", "severity"),
    [
        ({f"{CPU}/intel_pstate/no_turbo": "0"}, "ok"),
        ({f"{CPU}/intel_pstate/no_turbo": "1"}, "note"),
        ({f"{CPU}/cpufreq/boost": "1"}, "ok"),
        ({f"{CPU}/cpufreq/boost": "0"}, "note"),
    ],
)
def test_turbo_is_read_where_intel_and_where_amd_tells_it(tmp_path: Path, files: dict[str, str], severity: str) -> None:
    found = surroundings.turbo(write(tmp_path, files))
    assert (found.severity, "base clock" in found.found) == (severity, True)


def test_a_machine_that_tells_nothing_has_notes_and_no_silence(tmp_path: Path) -> None:
    assert is_unseen(surroundings.governor(tmp_path, frozenset({0})))
    assert is_unseen(surroundings.turbo(tmp_path))
    assert is_unseen(surroundings.siblings(threads(), tmp_path))
    nothing = surroundings.read_counters(tmp_path)
    after = dataclasses.replace(nothing, wall_seconds=nothing.wall_seconds + 1)
    assert all(is_unseen(finding) for finding in surroundings.changing_checks(nothing, after, threads()))
    assert surroundings.clock_source(tmp_path) == ""


@pytest.mark.parametrize(("quota", "severity"), [(None, "ok"), (2.0, "ok"), (2.5, "note"), (16.5, "ok")])
def test_a_quota_that_cuts_a_thread_short_is_named(quota: float | None, severity: str) -> None:
    found = surroundings.quota(threads(quota=quota))
    assert found.severity == severity
    assert "usable, set by" in found.found


def test_a_virtual_machine_is_told_that_its_cores_may_be_halves(tmp_path: Path) -> None:
    write(tmp_path, {"proc/cpuinfo": "flags\t\t: fpu sse hypervisor avx", f"{CPU}/smt/active": "0"})
    found = surroundings.siblings(threads(), tmp_path)
    assert found.severity == "note"
    assert "virtual machine" in found.found


def test_shared_cores_are_counted_and_one_thread_on_each_is_used(tmp_path: Path) -> None:
    write(tmp_path, {"proc/cpuinfo": "flags\t\t: fpu sse avx", f"{CPU}/smt/active": "1"})
    assert "8 processors share 4 cores" in surroundings.siblings(threads(affinity=8, physical=4), tmp_path).found
    assert "no two" in surroundings.siblings(threads(affinity=4, physical=4), tmp_path).found


@pytest.mark.parametrize(
    ("supplies", "severity", "shown"),
    [
        ({}, "ok", "no battery is seen"),
        ({"AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery"}, "ok", "on mains"),
        ({"AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery"}, "warning", "the machine runs on its battery"),
    ],
)
def test_a_machine_on_its_battery_is_warned_of(
    tmp_path: Path, supplies: dict[str, str], severity: str, shown: str
) -> None:
    found = surroundings.power_supply(
        write(tmp_path, {f"sys/class/power_supply/{name}": text for name, text in supplies.items()})
    )
    assert (found.severity, found.found) == (severity, shown)


@pytest.mark.parametrize(("used", "severity"), [(2**30, "ok"), (15 * 2**29, "warning")])
def test_little_memory_is_warned_of(tmp_path: Path, used: int, severity: str) -> None:
    group = "sys/fs/cgroup/job"
    write(
        tmp_path,
        {"proc/self/cgroup": "0::/job", f"{group}/memory.max": str(2**33), f"{group}/memory.current": str(used)},
    )
    assert surroundings.memory(tmp_path, total_nbytes=2**33).severity == severity


def test_nothing_that_happens_is_ok_everywhere() -> None:
    found = surroundings.changing_checks(BEFORE, later(own_seconds=10.0, busy_seconds=10.0), threads())
    assert [finding.severity for finding in found] == ["ok"] * 5
    assert [finding.check for finding in found] == ["throttling", "heat", "load", "stolen time", "swap"]


@pytest.mark.parametrize(
    ("gone_by", "check", "shown"),
    [
        ({"throttled_periods": 4}, "throttling", "in 4 periods"),
        ({"slowdowns": 1}, "heat", "1 time"),
        ({"busy_seconds": 50.0}, "load", "take 5 of 8 processors"),
        ({"stolen_seconds": 4.0}, "stolen time", "5 %"),
        ({"swapped_pages": 12}, "swap", "12 pages"),
        ({"memory_stall_seconds": 0.2}, "swap", "200 ms waited"),
    ],
)
def test_what_happens_during_the_tests_is_a_warning(gone_by: dict[str, float], check: str, shown: str) -> None:
    found = surroundings.changing_checks(BEFORE, later(**gone_by), threads())
    (warning,) = [finding for finding in found if finding.severity != "ok"]
    assert (warning.check, warning.severity) == (check, "warning")
    assert shown in warning.found
    assert warning.advice


def test_work_of_others_beside_free_processors_is_worth_a_note_only() -> None:
    found = surroundings.load(BEFORE, later(busy_seconds=20.0), threads(affinity=8, physical=4))
    assert (found.severity, found.found) == ("note", "other processes take 2 of 8 processors")


def test_this_process_s_own_time_is_not_the_load_of_others() -> None:
    found = surroundings.load(BEFORE, later(busy_seconds=20.0, own_seconds=20.0), threads(affinity=2, physical=2))
    assert (found.severity, found.found) == ("ok", "other processes take 0 of 2 processors")


def test_counters_are_those_of_the_processors_that_may_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "affinity", lambda: frozenset({1}))
    write(
        tmp_path,
        {
            "proc/stat": "cpu 9 9 9 9 9 9 9 9 0 0\ncpu0 1 1 1 1 1 1 1 1\ncpu1 10 20 30 999 999 40 50 60 5 5\nintr 1",
            "proc/vmstat": "pgpgin 5\npswpin 3\npswpout 4",
            "proc/pressure/memory": "some avg10=0.00 avg60=0.00 total=2500000\nfull avg10=0.00 total=7",
            "proc/self/cgroup": "0::/job",
            "sys/fs/cgroup/job/cpu.stat": "nr_periods 9\nnr_throttled 2",
            f"{CPU}/cpu0/thermal_throttle/core_throttle_count": "4",
            f"{CPU}/cpu1/thermal_throttle/core_throttle_count": "5",
        },
    )
    found = surroundings.read_counters(tmp_path)
    assert found.busy_seconds == pytest.approx(150 * TICK)
    assert found.stolen_seconds == pytest.approx(60 * TICK)
    assert (found.throttled_periods, found.slowdowns, found.swapped_pages) == (2, 9, 7)
    assert found.memory_stall_seconds == pytest.approx(2.5)


def test_a_sandbox_that_shows_only_zeros_counts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "affinity", lambda: frozenset({0}))
    write(tmp_path, {"proc/stat": "cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0"})
    assert surroundings.read_counters(tmp_path).busy_seconds is None


def test_the_counters_of_this_machine_go_up_by_the_work_of_this_process() -> None:
    before = surroundings.read_counters()
    sum(range(2_000_000))
    after = surroundings.read_counters()
    assert after.own_seconds >= before.own_seconds
    assert after.wall_seconds > before.wall_seconds
