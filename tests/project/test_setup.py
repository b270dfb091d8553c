"""The way in: the set-up script, the Makefile, and what a newcomer reads first.

No network is used, and no environment is made.
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import bench_lib
from tests.support.extras import needs

ROOT = Path(__file__).parents[2]
SH = shutil.which("sh") or "/bin/sh"
BASH = shutil.which("bash")
MAKE = shutil.which("make")
TARGETS = ("help", "bench", "test", "test-oldest", "gate", "check", "fix", "report", "docs", "picture", "asv", "perf")

needs_make = pytest.mark.skipif(MAKE is None, reason="needs make, and there is none on the PATH")

# An interpreter that runs what it is asked with -c by the real Python, with a folder of made-up modules in front, and
# writes down what it is asked with -m. The environment it "makes" holds one that has pip and, mostly, torch.
INTERPRETER = """#!/bin/sh
PATH=/usr/bin:/bin
if [ "$1" = -c ]; then
    PYTHONPATH={modules} exec {python} "$@"
fi
echo "$@" >>{log}
if [ "$2" = venv ]; then
    while [ $# -gt 1 ]; do shift; done
    mkdir -p "$1/bin"
    cat >"$1/bin/python" <<'EOF'
#!/bin/sh
echo "environment: $@" >>{log}
[ "$1 $2" = "-c import torch" ] && exit {torch_is_missing}
exit 0
EOF
    chmod +x "$1/bin/python"
fi
"""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine on which nothing but the interpreters made here is on the PATH."""

    folder: Path

    def add_python(
        self,
        name: str = "python3",
        *,
        version: str = "3.12",
        torch: str | None = None,
        venv: bool = True,
        is_environment: bool = False,
    ) -> None:
        """Put an interpreter on the PATH; ``is_environment`` hides its torch from the environments made with it."""
        modules = self.folder / f"modules-{name}"
        modules.mkdir()
        numbers = version.replace(".", ", ")
        (modules / "sitecustomize.py").write_text(f"import sys\nsys.version_info = ({numbers}, 0)\n")
        missing = "raise ImportError('not on this machine')\n"
        (modules / "torch").mkdir()
        (modules / "torch" / "__init__.py").write_text(missing if torch is None else f"__version__ = {torch!r}\n")
        if not venv:
            (modules / "ensurepip.py").write_text(missing)
        script = self.folder / "bin" / name
        script.write_text(
            INTERPRETER.format(
                modules=modules, python=sys.executable, log=self.folder / "log", torch_is_missing=int(is_environment)
            )
        )
        script.chmod(0o755)

    def set_up(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up script."""
        env = {"PATH": str(self.folder / "bin"), "VENV": str(self.folder / "venv"), **variables}
        command = [SH, str(ROOT / "scripts" / "setup.sh"), *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)

    @property
    def log(self) -> str:
        """What the interpreters were asked to do."""
        return (self.folder / "log").read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    return Machine(folder=tmp_path)


def _only_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_missing_python_gets_one_sentence(machine: Machine) -> None:
    assert "Python 3.11 or newer is needed, and python3 is not found" in _only_sentence(machine.set_up())


def test_a_python_that_is_too_old_gets_one_sentence_with_its_version(machine: Machine) -> None:
    machine.add_python(version="3.9")
    assert "Python 3.11 or newer is needed, and python3 is 3.9;" in _only_sentence(machine.set_up())


def test_a_python_that_was_named_and_is_too_old_is_not_replaced_by_another(machine: Machine) -> None:
    machine.add_python("python3.10", version="3.10")
    machine.add_python("python3", version="3.12")
    assert "python3.10 is 3.10;" in _only_sentence(machine.set_up(PYTHON="python3.10"))


def test_a_python_without_venv_gets_one_sentence_that_says_what_to_install(machine: Machine) -> None:
    machine.add_python(version="3.11", venv=False)
    assert "apt install python3.11-venv" in _only_sentence(machine.set_up())


def test_the_first_python_that_will_do_is_chosen(machine: Machine) -> None:
    machine.add_python("python3", version="3.9")
    machine.add_python("python3.13", version="3.13", venv=False)
    machine.add_python("python3.11", version="3.11")
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert "with python3.11" in done.stderr


def test_without_a_torch_the_environment_stands_alone(machine: Machine) -> None:
    machine.add_python()
    assert machine.set_up().returncode == 0
    assert f"-m venv --clear {machine.folder / 'venv'}\n" in machine.log


def test_a_torch_that_fits_is_used_and_no_other_is_downloaded(machine: Machine) -> None:
    machine.add_python(torch="2.13.0+cpu")
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert "which has torch 2.13.0+cpu: that one is used" in done.stderr
    assert "-m venv --clear --system-site-packages" in machine.log
    assert "torch-of-the-interpreter" not in machine.log


def test_a_torch_that_is_too_old_is_left_alone(machine: Machine) -> None:
    machine.add_python(torch="2.8.1")
    assert machine.set_up().returncode == 0
    assert "--system-site-packages" not in machine.log


def test_the_torch_of_an_interpreter_that_is_an_environment_itself_is_lent_by_its_folder(machine: Machine) -> None:
    machine.add_python(torch="2.11.0", is_environment=True)
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert "torch-of-the-interpreter.pth" in machine.log
    assert f"{machine.folder / 'modules-python3'}\n" in machine.log


@pytest.mark.parametrize(("extra", "ready"), [("test", {"test"}), ("dev", {"dev", "test"})])
def test_the_extra_asked_for_is_installed_and_marked_as_ready(machine: Machine, extra: str, ready: set[str]) -> None:
    machine.add_python()
    assert machine.set_up(extra, CONSTRAINTS=".ci/constraints.txt").returncode == 0
    assert (
        f"environment: -m pip install --quiet --editable .[{extra}] --constraint .ci/constraints.txt\n" in machine.log
    )
    assert "environment: -m pip install --quiet --no-deps apache-otava" in machine.log
    assert {path.name for path in (machine.folder / "venv").glob(".ready-*")} == {f".ready-{name}" for name in ready}


def test_an_environment_that_is_there_is_kept(machine: Machine) -> None:
    machine.add_python()
    assert machine.set_up("test").returncode == 0
    assert machine.set_up("dev").returncode == 0
    assert machine.log.count("-m venv") == 1


@pytest.fixture
def crossover(tmp_path: Path) -> Path:
    """Return a stand-in for the command, which exits a run with $RUN_EXIT."""
    script = tmp_path / "crossover"
    script.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = run ]; then echo "a table of $*"; echo results/runs/new.jsonl; exit "$RUN_EXIT"; fi\n'
        'echo "page of $2"\n'
    )
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("run_exit", [0, 2])
def test_bench_reports_the_run_even_if_a_case_failed_and_keeps_its_exit_code(crossover: Path, run_exit: int) -> None:
    done = _bench(crossover, run_exit)
    assert done.returncode == run_exit
    assert done.stdout.splitlines() == [
        "a table of run --profile quick",
        "results/runs/new.jsonl",
        "page of results/runs/new.jsonl",
    ]


@pytest.mark.parametrize("run_exit", [1, 4, 130])
def test_bench_reports_nothing_when_the_run_itself_failed(crossover: Path, run_exit: int) -> None:
    done = _bench(crossover, run_exit)
    assert done.returncode == run_exit
    assert "page of" not in done.stdout


def _bench(crossover: Path, run_exit: int) -> subprocess.CompletedProcess[str]:
    command = [SH, str(ROOT / "scripts" / "bench.sh"), str(crossover), "--profile", "quick"]
    env = {**os.environ, "RUN_EXIT": str(run_exit)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(BASH is None, reason="needs bash, and there is none on the PATH")
def test_a_gpu_session_names_its_steps_when_it_is_asked_for_another(tmp_path: Path) -> None:
    command = [str(BASH), str(ROOT / "scripts" / "gpu_session.sh"), "devices", "coffee"]
    env = {**os.environ, "OUT": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 4
    assert (
        "the steps are devices, cuda, doctor, run, report, again, energy, gate, asv and tests; came coffee"
        in done.stdout
    )


@needs_make
@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_make_lists_every_target(arguments: tuple[str, ...]) -> None:
    listed = subprocess.run([str(MAKE), *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert re.findall(r"^  make ([\w-]+) +\S", listed.stdout, flags=re.MULTILINE) == list(TARGETS)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_that_is_written_down_exists(page: str) -> None:
    named = set(
        re.findall(r"(?:`|^)make ([\w-]+)\b(?!=)", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert {"bench", "test"} <= named <= set(TARGETS)


def test_the_page_about_commands_lists_every_target() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    listed = {
        name
        for row in re.findall(r"^\| (`make .+?) \|", page, re.MULTILINE)
        for name in re.findall(r"`make ([\w-]+)`", row)
    }
    assert listed == set(TARGETS) - {"help"}


def test_the_version_is_the_newest_released_one_of_the_changelog() -> None:
    newest = re.search(
        r"^## (?!Unreleased)(\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert newest
    assert newest.group(1) == bench_lib.__version__


def test_ci_pins_a_torch_that_the_package_accepts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest = next(need.removeprefix("torch>=") for need in project["dependencies"] if need.startswith("torch>="))
    pinned = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").strip().removeprefix("torch==")
    assert [int(part) for part in pinned.split(".")] >= [int(part) for part in lowest.split(".")]


@needs("hatchling")
def test_the_wheel_ships_all_of_the_package_with_the_runs_of_the_checkout_and_nothing_else() -> None:
    from hatchling.builders.wheel import WheelBuilder

    shipped = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "bench_lib").rglob("*") if path.is_file()}
    runs = {f"bench_lib/reference_runs/{path.name}" for path in (ROOT / "results" / "runs").iterdir()}
    assert shipped == {path for path in there if "__pycache__" not in path} | runs
    assert "bench_lib/py.typed" in shipped


def test_no_tracked_file_names_a_folder_of_a_machine_or_the_host_of_a_registry() -> None:
    # Tests make such names up, to see that they do not get into a record.
    named = re.compile(
        r"(?<![\w./~-])/(?:home/\w|root/|Users/\w|work/)"
        r"|//[\w.-]*\b(?:pypi|pythonhosted|debian|ubuntu|npmjs|anaconda)\."
    )
    tracked = [ROOT / name for name in _git("ls-files", "-z").split("\0") if name and not name.startswith("tests/")]
    found = {str(path.relative_to(ROOT)): named.findall(_text(path)) for path in tracked if path.is_file()}
    assert {name: hits for name, hits in found.items() if hits} == {}


def _git(*arguments: str) -> str:
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository: these are the files without it")
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


def _text(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("utf-8", errors="replace")
