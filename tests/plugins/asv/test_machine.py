"""The asv plugin: facts of the GPU and the software in asv's machine record, and nothing of the host's name."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asv import machine
from asv.machine import Machine
from asv.plugin_manager import PluginManager

from bench_lib.devices.host import usable_threads
from bench_lib.devices.software import software_facts
from bench_lib.plugins.asv import machine as asv_plugin

ROOT = Path(__file__).parents[3]


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stand in for the child process."""
    told = {"gpu": "Example GPU", "torch": "2.13.0", "threads": "8"}
    monkeypatch.setattr(asv_plugin, "read_facts", lambda: told)
    return told


@pytest.fixture
def loaded(facts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "load", Machine.load)  # so that it is put back after the test
    asv_plugin.setup()


@pytest.fixture
def fresh_facts() -> Iterator[None]:
    asv_plugin.read_facts.cache_clear()
    yield
    asv_plugin.read_facts.cache_clear()


def known_machine(tmp_path: Path, **about: str) -> Path:
    path = tmp_path / "asv-machine.json"
    path.write_text(json.dumps({"amd-epyc-2c": {"machine": "amd-epyc-2c"} | about, "version": 1}))
    return path


@pytest.mark.usefixtures("loaded")
def test_a_loaded_machine_has_our_facts_and_keeps_its_name(tmp_path: Path, facts: dict[str, str]) -> None:
    record = Machine.load(machine_name="amd-epyc-2c", _path=str(known_machine(tmp_path))).__dict__
    assert record["machine"] == "amd-epyc-2c"
    assert record.items() >= facts.items()


@pytest.mark.usefixtures("loaded")
def test_the_record_saved_beside_the_results_has_the_facts_and_the_users_own_file_has_not(tmp_path: Path) -> None:
    path = known_machine(tmp_path)
    Machine.load(machine_name="amd-epyc-2c", _path=str(path)).save(str(tmp_path))
    saved = json.loads((tmp_path / "amd-epyc-2c" / "machine.json").read_text())
    assert saved["gpu"] == "Example GPU"
    assert "gpu" not in path.read_text()


@pytest.mark.usefixtures("facts")
def test_what_asv_left_out_of_its_own_facts_is_filled_in_and_what_a_person_gave_stays() -> None:
    record = {"machine": "amd-epyc-2c", "cpu": "Mine"}
    asv_plugin.add_facts(record)
    assert record["cpu"] == "Mine"
    assert {"os", "arch", "num_cpu", "ram"} <= record.keys()


@pytest.mark.usefixtures("facts")
def test_the_name_of_the_host_is_not_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    here = platform.uname()._replace(node="somebodys-laptop")
    monkeypatch.setattr(machine.platform, "uname", lambda: here)
    record: dict[str, str] = {}
    asv_plugin.add_facts(record)
    assert "somebodys-laptop" not in json.dumps(record)
    assert "machine" not in record


@pytest.mark.usefixtures("fresh_facts")
def test_the_facts_are_text_and_those_of_this_interpreter() -> None:
    found = asv_plugin.read_facts()
    assert all(isinstance(value, str) and value for value in found.values())
    assert found["torch"] == software_facts()["torch"]
    assert found["threads"] == str(usable_threads().count)
    assert "gpu" in found


@pytest.mark.usefixtures("fresh_facts")
def test_an_interpreter_that_cannot_tell_costs_the_facts_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asv_plugin, "READ_FACTS", "raise ImportError('no torch here')")
    assert asv_plugin.read_facts() == {}
    assert "no torch here" in caplog.text


@pytest.mark.usefixtures("facts")
def test_asv_loads_the_plugin_by_the_name_in_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "load", Machine.load)
    monkeypatch.chdir(ROOT)
    before = Machine.load
    assert '"plugins": [".bench_lib.asv_plugin", ".bench_lib.asv_report"]' in (ROOT / "asv.conf.json").read_text()
    PluginManager().import_plugin(".bench_lib.asv_plugin")
    assert Machine.load is not before


def test_asvs_own_process_imports_no_torch() -> None:
    code = "import sys; from bench_lib import asv_plugin; asv_plugin.setup(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
