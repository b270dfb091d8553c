"""The largest size that fits: measured, and estimated in proportion."""

import dataclasses
import math

import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.analysis.memory import memory
from tests.support.builders import DEVICES, recording, roofline


def found(model=roofline, **peaks):
    run = recording(model=model)
    run = dataclasses.replace(run, samples=tuple(structs.replace(sample, **peaks) for sample in run.samples))
    table = memory(tidy([run]), [run])
    return {row.device: row for row in table.itertuples()}, run


def test_the_largest_size_that_was_ok_fits():
    rows, run = found()
    assert rows["cuda:0"].n_fits == 2**26
    assert math.isnan(rows["cuda:0"].n_too_large)
    assert rows["cuda:0"].nbytes_fits == next(one.nbytes for one in run.plan if one.case.n == 2**26)


def test_a_size_that_ran_out_of_memory_bounds_it():
    def full(case, rng):
        return ("oom", "full") if case.device == "cuda:0" and case.n >= 2**22 else roofline(case, rng)

    rows, _ = found(full)
    assert (rows["cuda:0"].n_fits, rows["cuda:0"].n_too_large) == (2**18, 2**22)
    assert rows["cpu"].n_fits == 2**26


def test_the_estimate_is_in_proportion_to_what_a_call_took_beside_its_working_set():
    rows, run = found(peak_allocated_nbytes=3 * 2**30)
    nbytes = rows["cuda:0"].nbytes_fits
    assert rows["cuda:0"].needed_nbytes == nbytes + 3 * 2**30
    total = DEVICES["cuda:0"].memory_nbytes
    assert rows["cuda:0"].fits_up_to_nbytes == pytest.approx(total * nbytes / (nbytes + 3 * 2**30))
    assert run.run.id == rows["cuda:0"].run


def test_host_memory_counts_where_the_device_tells_none():
    rows, _ = found(peak_host_nbytes=2**20)
    assert rows["cpu"].host_nbytes == 2**20
    assert rows["cpu"].needed_nbytes == rows["cpu"].nbytes_fits + 2**20


def test_what_a_call_takes_of_the_host_is_not_taken_from_a_device_that_tells():
    rows, _ = found(peak_allocated_nbytes=2**20, peak_host_nbytes=2**33)
    assert rows["cuda:0"].needed_nbytes == rows["cuda:0"].nbytes_fits + 2**20


def test_the_estimate_is_never_more_than_what_was_too_large():
    def full(case, rng):
        return ("oom", "full") if case.device == "cuda:0" and case.n >= 2**26 else roofline(case, rng)

    rows, run = found(full)
    assert rows["cuda:0"].fits_up_to_nbytes == next(one.nbytes for one in run.plan if one.case.n == 2**26)


def test_a_small_size_says_nothing_of_large_ones():
    def slow(case, rng):
        return ("too_slow", "slow") if case.n > 2**14 else roofline(case, rng)

    rows, _ = found(slow)
    assert rows["cuda:0"].nbytes_fits == 2**16
    assert math.isnan(rows["cuda:0"].fits_up_to_nbytes)


def test_a_device_of_unknown_memory_has_no_estimate():
    rows, _ = found()
    assert math.isnan(rows["cpu"].fits_up_to_nbytes)


def test_a_run_in_which_nothing_was_ok_has_no_rows():
    rows, _ = found(lambda case, rng: ("failed", "broken"))
    assert rows == {}
