"""The command ``crossover``: its verbs, each in a file of its own, and how its errors end.

Exit codes: 0 done, 1 the doctor finds this machine unfit or a comparison finds a regression, 2 some case failed, 3 a
comparison can tell nothing, 4 the request or a file cannot be used, 130 interrupted (and resumable). A verb imports
what is heavy inside, so that help comes at once.
"""

import signal
import sys
from typing import Annotated, Final

import typer

from bench_lib import __version__
from bench_lib.cli.ab import ab
from bench_lib.cli.advise import advise
from bench_lib.cli.compare import compare
from bench_lib.cli.devices import devices
from bench_lib.cli.doctor import doctor
from bench_lib.cli.export import export
from bench_lib.cli.history import history
from bench_lib.cli.report import report
from bench_lib.cli.run import INTERRUPTED, OK, run
from bench_lib.cli.show import show
from bench_lib.errors import CrossoverError

UNUSABLE: Final = 4
VERBS: Final = (devices, run, report, show, advise, doctor, export, history, ab, compare)

app = typer.Typer(
    name="crossover",
    help="Measure when a GPU beats the CPU: for which operation, from which size, by how much.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in VERBS:
    app.command()(verb)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"crossover {__version__}")
        raise typer.Exit(OK)


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
        said = sentence().replace("Value error, ", "")  # which newer releases of typer put before a choice
        code = _refuse(f"{said} (crossover --help lists what there is)")
    sys.exit(code if isinstance(code, int) else OK)


def _refuse(sentence: str) -> int:
    print(f"crossover: {sentence}", file=sys.stderr)
    return UNUSABLE


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
