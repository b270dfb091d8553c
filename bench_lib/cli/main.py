"""The command ``crossover``. Each verb reads as a few sentences; what is heavy is imported inside the verb.

Exit codes: 0 done, 1 the doctor finds this machine unfit or a comparison finds a regression, 2 some case failed, 3 a
comparison can tell nothing, 4 the request or a file cannot be used, 130 interrupted (and resumable).
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bench_lib import __version__
from bench_lib.cli.ab import ab
from bench_lib.cli.advise import advise
from bench_lib.cli.compare import compare
from bench_lib.cli.doctor import doctor
from bench_lib.cli.export import export
from bench_lib.cli.history import history
from bench_lib.cli.options import profile_of, seconds_of, shown
from bench_lib.cli.show import print_end, show
from bench_lib.errors import CrossoverError, UsageError

if TYPE_CHECKING:
    from bench_lib.records.run import Run

OK: Final = 0
SOME_FAILED: Final = 2
UNUSABLE: Final = 4
INTERRUPTED: Final = 130

app = typer.Typer(
    name="crossover",
    help="Measure when a GPU beats the CPU: for which operation, from which size, by how much.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
Prices = Annotated[
    list[str] | None, typer.Option("--price", help="What an hour of a device costs, such as cpu=0.40; repeatable.")
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR in the environment does the same.")]


def main() -> None:
    """Run the command line and exit with its documented code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(standalone_mode=False)
    except CrossoverError as err:
        code = _refuse(str(err))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as err:
        # Usage errors of the command line itself, whichever module of typer's releases defines them.
        sentence = getattr(err, "format_message", None)
        if sentence is None:
            raise
        code = _refuse(f"{sentence()} (crossover --help lists what there is)")
    sys.exit(code if isinstance(code, int) else OK)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"crossover {__version__}")
        raise typer.Exit(OK)


@app.command()
def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    no_color: NoColor = False,
) -> None:
    """Show what is here: devices, memory, usable threads and why, versions, precision flags."""
    from bench_lib.runner.run import describe

    here = describe()
    if as_json:
        print(json.dumps(here.as_object(), indent=2, ensure_ascii=False))
        return
    from bench_lib.report.terminal import console

    out = console.console(sys.stdout, color=not no_color)
    out.print(console.devices_table(here.devices, here.default))
    for title, facts in (("Host", here.host), ("Software", here.software), ("Precision", here.precision)):
        out.print(console.facts_table(title, facts))


@app.command()
def run(
    profile: Annotated[str, typer.Option(help="quick (at most 3 minutes), standard (10) or full.")] = "quick",
    budget: Annotated[str | None, typer.Option(help="Wall-clock time to keep to, such as 90s, 3m or 1h.")] = None,
    device: Annotated[list[str] | None, typer.Option(help="A device key; repeatable. Default: every device.")] = None,
    expression: Annotated[str, typer.Option("-k", help="Which cases: words with and, or, not, ( ).")] = "",
    rounds: Annotated[int | None, typer.Option(min=1, max=1000, help="Fresh processes to measure in.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the inputs and the order.")] = 0,
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
    list_cases: Annotated[bool, typer.Option("--list", help="Print the cases and measure nothing.")] = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Measure every device on the same operations, in one sitting, and print who wins where."""
    from bench_lib.records.hourly_prices import parse
    from bench_lib.report.terminal import console
    from bench_lib.runner import run as runner

    request = runner.Request(
        profile=profile_of(profile),
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
        workloads=tuple(workloads or ()),
        models=tuple(model or ()),
    )
    if list_cases:
        listed = runner.list_cases(request)
        print("\n".join(str(planned.case) for planned in listed.cases))
        print(*listed.not_loaded, sep="\n", end="\n" * bool(listed.not_loaded), file=sys.stderr)
        return SOME_FAILED if listed.not_loaded else OK
    progress = console.RunProgress(quiet=quiet, color=not no_color)
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


@app.command()
def report(
    files: Annotated[list[Path], typer.Argument(help="Result files: our own, asv's or pytest-benchmark's.")],
    out: Annotated[Path | None, typer.Option(help="HTML file to write. Default: results/reports/<name>.html.")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    price: Prices = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A run of a GPU to set a machine without one beside; repeatable."),
    ] = None,
    no_reference: Annotated[bool, typer.Option("--no-reference", help="Set no GPU of another machine beside.")] = False,
) -> None:
    """Write one self-contained HTML page from any mix of result files, and print its path."""
    from bench_lib.analysis.frame import tidy
    from bench_lib.records.hourly_prices import parse
    from bench_lib.records.reference import beside
    from bench_lib.records.storage import load, write_text
    from bench_lib.report.page import build_page

    if reference and no_reference:
        msg = "--reference and --no-reference exclude each other: give one of them"
        raise UsageError(msg)
    prices = parse(price or ())
    gc.disable()  # what is read stays until the page is written: looking for garbage would cost a fifth of the time
    try:
        recordings = [load(path) for path in files]
        page = out or _page_path(files[0], recordings[0].run)
        others = [load(path) for path in reference or ()]
        if not (others or no_reference):
            others = [*beside([recording.run for recording in recordings])]
        write_text(page, build_page(tidy(recordings), recordings, prices or None, others))
    finally:
        gc.freeze()  # nor does the interpreter search it once more on its way out
        gc.enable()
    if open_page:
        webbrowser.open(page.resolve().as_uri())
    print(shown(page))


app.command()(show)
app.command()(advise)
app.command()(doctor)
app.command()(export)
app.command()(history)
app.command()(ab)
app.command()(compare)


def _page_path(file: Path, run: Run) -> Path:
    """Return where a report goes: named after our own file, or after the run, since asv's names hold a path."""
    from bench_lib.records.storage import default_path

    name = file.name.split(".")[0] if run.source == "crossover" else default_path(run).stem
    return Path("results", "reports", f"{name}.html")


def _refuse(sentence: str) -> int:
    print(f"crossover: {sentence}", file=sys.stderr)
    return UNUSABLE


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
