"""Read asv's result files as recordings, ours and those of other suites.

A result file (format 2) holds one commit on one machine. ``machine.json`` beside it and ``benchmarks.json`` one folder
up say what the numbers mean; both may be missing. Nothing that a file says is used as a path.

What asv writes and a reader must survive: a literal ``NaN`` for a combination that was skipped or not selected,
``null`` for one that failed, trailing columns left out, parameters as the text of their ``repr``, a file cut short by
a kill, facts of a machine that are lists or null, and the path of the interpreter in two places (neither is read).
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records.bounds import Facts
from bench_lib.records.foreign.asv_rows import Result, Row, items, mapping, number, results, text
from bench_lib.records.line_reader import read_json
from bench_lib.records.recording import Recording
from bench_lib.records.run import MACHINE_PATTERN, DeviceRecord, Run
from bench_lib.records.sanitize import scrub, shorten

FORMAT: Final = 2
MAX_THREAD_DIGITS: Final = 6
NAMED_AT_MOST: Final = 10  # names in one problem
LATEST_MILLISECONDS: Final = 253_402_300_799_000  # the year 9999 ends
SOFTWARE_KEYS: Final = ("torch", "cuda", "driver")
NOT_FACTS: Final = ("python", "version")  # in a result the path of the interpreter, in machine.json the file's format


def looks_like_asv(obj: object) -> bool:
    """Return whether a parsed JSON document has the shape of an asv result file, of any format."""
    return isinstance(obj, dict) and "commit_hash" in obj and isinstance(obj.get("results"), dict)


def read_asv(path: Path) -> Recording:
    """Read one result file of asv, with ``machine.json`` beside it and ``benchmarks.json`` one folder up.

    Each combination of parameters becomes one sample of round 1: asv throws the samples of its processes together. The
    blocks are there if asv was told ``--record-samples``; otherwise there is its one result, a median.

    Raises
    ------
    RecordError
        If the file cannot be read, was cut short, or is not a result file of asv.
    SchemaTooNew
        If it is of a later format than 2.
    """
    content, obj = read_json(path)
    _check_format(path, obj)
    problems: list[str] = []
    about = _beside(path.parent.parent / "benchmarks.json", problems)
    facts = _machine_facts(obj, path.parent / "machine.json", problems)
    found = _without_absent_devices(_results(_rows(obj, about), problems), problems)
    commit = _commit(obj)
    run = Run(
        id=f"asv-{commit}-{hashlib.sha256(content).hexdigest()[:8]}",
        created=_created(obj),
        machine=_machine_name(facts, problems),
        profile="asv",
        seed=0,
        rounds=1,
        visits=1,
        source="asv",
        command="asv run",
        host={key: value for key, value in facts.items() if key not in (*SOFTWARE_KEYS, "machine")},
        software={key: facts[key] for key in SOFTWARE_KEYS if key in facts},
        settings={"commit": commit},
        devices=tuple(_device(key, facts) for key in sorted({result.planned.case.device for result in found})),
        workloads=tuple({result.workload.name: result.workload for result in found}.values()),
    )
    return Recording(
        run=run,
        plan=tuple(result.planned for result in found),
        samples=tuple(result.sample for result in found),
        problems=tuple(problems),
    )


def _check_format(path: Path, obj: object) -> None:
    if not looks_like_asv(obj):
        msg = (
            f"a result file of asv has a commit_hash and results; {shorten(path.name)} has not: give a file from a "
            f"machine's folder in asv's results"
        )
        raise RecordError(msg)
    version = mapping(obj).get("version")
    if isinstance(version, int) and version > FORMAT:
        msg = f"{shorten(path.name)} has asv's format {version}; this Crossover reads format {FORMAT}: upgrade it"
        raise SchemaTooNew(msg)
    if version != FORMAT or not isinstance(mapping(obj).get("result_columns"), list):
        msg = f"{shorten(path.name)} is not of asv's format {FORMAT}: run `asv update` where it lies"
        raise RecordError(msg)


def _beside(path: Path, problems: list[str]) -> Mapping[str, Any]:
    """Read a companion file. The numbers stand without it, so what is wrong with it is no more than a problem."""
    if not path.is_file():
        problems.append(f"{path.name} is not where asv keeps it, so less is known of these numbers")
        return {}
    try:
        return mapping(read_json(path)[1])
    except RecordError as err:
        problems.append(str(err))
        return {}


def _machine_facts(obj: object, beside: Path, problems: list[str]) -> Facts:
    """Return the facts of the machine as they were at the run; what is missing there, from ``machine.json``."""
    facts: Facts = {}
    left_out: set[str] = set()
    for source in (mapping(mapping(obj).get("params")), _beside(beside, problems)):
        for key, value in source.items():
            if key in NOT_FACTS:
                continue
            if isinstance(value, str):
                facts.setdefault(scrub(key), scrub(value))
            else:
                left_out.add(key)
    if left_out:
        problems.append(f"facts of the machine that are not text were left out: {_names(left_out)}")
    return facts


def _machine_name(facts: Facts, problems: list[str]) -> str:
    given = text(facts.get("machine"))
    if MACHINE_PATTERN.fullmatch(given):
        return given
    name = re.sub(r"[^a-z0-9.-]+", "-", given.lower()).strip(".-")[:63].strip(".-") or "unknown"
    problems.append(f"the machine that the file calls {shorten(given)} is called {name} here")
    return name


def _rows(obj: object, about: Mapping[str, Any]) -> Iterator[Row]:
    columns = [str(column) for column in items(mapping(obj).get("result_columns"))]
    for name, values in mapping(mapping(obj).get("results")).items():
        yield Row(
            name=scrub(name),
            columns=dict(zip(columns, items(values), strict=False)),  # asv leaves empty columns at the end out
            about=mapping(about.get(name)),
        )


def _results(rows: Iterator[Row], problems: list[str]) -> tuple[Result, ...]:
    found: list[Result] = []
    not_times, no_results, no_work = [], [], []
    for row in rows:
        if not row.is_time:
            not_times.append(row.name)
            continue
        new = list(results(row))
        found += new
        if not new:
            no_results.append(row.name)
        elif "flop" not in row.extra:
            no_work.append(row.name)
    for names, sentence in (
        (not_times, "benchmarks that are not times were left out"),
        (no_results, "benchmarks without one result for each combination of parameters were left out"),
        (no_work, "the work of these benchmarks is not known, so no rates are given"),
    ):
        if names:
            problems.append(f"{sentence}: {_names(names)}")
    return tuple(found)


def _without_absent_devices(found: tuple[Result, ...], problems: list[str]) -> tuple[Result, ...]:
    """Leave out devices that nothing was tried on: a suite asks for the same ones on every machine."""
    tried = {result.planned.case.device for result in found if result.sample.status != "skipped"}
    absent = {result.planned.case.device for result in found} - tried
    if absent:
        problems.append(f"devices without any result, not there or not selected, were left out: {_names(absent)}")
    return tuple(result for result in found if result.planned.case.device in tried)


def _device(key: str, facts: Facts) -> DeviceRecord:
    kind = re.split(r"[:-]", key)[0]
    is_host = kind in ("numpy", "cpu")
    threads = text(facts.get("threads"))
    is_known = is_host and threads.isdecimal() and len(threads) <= MAX_THREAD_DIGITS
    return DeviceRecord(
        key=key,
        kind=kind,
        name=text(facts.get("cpu" if is_host else "gpu")) or key,
        threads=1 if key == "cpu-1t" else int(threads) if is_known else None,
    )


def _created(obj: object) -> str:
    """Return when the last benchmark began, or else the date of the commit; asv counts milliseconds."""
    stamps = [row.columns.get("started_at") for row in _rows(obj, {})]
    latest = max(map(number, stamps), default=0.0) or number(mapping(obj).get("date"))
    return datetime.fromtimestamp(min(latest, LATEST_MILLISECONDS) / 1000, UTC).isoformat(timespec="seconds")


def _commit(obj: object) -> str:
    commit = text(mapping(obj).get("commit_hash"))[:8]
    return commit if re.fullmatch(r"[0-9a-f]{1,8}", commit) else "unknown"


def _names(names: Collection[str]) -> str:
    shown = ", ".join(shorten(name) for name in sorted(names)[:NAMED_AT_MOST])
    return f"{shown} and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else shown
