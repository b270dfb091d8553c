"""Result files: nothing finished is lost, nothing is written over, and one bad line costs one line."""

import dataclasses
import errno
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.errors import RecordError, SchemaTooNew, StorageError
from bench_lib.records import storage
from bench_lib.records.bounds import MAX_LINE_BYTES
from bench_lib.records.case import Plan, PlannedCase
from bench_lib.records.line_reader import Content
from bench_lib.records.reader import MAX_PROBLEMS
from bench_lib.records.recording import Line, Recording, from_json, to_json
from bench_lib.records.run import SCHEMA_VERSION
from bench_lib.records.storage import compress, default_path, load, read
from bench_lib.records.writer import Store
from tests.support.record_strategies import (
    ADDITION,
    CASE,
    CEILING,
    ENERGY,
    FINISH,
    NO_CEILING,
    NO_ENERGY,
    PLAN,
    RUN,
    sample,
)

ROOT = Path(__file__).parents[2]
SAMPLES = tuple(sample(visit) for visit in (1, 2, 3))
LINES: tuple[Line, ...] = (RUN, PLAN, *SAMPLES, FINISH)
WHOLE = Recording(run=RUN, plan=PLAN.cases, samples=SAMPLES, finishes=(FINISH,))
FIRST_FORMAT = """\
{"kind":"run","schema":1,"id":"a","created":"2026-01-31T12:00:00+00:00","machine":"m-2c","profile":"quick","seed":1,\
"rounds":5,"visits":3,"workloads":[{"name":"matmul_square","family":"matmul","expression":"a @ b"}]}
{"kind":"plan","cases":[{"case":{"workload":"matmul_square","n":512,"dtype":"float32","device":"cpu"},\
"flop":268435456.0,"nbytes":3145728}]}
{"kind":"sample","case":{"workload":"matmul_square","n":512,"dtype":"float32","device":"cpu"},"round":1,"visit":1,\
"seconds":[0.001,0.0011],"calls":4}
{"kind":"finish","outcome":"complete","rounds":5,"wall_seconds":90.0}
"""


def text_of(*lines: Line | str) -> str:
    return "".join(f"{line if isinstance(line, str) else to_json(line)}\n" for line in lines)


def written(folder: Path, *lines: Line | str, name: str = "run.jsonl") -> Path:
    path = folder / name
    path.write_text(text_of(*(lines or LINES)), encoding="utf-8", newline="")
    return path


def failing(call: Callable[..., object], code: int, times: int = 1) -> Callable[..., object]:
    """Return a function that fails with an OSError the first so many times, and is ``call`` from then on."""
    left = [times]

    def instead(*args: object) -> object:
        if left[0]:
            left[0] -= 1
            raise OSError(code, os.strerror(code))
        return call(*args)

    return instead


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# Writing


def test_a_run_is_written_into_new_folders_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "run.jsonl"
    with Store.create(path, RUN) as store:
        for line in LINES[1:]:
            store.append(line)
    assert path.read_text(encoding="utf-8") == text_of(*LINES)
    assert read(path) == WHOLE


def test_each_line_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run.jsonl", RUN) as store:
        assert read(store.path).run == RUN
        store.append(PLAN)
        for done, line in enumerate(SAMPLES, start=1):
            store.append(line)
            assert read(store.path).samples == SAMPLES[:done]


def test_an_existing_file_is_never_written_onto(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("precious")
    with pytest.raises(StorageError, match=r"there already .* choose another --out, or --resume it"):
        Store.create(path, RUN)
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("folder", "is a folder: name a file in it with --out"),
        ("file/run.jsonl", "should be a folder and is not"),
        ("file/deeper/run.jsonl", "cannot be made .* choose another place with --out"),
        ("run.jsonl.gz", "leave .gz off"),
        ("nul\0.jsonl", "cannot be made"),
        (f"{'x' * 300}.jsonl", "cannot be made"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_in_one_sentence(tmp_path: Path, place: str, sentence: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=sentence):
        Store.create(tmp_path / place, RUN)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_read_only_or_full_disk_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(os, "open", failing(os.open, code))
    with pytest.raises(StorageError, match=rf"{os.strerror(code)}.*--out"):
        Store.create(tmp_path / "run.jsonl", RUN)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"):
        Store.create(tmp_path / "run.jsonl", RUN)


def test_a_header_that_cannot_be_written_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", failing(os.write, errno.ENOSPC))
    with pytest.raises(StorageError, match=r"No space left.*--out"):
        Store.create(tmp_path / "run.jsonl", RUN)
    assert list(tmp_path.iterdir()) == []
    Store.create(tmp_path / "run.jsonl", RUN).close()


@pytest.mark.parametrize("failing_call", ["write", "fsync"])
def test_a_full_disk_costs_the_line_in_hand_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: str
) -> None:
    path = tmp_path / "run.jsonl"
    with Store.create(path, RUN) as store:
        store.append(PLAN)
        store.append(SAMPLES[0])
        monkeypatch.setattr(os, failing_call, failing(getattr(os, failing_call), errno.ENOSPC))
        with pytest.raises(StorageError, match=r"No space left.*every line before is in it.*--resume"):
            store.append(SAMPLES[1])
        assert path.read_text() == text_of(RUN, PLAN, SAMPLES[0])
        store.append(SAMPLES[1])  # there is room again
    assert path.read_text() == text_of(RUN, PLAN, *SAMPLES[:2])


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_write_that_stops_half_way_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write = os.write

    def half(fd: int, content: bytes) -> int:
        monkeypatch.setattr(os, "write", stop)
        return write(fd, content[: len(content) // 2])

    def stop(_fd: int, _content: bytes) -> int:
        raise error

    with Store.create(tmp_path / "run.jsonl", RUN) as store:
        monkeypatch.setattr(os, "write", half)
        with pytest.raises((StorageError, KeyboardInterrupt)):
            store.append(PLAN)
    assert store.path.read_text() == text_of(RUN)


def test_a_write_in_pieces_is_a_whole_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, content: write(fd, content[:7]))
    with Store.create(tmp_path / "run.jsonl", RUN) as store:
        store.append(PLAN)
    assert store.path.read_text() == text_of(RUN, PLAN)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_file_that_the_system_lets_grow_no_further_keeps_its_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    size = len(text_of(RUN, PLAN, SAMPLES[0]))
    process = child(
        """
        import resource, sys
        from pathlib import Path
        from tests.support.record_strategies import PLAN, RUN, sample
        from bench_lib.errors import StorageError
        from bench_lib.records.writer import Store

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
        with Store.create(Path(sys.argv[1]), RUN) as store:
            store.append(PLAN)
            store.append(sample(1))
            try:
                store.append(sample(2))
            except StorageError as err:
                print(err)
        """,
        path,
        size + 20,  # the next line's first 20 bytes still fit
    )
    said, _ = process.communicate(timeout=60)
    assert "File too large" in said
    assert process.returncode == 0
    assert path.read_text() == text_of(RUN, PLAN, SAMPLES[0])


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "run.jsonl", RUN)
    store.close()
    store.close()
    with pytest.raises(StorageError, match=r"closed.*--resume"):
        store.append(PLAN)


def test_what_breaks_the_format_is_not_written(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run.jsonl", RUN) as store, pytest.raises(RecordError, match="finite"):
        store.append(sample(wall_seconds=float("nan")))
    assert store.path.read_text() == text_of(RUN)


# Two at once, and after a kill


def test_a_file_in_use_is_not_opened_twice(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run.jsonl", RUN) as store:
        with pytest.raises(StorageError, match="in use by another run"):
            Store.resume(store.path)
        assert store.path.read_text() == text_of(RUN)
    resumed, _ = Store.resume(store.path)
    with resumed, pytest.raises(StorageError, match="in use by another run"):
        Store.resume(store.path)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_run_that_is_killed_loses_no_finished_line_and_can_be_resumed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    process = child(
        """
        import sys
        from pathlib import Path
        from tests.support.record_strategies import PLAN, RUN, sample
        from bench_lib.records.writer import Store

        store = Store.create(Path(sys.argv[1]), RUN)
        store.append(PLAN)
        store.append(sample(1))
        print("written", flush=True)
        sys.stdin.read()
        """,
        path,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        with pytest.raises(StorageError, match="in use by another run"):
            Store.resume(path)
    finally:
        process.kill()
        process.communicate(timeout=60)
    store, recording = Store.resume(path)
    with store:
        assert recording == Recording(run=RUN, plan=PLAN.cases, samples=SAMPLES[:1])
        store.append(SAMPLES[1])
    assert read(path).samples == SAMPLES[:2]


def test_a_file_system_that_cannot_lock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("bench_lib.records.writer._lock", refuse)
    with pytest.raises(StorageError, match=r"cannot be locked .* choose a local disk"):
        Store.create(tmp_path / "run.jsonl", RUN)
    assert list(tmp_path.iterdir()) == []


# Resuming


@settings(max_examples=40, deadline=None)
@given(kept=st.integers(len(text_of(RUN)), len(text_of(*LINES))))
@example(kept=len(text_of(RUN, PLAN)))
@example(kept=len(text_of(RUN, PLAN)) - 1)  # all but the newline
@example(kept=len(text_of(RUN, PLAN)) - 2)
@example(kept=len(text_of(RUN, PLAN)) + 1)
def test_wherever_a_file_was_cut_it_can_be_resumed_with_all_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, kept: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "run.jsonl"
    content = text_of(*LINES).encode()
    path.write_bytes(content[:kept])
    end = content[:kept].rfind(b"\n") + 1
    whole_but_for_the_newline = content[kept : kept + 1] == b"\n"
    before = read(path)
    store, recording = Store.resume(path)
    with store:
        assert (recording.samples, recording.finishes) == (before.samples, before.finishes)
        store.append(FINISH)
    assert read(path).problems == ()
    assert read(path).finishes[-1:] == (FINISH,)
    quarantine = path.with_name("run.jsonl.quarantine")
    if kept == end or whole_but_for_the_newline:
        assert recording.problems == ()
        assert not quarantine.exists()
        assert path.read_bytes() == content[:kept] + (b"\n" if kept != end else b"") + text_of(FINISH).encode()
    else:
        assert "cut short" in recording.problems[0]
        assert "moved to run.jsonl.quarantine" in recording.problems[1]
        assert quarantine.read_bytes() == content[end:kept] + b"\n"
        assert path.read_bytes() == content[:end] + text_of(FINISH).encode()


def test_a_second_cut_is_kept_beside_the_first(tmp_path: Path) -> None:
    path = written(tmp_path, RUN, PLAN)
    for torn in ("first", "second"):
        with path.open("a") as file:
            file.write(torn)
        Store.resume(path)[0].close()
    assert (tmp_path / "run.jsonl.quarantine").read_text() == "first\nsecond\n"
    assert path.read_text() == text_of(RUN, PLAN)


def test_a_cut_line_that_cannot_be_set_aside_is_left_where_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, RUN, PLAN)
    with path.open("a") as file:
        file.write('{"kind":"samp')
    (tmp_path / "run.jsonl.quarantine").mkdir()
    with pytest.raises(StorageError, match="cannot be mended"):
        Store.resume(path)
    assert path.read_text() == text_of(RUN, PLAN) + '{"kind":"samp'
    (tmp_path / "run.jsonl.quarantine").rmdir()
    Store.resume(path)[0].close()  # the lock was given back


def test_what_cannot_be_resumed_is_refused_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordError, match="there is no file"):
        Store.resume(tmp_path / "none.jsonl")
    other = tmp_path / "notes.txt"
    other.write_text("dear diary")
    with pytest.raises(RecordError, match="no run header"):
        Store.resume(other)
    assert other.read_text() == "dear diary"
    packed = compress(written(tmp_path))
    with pytest.raises(StorageError, match=r"compressed .* gunzip --keep"):
        Store.resume(packed)
    monkeypatch.setattr(os, "open", failing(os.open, errno.EACCES))
    with pytest.raises(StorageError, match=r"cannot be written .*permissions"):
        Store.resume(tmp_path / "run.jsonl")
    assert read(tmp_path / "run.jsonl") == WHOLE


# Reading


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("", "line 4 was not used: not JSON"),
        ("garbage", "line 4 was not used: not JSON"),
        ('{"kind":"sample"', "line 4 was not used: not JSON"),
        ('{"kind":"sample"}', "line 4 was not used: sample lacks case, round, visit"),
        ('{"kind":"finish","outcome":"complete","rounds":1,"wall_seconds":NaN}', "line 4 was not used: not JSON"),
        (to_json(RUN), "line 4 was not used: it is a second run header"),
        (to_json(RUN).replace(f'"schema":{SCHEMA_VERSION}', '"schema":99'), "line 4 was not used: this file has"),
        (to_json(sample(case=structs.replace(CASE, n=7))), r"matmul_square\[7\].*was never planned"),
        (to_json(SAMPLES[0]), "has round 1, visit 1 already"),
        ("x" * (MAX_LINE_BYTES + 1), f"line 4 was not used: it has more than {MAX_LINE_BYTES} bytes"),
        ("[" * 100_000, "line 4 was not used: not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_line_costs_itself_and_is_named(tmp_path: Path, bad: str, sentence: str) -> None:
    recording = read(written(tmp_path, RUN, PLAN, SAMPLES[0], bad, *SAMPLES[1:], FINISH))
    assert dataclasses.replace(recording, problems=()) == WHOLE
    (problem,) = recording.problems
    with pytest.raises(RecordError, match=sentence):
        raise RecordError(problem)
    assert problem.isprintable()


def test_ceilings_energy_and_additions_to_the_plan_are_read_back(tmp_path: Path) -> None:
    recording = read(written(tmp_path, RUN, PLAN, CEILING, *SAMPLES, ADDITION, ENERGY, NO_ENERGY, NO_CEILING, FINISH))
    assert recording == dataclasses.replace(
        WHOLE, additions=(ADDITION,), ceilings=(CEILING, NO_CEILING), energies=(ENERGY, NO_ENERGY)
    )


def test_energy_of_a_case_that_nobody_planned_is_named(tmp_path: Path) -> None:
    odd = structs.replace(ENERGY, case=structs.replace(CASE, n=7))
    recording = read(written(tmp_path, RUN, PLAN, odd, *SAMPLES, FINISH))
    assert recording.energies == ()
    assert "matmul_square[7] float32 cpu resident latency' was never planned" in recording.problems[0]


def test_a_file_of_the_first_format_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(FIRST_FORMAT, encoding="utf-8")
    recording = read(path)
    assert recording.run.schema == 1
    assert recording.run.findings == ()
    assert (recording.run.workloads[0].mode, recording.run.workloads[0].eager) == ("eager", "")
    assert (recording.plan, recording.samples) == (PLAN.cases, SAMPLES[:1])
    assert recording.finishes == (FINISH,)
    assert recording.additions == recording.ceilings == recording.energies == recording.problems == ()


@pytest.mark.parametrize("schema", range(1, SCHEMA_VERSION))
def test_a_run_that_an_earlier_version_made_is_read_whole_and_names_its_instrument(schema: int) -> None:
    recording = read(ROOT / "tests" / "data" / "runs" / f"schema-{schema}.jsonl.gz")
    assert (recording.problems, recording.run.schema, recording.run.instrument) == ((), schema, 1)
    assert {sample.case for sample in recording.samples} <= {planned.case for planned in recording.plan}
    assert recording.finishes


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "runs").glob("*.jsonl*")), ids=lambda path: path.name)
def test_every_committed_run_is_read_whole(path: Path) -> None:
    recording = read(path)
    assert recording.problems == ()
    assert recording.run.schema <= SCHEMA_VERSION
    assert {sample.case for sample in recording.samples} <= {planned.case for planned in recording.plan}
    assert recording.finishes


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "runs").glob("*.jsonl.gz")), ids=lambda path: path.name)
def test_every_line_of_a_committed_run_is_written_again_as_it_was(path: Path) -> None:
    for number, line in enumerate(gzip.decompress(path.read_bytes()).decode().splitlines(), start=1):
        assert to_json(from_json(line)) == line, number


def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(text_of(RUN, PLAN).encode() + b"\xff\xfe\n" + text_of(*SAMPLES, FINISH).encode())
    recording = read(path)
    assert dataclasses.replace(recording, problems=()) == WHOLE
    assert recording.problems == ("line 3 was not used: it is not UTF-8 (invalid start byte at byte 0)",)


@settings(max_examples=60, deadline=None)
@given(st.integers(len(text_of(RUN)) + 1, len(text_of(*LINES)) - 1))
def test_a_torn_last_line_is_tolerated_and_named(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    path = tmp_path_factory.mktemp("torn") / "run.jsonl"
    text = text_of(*LINES)
    path.write_text(text[:kept])
    recording = read(path)
    whole = text[:kept].count("\n") + (text[kept] == "\n")
    assert 1 + bool(recording.plan) + len(recording.samples) + len(recording.finishes) == whole
    torn = text[kept - 1] != "\n" and text[kept] != "\n"
    assert [("the last, cut short" in problem) for problem in recording.problems] == ([True] if torn else [])


def test_a_header_alone_is_a_run_that_has_not_begun(tmp_path: Path) -> None:
    assert read(written(tmp_path, RUN)) == Recording(run=RUN, plan=(), samples=())


def test_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(text_of(*LINES).replace("\n", "\r\n").encode())
    assert read(path) == WHOLE


def test_only_a_newline_ends_a_line(tmp_path: Path) -> None:
    odd = sample(4, status="failed", reason="a\u2028b\u2029c\nd")
    assert read(written(tmp_path, RUN, PLAN, odd)).samples == (odd,)


def test_a_later_plan_adds_cases_and_cannot_change_one(tmp_path: Path) -> None:
    more = PlannedCase(case=structs.replace(CASE, n=7), flop=1.0, nbytes=1)
    other_work = structs.replace(PLAN.cases[0], flop=1.0)
    recording = read(written(tmp_path, RUN, PLAN, Plan(cases=(*PLAN.cases, more, other_work))))
    assert recording.plan == (*PLAN.cases, more)
    assert recording.problems == (
        "'matmul_square[512] float32 cpu resident latency' is planned twice with different work: the first stands",
    )


def test_a_failure_and_then_a_success_of_one_visit_are_both_kept(tmp_path: Path) -> None:
    failed = sample(1, status="failed", reason="the worker died", seconds=(), calls=0)
    assert read(written(tmp_path, RUN, PLAN, failed, SAMPLES[0])).samples == (failed, SAMPLES[0])


def test_many_problems_are_counted(tmp_path: Path) -> None:
    recording = read(written(tmp_path, RUN, PLAN, *["junk"] * (MAX_PROBLEMS + 1000), *SAMPLES))
    assert recording.samples == SAMPLES
    assert len(recording.problems) == MAX_PROBLEMS + 1
    assert recording.problems[-1] == "1000 more lines were not used"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b"\n", "its first line is no run header"),
        (text_of(PLAN, RUN).encode(), "its first line is a plan and not a run header"),
        (text_of(RUN).encode()[:20], "its first line is no run header"),
        (bytes(range(256)) * 8, "its first line is no run header"),
        (b"\x00" * 4096, "its first line is no run header"),
        (b"\x7fELF\x02\x01\x01\n", "its first line is no run header"),
        (text_of(RUN).encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf" + text_of(RUN).encode(), "its first line is no run header"),
        (b"[" * (MAX_LINE_BYTES + 1), "it has more than"),
        (gzip.compress(b"", mtime=0), "it is empty"),
        (gzip.compress(text_of(RUN).encode(), mtime=0)[:12], "the compressed data ends early"),
        (b"\x1f\x8b" + b"junk" * 10, "the compressed data is damaged"),
        (gzip.compress(b"hello", mtime=0), "its first line is no run header"),
    ],
)
def test_what_is_no_result_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    for reader in (read, load):
        with pytest.raises(RecordError, match=sentence) as caught:
            reader(path)
        assert "run.jsonl" in str(caught.value)
        assert str(caught.value).isprintable()


def test_what_is_no_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for reader in (read, load):
        with pytest.raises(RecordError, match="there is no file"):
            reader(tmp_path / "none.jsonl")
        with pytest.raises(RecordError, match="is a folder or a device"):
            reader(tmp_path)
        with pytest.raises(RecordError, match="cannot be read"):
            reader(tmp_path / "nul\0")
        with pytest.raises(RecordError, match="cannot be read"):
            reader(tmp_path / ("x" * 300))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(RecordError, match="is a folder or a device"):
        read(tmp_path / "pipe.jsonl")


def test_a_newer_schema_is_refused_with_the_file_and_what_to_do(tmp_path: Path) -> None:
    newer = to_json(RUN).replace(f'"schema":{SCHEMA_VERSION}', f'"schema":{SCHEMA_VERSION + 1}')
    path = written(tmp_path, newer, PLAN)
    with pytest.raises(SchemaTooNew, match=r"run\.jsonl.*pip install --upgrade"):
        load(path)
    with pytest.raises(SchemaTooNew):
        Store.resume(path)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    size = path.stat().st_size
    assert read(path, max_bytes=size) == WHOLE
    with pytest.raises(RecordError, match=f"at most {size - 1} bytes"):
        read(path, max_bytes=size - 1)


# Compressed


def test_a_compressed_run_reads_the_same_whatever_it_is_called(tmp_path: Path) -> None:
    path = written(tmp_path)
    packed = compress(path)
    assert packed == tmp_path / "run.jsonl.gz"
    assert read(packed) == read(path) == load(packed) == WHOLE
    assert read(packed.rename(tmp_path / "evidence")) == load(tmp_path / "evidence") == WHOLE


def test_compressing_gives_the_same_bytes_wherever_and_whenever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    first, second = written(tmp_path), written(tmp_path / "other", name="another.jsonl")
    packed = compress(first)
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert compress(second).read_bytes() == packed.read_bytes()
    assert first.exists()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_gzip_gives_what_comes_before_the_damage(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("gz") / "run.jsonl.gz"
    many = tuple(sample(visit, seconds=(visit * 1.1e-7, visit * 1.3e-7)) for visit in range(1, 200))
    content = bytearray(gzip.compress(text_of(RUN, PLAN, *many).encode(), mtime=0))
    position = data.draw(st.integers(len(content) // 4, len(content) - 1))
    if data.draw(st.booleans()):
        del content[position:]
    else:
        content[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    recording = read(path)
    assert recording.problems
    assert recording.run == RUN
    assert len(recording.samples) >= 10


def test_all_whole_lines_of_a_truncated_gzip_are_read_and_the_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.gz"
    content = gzip.compress(text_of(*LINES).encode())
    path.write_bytes(content[:-8])  # all data is there, the checksum is not
    recording = read(path)
    assert dataclasses.replace(recording, problems=()) == WHOLE
    assert recording.problems == (
        "the compressed data ends early: what comes before was read, what comes after is lost",
    )
    content = bytearray(content)
    content[-8] ^= 1  # the checksum is wrong
    path.write_bytes(content)
    recording = read(path)
    assert dataclasses.replace(recording, problems=()) == WHOLE
    assert "damaged" in recording.problems[0]


def test_of_a_truncated_gzip_every_byte_is_read_that_is_there() -> None:
    content = gzip.compress(b"".join(b"%d" % n * 3000 for n in range(100)))  # one byte holds hundreds
    for kept in range(20, len(content)):
        there = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(content[:kept])
        assert b"".join(Content(io.BytesIO(content[:kept]), len(there))) == there


def test_a_gzip_of_several_members_with_padding_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.gz"
    members = [gzip.compress(text_of(line).encode()) for line in LINES]
    path.write_bytes(b"".join(members) + b"\0" * 100_000)
    assert read(path) == WHOLE


def test_a_bomb_is_refused_before_it_is_large(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    zeros = gzip.compress(bytes(64 * 1024 * 1024), compresslevel=1)
    path.write_bytes(gzip.compress(text_of(RUN).encode()) + zeros)
    with pytest.raises(RecordError, match="at most 1000000 bytes"):
        read(path, max_bytes=10**6)
    recording = read(path)
    assert recording.run == RUN
    assert f"more than {MAX_LINE_BYTES} bytes" in recording.problems[0]


def test_evidence_over_the_limit_is_refused_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MAX_EVIDENCE_BYTES", 100)
    with pytest.raises(StorageError, match="at most 100 are kept"):
        compress(written(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]


def test_compressing_writes_over_nothing_and_only_what_is_ours(tmp_path: Path) -> None:
    path = written(tmp_path)
    packed = compress(path)
    with pytest.raises(StorageError, match="remove what is there"):
        compress(path)
    with pytest.raises(StorageError, match="compressed already"):
        compress(packed)
    assert read(packed) == WHOLE
    notes = tmp_path / "notes.txt"
    notes.write_text("dear diary")
    with pytest.raises(RecordError, match="no run header"):
        compress(notes)
    assert not (tmp_path / "notes.txt.gz").exists()


def test_a_disk_that_fills_while_compressing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    monkeypatch.setattr("shutil.copyfileobj", failing(print, errno.ENOSPC))
    with pytest.raises(StorageError, match="No space left"):
        compress(path)
    assert [found.name for found in tmp_path.iterdir()] == ["run.jsonl"]


# Any file, and where runs are kept


def test_a_run_of_ours_is_known_by_its_content(tmp_path: Path) -> None:
    assert load(written(tmp_path, name="run.json")) == WHOLE
    spaced = json.dumps(json.loads(to_json(RUN)), indent=None, separators=(", ", ": "))
    assert load(written(tmp_path, f" {spaced}", name="spaced.txt")).run == RUN


def test_a_result_file_of_asv_is_known_by_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "abcdef12-env.json"
    path.write_text(json.dumps({"version": 2, "commit_hash": "abcdef1234", "results": {}, "result_columns": []}))
    assert load(path).run.source == "asv"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1}', "no result file that is read here: those are Crossover's .jsonl"),
        ("[]", "no result file that is read here"),
        ('{"benchmarks": [', "neither JSON Lines of Crossover nor one whole JSON document"),
        ("a,b\n1,2\n", "neither JSON Lines of Crossover nor one whole JSON document"),
        ("", "neither JSON Lines of Crossover nor one whole JSON document"),
        ("[" * 10**6, "neither JSON Lines of Crossover nor one whole JSON document"),
        ('{"a": ' + "9" * 5000 + "}", "neither JSON Lines of Crossover nor one whole JSON document"),
    ],
)
def test_any_other_file_is_refused_with_what_is_read(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=sentence):
        load(path)


def test_a_run_is_kept_under_its_date_machine_profile_and_id() -> None:
    assert default_path(RUN) == Path("results/runs/2026-01-31-example-2c-quick-12cd34.jsonl")


def test_nothing_in_a_header_leads_out_of_the_folder() -> None:
    hostile = structs.replace(RUN, profile="../../etc/cron.d/x\n", id="a" * 88 + "..__..-x")
    path = default_path(hostile)
    assert path.parent == Path("results/runs")
    assert path.name == "2026-01-31-example-2c-etc-cron.d-x-x.jsonl"
