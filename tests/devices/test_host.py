"""Threads that may be used, memory that is left, and names of processors, on made-up machines."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.devices import host
from bench_lib.records.sanitize import scrub


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")


@given(st.integers(1, 512), st.one_of(st.none(), st.floats(0.01, 600)), st.integers(1, 512))
def test_no_limit_is_exceeded_and_one_thread_is_always_left(affinity, quota, physical):
    threads = host.limit_threads(affinity=affinity, quota=quota, physical=physical)
    assert threads.count >= 1
    assert threads.count <= min(affinity, physical)
    assert quota is None or threads.count <= max(1.0, quota)
    assert threads.count in (affinity, physical, max(1, int(quota or 0)))


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"affinity": 8, "quota": 2.5, "physical": 4}, "2 usable, set by the cgroup quota"),
        ({"affinity": 8, "quota": None, "physical": 4}, "4 usable, set by the physical cores"),
        ({"affinity": 2, "quota": 64.0, "physical": 4}, "2 usable, set by the affinity mask"),
        ({"affinity": 8, "quota": 0.3, "physical": 4}, "1 usable, set by the cgroup quota"),
    ],
)
def test_the_sentence_names_the_limit_that_binds(limits, named):
    why = host.limit_threads(**limits).why
    assert why.startswith(f"{named}:")
    assert ("no cgroup quota" in why) == (limits["quota"] is None)


def test_usable_threads_are_within_the_affinity_of_this_process():
    threads = host.usable_threads()
    assert 1 <= threads.count <= threads.affinity
    if hasattr(os, "sched_getaffinity"):
        assert threads.affinity == len(os.sched_getaffinity(0))


def test_quota_of_cgroup_v2_is_the_tightest_of_its_levels(tmp_path):
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user/job",
            "sys/fs/cgroup/user/cpu.max": "150000 100000",
            "sys/fs/cgroup/user/job/cpu.max": "max 100000",
        },
    )
    assert host.cgroup_quota(tmp_path) == 1.5


@pytest.mark.parametrize("folder", ["cpu,cpuacct", "cpu"])
def test_quota_of_cgroup_v1_is_read_wherever_its_controller_is_mounted(tmp_path, folder):
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/docker/0123",
            f"sys/fs/cgroup/{folder}/cpu.cfs_quota_us": "400000",
            f"sys/fs/cgroup/{folder}/cpu.cfs_period_us": "100000",
        },
    )
    assert host.cgroup_quota(tmp_path) == 4.0


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"},
        {
            "proc/self/cgroup": "4:cpu:/",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    ],
)
def test_no_quota_is_none(tmp_path, files):
    _write(tmp_path, files)
    assert host.cgroup_quota(tmp_path) is None


def test_a_path_that_leaves_the_group_is_not_followed(tmp_path):
    _write(tmp_path, {"proc/self/cgroup": "0::/../../..", "cpu.max": "1 1", "sys/fs/cgroup/cpu.max": "300000 100000"})
    assert host.cgroup_quota(tmp_path) == 3.0


def test_memory_of_cgroup_v2_counts_the_page_cache_as_free(tmp_path):
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/job",
            "sys/fs/cgroup/job/memory.max": "1000",
            "sys/fs/cgroup/job/memory.current": "700",
            "sys/fs/cgroup/job/memory.stat": "anon 300\ninactive_file 150\nactive_file 9",
        },
    )
    assert host.cgroup_available_nbytes(tmp_path) == 450
    assert host.available_nbytes(tmp_path) == 450


def test_memory_of_cgroup_v1_without_a_limit_is_none(tmp_path):
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "8:memory:/",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "700",
        },
    )
    assert host.cgroup_available_nbytes(tmp_path) is None


def test_memory_of_cgroup_v1_is_never_below_zero(tmp_path):
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "8:memory:/",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "1200",
            "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 50",
        },
    )
    assert host.cgroup_available_nbytes(tmp_path) == 0


def test_two_hyperthreads_are_one_core(tmp_path):
    folder = "sys/devices/system/cpu"
    siblings = {0: "0,4", 4: "0,4", 1: "1,5"}
    _write(tmp_path, {f"{folder}/cpu{n}/topology/thread_siblings_list": text for n, text in siblings.items()})
    assert host.physical_cores(frozenset({0, 4}), tmp_path) == 1
    assert host.physical_cores(frozenset({0, 4, 1}), tmp_path) == 2


def test_without_a_topology_the_cores_are_still_counted(tmp_path):
    assert host.physical_cores(frozenset({0}), tmp_path) >= 1


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("AMD EPYC 9B14 96-Core Processor", "amd-epyc-9b14"),
        ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "intel-xeon-platinum-8481c"),
        ("AMD Ryzen 7 7840U with Radeon 780M Graphics", "amd-ryzen-7-7840u"),
        ("NVIDIA H100 80GB HBM3", "nvidia-h100"),
        ("NVIDIA A100-SXM4-40GB", "nvidia-a100"),
        ("Apple M2 Pro GPU", "apple-m2-pro"),
    ],
)
def test_a_slug_keeps_what_tells_a_device_apart(name, slug):
    assert host.slug(name) == slug


@given(st.text())
def test_a_slug_is_lower_case_letters_digits_and_inner_hyphens(name):
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", host.slug(name))


def test_host_facts_are_flat_and_name_no_folder():
    facts = host.host_facts()
    assert facts["threads_usable"] == host.usable_threads().count
    assert facts["threads_why"] == host.usable_threads().why
    assert facts["cpu"] == host.cpu_name() != ""
    assert 0 < facts["memory_available_nbytes"] <= facts["memory_nbytes"]
    for fact in facts.values():
        assert fact is None or isinstance(fact, str | int | float)
        assert not isinstance(fact, str) or scrub(fact) == fact


def test_every_blas_is_given_the_same_threads():
    assert set(host.thread_environment(3).values()) == {"3"}
    assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= host.thread_environment(3).keys()


@pytest.mark.parametrize("folder", ["sys/fs/cgroup/job", "sys/fs/cgroup/cpu,cpuacct/job"])
def test_throttled_periods_are_those_of_the_most_throttled_level(tmp_path, folder):
    group = "0::/job" if folder == "sys/fs/cgroup/job" else "4:cpu,cpuacct:/job"
    above = folder.removesuffix("/job")
    _write(
        tmp_path,
        {
            "proc/self/cgroup": group,
            f"{above}/cpu.stat": "nr_periods 9\nnr_throttled 7\nthrottled_time 1",
            f"{folder}/cpu.stat": "nr_periods 9\nnr_throttled 3\nthrottled_time 1",
        },
    )
    assert host.cgroup_throttled_periods(tmp_path) == 7


def test_throttling_that_is_not_told_is_none_and_not_zero(tmp_path):
    assert host.cgroup_throttled_periods(tmp_path) is None
