"""The header of a result file: which machine, which devices, which software, and how the measurement was set.

Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from bench_lib.errors import RecordError
from bench_lib.records.sanitize import shorten

SCHEMA_VERSION: Final = 2
"""Version of the format.

History
-------
1. First format.
2. Lines for ceilings and energy; execution modes, findings of the doctor, compile time, peak host memory, and the round
   after which cases were added to a plan. Files of the first format are read as they are.
"""

Scalar = str | int | float | bool | None
Facts = dict[str, Scalar]
"""A flat object of named facts: no nesting, so no depth to limit."""

Source = Literal["crossover", "asv", "pytest-benchmark"]
Mode = Literal["eager", "compiled", "graph"]
Severity = Literal["ok", "note", "warning", "unfit"]

MACHINE_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
RUN_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
CREATED_PATTERN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|\+00:00)"
)


@dataclass(frozen=True, kw_only=True)
class DeviceRecord:
    """A device as it was found. ``facts`` holds driver, compute capability, BLAS and the like."""

    key: str
    kind: str
    name: str
    threads: int | None = None
    memory_nbytes: int | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WorkloadRecord:
    """A workload as the report prints it. Numbers of two different ``source_sha256`` are not compared.

    Attributes
    ----------
    mode
        How it is executed: ``eager``, ``compiled`` (``torch.compile``) or ``graph`` (a captured CUDA graph).
    eager
        Name of the same workload executed eagerly; empty where this is the eager one.
    multiple
        Sizes that are added between two others are multiples of this.
    lazy
        Whether a call may return before its bytes are touched: a view, or new pages. No bandwidth follows from them.
    """

    name: str
    family: str
    expression: str
    size: str = ""
    source_sha256: str = ""
    mode: Mode = "eager"
    eager: str = ""
    multiple: int = 1
    lazy: bool = False


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the doctor looked at.

    Attributes
    ----------
    check
        What was looked at, such as ``timer`` or ``governor``; with the device's key where it is about one.
    severity
        ``ok``; ``note``: worth knowing; ``warning``: numbers will be noisier or slower than they need be; ``unfit``:
        numbers cannot be believed.
    found
        What was seen, one sentence.
    advice
        What to do about it; empty where nothing needs doing.
    """

    check: str
    severity: Severity
    found: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The header of a result file.

    Attributes
    ----------
    created
        UTC, ISO 8601, such as ``2026-01-31T12:00:00+00:00``.
    machine
        Named by its parts (``amd-epyc-2c``), never by its host name.
    host, software, precision, settings
        Flat facts: the machine sheet, versions, precision flags, and how the measurement was set.
    findings
        What the short version of ``crossover doctor`` found before the run.
    command
        The command that repeats the run, without any path.
    """

    kind: ClassVar[str] = "run"
    schema: int = SCHEMA_VERSION
    id: str
    created: str
    machine: str
    profile: str
    seed: int
    rounds: int
    visits: int
    budget_seconds: float | None = None
    source: Source = "crossover"
    command: str = ""
    host: Facts = field(default_factory=dict)
    software: Facts = field(default_factory=dict)
    precision: Facts = field(default_factory=dict)
    settings: Facts = field(default_factory=dict)
    devices: tuple[DeviceRecord, ...] = ()
    workloads: tuple[WorkloadRecord, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if not MACHINE_PATTERN.fullmatch(self.machine):
            msg = (
                f"a machine name is lower-case letters, digits, dots and hyphens, at most 63 of them; "
                f"{shorten(self.machine)} is not: choose another with --machine"
            )
            raise RecordError(msg)
        if not RUN_ID_PATTERN.fullmatch(self.id):
            msg = f"a run id is letters, digits, dots, hyphens and underscores; {shorten(self.id)} is not"
            raise RecordError(msg)
        if not CREATED_PATTERN.fullmatch(self.created):
            msg = f"created is UTC in ISO 8601, such as 2026-01-31T12:00:00+00:00; came {shorten(self.created)}"
            raise RecordError(msg)
