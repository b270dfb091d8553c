"""The parent's end of a worker: start it, ask it, and end it with all its children when it does not answer.

The parent never touches a device.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final, Self

from bench_lib.devices.host import QUIET, thread_environment, usable_threads
from bench_lib.errors import WorkerError
from bench_lib.records.messages import A, Request, answer_of
from bench_lib.records.recording import encode
from bench_lib.records.sanitize import scrub

READ_NBYTES: Final = 1 << 16
TAIL_NBYTES: Final = 8000
KILL_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.5  # how long a wait goes on before it looks round
ALONE: Final = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
"""What keeps a worker to one process: CUDA is looked for without beginning it, and ``torch.compile`` starts no pool of
compilers, which would go on beside what is measured."""


class WorkerTimeout(WorkerError):
    """The worker did not answer within its time, and was ended."""


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and every process of its group."""
    # It may have ended by itself, and its group with it, which some systems call a lack of permission.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # a process stuck in a driver goes when the driver lets it
        process.wait(timeout=KILL_SECONDS)


def last_lines(output: IO[bytes], count: int) -> list[str]:
    """Return the last lines that a process has printed, without blank ones and without paths."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - TAIL_NBYTES))
    lines = [scrub(line.rstrip()) for line in output.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-count:] or ["it said nothing"]


class WorkerProcess:
    """One worker process, in a process group of its own.

    Parameters
    ----------
    seed
        Of every input.
    twin
        Key of a device that it finds under a second name, too; empty for none.
    threads
        What OpenMP and BLAS are told before they start; they do not see a quota themselves.
    python
        The interpreter, and so the torch, that measures.
    compile_cache
        Where ``torch.compile`` keeps what it made, for workers of one run to share; empty for its usual place.
    folder
        Where it starts, and so whose code it imports first; None for the parent's own.
    environment
        Variables that it is given besides the parent's; they win.
    """

    def __init__(
        self,
        *,
        seed: int,
        threads: int,
        python: str = sys.executable,
        compile_cache: str = "",
        twin: str = "",
        folder: Path | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        variables = QUIET | os.environ | thread_environment(threads) | ALONE
        if compile_cache:
            variables["TORCHINDUCTOR_CACHE_DIR"] = compile_cache
        try:
            self._process = subprocess.Popen(
                [python, "-m", "bench_lib.measure.worker", str(seed), *([twin] if twin else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=variables | dict(environment),
                cwd=folder,
                start_new_session=True,
            )
        except OSError as err:
            self._complaints.close()
            msg = f"the measuring process could not be started with this interpreter: {scrub(str(err))}"
            raise WorkerError(msg) from err
        self._pending = b""

    @property
    def pid(self) -> int:
        """The process id, which is that of its group too."""
        return self._process.pid

    def ask(self, request: Request, expected: type[A], *, timeout: float) -> A:
        """Send a request and return its answer.

        Parameters
        ----------
        expected
            The type of the answer.
        timeout
            Wall-clock seconds to wait.

        Raises
        ------
        WorkerTimeout
            If no answer came in time; the process group is gone then.
        WorkerError
            If the worker died.
        RecordError
            If it is not the answer that is expected; the worker lives on.
        CrossoverError
            If the worker says that the request cannot be done.
        """
        return answer_of(self.exchange(request, timeout=timeout), expected)

    def exchange(self, request: Request, *, timeout: float) -> bytes:
        """Send a request and return the line that comes, for :func:`~bench_lib.records.messages.answer_of`.

        Raises
        ------
        WorkerTimeout, WorkerError
            As for :meth:`ask`.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(request) + b"\n")
            self._process.stdin.flush()
        except OSError as err:
            raise WorkerError(self._cause_of_death()) from err
        return self._read_line(timeout)

    def kill(self) -> None:
        """End the worker and every process that it started."""
        end_group(self._process)
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            with contextlib.suppress(BrokenPipeError):  # a request that was never read
                if stream:
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read_line(self, timeout: float) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                left = deadline - time.monotonic()
                if left <= 0:
                    self.kill()
                    msg = f"no answer within {timeout:.3g} s: the process was ended"
                    raise WorkerTimeout(msg)
                if not selector.select(min(left, POLL_SECONDS)):
                    continue
                chunk = os.read(self._process.stdout.fileno(), READ_NBYTES)
                if not chunk:
                    raise WorkerError(self._cause_of_death())
                self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _cause_of_death(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "the measuring process closed its pipe"
        if code < 0:
            name = signal.Signals(-code).name
            hint = ", perhaps by the system for want of memory" if -code == signal.SIGKILL else ""
            return f"the measuring process was ended by {name}{hint}"
        return f"the measuring process ended with exit code {code}: {last_lines(self._complaints, 1)[0].strip()}"


def start_worker(seed: int, compile_cache: str = "", twin: str = "") -> WorkerProcess:
    """Start a worker of this interpreter, with as many threads as are usable here."""
    return WorkerProcess(seed=seed, threads=usable_threads().count, compile_cache=compile_cache, twin=twin)
