"""What the parent asks a measuring process, and what that answers: one line of JSON each, typed as a file's lines are.

A visit is answered by the very line that the result file gets.
"""

from pathlib import Path
from typing import Final, Literal, TypeVar

from msgspec import structs

from bench_lib import errors
from bench_lib.errors import CrossoverError
from bench_lib.records.bounds import Facts, Items, Real, Record, TaggedRecord, Text, Whole
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.recording import decode
from bench_lib.records.run import DeviceRecord, Finding, WorkloadRecord
from bench_lib.records.sample import Ceiling, Energy, Sample

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


class Describe(TaggedRecord, frozen=True, kw_only=True, tag="describe"):
    """Say what is here."""


class MachineFacts(TaggedRecord, frozen=True, kw_only=True, tag="machine"):
    """What a machine has, as its worker found it. ``default`` is the device that the lesson's check picks."""

    machine: Text
    default: Text
    devices: Items[DeviceRecord]
    host: Facts
    software: Facts
    precision: Facts
    variables: Facts

    def as_object(self) -> dict[str, object]:
        """Return it as a plain object, for JSON."""
        return {**structs.asdict(self), "devices": [structs.asdict(device) for device in self.devices]}


class LoadSource(TaggedRecord, frozen=True, kw_only=True, tag="load"):
    """Take in the workloads of one source; those of a user's file or function in place of the built-in ones."""

    source: Source


class LoadedWorkloads(TaggedRecord, frozen=True, kw_only=True, tag="loaded"):
    """The workloads of a source, by name: the hash of the source of each."""

    workloads: dict[Text, Text]


class LoseWorkloads(TaggedRecord, frozen=True, kw_only=True, tag="lose"):
    """Forget workloads that were there when the run began, each for a reason: a visit to one is a failure."""

    reasons: dict[Text, Text]


class Done(TaggedRecord, frozen=True, kw_only=True, tag="done"):
    """It is done, and there is nothing to say of it."""


class MakePlan(TaggedRecord, frozen=True, kw_only=True, tag="plan"):
    """Say which cases a profile has on some devices; all that are found if none is named."""

    profile: Text
    devices: Items[Text]
    expression: Text


class PlannedCases(TaggedRecord, frozen=True, kw_only=True, tag="planned"):
    """The cases of a plan, and what there is to say of their workloads."""

    cases: Items[PlannedCase]
    workloads: Items[WorkloadRecord]


class AddCases(TaggedRecord, frozen=True, kw_only=True, tag="add"):
    """Say what work cases have that are to be added to a plan, and why one cannot be."""

    cases: Items[Case]


class AddedCases(TaggedRecord, frozen=True, kw_only=True, tag="added"):
    """The work of the cases that can be added, and a sentence for each other one."""

    cases: Items[PlannedCase]
    declined: Items[Text]


class WarmUp(TaggedRecord, frozen=True, kw_only=True, tag="warm"):
    """Bring a device up with so many seconds of its own kind of work, and ``torch.compile`` for it if asked for."""

    device: Text
    seconds: Real
    compiler: bool = False


class WarmedUp(TaggedRecord, frozen=True, kw_only=True, tag="warmed"):
    """Seconds that it took, or why the device does not come up."""

    seconds: Real
    failed: Text = ""


class RunDoctor(TaggedRecord, frozen=True, kw_only=True, tag="doctor"):
    """Test the instrument on some devices, for so many seconds; on all that are found if none is named."""

    devices: Items[Text]
    seconds: Real


class DoctorReport(TaggedRecord, frozen=True, kw_only=True, tag="findings"):
    """What the doctor found, and whether this process can go on with the devices."""

    findings: Items[Finding]
    usable: bool


class MeasureCeilings(TaggedRecord, frozen=True, kw_only=True, tag="ceilings"):
    """Measure the best that a device does of one thing at a time.

    Attributes
    ----------
    known
        The best shapes of an earlier round, by :func:`bench_lib.records.sample.ceiling_name`; empty in the first.
    """

    device: Text
    round: Whole
    seconds: Real
    known: dict[Text, Text]


class MeasuredCeilings(TaggedRecord, frozen=True, kw_only=True, tag="measured_ceilings"):
    """Ceilings of one device in one round."""

    ceilings: Items[Ceiling]


class FindCounters(TaggedRecord, frozen=True, kw_only=True, tag="counters"):
    """Say which of some devices have no counter of energy, and why."""

    devices: Items[Text]


class MissingCounters(TaggedRecord, frozen=True, kw_only=True, tag="missing_counters"):
    """The devices without a counter of energy, and why each has none."""

    missing: dict[Text, Text]


class MeasureEnergy(TaggedRecord, frozen=True, kw_only=True, tag="energy"):
    """Measure what so many seconds of a loop of calls draw."""

    planned: PlannedCase
    seconds: Real


class Visit(TaggedRecord, frozen=True, kw_only=True, tag="visit"):
    """Measure a case once.

    Attributes
    ----------
    round, visit
        Which process, and which visit within it.
    check
        Whether the result is compared with the reference, and memory noted.
    visit_seconds, target
        Time for the visit, and the relative half width of the interval at which it ends.
    calls, blocks
        Calls per block and blocks, where that is asked for; 0 for as many as it takes.
    most_blocks
        At which a visit ends, however wide its interval; 0 for no such limit.
    """

    planned: PlannedCase
    round: Whole
    visit: Whole
    check: bool
    visit_seconds: Real
    target: Real
    calls: Whole = 0
    blocks: Whole = 0
    most_blocks: Whole = 0


class Refusal(TaggedRecord, frozen=True, kw_only=True, tag="refusal"):
    """A request that cannot be done: the name of the error in :mod:`bench_lib.errors`, and what it says."""

    error: str
    message: str


Request = (
    Describe
    | LoadSource
    | LoseWorkloads
    | MakePlan
    | AddCases
    | WarmUp
    | RunDoctor
    | MeasureCeilings
    | FindCounters
    | MeasureEnergy
    | Visit
)
Answer = (
    MachineFacts
    | LoadedWorkloads
    | Done
    | PlannedCases
    | AddedCases
    | WarmedUp
    | DoctorReport
    | MeasuredCeilings
    | MissingCounters
    | Energy
    | Sample
    | Refusal
)
A = TypeVar("A", bound=Answer)


def answer_of(line: bytes, expected: type[A]) -> A:
    """Read an answer.

    Raises
    ------
    RecordError
        If it is not the answer that is expected.
    CrossoverError
        If the worker says that the request cannot be done.
    """
    answer: A | Refusal = decode(line, (expected, Refusal))
    if isinstance(answer, Refusal):
        raise getattr(errors, answer.error, CrossoverError)(answer.message)
    return answer
