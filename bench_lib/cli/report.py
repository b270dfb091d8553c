"""The verb ``crossover report``: one self-contained page from result files."""

import gc
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from bench_lib.cli.options import Prices, Results, name_of, shown
from bench_lib.errors import UsageError

FOLDER: Final = Path("results", "reports")


def report(
    files: Results,
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
        page = out or FOLDER / f"{name_of(files[0], recordings[0].run)}.html"
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
