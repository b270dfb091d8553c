"""What differs between runs besides their numbers: machine, devices, versions, flags, settings, source of operations.

A number of one run may be set against a number of another; whoever does so says what else was different.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib import units
from bench_lib.records.bounds import Scalar
from bench_lib.records.checkout import COMMIT, short
from bench_lib.records.run import Run

ABSENT: Final = "not told"
"""What a run says of a fact that it does not hold."""

PASSING: Final = ("memory_available_nbytes", "threads_why", "devices")
"""Facts that change from minute to minute, or repeat what others say."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A fact in which runs differ.

    Attributes
    ----------
    group
        ``Machine``, ``Devices``, ``Software``, ``Precision``, ``Variables`` or ``Settings``.
    name
        Of the fact, in words.
    texts
        In words, one for each run, in their order; :data:`ABSENT` where a run does not tell it.
    """

    group: str
    name: str
    texts: tuple[str, ...]


def differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """Return the facts that are not the same in all runs, in the order in which the runs tell them.

    A fact that differs alike for several devices, such as the name of a CPU and of its one thread, is listed once.

    Names, text and versions are as the files have them: not fit to be shown before they are made harmless.
    """
    facts_of_runs = [_facts(run) for run in runs]
    names = dict.fromkeys(key for facts in facts_of_runs for key in facts)
    ordered = sorted(names, key=lambda key: GROUPS.index(key[0]))
    owners: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for key in ordered:
        group, owner, name = key
        texts = tuple(facts.get(key, ABSENT) for facts in facts_of_runs)
        if len(set(texts)) > 1:
            owners.setdefault((group, name, texts), []).append(owner)
    return tuple(
        Difference(group=group, name=f"{name} of {', '.join(of)}" if any(of) else name, texts=texts)
        for (group, name, texts), of in owners.items()
    )


def common_workloads(one: Run, other: Run) -> frozenset[str]:
    """Return the names of the operations that two runs measured from the same source."""
    ours, theirs = _sources(one), _sources(other)
    return frozenset(name for name in ours.keys() & theirs.keys() if ours[name] == theirs[name])


def changed_workloads(one: Run, other: Run) -> frozenset[str]:
    """Return the names of the operations that two runs have in common from different source: never to be compared."""
    return frozenset(_sources(one).keys() & _sources(other).keys()) - common_workloads(one, other)


def fact_name(key: str) -> str:
    """Return the name of a fact in words, its unit left to :func:`fact_value`."""
    return key.removesuffix("_nbytes").removesuffix("_seconds").replace("_", " ")


def fact_value(key: str, value: Scalar) -> str:
    """Return a fact in words, with the unit that its name ends in."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if key.endswith("_nbytes"):
            return units.nbytes(value)
        if key.endswith("_seconds") and value > 0:
            return units.seconds(value)
        return f"{value:g}" if isinstance(value, float) else str(value)
    return short(str(value)) if key == COMMIT else str(value)


GROUPS: Final = ("Machine", "Devices", "Software", "Precision", "Variables", "Settings")


def _facts(run: Run) -> dict[tuple[str, str, str], str]:
    """Return what a run tells: by group, device (empty for none) and name, in words."""
    settings: dict[str, Scalar] = {
        "measured_by": run.source,
        "instrument": run.instrument,
        "profile": run.profile,
        "rounds": run.rounds,
        "visits": run.visits,
        "budget_seconds": run.budget_seconds,
        "seed": run.seed,
        **run.settings,
    }
    rows: list[tuple[str, str, Mapping[str, Scalar]]] = [("Machine", "", {"machine": run.machine, **run.host})]
    for device in run.devices:
        own: dict[str, Scalar] = {"name": device.name, "threads": device.threads, "memory_nbytes": device.memory_nbytes}
        rows.append(("Devices", device.key, own | device.facts))
    rows += [("Software", "", run.software), ("Precision", "", run.precision)]
    rows += [("Variables", "", run.variables), ("Settings", "", settings)]
    return {
        (group, owner, key if group == "Variables" else fact_name(key)): fact_value(key, value)
        for group, owner, facts in rows
        for key, value in facts.items()
        if value not in (None, "") and key not in PASSING
    }


def _sources(run: Run) -> dict[str, tuple[str, str]]:
    """Return what each operation was measured from: the tool, and the hash of the source where it tells one."""
    return {workload.name: (run.source, workload.source_sha256) for workload in run.workloads}
