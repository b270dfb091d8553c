"""The parent's end of a worker, with small programs in the worker's place."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench_lib.errors import RecordError, UsageError, WorkerError
from bench_lib.records.messages import Describe, MachineFacts, Request, WarmUp
from bench_lib.runner.process import WorkerProcess, WorkerTimeout

Start = Callable[[str], WorkerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return a function that starts a worker which runs a given program instead of the real one."""

    def begin(program: str) -> WorkerProcess:
        source = tmp_path / "program.py"
        source.write_text("import json, os, sys, time\n" + program)
        interpreter = tmp_path / "interpreter"
        interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{source}"\n')
        interpreter.chmod(0o755)
        return WorkerProcess(seed=0, threads=3, python=str(interpreter))

    return begin


DESCRIBE = Describe()


def told(worker: WorkerProcess, request: Request = DESCRIBE) -> Any:
    return json.loads(worker.exchange(request, timeout=20))


ECHO = """
for line in sys.stdin:
    print(json.dumps({"got": json.loads(line)}), flush=True)
"""


def test_a_request_gets_its_answer(start: Start) -> None:
    with start(ECHO) as worker:
        for number in range(3):
            request = WarmUp(device="cpu", seconds=float(number))
            assert told(worker, request) == {"got": {"kind": "warm", "device": "cpu", "seconds": number}}


def test_an_answer_may_come_in_pieces_and_be_long(start: Start) -> None:
    program = """
sys.stdin.readline()
for piece in ('{"text": "', "x" * 300_000, '"}\\n'):
    sys.stdout.write(piece)
    sys.stdout.flush()
    time.sleep(0.01)
sys.stdin.readline()
"""
    with start(program) as worker:
        assert len(told(worker)["text"]) == 300_000


def test_threads_are_told_to_openmp_and_blas_before_they_start(start: Start) -> None:
    program = """
sys.stdin.readline()
print(json.dumps({name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}), flush=True)
"""
    with start(program) as worker:
        assert set(told(worker).values()) == {"3"}


def test_torch_is_told_to_compile_in_the_worker_itself(start: Start) -> None:
    program = """
sys.stdin.readline()
print(json.dumps({"threads": os.environ["TORCHINDUCTOR_COMPILE_THREADS"]}), flush=True)
"""
    with start(program) as worker:
        assert told(worker) == {"threads": "1"}


def test_a_refusal_is_raised_as_the_error_that_the_worker_named(start: Start) -> None:
    program = ECHO.replace(
        '"got": json.loads(line)', '"kind": "refusal", "error": "UsageError", "message": "no such device"'
    )
    with start(program) as worker, pytest.raises(UsageError, match="no such device"):
        worker.ask(Describe(), MachineFacts, timeout=20)


def test_an_answer_to_another_question_is_refused_in_a_sentence_and_the_worker_lives_on(start: Start) -> None:
    with start(ECHO) as worker:
        for _ in range(2):
            with pytest.raises(RecordError, match="one of machine, refusal; came 'None'"):
                worker.ask(Describe(), MachineFacts, timeout=20)


def test_silence_ends_the_whole_process_group(start: Start) -> None:
    program = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
sys.stdin.readline()
print(json.dumps({"child": child.pid}), flush=True)
time.sleep(600)
"""
    worker = start(program)
    child = psutil.Process(told(worker)["child"])
    with pytest.raises(WorkerTimeout, match=r"no answer within 0\.2 s: the process was ended"):
        worker.ask(Describe(), MachineFacts, timeout=0.2)
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_worker_killed_from_outside_names_the_signal(start: Start) -> None:
    worker = start("sys.stdin.readline(); time.sleep(600)")
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="ended by SIGKILL, perhaps by the system for want of memory"):
        worker.ask(Describe(), MachineFacts, timeout=20)
    worker.kill()


def test_a_worker_that_exits_is_quoted_without_its_paths(start: Start) -> None:
    worker = start('sys.stdin.readline(); sys.exit("cannot load /opt/some/where/lib.so")')
    with pytest.raises(WorkerError, match=r"exit code 1: cannot load lib\.so"):
        worker.ask(Describe(), MachineFacts, timeout=20)
    worker.kill()


def test_a_worker_that_says_nothing_and_dies_is_told_as_such(start: Start) -> None:
    worker = start("sys.stdin.readline(); os._exit(7)")
    with pytest.raises(WorkerError, match="exit code 7: it said nothing"):
        worker.ask(Describe(), MachineFacts, timeout=20)
    worker.kill()


def test_an_interpreter_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(WorkerError, match=r"could not be started with this interpreter: .*No such file"):
        WorkerProcess(seed=0, threads=1, python="no-such-interpreter")


@pytest.mark.parametrize("given", ["", "a-cache"])
def test_a_cache_of_compiled_code_is_told_to_torch_only_where_one_is_given(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "the-usual-place")
    told = tmp_path / "told.sh"
    told.write_text('#!/bin/sh\nread line\necho "{\\"cache\\": \\"$TORCHINDUCTOR_CACHE_DIR\\"}"\n')
    told.chmod(0o755)
    with WorkerProcess(seed=0, threads=1, python=str(told), compile_cache=given) as worker:
        assert json.loads(worker.exchange(DESCRIBE, timeout=20)) == {"cache": given or "the-usual-place"}
