"""The real command in a child process: run, kill, resume, report, and every way to go wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench_lib.records.storage import read

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "bench_lib")
FEW = ("-k", "create_zeros[1024]", "--rounds", "2", "--budget", "20s")  # the doctor and the ceilings take a share
# One device, for tests that look at what becomes of a run, and at no number.
ONE = (*FEW, "--device", "cpu", "--until-budget")
TIMEOUT = 120.0

pytestmark = pytest.mark.slow


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "140", "NO_COLOR": "1"}


def crossover(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - no thread of the tests holds a lock here
    )


def _heed_interrupts() -> None:
    """Undo what a shell does to its background jobs, whose children ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_samples(path: Path, count: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b'"kind":"sample"') >= count:
            return
        time.sleep(0.02)
    pytest.fail(f"{path.name} did not get {count} samples")


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("measured")
    return folder, crossover("run", *FEW, folder=folder)


def test_a_run_ends_with_who_wins_the_counts_and_the_path(
    measured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = measured
    assert done.returncode == 0, done.stderr
    path = folder / done.stdout.splitlines()[-1]
    recording = read(path)
    assert path.parent == folder / "results" / "runs"
    assert {sample.status for sample in recording.samples} == {"ok"}
    assert recording.problems == ()
    assert re.search(r"\bcases?\b", done.stdout.splitlines()[0])  # the finding, whatever it is
    counts = re.search(
        r"(\d+) cases: (\d+) ok; 2 rounds, [\d.]+ (?:s|min), \d+% of it in timed and warm-up calls", done.stdout
    )
    assert counts is not None
    assert int(counts[1]) == int(counts[2]) == len(recording.plan)


def test_progress_goes_to_standard_error_and_quiet_silences_it(
    measured: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert "cases on" in measured[1].stderr
    assert "cases on" not in measured[1].stdout
    quiet = crossover("run", "--quiet", *ONE, "--rounds", 1, "--budget", "5s", folder=tmp_path)
    assert (quiet.returncode, quiet.stderr) == (0, "")


def test_no_record_names_a_host_a_user_or_a_folder(
    measured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = measured
    text = (folder / done.stdout.splitlines()[-1]).read_text()
    for secret in (str(folder), str(ROOT), str(Path.home()), os.uname().nodename):
        assert secret not in text
    assert not re.search(r'"/[a-z]', text)


def test_the_report_of_a_run_is_written_and_its_path_printed(
    measured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = measured
    made = crossover("report", done.stdout.splitlines()[-1], folder=folder)
    assert made.returncode == 0, made.stderr
    page = (folder / made.stdout.strip()).read_text()
    assert page.startswith("<!doctype html>")
    assert "create_zeros" in page or "torch.zeros" in page


def test_a_kill_of_the_worker_costs_one_visit_and_the_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    process = start("run", *ONE, "--out", out, folder=tmp_path)
    wait_for_samples(out, 2)
    for worker in workers_of(process):
        worker.kill()
    stdout, stderr = process.communicate(timeout=TIMEOUT)
    recording = read(out)
    lost = [sample for sample in recording.samples if sample.status != "ok"]
    assert process.returncode == 0, stderr
    assert len(lost) <= 1  # none if the kill fell between two rounds
    assert all("SIGKILL" in sample.reason for sample in lost)
    assert {planned.case for planned in recording.plan} == {s.case for s in recording.samples if s.status == "ok"}
    assert stdout.splitlines()[-1].endswith("run.jsonl")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_exits_130_leaves_no_worker_and_resumes(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "run.jsonl"
    process = start("run", *ONE, "--out", out, folder=tmp_path)
    wait_for_samples(out, 4)
    workers = workers_of(process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert "go on with crossover run --resume" in stderr
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    before = read(out)
    assert before.finishes[-1].outcome == "interrupted"
    assert before.problems == ()
    again = crossover("run", "--resume", out, folder=tmp_path)
    after = read(out)
    assert again.returncode == 0, again.stderr
    assert after.samples[: len(before.samples)] == before.samples
    assert after.finishes[-1].outcome == "complete"


def test_a_kill_of_the_parent_loses_no_finished_case_and_its_worker_ends_too(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    process = start("run", *ONE, "--out", out, folder=tmp_path)
    wait_for_samples(out, 4)
    workers = workers_of(process)
    process.kill()
    process.communicate(timeout=TIMEOUT)
    before = read(out)
    assert len(before.samples) >= 4
    psutil.wait_procs(workers, timeout=30)
    assert not any(worker.is_running() for worker in workers)
    again = crossover("run", "--resume", out, folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert read(out).samples[: len(before.samples)] == before.samples


def test_a_visit_that_hangs_is_ended_recorded_and_makes_the_exit_code_2(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    slow = ("-k", "matmul[2048] and float32 and cpu and not cpu-1t", "--rounds", 1, "--budget", "20s")
    done = crossover("run", *slow, "--timeout", 0.1, "--out", out, folder=tmp_path)
    samples = read(out).samples
    assert done.returncode == 2, done.stderr
    assert {sample.status for sample in samples} == {"timeout"}
    assert "no answer within 0.1 s" in samples[0].reason
    assert "1 timeout" in done.stdout


def test_two_runs_never_write_one_file(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    first = start("run", *ONE, "--out", out, folder=tmp_path)
    wait_for_samples(out, 1)
    first.send_signal(signal.SIGSTOP)  # so that it is not over before the others come
    second = crossover("run", *ONE, "--out", out, folder=tmp_path)
    third = crossover("run", "--resume", out, folder=tmp_path)
    first.send_signal(signal.SIGINT)
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=TIMEOUT)
    assert (second.returncode, third.returncode) == (4, 4)
    assert "in use" in third.stderr
    assert read(out).problems == ()


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    few = " ".join(ONE)
    limited = f"ulimit -f 16; exec {' '.join(COMMAND)} run {few} --out run.jsonl"
    done = subprocess.run(
        ["bash", "-c", limited], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=TIMEOUT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("crossover: ")
    assert "Traceback" not in done.stderr
    recording = read(tmp_path / "run.jsonl")
    assert recording.samples
    assert (tmp_path / "run.jsonl").stat().st_size <= 16 * 1024
    again = crossover("run", "--resume", "run.jsonl", folder=tmp_path)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--device", "cuda:9", "--device", "cpu"), "no device cuda:9 on this machine, which has numpy, cpu"),
        (("run", "-k", "nosuchthing"), "no case of profile quick on numpy, cpu"),
        (("run", "-k", "a and"), "-k takes words"),
        (("run", "--budget", "soon"), "--budget takes a time from 1s to 168h"),
        (("run", "--profile", "huge"), "'huge' is not one of 'quick', 'standard', 'full'"),
        (("run", "--machine", "../x", "-k", "create_zeros[1024]"), "choose another with --machine"),
        (("run", "--resume", "missing.jsonl"), "missing.jsonl"),
        (
            (
                "run",
                "--nosuchoption",
            ),
            "--nosuchoption",
        ),
        (("report", "missing.jsonl"), "missing.jsonl"),
        (("nosuchverb",), "nosuchverb"),
    ],
)
def test_a_request_that_cannot_be_done_is_one_sentence_and_exit_code_4(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = crossover(*arguments, folder=tmp_path)
    assert done.returncode == 4
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("*.jsonl"))


def test_devices_are_shown_as_a_table_and_as_json(tmp_path: Path) -> None:
    table = crossover("devices", folder=tmp_path)
    assert table.returncode == 0
    assert "usable, set by" in table.stdout
    found = json.loads(crossover("devices", "--json", folder=tmp_path).stdout)
    assert {"numpy", "cpu"} <= {device["key"] for device in found["devices"]}
    assert os.uname().nodename not in json.dumps(found)


def test_the_cases_of_a_request_can_be_listed_without_measuring(tmp_path: Path) -> None:
    done = crossover("run", "--list", "-k", "matmul[64] and float32", folder=tmp_path)
    assert "matmul[64] float32 cpu resident latency" in done.stdout.splitlines()
    assert not list(tmp_path.iterdir())


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    from bench_lib import __version__

    assert crossover("--version", folder=tmp_path).stdout == f"crossover {__version__}\n"
