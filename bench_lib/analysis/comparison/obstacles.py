"""Why two sides, or a case of theirs, must not be compared: what differs that is not what is being compared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib.analysis.environment import ABSENT, Difference, changed_workloads, differences
from bench_lib.records.case import Case
from bench_lib.records.run import Run

FACTS: Final = ("machine", "threads", "torch", "cuda", "driver", "numpy", "flags", "source", "tool", "instrument")
"""What may stand between two sides; ``--across`` names what is compared, and so may differ."""

SOFTWARE: Final = ("torch", "cuda", "driver", "numpy")
ON_PURPOSE: Final = {
    "python": frozenset(SOFTWARE),
    "revision": frozenset({"source"}),
    "environment": frozenset({"threads", "flags"}),
    "nothing": frozenset[str](),
}
"""What a live comparison may differ in, by what it compares."""


@dataclass(frozen=True, kw_only=True)
class Obstacles:
    """What stands between two sides.

    Attributes
    ----------
    differences
        Everything that differs, obstacle or not.
    everywhere
        One sentence for each difference for which no case can be compared.
    devices
        The same for the cases of one device, by its key.
    workloads
        Names of the operations that were measured from different source.
    facts
        Which of :data:`FACTS` stand in the way, each once.
    """

    differences: tuple[Difference, ...]
    everywhere: tuple[str, ...]
    devices: dict[str, str]
    workloads: frozenset[str]
    facts: tuple[str, ...] = ()

    def of(self, case: Case) -> str:
        """Return why a case cannot be compared; empty where it can."""
        if self.everywhere:
            return "; ".join(self.everywhere)
        if case.device in self.devices:
            return self.devices[case.device]
        return "its source differs, so it is not the same operation" if case.workload in self.workloads else ""


def obstacles(before: Run, after: Run, across: Collection[str] = ()) -> Obstacles:
    """Return what stands between two runs.

    A fact that only one of them tells is no obstacle: it is among the differences.

    Parameters
    ----------
    across
        Of :data:`FACTS`: what is compared, and so may differ. What a live comparison differs in on purpose is known
        from its headers.
    """
    allowed = set(across) | ON_PURPOSE.get(paired_for(before, after), frozenset())
    differing = differences((before, after))
    everywhere: list[str] = []
    devices: dict[str, str] = {}
    facts: dict[str, None] = {}
    for one in differing:
        fact = _fact(one)
        if fact and fact not in allowed and ABSENT not in one.texts:
            facts[fact] = None
            sentence = f"{one.name} differs: {one.texts[0]} and {one.texts[1]}"
            devices |= dict.fromkeys(_device(one), sentence)
            everywhere += [] if _device(one) else [sentence]
    changed = frozenset[str]() if "source" in allowed else changed_workloads(before, after)
    if changed:
        facts["source"] = None
    return Obstacles(
        differences=differing, everywhere=tuple(everywhere), devices=devices, workloads=changed, facts=tuple(facts)
    )


def paired_for(before: Run, after: Run) -> str:
    """Return what a live comparison compared, if the two runs are its sides; empty where they are not.

    Round ``k`` of one and round ``k`` of the other were then made side by side.
    """
    a, b = before.settings, after.settings
    is_pair = bool(a.get("pair")) and a.get("pair") == b.get("pair") and a.get("side") != b.get("side")
    return str(a.get("compared", "")) if is_pair else ""


def _fact(difference: Difference) -> str:
    """Return which of :data:`FACTS` differs; empty for what is only worth telling."""
    name, _, _ = difference.name.partition(" of ")
    if difference.group == "Devices":
        return {"threads": "threads", "name": "machine", "driver": "driver"}.get(name, "")
    if difference.group == "Precision":
        return "flags"
    if difference.group == "Software" and name in SOFTWARE:
        return name
    others = {("Machine", "machine"): "machine", ("Settings", "measured by"): "tool"}
    return (others | {("Settings", "instrument"): "instrument"}).get((difference.group, name), "")


def _device(difference: Difference) -> Sequence[str]:
    """Return the keys of the devices that a difference is about."""
    _, _, owners = difference.name.partition(" of ")
    return owners.split(", ") if difference.group == "Devices" and owners else ()
