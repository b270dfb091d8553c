"""The rise of resident memory: real on Linux, and None where the system does not tell."""

import sys
from pathlib import Path

import pytest

from bench_lib.devices.memory import host_growth_nbytes

MIB = 2**20


def folder(tmp_path: Path, status: str) -> Path:
    (tmp_path / "status").write_text(status)
    return tmp_path


def test_it_is_the_peak_less_what_was_resident_before(tmp_path):
    where = folder(tmp_path, "Name:\tx\nVmHWM:\t    900 kB\nVmRSS:\t    100 kB\n")
    assert host_growth_nbytes(lambda: None, where) == 800 * 1024
    assert (where / "clear_refs").read_text() == "5"


def test_a_peak_below_what_was_resident_is_no_growth(tmp_path):
    assert host_growth_nbytes(lambda: None, folder(tmp_path, "VmHWM: 100 kB\nVmRSS: 900 kB\n")) == 0


@pytest.mark.parametrize("status", ["", "VmRSS: 900 kB\n", "VmHWM: 900 kB\n"])
def test_where_a_number_is_missing_nothing_is_known_and_the_call_is_made_all_the_same(tmp_path, status):
    made = []
    assert host_growth_nbytes(lambda: made.append(1), folder(tmp_path, status)) is None
    assert made == [1]


def test_without_a_proc_file_system_nothing_is_known(tmp_path):
    assert host_growth_nbytes(lambda: None, tmp_path / "absent") is None


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason=f"{sys.platform} does not tell the peak")
def test_what_a_real_call_touches_is_counted_and_what_it_frees_too():
    grown = host_growth_nbytes(lambda: bytearray(64 * MIB).count(1))
    if grown is None:
        pytest.skip("the kernel hides clear_refs here")
    assert 60 * MIB < grown < 128 * MIB
    idle = host_growth_nbytes(lambda: None)
    assert idle is not None
    assert idle < 4 * MIB
