"""The verb ``crossover doctor``: tests the instrument on this machine and says what to do.

Exit codes: 0 fit, 1 unfit.
"""

import sys
from typing import Annotated, Final

import typer

from bench_lib.cli.options import AsJson, Devices, NoColor, print_json

FIT: Final = 0
UNFIT: Final = 1


def doctor(
    device: Devices = None,
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="How long to test.")] = 30.0,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Test the instrument on this machine: timers, waiting, noise, and what surrounds them. Exit code 1 if unfit."""
    from bench_lib.runner.doctor_client import diagnose

    diagnosis = diagnose(tuple(device or ()), seconds=seconds)
    if as_json:
        print_json(diagnosis.as_object())
    else:
        from bench_lib.report.terminal import console

        console.console(sys.stdout, color=not no_color).print(console.findings_table(diagnosis.findings))
        print("fit to measure" if diagnosis.fit else "unfit: numbers measured here cannot be believed")
    return FIT if diagnosis.fit else UNFIT
