"""A wait for a quiet process, with clocks of a test's own and with a real thread that spins; pages that were given."""

import mmap
import sys
import threading

import pytest

from bench_lib.measure.process_state import (
    MAX_IN_VAIN,
    MAX_WAIT_SECONDS,
    SHORT_WAIT_SECONDS,
    STEP_SECONDS,
    QuietWait,
    minor_faults,
)


class Process:
    """A process one thread of which spins for some seconds."""

    def __init__(self, spins: float) -> None:
        self.time, self.spins = 0.0, spins

    def now(self) -> float:
        return self.time

    def processor(self) -> float:
        return min(self.time, self.spins)

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def wait(self) -> QuietWait:
        return QuietWait(now=self.now, processor=self.processor, sleep=self.sleep)


def test_a_quiet_process_is_not_waited_for() -> None:
    wait = Process(spins=0.0).wait()()
    assert wait.quiet
    assert wait.seconds == pytest.approx(STEP_SECONDS)


@pytest.mark.parametrize("spins", [0.004, 0.02, 0.1])
def test_a_thread_that_spins_is_waited_for_until_it_sleeps(spins: float) -> None:
    wait = Process(spins).wait()()
    assert wait.quiet
    assert spins <= wait.seconds <= spins + 2 * STEP_SECONDS


def test_a_thread_that_spins_for_good_is_given_up_and_soon_no_longer_waited_for() -> None:
    wait = Process(spins=1e9).wait()
    waits = [wait() for _ in range(MAX_IN_VAIN + 1)]
    assert not any(one.quiet for one in waits)
    assert all(one.seconds == pytest.approx(MAX_WAIT_SECONDS, abs=2 * STEP_SECONDS) for one in waits[:-1])
    assert waits[-1].seconds == pytest.approx(SHORT_WAIT_SECONDS, abs=2 * STEP_SECONDS)


def test_once_it_was_quiet_it_is_waited_for_again() -> None:
    process = Process(spins=1e9)
    wait = process.wait()
    for _ in range(MAX_IN_VAIN + 1):
        wait()
    process.spins = process.time
    assert wait().quiet
    process.spins = 1e9
    assert wait().seconds == pytest.approx(MAX_WAIT_SECONDS, abs=2 * STEP_SECONDS)


def test_a_real_thread_that_spins_makes_a_wait_end_in_vain() -> None:
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        # Whoever else uses the processors may keep the thread from running for a step; not for all of them.
        assert not all(QuietWait()().quiet for _ in range(20))
    finally:
        stop.set()
        thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count page faults")
def test_pages_that_are_written_to_for_the_first_time_are_counted() -> None:
    before = minor_faults()
    pages = 256
    with mmap.mmap(-1, pages * mmap.PAGESIZE) as memory:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(pages):
            memory[page * mmap.PAGESIZE] = 1
    after = minor_faults()
    assert before is not None
    assert after is not None
    assert after - before >= pages
