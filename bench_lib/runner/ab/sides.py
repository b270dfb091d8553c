"""What is set against what: the interpreter, the checkout and the variables of each side."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench_lib.devices.host import usable_threads
from bench_lib.records.bounds import Facts
from bench_lib.records.checkout import COMMIT
from bench_lib.records.sanitize import scrub
from bench_lib.runner.process import WorkerProcess

SideName = Literal["a", "b"]
Compared = Literal["python", "revision", "environment", "nothing"]
"""What differs between the sides on purpose: the interpreter and its packages, the code, variables; or nothing."""


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
        Where its processes start, in the checkout whose code is measured; None for where the command runs.
    root, here
        The uppermost folder of that checkout, and of the one that the command runs in; None without a folder.
    environment
        Variables that its processes are given.
    commit
        The revision of the checkout, with a ``+`` behind it where it has changes of its own; empty where there is none.
    """

    name: SideName
    label: str
    python: str = sys.executable
    folder: Path | None = None
    root: Path | None = None
    here: Path | None = None
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
        """Return the variables of its processes: what lies in its checkout is imported before what is installed."""
        if self.folder is None or self.root is None:
            return dict(self.environment)
        given = self.environment.get("PYTHONPATH") or os.environ.get("PYTHONPATH")
        folders = dict.fromkeys(
            [self.folder / "src", self.folder, self.root / "src", self.root]  # that of a part before that of the whole
        )
        path = [str(folder) for folder in folders if folder.is_dir()] + ([given] if given else [])
        return dict(self.environment) | {"PYTHONPATH": os.pathsep.join(path)}

    def whole_environment(self) -> dict[str, str]:
        """Return all variables of a process, those that it inherits included."""
        return dict(os.environ) | self.variables()

    def place_of(self, file: Path) -> Path:
        """Return where a file of the present checkout lies in that of this side; one from elsewhere stays there."""
        if self.root is None or self.here is None:
            return file
        whole = file.resolve()
        return self.root / whole.relative_to(self.here) if whole.is_relative_to(self.here) else whole

    def settings(self, pair: str, compared: Compared) -> Facts:
        """Return what the header of its file says of it."""
        names = ", ".join(scrub(f"{key}={value}") for key, value in self.environment.items())
        told: Facts = {"compared": compared, "pair": pair, "side": self.name, "label": self.label}
        if self.commit:
            told[COMMIT] = self.commit
        if names:
            told["environment"] = names
        return told
