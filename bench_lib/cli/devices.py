"""The verb ``crossover devices``: what is here to measure on."""

import sys

from bench_lib.cli.options import AsJson, NoColor, print_json


def devices(
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> None:
    """Show what is here: devices, memory, usable threads and why, versions, precision flags, variables."""
    from bench_lib.runner.run import describe

    here = describe()
    if as_json:
        print_json(here.as_object())
        return
    from bench_lib.report.terminal import console

    out = console.console(sys.stdout, color=not no_color)
    out.print(console.devices_table(here.devices, here.default))
    groups = (("Host", here.host), ("Software", here.software), ("Precision", here.precision))
    for title, facts in (*groups, *((("Variables", here.variables),) if here.variables else ())):
        out.print(console.facts_table(title, facts))
