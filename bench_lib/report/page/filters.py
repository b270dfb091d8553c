"""The chips that narrow the page down: which there are, and which class of an element belongs to which.

The page filters with radio buttons and CSS alone, so it works without scripts. Names of dtypes, families and machines
are data, so they become numbers in class names.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from bench_lib.records.sanitize import clean

MAX_CHIPS: Final = 16
"""Chips of one kind; what lies beyond is shown under ``all`` only."""

DTYPE_ORDER: Final = ("float32", "tf32", "float64", "bfloat16", "float16")
RESIDENCIES: Final = {"resident": "already there", "roundtrip": "copied there and back"}
TIMINGS: Final = ("latency", "throughput", "device", "submit")

OPERATION: Final = "x"
"""Class of every element that belongs to an operation: dtype, family and search narrow it down."""


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One choice: its class, its value in the URL's hash, and its label."""

    name: str
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """The chips of one kind: its key in the URL's hash, its title, and the class of the elements that it narrows."""

    key: str
    title: str
    marker: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The chips of a page, in order, by kind."""

    dtypes: tuple[Chip, ...]
    families: tuple[Chip, ...]
    residencies: tuple[Chip, ...] = ()
    timings: tuple[Chip, ...] = ()
    runs: tuple[Chip, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """The kinds among which there is a choice."""
        every = (
            Group(key="dtype", title="dtype", marker=OPERATION, chips=self.dtypes),
            Group(key="family", title="Family", marker=OPERATION, chips=self.families),
            Group(key="residency", title="Data", marker="r", chips=self.residencies),
            Group(key="timing", title="Timing", marker="t", chips=self.timings),
            Group(key="run", title="Run", marker="m", chips=self.runs),
        )
        return tuple(group for group in every if len(group.chips) > 1)

    def classes(
        self,
        dtypes: Iterable[str],
        families: Iterable[str],
        *,
        residency: str = "",
        timing: str = "",
        runs: Iterable[str] = (),
    ) -> str:
        """Return the classes of an element: those of its chips, and a marker for each kind that it can be told by.

        Parameters
        ----------
        dtypes, families
            Those of the operations that it shows, one or more.
        residency, timing
            The one that all it shows has in common; empty where there are several, so that it is never hidden.
        runs
            Ids of the runs that it is from; none for what is never hidden.
        """
        mine = {clean(dtype) for dtype in dtypes} | {clean(family) for family in families}
        own = _members((*self.dtypes, *self.families), mine)
        ways = self.ways(residency=residency, timing=timing, runs=runs)
        return " ".join([OPERATION, *own, *ways.split()])

    def ways(self, *, residency: str = "", timing: str = "", runs: Iterable[str] = ()) -> str:
        """Return the classes of how something was measured, whatever the operation: those of :meth:`classes`."""
        found: list[str] = []
        for marker, chips, values in (
            ("r", self.residencies, {residency} - {""}),
            ("t", self.timings, {timing} - {""}),
            ("m", self.runs, {clean(run) for run in runs}),
        ):
            if values and len(chips) > 1:
                found += [marker, *_members(chips, values)]
        return " ".join(found)

    def css(self) -> str:
        """Return the rules that hide what does not belong to the chosen chip."""
        return "".join(
            f":root:has(#{chip.name}:checked) .{group.marker}:not(.{chip.name}){{display:none}}"
            for group in self.groups
            for chip in group.chips
        )


def find(
    dtypes: Iterable[str],
    families: Iterable[str],
    residencies: Iterable[str] = (),
    timings: Iterable[str] = (),
    runs: Iterable[tuple[str, str]] = (),
) -> Filters:
    """Return the chips for what a page holds, each once.

    Parameters
    ----------
    dtypes, families, residencies, timings
        In any order, also more than once.
    runs
        Id and machine of each: a chip names the machine, and the run where a machine has several.
    """
    ordered = sorted({clean(dtype) for dtype in dtypes}, key=lambda dtype: (_place(dtype, DTYPE_ORDER), dtype))
    named = dict.fromkeys(clean(family) for family in families if family)
    places, ways = set(residencies), set(timings)
    return Filters(
        dtypes=_chips("d", {dtype: dtype for dtype in ordered}),
        families=_chips("f", {family: family.replace("_", " ") for family in named}),
        residencies=_chips("r", {value: label for value, label in RESIDENCIES.items() if value in places}),
        timings=_chips("t", {timing: timing for timing in TIMINGS if timing in ways}),
        runs=_chips("m", _run_labels(dict(runs))),
    )


def _members(chips: Iterable[Chip], values: Collection[str]) -> list[str]:
    return [chip.name for chip in chips if chip.value in values]


def _place(value: str, order: tuple[str, ...]) -> int:
    return order.index(value) if value in order else len(order)


def _run_labels(machines: dict[str, str]) -> dict[str, str]:
    names = [clean(machine, 40) for machine in machines.values()]
    return {
        clean(run): name if names.count(name) == 1 else f"{name}, {clean(run, 40)}"
        for run, name in zip(machines, names, strict=True)
    }


def _chips(letter: str, labels: dict[str, str]) -> tuple[Chip, ...]:
    return tuple(
        Chip(name=f"{letter}{index}", value=value, label=label)
        for index, (value, label) in enumerate(list(labels.items())[:MAX_CHIPS])
    )
