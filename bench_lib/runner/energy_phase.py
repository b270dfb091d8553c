"""Which cases get a loop for their energy, and in which order: the parent's side of ``--energy``.

A loop takes seconds, so that not every case can have one: each operation gets one size, the largest that every device
managed, with its devices one after the other.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from bench_lib.errors import RecordError, WorkerError
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.messages import MeasureEnergy
from bench_lib.records.sample import Energy
from bench_lib.records.sanitize import scrub
from bench_lib.runner.supervisor import Supervisor

LOOP_SECONDS: Final = 5.0
"""A counter that refreshes every 20 to 100 ms is then known to 2 %."""

OVERHEAD_SECONDS: Final = 3.0  # idle power, finding how many calls to make at a time, inputs that are made again

BUDGET_SHARE: Final = 0.4
"""Of the budget, kept for the loops."""

PREFERRED: Final = ("throughput", "latency")
"""How calls follow each other in the loop: back to back."""


def chosen(planned: Iterable[PlannedCase], ok: Iterable[Case]) -> tuple[Case, ...]:
    """Return the cases to measure the energy of, an operation's devices together.

    The operations come in an order of which every beginning is spread over the plan: a budget that holds a few loops
    gives some of each family.

    Parameters
    ----------
    ok
        Cases that have a time.
    """
    has_time = set(ok)
    by_operation: dict[tuple[str, str], dict[int, dict[str, Case]]] = {}
    for one in planned:
        case = one.case
        if case.residency != "resident" or case.timing not in PREFERRED or case not in has_time:
            continue
        devices = by_operation.setdefault((case.workload, case.dtype), {}).setdefault(case.n, {})
        known = devices.get(case.device)
        if known is None or PREFERRED.index(case.timing) < PREFERRED.index(known.timing):
            devices[case.device] = case
    operations = list(by_operation.values())
    spread = sorted(range(len(operations)), key=_mirrored)
    found: list[Case] = []
    for sizes in (operations[place] for place in spread):
        largest = max(sizes, key=lambda n: (len(sizes[n]), n))  # of the sizes that the most devices have
        found += sizes[largest].values()
    return tuple(found)


def draw(
    supervisor: Supervisor,
    works: Mapping[Case, PlannedCase],
    cases: Collection[Case],
    *,
    number: int,
    timeout: float,
    seconds_left: Callable[[], float],
) -> Iterator[Energy]:
    """Yield the energy of each case, or why there is none.

    Parameters
    ----------
    number
        Of the round that a new process is brought up for.
    timeout
        Seconds that a visit may take, beside the loop.
    seconds_left
        Of the budget.
    """
    for case in cases:
        if seconds_left() < LOOP_SECONDS + OVERHEAD_SECONDS:
            yield Energy(case=case, reason="the budget was spent before its loop")
            continue
        request = MeasureEnergy(planned=works[case], seconds=LOOP_SECONDS)
        try:
            yield supervisor.worker.ask(request, Energy, timeout=timeout + LOOP_SECONDS + OVERHEAD_SECONDS)
        except RecordError as err:
            yield Energy(case=case, reason=scrub(f"it cannot be recorded: {err}"))
        except WorkerError as err:
            supervisor.renew(number)
            yield Energy(case=case, reason=str(err))


def _mirrored(place: int) -> float:
    """Return a whole number's binary digits mirrored at the point: 1, 2, 3 become 1/2, 1/4, 3/4 (van der Corput)."""
    share, digit = 0.0, 0.5
    while place:
        place, rest = divmod(place, 2)
        share, digit = share + rest * digit, digit / 2
    return share
