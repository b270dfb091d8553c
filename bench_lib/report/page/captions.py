"""Who and what a page is about, in the small print: the names at its top, and what stands under its figures."""

from collections.abc import Sequence

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings import naming
from bench_lib.analysis.pairings.pairings import Pairing, View
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.report.sentences import masthead, words
from bench_lib.report.theme import device_series


def masthead_sides(run: Run, lead: Sequence[Pairing]) -> list[dict[str, str]]:
    """Return the full names at the top: GPU and CPU, or the CPU alone."""
    styles = device_series((device.key, device.kind) for device in run.devices)
    if lead and lead[0].has_gpu:
        sides = [*(pairing.device for pairing in lead), lead[0].baseline]
        return [
            {"name": masthead.full_name(side.name, side.threads), "color": styles[side.key].color} for side in sides
        ]
    names: dict[str, dict[str, str]] = {}
    for device in sorted(run.devices, key=lambda device: (device.key != "cpu", not is_gpu(device.kind))):
        name = clean(device.name)
        names.setdefault(name, {"name": masthead.full_name(name, device.threads), "color": styles[device.key].color})
    return list(names.values())[:3]


def meta(run: Run, recordings: Sequence[Recording]) -> list[str]:
    """Return when, where and by which run the headline was measured."""
    facts = [words.date(run.created), clean(run.machine), f"run {clean(run.id)}"]
    if len(recordings) > 1:
        facts.append(f"{units.count(len(recordings))} runs on this page, the headline is of this one")
    return facts


def provenance(view: View, *, both: bool) -> str:
    """Return the grey line under a figure, so that a picture of it stands alone.

    ``both`` for a figure that shows a GPU's data in place and its round trip as well, else the view's own.
    """
    pairing = view.pairing
    own = "round trip" if view.residency == "roundtrip" else "resident"
    shown = f"latency, {'resident and round trip' if pairing.has_gpu else 'resident'}" if both else None
    return _line(_names(pairing), _runs(pairing), pairing.pairs, shown or f"{view.timing}, {own}")


def of_several(views: Sequence[View]) -> str:
    """Return the grey line under a figure that shows one way to look at several runs."""
    names = [" and ".join(_names(view.pairing)) for view in views]
    own = "round trip" if views[0].residency == "roundtrip" else "resident"
    pairs = max((view.pairing.pairs for view in views), key=lambda pairs: int(pairs["rounds"].max()))
    return _line(names, [view.pairing.run for view in views], pairs, f"{views[0].timing}, {own}")


def of_run(run: Run, names: Sequence[str], measured: pd.DataFrame, shown: str) -> str:
    """Return the grey line under a figure of one run: ``measured`` has the rounds of its cases."""
    return _line(names, [run], measured, shown)


def of_runs(runs: Sequence[Run], estimates: pd.DataFrame) -> str:
    """Return the grey line under a table of the devices of several runs, from their estimates."""
    names = [f"{naming.device_name(run)} of {clean(run.machine)}" for run in runs]
    shown = estimates[estimates["run"].isin([run.id for run in runs])]
    return _line(names, runs, shown, "latency")


def _names(pairing: Pairing) -> list[str]:
    baseline = masthead.full_name(pairing.baseline.name, pairing.baseline.threads)
    if pairing.crosses:
        sides = (pairing.device, pairing.baseline)
        return [f"{masthead.full_name(one.name, one.threads)} of {clean(one.run.machine)}" for one in sides]
    if pairing.has_gpu:
        return [pairing.device.name, baseline]
    return [masthead.full_name(pairing.device.name, pairing.device.threads)]


def _runs(pairing: Pairing) -> list[Run]:
    return [pairing.device.run, pairing.baseline.run] if pairing.crosses else [pairing.run]


def _line(names: Sequence[str], runs: Sequence[Run], pairs: pd.DataFrame, shown: str) -> str:
    """Return the facts of a grey line: of several runs each, where they differ."""
    software = [", ".join(_versions(run)) for run in runs]
    alike = len(set(software)) == 1
    apart = "two machines" if len({run.machine for run in runs}) > 1 else "one machine"
    visits = words.listed(list(dict.fromkeys(str(run.visits) for run in runs)))
    facts = [
        *names,
        *([f"{apart if len(runs) == 2 else f'{len(runs)} runs'}, measured apart"] if len(runs) > 1 else []),
        *(_versions(runs[0]) if alike else software),
        shown,
        "float32 unless a row names its dtype",
        f"medians of {units.count(int(pairs['rounds'].max()), 'round')} of "
        + (units.count(runs[0].visits, "visit") if visits.isdecimal() else f"{visits} visits"),
        *(f"run {clean(run.id)}" for run in runs),
        "times: lower is better",
    ]
    return " \N{MIDDLE DOT} ".join(facts)


def _versions(run: Run) -> list[str]:
    """Return the versions and precision that a figure's grey line names."""
    facts = [
        f"{name} {clean(run.software[key], 40)}"
        for key, name in (("torch", "torch"), ("numpy", "NumPy"), ("cuda", "CUDA"))
        if run.software.get(key)
    ]
    matmul = run.precision.get("cuda_matmul_fp32")
    if run.software.get("cuda") and matmul is not None:
        facts.append(f"TF32 {'off' if matmul == 'ieee' else 'on'}")
    return facts
