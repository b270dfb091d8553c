"""The verb ``crossover run``: measures, and prints the answer.

Exit codes: 0 done, 2 some case failed or a file of operations could not be loaded, 4 usage, 130 interrupted.
"""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from bench_lib.cli.options import Devices, Expression, NoColor, Prices, ProfileName, Quiet, Seed, seconds_of, shown
from bench_lib.cli.show import print_end

OK: Final = 0
SOME_FAILED: Final = 2
INTERRUPTED: Final = 130


def run(
    profile: Annotated[ProfileName, typer.Option(help="quick (at most 3 minutes), standard (10) or full.")] = "quick",
    budget: Annotated[str | None, typer.Option(help="Wall-clock time at most, such as 90s, 3m or 1h.")] = None,
    device: Devices = None,
    expression: Expression = "",
    rounds: Annotated[int | None, typer.Option(min=1, max=1000, help="Fresh processes to measure in.")] = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Result file to write; must not exist.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this result file where it stopped.")] = None,
    machine: Annotated[str | None, typer.Option(help="Name for this machine in the results.")] = None,
    workloads: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.py", help="Your own operations; repeatable. Then only yours are measured."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.py:make", help="A function that returns your module and example inputs; as above."),
    ] = None,
    energy: Annotated[bool, typer.Option("--energy", help="Measure what calls draw, with 40 % of the budget.")] = False,
    price: Prices = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds after which a visit is given up.")] = 60.0,
    no_refine: Annotated[bool, typer.Option("--no-refine", help="Add no sizes near the crossovers.")] = False,
    until_budget: Annotated[
        bool, typer.Option("--until-budget", help="Spend all of the budget, even once everything is settled.")
    ] = False,
    list_cases: Annotated[bool, typer.Option("--list", help="Print the cases and measure nothing.")] = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Measure every device on the same operations, in one sitting, and print who wins where."""
    from bench_lib.records.hourly_prices import parse
    from bench_lib.report.terminal.progress import RunProgress
    from bench_lib.runner import run as runner
    from bench_lib.runner.request import Request

    request = Request(
        profile=profile,
        devices=tuple(device or ()),
        expression=expression,
        rounds=rounds,
        budget_seconds=seconds_of(budget) if budget else None,
        seed=seed,
        out=out,
        machine=machine,
        visit_timeout=timeout,
        energy=energy,
        prices=parse(price or ()),
        refine=not no_refine,
        until_budget=until_budget,
        workloads=tuple(workloads or ()),
        models=tuple(model or ()),
    )
    if list_cases:
        listed = runner.list_cases(request)
        print("\n".join(str(planned.case) for planned in listed.cases))
        print(*listed.not_loaded, sep="\n", end="\n" * bool(listed.not_loaded), file=sys.stderr)
        return SOME_FAILED if listed.not_loaded else OK
    progress = RunProgress(quiet=quiet, color=not no_color)
    try:
        ended = runner.resume(resume, request, progress) if resume else runner.run(request, progress)
    finally:
        progress.end()
    failed = print_end(ended.path, shown(ended.path), color=not no_color)
    print(shown(ended.path))
    if ended.outcome == "interrupted":
        print(f"interrupted: go on with crossover run --resume {shown(ended.path)}", file=sys.stderr)
        return INTERRUPTED
    return SOME_FAILED if failed else OK
