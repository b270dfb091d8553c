"""What is set against what: the interpreter, the checkout and the variables of each side. Standard library only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bench_lib.host import usable_threads
from bench_lib.process import WorkerProcess
from bench_lib.records import Facts

SideName = Literal["a", "b"]
Compared = Literal["python", "revision", "environment", "nothing"]
"""What differs between the sides on purpose: the interpreter and its packages, the code, variables; or nothing."""

COMMIT_DIGITS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two things that are compared.

    Attributes
    ----------
    name
        ``a`` is before, ``b`` is after.
    label
        What a person calls it; never with a folder.
    python
        The interpreter that measures.
    folder
        The checkout whose code is measured; None for whatever is imported from where the command runs.
    environment
        Variables that its processes are given.
    commit
        The revision of the checkout; empty where there is none, or where it has changes of its own.
    """

    name: SideName
    label: str
    python: str = sys.executable
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""

    def start(self, seed: int, compile_cache: str) -> WorkerProcess:
        """Start a worker of this side.

        Raises
        ------
        WorkerError
            If its interpreter cannot be started.
        """
        return WorkerProcess(
            seed=seed,
            threads=usable_threads().count,
            python=self.python,
            compile_cache=compile_cache,
            folder=self.folder,
            environment=self.variables(),
        )

    def variables(self) -> dict[str, str]:
        """Return the variables of its processes; a package in ``src/`` of the checkout comes before one installed."""
        source = self.folder / "src" if self.folder else None
        path = {"PYTHONPATH": str(source)} if source and source.is_dir() else {}
        return path | dict(self.environment)

    def settings(self, pair: str, compared: Compared) -> Facts:
        """Return what the header of its file says of it."""
        names = ", ".join(f"{key}={value}" for key, value in self.environment.items())
        told: Facts = {"compared": compared, "pair": pair, "side": self.name, "label": self.label}
        if self.commit:
            told["commit"] = self.commit
        if names:
            told["environment"] = names
        return told
