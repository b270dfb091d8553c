"""What a person asks of a run, and the command that asks for the same again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks of a run.

    Attributes
    ----------
    devices
        Keys; all that are found if empty.
    expression
        Which cases, see :mod:`bench_lib.workloads.selection`; all if empty.
    rounds, budget_seconds
        None for the profile's own.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    refine
        Whether sizes are added near the crossovers, see :mod:`bench_lib.runner.refine`.
    until_budget
        Whether all of the budget is spent, even where everything asked for is settled before.
    energy
        Whether a part of the budget goes to what calls draw, see :mod:`bench_lib.devices.energy`.
    twin
        Key of a device to measure under a second name as well, and so to compare with itself; empty for none.
    prices
        Of an hour of each device by its key, kept for the report.
    workloads, models
        Files, and functions in files (``my_model.py:make``), to measure in place of what is built in.
    """

    profile: str = "quick"
    devices: tuple[str, ...] = ()
    expression: str = ""
    rounds: int | None = None
    budget_seconds: float | None = None
    seed: int = 0
    out: Path | None = None
    machine: str | None = None
    visit_timeout: float = 60.0
    refine: bool = True
    until_budget: bool = False
    energy: bool = False
    twin: str = ""
    prices: Mapping[str, float] = field(default_factory=dict)
    workloads: tuple[Path, ...] = ()
    models: tuple[str, ...] = ()


def command_of(request: Request) -> str:
    """Return the command that repeats a run, without any path."""
    words = ["crossover run", f"--profile {request.profile}"]
    words += [f"--workloads {path.name}" for path in request.workloads]
    words += [f"--model {Path(model).name}" for model in request.models]
    words += [f"--device {key}" for key in request.devices]
    if request.expression:
        words.append(f"-k '{request.expression}'")
    if request.rounds:
        words.append(f"--rounds {request.rounds}")
    if request.budget_seconds:
        words.append(f"--budget {request.budget_seconds:.0f}s")
    if not request.refine:
        words.append("--no-refine")
    if request.until_budget:
        words.append("--until-budget")
    if request.energy:
        words.append("--energy")
    words += [f"--price {key}={price:g}" for key, price in request.prices.items()]
    words.append(f"--seed {request.seed}")
    return " ".join(words)
