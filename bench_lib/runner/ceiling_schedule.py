"""When ceilings are measured, for how long, and which shapes are repeated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bench_lib.errors import WorkerError
from bench_lib.records.messages import MeasureCeilings, MeasuredCeilings
from bench_lib.records.sample import Ceiling, ceiling_name
from bench_lib.runner.supervisor import Supervisor

FIRST_SECONDS: Final = {"quick": 1.0, "standard": 4.0, "full": 12.0}
"""For each device in the first round, which searches among shapes."""
REPEAT_SECONDS: Final = {"quick": 0.1, "standard": 0.4, "full": 1.0}
"""For each device in each later round, which repeats the best."""
MOST_OF_BUDGET: Final = 0.1
"""What all of it together may take of a run's time: half for the search, half for what is repeated."""
TIMEOUT_SECONDS: Final = 120.0


@dataclass(kw_only=True)
class CeilingSchedule:
    """Asks for the ceilings of a run's devices, and keeps in mind which shapes were the best.

    Attributes
    ----------
    devices
        How many share the time.
    """

    profile: str
    budget_seconds: float
    rounds: int
    devices: int
    _best: dict[str, dict[str, Ceiling]] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)

    def measure(self, supervisor: Supervisor, number: int) -> Iterator[Ceiling]:
        """Yield the ceilings of every device that is needed; one that costs its worker is not asked again."""
        for device in supervisor.devices():
            if device in self._lost:
                continue
            try:
                request = self.request(device, number)
                found = supervisor.worker.ask(request, MeasuredCeilings, timeout=TIMEOUT_SECONDS).ceilings
            except WorkerError as err:
                self._lost.add(device)
                supervisor.renew(number)
                yield Ceiling(device=device, quantity="matmul", round=number, reason=str(err))
                continue
            self.recall(found)
            yield from found

    def request(self, device: str, round_number: int) -> MeasureCeilings:
        """Return what a worker is asked."""
        known = {name: best.shape for name, best in self._best.get(device, {}).items()}
        return MeasureCeilings(device=device, round=round_number, seconds=self.seconds(device), known=known)

    def seconds(self, device: str) -> float:
        """Return the time for a device in the next round."""
        first = device not in self._best
        most = MOST_OF_BUDGET / 2 * self.budget_seconds / max(self.devices, 1)
        if first:
            return min(FIRST_SECONDS[self.profile], most)
        return min(REPEAT_SECONDS[self.profile], most / max(self.rounds - 1, 1))

    def recall(self, ceilings: Iterable[Ceiling]) -> None:
        """Take up what was seen, now or by an earlier session."""
        for ceiling in ceilings:
            if not ceiling.seconds:
                continue
            by_name = self._best.setdefault(ceiling.device, {})
            name = ceiling_name(ceiling.quantity, ceiling.dtype, 0 if ceiling.flop else ceiling.nbytes)
            best = by_name.get(name)
            if best is None or _seconds_per_work(ceiling) < _seconds_per_work(best):
                by_name[name] = ceiling


def _seconds_per_work(ceiling: Ceiling) -> float:
    return min(ceiling.seconds) / (ceiling.flop or ceiling.nbytes or 1.0)
