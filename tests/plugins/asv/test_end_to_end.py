"""The asv commands of docs/asv.md, run for real on a copy of the suite in a repository of its own."""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench_lib.records import storage
from tests.support.extras import needs

ROOT = Path(__file__).parents[3]
COPIED = ("asv.conf.json", "bench_lib", "benchmarks")
MACHINE = "test-machine"
SELECTED = r"device_matmul\('(numpy|xpu:0)', 'float32', 64\)"

pytestmark = [
    pytest.mark.slow,
    needs("asv"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="asv's forkserver needs a system that forks"),
]


@dataclass(frozen=True, kw_only=True)
class Project:
    """A repository with the suite in it, a home folder of its own, and what asv said so far."""

    folder: Path
    home: Path
    said: dict[str, str]

    def run(self, *command: str) -> str:
        environment = os.environ | {"HOME": str(self.home), "ASV_PYTHONPATH": str(self.folder)}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=240
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def asv(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "asv", *arguments)

    def commit(self, message: str) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        self.run("git", *identity, "commit", "--quiet", "--allow-empty", "-m", message)
        return self.run("git", "rev-parse", "HEAD")

    def measure(self, *options: str) -> str:
        commit = self.commit(" ".join(options))
        return self.asv("run", "--machine", MACHINE, "--set-commit-hash", commit, "-b", SELECTED, *options)

    def result(self, options: str) -> Path:
        commit = self.run("git", "log", "--format=%H", f"--grep=^{options}$")
        (path,) = (self.folder / "results" / "asv" / MACHINE).glob(f"{commit[:8]}-*.json")
        return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Run the commands once, in the order of docs/asv.md."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    project = Project(folder=folder, home=home, said={})
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "add", *COPIED)
    project.commit("suite")
    project.said["check"] = project.asv("check")
    project.asv("machine", "--machine", MACHINE, "--yes")
    project.said["quick"] = project.measure("--quick", "--show-stderr")
    project.said["run"] = project.measure("--record-samples")
    project.said["publish"] = project.asv("publish")
    project.said["compare"] = project.asv("compare", "HEAD~1", "HEAD")
    return project


def test_asv_finds_nothing_wrong_with_the_suite(project: Project) -> None:
    assert "No problems found" in project.said["check"]


def test_a_device_that_is_not_here_is_skipped_with_the_reason(project: Project) -> None:
    assert "asv: skipped: NotImplementedError('no device xpu:0 on this machine" in project.said["quick"]


def test_a_quick_run_has_one_sample_of_one_call(project: Project) -> None:
    (sample,) = [s for s in storage.load(project.result("--quick --show-stderr")).samples if s.status == "ok"]
    assert (len(sample.seconds), sample.calls) == (1, 1)


def test_a_real_run_has_the_blocks_of_two_processes(project: Project) -> None:
    (sample,) = [s for s in storage.load(project.result("--record-samples")).samples if s.status == "ok"]
    assert str(sample.case) == "matmul[64] float32 numpy resident latency"
    assert len(sample.seconds) > 2
    assert sample.calls > 1


def test_our_reader_knows_the_work_the_device_and_the_software(project: Project) -> None:
    recording = storage.load(project.result("--record-samples"))
    (planned,) = [p for p in recording.plan if str(p.case) == "matmul[64] float32 numpy resident latency"]
    assert (planned.flop, planned.nbytes) == (2 * 64**3, 3 * 64 * 64 * 4)
    assert recording.run.machine == MACHINE
    assert recording.run.software["torch"]
    assert {d.key: d.threads for d in recording.run.devices}["numpy"] is not None
    (workload,) = recording.run.workloads
    assert (workload.family, workload.expression) == ("matmul", "a @ b")


def test_the_report_reads_what_asv_saved(project: Project) -> None:
    page = project.folder / "report.html"
    command = "from bench_lib.cli.main import main; main()"
    project.run(sys.executable, "-c", command, "report", str(project.result("--record-samples")), "--out", str(page))
    text = page.read_text(encoding="utf-8")
    assert "a @ b" in text
    assert MACHINE in text
    assert sys.executable not in text


def test_the_machine_record_is_text_only_and_has_gpu_and_torch_and_no_host_name(project: Project) -> None:
    record = json.loads((project.folder / "results" / "asv" / MACHINE / "machine.json").read_text())
    assert all(isinstance(value, str) for key, value in record.items() if key != "version")
    assert {"gpu", "torch", "threads", "cpu", "ram"} <= record.keys()
    assert platform.node() not in record.values()


def test_the_published_pages_have_the_graph_and_the_facts(project: Project) -> None:
    index = json.loads((project.folder / ".asv" / "html" / "index.json").read_text())
    assert "matmul.Matmul.device_matmul" in index["benchmarks"]
    assert "torch" in index["params"]
    assert list((project.folder / ".asv" / "html" / "graphs").rglob("matmul.Matmul.device_matmul.json"))


def test_the_published_pages_have_our_report_and_a_link_to_it(project: Project) -> None:
    site = project.folder / ".asv" / "html"
    report = (site / "crossover.html").read_text(encoding="utf-8")
    assert "a @ b" in report
    assert MACHINE in report
    assert sys.executable not in report
    assert '<a href="crossover.html">Crossover report</a>' in (site / "index.html").read_text(encoding="utf-8")


def test_two_commits_can_be_compared(project: Project) -> None:
    (line,) = [line for line in project.said["compare"].splitlines() if "'numpy', 'float32', 64" in line]
    assert "s" in line.split("|")[2]
    assert "n/a" not in line
