"""The waist of the hourglass: what was asked, what was seen, and how both are written as JSON.

A result file is JSON Lines. Each line is one object whose ``kind`` says which of the six line types it is:

``run``
    the header, first line: machine, devices, software, settings, seed, workloads (:class:`Run`)
``plan``
    cases that are to be measured, with their work (:class:`Plan`); a later line adds cases
``sample``
    what one visit to one case saw (:class:`Sample`)
``ceiling``
    the best that a device did of one thing in one round (:class:`Ceiling`)
``energy``
    what a loop of calls of one case drew (:class:`Energy`)
``finish``
    how a sitting ended (:class:`Finish`); a resumed run has several

Quantities are plain SI numbers with the unit in the name: ``seconds``, ``nbytes``, ``flop``. Derived numbers are
functions, never stored twice. Standard library only: both halves of the package import this module, and a reader needs
nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass
from typing import Any, Final, Self

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records.case import Case, Plan, PlannedCase, Residency, Timing
from bench_lib.records.decoding import MAX_ITEMS, MAX_LINE_BYTES, as_object, build, parse_strict
from bench_lib.records.run import (
    CREATED_PATTERN,
    MACHINE_PATTERN,
    RUN_ID_PATTERN,
    SCHEMA_VERSION,
    DeviceRecord,
    Facts,
    Finding,
    Mode,
    Run,
    Scalar,
    Severity,
    Source,
    WorkloadRecord,
)
from bench_lib.records.sample import (
    MAX_SECONDS,
    MIN_SECONDS,
    Ceiling,
    Energy,
    Finish,
    Outcome,
    Quantity,
    Sample,
    Status,
    Stop,
    is_time,
)
from bench_lib.records.sanitize import MAX_TEXT, scrub, shorten

__all__ = [
    "CREATED_PATTERN",
    "LINE_TYPES",
    "MACHINE_PATTERN",
    "MAX_ITEMS",
    "MAX_LINE_BYTES",
    "MAX_SECONDS",
    "MAX_TEXT",
    "MIN_SECONDS",
    "RUN_ID_PATTERN",
    "SCHEMA_VERSION",
    "Case",
    "Ceiling",
    "DeviceRecord",
    "Energy",
    "Facts",
    "Finding",
    "Finish",
    "Line",
    "Mode",
    "Outcome",
    "Plan",
    "PlannedCase",
    "Quantity",
    "Recording",
    "Residency",
    "Run",
    "Sample",
    "Scalar",
    "Severity",
    "Source",
    "Status",
    "Stop",
    "Timing",
    "WorkloadRecord",
    "from_json",
    "from_object",
    "is_time",
    "parse_strict",
    "scrub",
    "shorten",
    "to_json",
    "to_object",
]

R = typing.TypeVar("R")

Line = Run | Plan | Sample | Ceiling | Energy | Finish
LINE_TYPES: Final[tuple[type[Line], ...]] = (Run, Plan, Sample, Ceiling, Energy, Finish)
_ALWAYS_WRITTEN: Final = frozenset({"schema"})


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One result file, read.

    Attributes
    ----------
    plan
        All that was planned, each case once.
    additions
        The plan lines that added cases after a round, in their order.
    problems
        One sentence for each line that could not be used; empty for a clean file.
    """

    run: Run
    plan: tuple[PlannedCase, ...]
    samples: tuple[Sample, ...]
    finishes: tuple[Finish, ...] = ()
    additions: tuple[Plan, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    energies: tuple[Energy, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def spent_seconds(self) -> float:
        """Wall-clock seconds of all sittings; of one that was killed, what its visits add up to."""
        finished = sum(finish.wall_seconds for finish in self.finishes)
        return max(finished, sum(sample.wall_seconds for sample in self.samples))

    @property
    def busy_seconds(self) -> float:
        """Seconds of that which went into timed and warm-up calls, those for ceilings among them."""
        timed = sum(sum(sample.seconds) * sample.calls for sample in self.samples)
        timed += sum(sum(ceiling.seconds) * ceiling.calls for ceiling in self.ceilings)
        warmup = sum(sample.warmup_seconds for sample in self.samples)
        return timed + warmup + sum(finish.device_warmup_seconds for finish in self.finishes)

    def with_problem(self, sentence: str) -> Self:
        """Return a copy that carries one more problem."""
        return dataclasses.replace(self, problems=(*self.problems, sentence))


def to_json(line: Line) -> str:
    """Write one record as one line of strict JSON, without the newline.

    Fields that hold their default are left out, so that a file stays small.

    Raises
    ------
    RecordError
        If :func:`from_json` would not read it: a number that is not finite, a text with control characters (pass texts
        of unknown origin through :func:`scrub`), a wrong type, a line that is too long.
    """
    obj = as_object(line, always=_ALWAYS_WRITTEN)
    build(type(line), obj, line.kind)
    text = json.dumps({"kind": line.kind, **obj}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} bytes; this {line.kind} record has more: split it into several lines"
        raise RecordError(msg)
    return text


def from_json(text: str) -> Line:
    """Read one line, strictly: known kinds, known fields, right types, finite numbers, limited sizes.

    Raises
    ------
    RecordError
        If the line is not a record of this format.
    SchemaTooNew
        If it is a header of a newer format.
    """
    obj = parse_strict(text)
    if not isinstance(obj, dict):
        msg = f"a line is a JSON object; came {shorten(text)}"
        raise RecordError(msg)
    kind = obj.pop("kind", None)
    for line_type in LINE_TYPES:
        if kind == line_type.kind:
            if line_type is Run:
                _check_schema(obj.get("schema"))
            return typing.cast(Line, build(line_type, obj, line_type.kind))
    msg = f"the kind of a line is one of {', '.join(t.kind for t in LINE_TYPES)}; came {shorten(repr(kind))}"
    raise RecordError(msg)


def to_object(record: Any) -> dict[str, Any]:
    """Return a record or a part of one as a plain object, defaults left out."""
    return as_object(record)


def from_object(record_type: type[R], obj: object) -> R:
    """Read a record or a part of one from a plain object, strictly.

    Raises
    ------
    RecordError
        If the object is not one of ``record_type``.
    """
    return typing.cast(R, build(record_type, obj, record_type.__name__))


def _check_schema(schema: object) -> None:
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        msg = f"a header names its schema as a whole number from 1; came {shorten(repr(schema))}"
        raise RecordError(msg)
    if schema > SCHEMA_VERSION:
        msg = (
            f"this file has schema {schema} and this Crossover reads up to {SCHEMA_VERSION}: "
            "upgrade with pip install --upgrade tensor-crossover"
        )
        raise SchemaTooNew(msg)
