"""What comparing a thing with itself taught on a machine: how often the gate is wrong there, and what it can see.

Each comparison of that kind adds to one small file; a comparison of two different things reads it, to choose between
the estimators of a case and to say beside each verdict how small a change would have been seen.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from msgspec import structs
from scipy.special import betaincinv, ndtri, stdtrit

from bench_lib.analysis.comparison.testing import TRIM
from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records import intervals
from bench_lib.records.bounds import Items, Real, Record, Text, Whole
from bench_lib.records.case import Case
from bench_lib.records.intervals import Estimate
from bench_lib.records.line_reader import quoted, read_json
from bench_lib.records.recording import from_object, to_object
from bench_lib.records.run import MACHINE_PATTERN, Run

SCHEMA: Final = 2  # 2 names the instrument
FOLDER: Final = Path("results", "ab")
MOST_LOG: Final = 700.0
"""A larger logarithm than this has no number that a float holds."""

LEAST: Final = 1e-10  # squared spread: a hundred-thousandth, far below what any clock tells of a call
POWER: Final = 0.9
"""How often the smallest change that is called visible would be called: nine times in ten."""


class CaseNoise(Record, frozen=True, kw_only=True):
    """What comparisons of a case with itself showed.

    Attributes
    ----------
    comparisons
        In which it was judged.
    called
        In how many of them it was called changed.
    variances
        Geometric mean over the comparisons of the squared spread, in logs, that one process of each side brings; one
        for each estimator. One comparison that was disturbed then does not speak for all of them.
    """

    case: Case
    comparisons: Whole
    called: Whole
    variances: Items[Real]


class Calibration(Record, frozen=True, kw_only=True):
    """What a machine's comparisons of a thing with itself add up to.

    Attributes
    ----------
    threshold
        The relative threshold that they were judged by.
    instrument
        Version of the instrument that measured them, see :data:`bench_lib.records.run.INSTRUMENT`.
    comparisons, failed
        How many there were, and how many of them would have failed a gate.
    """

    schema: Whole = SCHEMA
    machine: Text
    threshold: Real
    instrument: Whole = 1
    comparisons: Whole = 0
    failed: Whole = 0
    cases: Items[CaseNoise] = ()

    def is_of(self, run: Run) -> bool:
        """Return whether it was learnt on the machine, and by the instrument, that measured a run."""
        return (self.machine, self.instrument) == (run.machine, run.instrument)

    def by_case(self) -> dict[Case, CaseNoise]:
        """Return what is known of each case that was compared with itself."""
        return {one.case: one for one in self.cases}

    @property
    def judged(self) -> int:
        """How many verdicts on a case there were in all."""
        return sum(one.comparisons for one in self.cases)

    @property
    def called(self) -> int:
        """How many of them called a change where there is none."""
        return sum(one.called for one in self.cases)

    def learn(self, seen: Iterable[tuple[Case, bool, Sequence[float]]], *, failed: bool) -> Self:
        """Return what is known after one more comparison of a thing with itself.

        Parameters
        ----------
        seen
            Of each case that was judged: whether it was called changed, and the spread of each estimator, in logs.
        failed
            Whether the comparison would have failed a gate.
        """
        known = self.by_case()
        for case, called, spreads in seen:
            squares = tuple(max(spread**2, LEAST) for spread in spreads)
            before = known.get(case)
            known[case] = (
                _more(before, called, squares)
                if before
                else CaseNoise(case=case, comparisons=1, called=int(called), variances=squares)
            )
        return structs.replace(
            self,
            comparisons=self.comparisons + 1,
            failed=self.failed + int(failed),
            cases=tuple(known.values()),
        )


def _more(known: CaseNoise, called: bool, squares: tuple[float, ...]) -> CaseNoise:
    count = known.comparisons + 1
    pairs = zip(known.variances, squares, strict=True)
    return structs.replace(
        known,
        comparisons=count,
        called=known.called + int(called),
        variances=tuple(max(before, LEAST) ** (1 - 1 / count) * now ** (1 / count) for before, now in pairs),
    )


def rate(count: int, of: int) -> Estimate:
    """Return a share and its 95 % interval (Clopper and Pearson, Biometrika 26, 1934); NaN of nothing."""
    if not of:
        return Estimate(value=math.nan, low=math.nan, high=math.nan)
    tail = (1 - intervals.LEVEL) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return Estimate(value=count / of, low=low, high=high)


def min_detectable(
    spread: float, processes: int, *, level: float, margin: float, screened: int = 0, between_run_sd: float = 0.0
) -> float:
    """Return the smallest change that would be called in nine of ten comparisons, as a ratio over 1.

    The error is estimated anew each time, from few processes, so the test statistic follows the noncentral t: here by
    the approximation of Abramowitz and Stegun (Handbook of Mathematical Functions, 26.7.10).

    Parameters
    ----------
    spread
        Standard deviation, in logs, that one process of each side brings.
    processes
        Of each side.
    level
        The p value that is needed.
    margin
        The ratio over 1 that a change must exceed.
    screened
        Processes of each side after which what looks changed is chosen, to be measured again; 0 where nothing is. A
        change that does not exceed the margin by then is not called.
    between_run_sd
        Standard deviation, in logs, of what moves each side as a whole: of separate runs.
    """
    aside = int(TRIM * processes)
    degrees = processes - 2 * aside - 1
    if degrees < 1 or math.isnan(spread):
        return math.nan
    # Of the degrees of two sides not all count, since by chance one looks calmer than the other.
    freedom = 1.5 * degrees if between_run_sd else float(degrees)
    critical = float(stdtrit(freedom, 1 - level / 2))
    seen, whole = spread**2 / processes, spread**2 / processes + 2 * between_run_sd**2
    # What is allowed for is the same each time: it steadies the error, without which the test takes its degrees.
    freedom *= min(whole / seen, intervals.MANY) ** 2 if seen else intervals.MANY
    needed = critical * (1 - 1 / (4 * freedom)) + float(ndtri(POWER)) * math.sqrt(1 + critical**2 / (2 * freedom))
    room = float(stdtrit(freedom, POWER))
    bar = math.log1p(margin)
    smallest = max(needed * math.sqrt(whole), bar + room * math.sqrt(whole))
    if screened:
        smallest = max(smallest, bar + room * spread / math.sqrt(screened))
    return math.expm1(smallest) if smallest < MOST_LOG else math.inf


def path_of(machine: str) -> Path:
    """Return where the calibration of a machine is kept."""
    return FOLDER / f"calibration-{machine}.json"


def known(machine: str, path: Path | None = None) -> Calibration | None:
    """Return the calibration of a machine: that of a file, or the one that is kept for it; None where there is none.

    Raises
    ------
    RecordError
        If a file was named and is not there, or a file does not follow the format.
    """
    kept = path_of(machine)
    return read(path or kept) if path or kept.exists() else None


def read(path: Path) -> Calibration:
    """Read a calibration.

    Raises
    ------
    RecordError
        If there is none at the path, or it does not follow the format.
    SchemaTooNew
        If a newer version wrote it.
    """
    _, obj = read_json(path)
    if isinstance(obj, dict) and isinstance(obj.get("schema"), int) and obj["schema"] > SCHEMA:
        msg = f"{quoted(path)} has schema {obj['schema']}; this Crossover reads up to {SCHEMA}: upgrade it"
        raise SchemaTooNew(msg)
    calibration = from_object(Calibration, obj)
    if not MACHINE_PATTERN.fullmatch(calibration.machine):
        msg = f"{quoted(path)} names no machine that could be one: make it anew with crossover ab --aa"
        raise RecordError(msg)
    return calibration


def content(calibration: Calibration) -> str:
    """Return a calibration as the text of its file."""
    return json.dumps({"schema": SCHEMA, **to_object(calibration)}, indent=1, allow_nan=False) + "\n"
