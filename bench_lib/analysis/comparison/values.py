"""One number for each process, case and metric of a side: what everything else is judged from."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from msgspec import structs

from bench_lib.analysis.comparison.metrics import Metric
from bench_lib.analysis.comparison.obstacles import obstacles, paired_for
from bench_lib.analysis.estimates import judge
from bench_lib.analysis.frame import tidy
from bench_lib.errors import UsageError
from bench_lib.records.case import Case
from bench_lib.records.checkout import COMMIT, short
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.sample import Ceiling, Sample
from bench_lib.records.sanitize import shorten

BROKEN: Final = ("failed", "wrong", "oom", "timeout")
"""What a case is that should have given a number, and has not."""

Rounds = Mapping[int, float]
"""Log of the number that each process gave."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """What was seen of one side.

    Attributes
    ----------
    recording
        All its files as one; the rounds of a second file are numbered after those of the first.
    status, reason
        Of each case that was planned or measured: ``ok``, or what else it was and why.
    trouble
        Status and reason of the last process that has failed, of cases that are ``ok`` because others have not.
    """

    recording: Recording
    status: Mapping[Case, str]
    reason: Mapping[Case, str]
    trouble: Mapping[Case, tuple[str, str]]
    _visits: pd.DataFrame
    _cases: Sequence[Case]

    def rounds(self, metric: Metric) -> list[Mapping[Case, Rounds]]:
        """Return the numbers of a metric, once for each of its estimators."""
        if metric.name == "energy":
            return [_energies(self.recording)]
        if metric.name == "ceiling":
            return [_ceilings(self.recording)]
        return [self._of_column(column) for column in metric.columns]

    def _of_column(self, column: str) -> Mapping[Case, Rounds]:
        """Return the median over the visits of each process: one that a neighbour disturbed is left aside."""
        known = self._visits[self._visits[column] > 0]
        medians = np.log(known[column]).groupby([known["case"], known["round"]]).median()
        found: dict[Case, dict[int, float]] = {}
        for (case, round_), value in medians.items():
            found.setdefault(self._cases[case], {})[int(round_)] = float(value)
        return found


def side_of(recordings: Sequence[Recording]) -> Side:
    """Return a side from its files: one run, or one file for each process.

    Raises
    ------
    ValueError
        If there is none.
    UsageError
        If its files are not processes of one thing.
    """
    if not recordings:
        msg = "a side has at least one recording; none came"
        raise ValueError(msg)
    recording = _merged(recordings)
    frame = tidy([recording])
    table = judge(frame).table
    cases = _cases_of(table)
    place = {case: number for number, case in enumerate(cases)}
    of_row = np.array([place[case] for case in _cases_of(frame)], dtype=np.int64)
    ok = (frame["status"] == "ok").to_numpy()
    is_ok = (table["status"] == "ok").to_numpy()
    visits = frame[ok & is_ok[of_row]].assign(case=of_row[ok & is_ok[of_row]])
    broken = np.flatnonzero(frame["status"].isin(BROKEN).to_numpy() & is_ok[of_row])
    return Side(
        recording=recording,
        status=dict(zip(cases, table["status"], strict=True)),
        reason=dict(zip(cases, table["reason"], strict=True)),
        trouble={cases[of_row[row]]: (frame["status"].iloc[row], frame["reason"].iloc[row]) for row in broken},
        _visits=visits,
        _cases=cases,
    )


def _cases_of(table: pd.DataFrame) -> list[Case]:
    """Return the case of each row."""
    names = Case.__struct_fields__
    columns = [np.asarray(table[name]).tolist() for name in names]
    return [Case(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def _merged(recordings: Sequence[Recording]) -> Recording:
    """Return several files of one side as one recording."""
    first = recordings[0]
    if len(recordings) == 1:
        return first
    _require_each_once([recording.run.id for recording in recordings])
    for other in recordings[1:]:
        _require_alike(first.run, other.run)
    samples: list[Sample] = []
    ceilings: list[Ceiling] = []
    offset = 0
    for recording in recordings:
        samples += [structs.replace(one, round=one.round + offset) for one in recording.samples]
        ceilings += [structs.replace(one, round=one.round + offset) for one in recording.ceilings]
        numbers = [*(one.round for one in samples), *(one.round for one in ceilings)]
        offset = max(numbers, default=offset)
    plan = {planned.case: planned for recording in recordings for planned in recording.plan}
    workloads = {one.name: one for recording in recordings for one in recording.run.workloads}
    return dataclasses.replace(
        first,
        run=structs.replace(first.run, workloads=tuple(workloads.values())),
        plan=tuple(plan.values()),
        samples=tuple(samples),
        ceilings=tuple(ceilings),
        energies=tuple(one for recording in recordings for one in recording.energies),
    )


def _require_each_once(ids: Sequence[str]) -> None:
    """Refuse two files of one run, such as a whole one and what was copied before it was: each process counts once."""
    twice = [one for one in ids if ids.count(one) > 1]
    if twice:
        msg = (
            f"each run is given once; two different files of one side both hold run {shorten(twice[0])}: "
            "leave out the one that is older or shorter"
        )
        raise UsageError(msg)


def _require_alike(one: Run, other: Run) -> None:
    """Refuse two files on one side that no one could take for processes of the same thing."""
    found = obstacles(one, other)
    changed = [f"the source of {name} differs" for name in sorted(found.workloads)]
    commits = [str(run.settings.get(COMMIT) or "") for run in (one, other)]
    if all(commits) and commits[0] != commits[1]:
        changed.append(f"commit differs: {short(commits[0])} and {short(commits[1])}")
    if paired_for(one, other):
        changed.append("they are the two sides of a comparison")
    reasons = [*found.everywhere, *found.devices.values(), *changed]
    if reasons:
        msg = (
            f"the files of one side are processes of one thing; of the runs {one.id} and {other.id} {reasons[0]}: "
            "name files that differ in nothing"
        )
        raise UsageError(msg)


def _energies(recording: Recording) -> Mapping[Case, Rounds]:
    """Return joules for each call, idle power taken off where it is known."""
    found: dict[Case, dict[int, float]] = {}
    for energy in recording.energies:
        if energy.joules is None:
            continue
        joules = (energy.joules - (energy.idle_watts or 0.0) * energy.seconds) / energy.calls
        if joules > 0:
            rounds = found.setdefault(energy.case, {})
            rounds[len(rounds) + 1] = float(np.log(joules))
    return found


def _ceilings(recording: Recording) -> Mapping[Case, Rounds]:
    """Return the rate of each ceiling in each process; a ceiling of waiting alone as calls per second."""
    found: dict[Case, dict[int, float]] = {}
    for ceiling in recording.ceilings:
        if ceiling.seconds:
            rounds = found.setdefault(_name(ceiling), {})
            rate = (ceiling.flop or float(ceiling.nbytes) or 1.0) / min(ceiling.seconds)
            rounds[ceiling.round] = max(rounds.get(ceiling.round, -np.inf), float(np.log(rate)))
    return found


def _name(ceiling: Ceiling) -> Case:
    """Return a ceiling as a case: a working set of a copy is a size, and all shapes of a product are one ceiling."""
    size = 0 if ceiling.quantity == "matmul" else ceiling.nbytes
    return Case(workload=f"ceiling {ceiling.quantity}", n=size, dtype=ceiling.dtype, device=ceiling.device)
