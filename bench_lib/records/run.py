"""The header of a result file: which machine, which devices, which software, and how the measurement was set."""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, field

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records.bounds import Facts, Items, Real, Record, TaggedRecord, Text, Whole
from bench_lib.records.sanitize import MAX_TEXT, shorten

SCHEMA_VERSION: Final = 3
"""Version of the format.

History
-------
1. First format.
2. Lines for ceilings and energy; execution modes, findings of the doctor, compile time, peak host memory, and the round
   after which cases were added to a plan.
3. The instrument's version and the variables that change how libraries compute; of each visit the wait for a quiet
   process and the page faults. Files of earlier formats are read as they are.
"""

INSTRUMENT: Final = 2
"""Version of how a visit is measured. Numbers of two versions are not compared: they may differ by what changed here.

History
-------
1. Visits follow one another at once: the threads of NumPy's BLAS may still spin when the next library is measured.
2. A visit waits until the process is quiet, and idle threads of OpenBLAS sleep soon.
"""

Source = Literal["crossover", "asv", "pytest-benchmark"]
Mode = Literal["eager", "compiled", "graph"]
Severity = Literal["ok", "note", "warning", "unfit"]

MACHINE_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
RUN_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
CREATED_PATTERN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|\+00:00)"
)


def _shaped(pattern: re.Pattern[str]) -> Meta:
    """Tell the schema a pattern that the record checks itself, for a message that says what to do."""
    return Meta(max_length=MAX_TEXT, extra_json_schema={"pattern": f"^(?:{pattern.pattern})$"})


class DeviceRecord(Record, frozen=True, kw_only=True):
    """A device as it was found. ``facts`` holds driver, compute capability, BLAS and the like."""

    key: Text
    kind: Text
    name: Text
    threads: Whole | None = None
    memory_nbytes: Whole | None = None
    facts: Facts = field(default_factory=dict)


class WorkloadRecord(Record, frozen=True, kw_only=True):
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

    name: Text
    family: Text
    expression: Text
    size: Text = ""
    source_sha256: Text = ""
    mode: Mode = "eager"
    eager: Text = ""
    multiple: Whole = 1
    lazy: bool = False


class Finding(Record, frozen=True, kw_only=True):
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

    check: Text
    severity: Severity
    found: Text
    advice: Text = ""


class Run(TaggedRecord, frozen=True, kw_only=True, tag="run"):
    """The header of a result file.

    Attributes
    ----------
    instrument
        See :data:`INSTRUMENT`; 1 in files that do not name it.
    variables
        Environment variables that change how libraries compute, as the measuring process had them: a value is kept
        where it is a number or a known word.
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

    schema: Annotated[int, Meta(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    id: Annotated[str, _shaped(RUN_ID_PATTERN)]
    created: Annotated[str, _shaped(CREATED_PATTERN)]
    machine: Annotated[str, _shaped(MACHINE_PATTERN)]
    profile: Text
    seed: Whole
    rounds: Whole
    visits: Whole
    budget_seconds: Real | None = None
    source: Source = "crossover"
    instrument: Whole = 1
    command: Text = ""
    host: Facts = field(default_factory=dict)
    software: Facts = field(default_factory=dict)
    precision: Facts = field(default_factory=dict)
    variables: Facts = field(default_factory=dict)
    settings: Facts = field(default_factory=dict)
    devices: Items[DeviceRecord] = ()
    workloads: Items[WorkloadRecord] = ()
    findings: Items[Finding] = ()

    @property
    def unfit(self) -> dict[str, str]:
        """What the doctor found unfit: the sentence that says why, by the device's key."""
        found: dict[str, str] = {}
        for finding in self.findings:
            if finding.severity == "unfit":
                name = finding.check.rpartition(" ")[2]
                key = "cpu" if finding.check == "threads" else name
                found.setdefault(key, f"{finding.check}: {finding.found}")
        keys = {device.key for device in self.devices}
        return {key: sentence for key, sentence in found.items() if key in keys}

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


def require_schema(schema: object) -> None:
    """Refuse a header that names no schema, or one that is newer than this code.

    Raises
    ------
    RecordError, SchemaTooNew
    """
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        msg = f"a header names its schema as a whole number from 1; came {shorten(repr(schema))}"
        raise RecordError(msg)
    if schema > SCHEMA_VERSION:
        msg = (
            f"this file has schema {schema} and this Crossover reads up to {SCHEMA_VERSION}: "
            "upgrade with pip install --upgrade tensor-crossover"
        )
        raise SchemaTooNew(msg)
