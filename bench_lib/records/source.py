"""Where workloads come from that are not built in: a file, a function in one, an installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from bench_lib.records.bounds import Record

GROUP: Final = "crossover.workloads"
"""The group of entry points in which a package names its workloads."""


class Source(Record, frozen=True, kw_only=True):
    """One place that workloads come from.

    Attributes
    ----------
    kind
        ``workloads``: a Python file; ``model``: a function in one; ``package``: an entry point of an installed package.
    place
        An absolute path, with ``:function`` after it for a model; ``name = module:attribute`` for a package.
    """

    kind: Literal["workloads", "model", "package"]
    place: str

    @property
    def name(self) -> str:
        """What a person and a record call it: never with a folder."""
        return self.place.partition(" = ")[0] if self.kind == "package" else Path(self.place).name

    @property
    def is_asked_for(self) -> bool:
        """Whether a person named it: then the built-in workloads are not measured."""
        return self.kind != "package"
