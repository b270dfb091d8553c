"""From the lines of a result file to a recording: one bad line costs one line, and is named."""

from pathlib import Path
from typing import Final

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records.bounds import MAX_LINE_BYTES
from bench_lib.records.case import Case, Plan, PlannedCase
from bench_lib.records.line_reader import MAX_FILE_BYTES, Content, RawLine, open_regular, quoted, reason, split_lines
from bench_lib.records.recording import Line, Recording, from_json
from bench_lib.records.run import Run
from bench_lib.records.sample import Ceiling, Energy, Finish, Sample
from bench_lib.records.sanitize import shorten

MAX_PROBLEMS: Final = 50  # sentences; the rest are counted


class Assembly:
    """Puts a recording together from raw lines, and says what it could not use.

    Attributes
    ----------
    unended
        The last line, where no newline ends it.
    unended_is_record
        Whether that line was a record all the same.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._planned: dict[Case, PlannedCase] = {}
        self._samples: list[Sample] = []
        self._ok_visits: set[tuple[Case, int, int]] = set()
        self._finishes: list[Finish] = []
        self._additions: list[Plan] = []
        self._ceilings: list[Ceiling] = []
        self._energies: list[Energy] = []
        self._problems: list[str] = []
        self._unnamed = 0
        self.unended: RawLine | None = None
        self.unended_is_record = False

    def add(self, raw: RawLine) -> None:
        """Take one line after the header; one that cannot be used becomes a problem."""
        try:
            self._take(_parse(raw))
        except RecordError as err:
            torn = "" if raw.ended else " (the last, cut short: the run was stopped while it was written)"
            self.add_problem(f"line {raw.number}{torn} was not used: {err}")
            self.note_end(raw, is_record=False)
        else:
            self.note_end(raw, is_record=True)

    def note_end(self, raw: RawLine, *, is_record: bool) -> None:
        """Remember a line that no newline ends; only the last one can be."""
        if not raw.ended:
            self.unended, self.unended_is_record = raw, is_record

    def add_problem(self, sentence: str) -> None:
        """Keep one sentence, or count it where there are many already."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(sentence)
        else:
            self._unnamed += 1

    def recording(self) -> Recording:
        """Return what was read."""
        unnamed = (f"{self._unnamed} more lines were not used",) if self._unnamed else ()
        return Recording(
            run=self._run,
            plan=tuple(self._planned.values()),
            samples=tuple(self._samples),
            finishes=tuple(self._finishes),
            additions=tuple(self._additions),
            ceilings=tuple(self._ceilings),
            energies=tuple(self._energies),
            problems=(*self._problems, *unnamed),
        )

    def _take(self, line: Line) -> None:
        if isinstance(line, Sample):
            self._take_sample(line)
        elif isinstance(line, Plan):
            self._take_plan(line)
        elif isinstance(line, Finish):
            self._finishes.append(line)
        elif isinstance(line, Ceiling):
            self._ceilings.append(line)
        elif isinstance(line, Energy):
            self._require_planned(line.case)
            self._energies.append(line)
        else:
            msg = "it is a second run header, and a file holds one run"
            raise RecordError(msg)

    def _take_plan(self, plan: Plan) -> None:
        if plan.round:
            self._additions.append(plan)
        for planned in plan.cases:
            first = self._planned.setdefault(planned.case, planned)
            if first != planned:
                self.add_problem(f"{shorten(str(planned.case))} is planned twice with different work: the first stands")

    def _take_sample(self, sample: Sample) -> None:
        self._require_planned(sample.case)
        if sample.status == "ok":
            visit = (sample.case, sample.round, sample.visit)
            if visit in self._ok_visits:
                msg = f"{shorten(str(sample.case))} has round {sample.round}, visit {sample.visit} already"
                raise RecordError(msg)
            self._ok_visits.add(visit)
        self._samples.append(sample)

    def _require_planned(self, case: Case) -> None:
        if case not in self._planned:
            msg = f"{shorten(str(case))} was never planned"
            raise RecordError(msg)


def assemble(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Assembly:
    """Read a whole result file, plain or compressed.

    Raises
    ------
    RecordError
        If it cannot be read, its first line is no run header, or it holds more than ``max_bytes``.
    SchemaTooNew
        If it was written by a newer Crossover.
    """
    with open_regular(path) as file:
        try:
            return _assembled(Content(file, max_bytes))
        except SchemaTooNew as err:
            msg = f"{quoted(path)}: {err}"
            raise SchemaTooNew(msg) from err
        except (RecordError, OSError) as err:
            msg = f"{quoted(path)} is not read as a result file of Crossover: {reason(err)}"
            raise RecordError(msg) from err


def _assembled(content: Content) -> Assembly:
    assembly: Assembly | None = None
    for raw in split_lines(content):
        if assembly is None:
            assembly = Assembly(_header(raw))
            assembly.note_end(raw, is_record=True)
        else:
            assembly.add(raw)
    if assembly is None:
        msg = content.damage or "it is empty"
        raise RecordError(msg)
    if content.damage:
        assembly.add_problem(f"{content.damage}: what comes before was read, what comes after is lost")
    return assembly


def _parse(raw: RawLine) -> Line:
    if raw.content is None:
        msg = f"it has more than {MAX_LINE_BYTES} bytes"
        raise RecordError(msg)
    try:
        text = raw.content.decode()
    except UnicodeDecodeError as err:
        msg = f"it is not UTF-8 ({err.reason} at byte {err.start})"
        raise RecordError(msg) from err
    return from_json(text)


def _header(raw: RawLine) -> Run:
    try:
        line = _parse(raw)
    except SchemaTooNew:
        raise
    except RecordError as err:
        msg = f"its first line is no run header ({err})"
        raise RecordError(msg) from err
    if not isinstance(line, Run):
        msg = f"its first line is a {line.kind} and not a run header"
        raise RecordError(msg)
    return line
