"""The chips that narrow the page down: which there are, and which class of an element belongs to which.

The page filters with radio buttons and CSS alone, so it works without scripts. Names of dtypes and families are data,
so they become numbers in class names. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bench_lib.answer.words import clean

MAX_CHIPS: Final = 16
"""Chips of one kind; what lies beyond is shown under ``all`` only."""

DTYPE_ORDER: Final = ("float32", "tf32", "float64", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One choice: its class, its value in the URL's hash, and its label."""

    name: str
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The chips of a page, in order."""

    dtypes: tuple[Chip, ...]
    families: tuple[Chip, ...]

    def classes(self, dtypes: Iterable[str], families: Iterable[str]) -> str:
        """Return the classes of an element that belongs to some dtypes and families; ``x`` marks what is filtered."""
        mine = {clean(dtype) for dtype in dtypes} | {clean(family) for family in families}
        wanted = [chip.name for chip in (*self.dtypes, *self.families) if chip.value in mine]
        return " ".join(["x", *wanted])

    def css(self) -> str:
        """Return the rules that hide what does not belong to the chosen chip."""
        return "".join(
            f":root:has(#{chip.name}:checked) .x:not(.{chip.name}){{display:none}}"
            for chip in (*self.dtypes, *self.families)
        )


def find(dtypes: Iterable[str], families: Iterable[str]) -> Filters:
    """Return the chips for the dtypes and families of a page, each once."""
    ordered = sorted(
        {clean(dtype) for dtype in dtypes},
        key=lambda dtype: (DTYPE_ORDER.index(dtype) if dtype in DTYPE_ORDER else len(DTYPE_ORDER), dtype),
    )
    named = dict.fromkeys(clean(family) for family in families if family)
    return Filters(
        dtypes=_chips("d", ordered),
        families=_chips("f", named),
    )


def _chips(letter: str, values: Iterable[str]) -> tuple[Chip, ...]:
    return tuple(
        Chip(name=f"{letter}{index}", value=value, label=value.replace("_", " "))
        for index, value in enumerate(list(values)[:MAX_CHIPS])
    )
