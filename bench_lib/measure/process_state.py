"""What this process does beside a call: how busy its threads are, and how many pages it was given.

The threads of a library may go on spinning after its call has returned, for 100 ms in NumPy's OpenBLAS. On a machine
with as many threads as processors, they hold up the next library's. Which library it is does not matter here: all that
counts is the processor time of the whole process.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

STEP_SECONDS: Final = 0.5e-3
BUSY_SHARE: Final = 0.15
"""Processor time of the process over wall-clock time, from which on a thread of it is at work. The wait itself takes
some 5 %, a thread that spins 100 %."""

MAX_WAIT_SECONDS: Final = 0.12  # OpenBLAS lets its threads spin for about 100 ms
MAX_IN_VAIN: Final = 5
SHORT_WAIT_SECONDS: Final = 2 * STEP_SECONDS


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How a wait for a quiet process ended.

    Attributes
    ----------
    seconds
        That it took.
    quiet
        Whether the process came to rest.
    """

    seconds: float
    quiet: bool


@dataclass(kw_only=True)
class QuietWait:
    """Waits before a visit until no thread of this process works.

    A thread that works for good, of a user's code for instance, is given up: after a few waits in vain the next ones
    are short.
    """

    now: Callable[[], float] = time.perf_counter
    processor: Callable[[], float] = time.process_time
    sleep: Callable[[float], object] = time.sleep
    _in_vain: int = 0

    def __call__(self) -> Wait:
        """Wait in short steps until the process uses next to nothing in one, at most :data:`MAX_WAIT_SECONDS`."""
        most = SHORT_WAIT_SECONDS if self._in_vain >= MAX_IN_VAIN else MAX_WAIT_SECONDS
        started = before = self.now()
        used = self.processor()
        while True:
            self.sleep(STEP_SECONDS)
            after, used_now = self.now(), self.processor()
            if used_now - used < BUSY_SHARE * (after - before):
                self._in_vain = 0
                return Wait(seconds=after - started, quiet=True)
            if after - started >= most:
                self._in_vain += 1
                return Wait(seconds=after - started, quiet=False)
            before, used = after, used_now


def minor_faults() -> int | None:
    """Return how many pages this process was given so far without a disk; None where the system does not count them.

    A call that writes to fresh pages pays for each of them, 0.1 to 2 microseconds; see getrusage(2), ``ru_minflt``.
    """
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
