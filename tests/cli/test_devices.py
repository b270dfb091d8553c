"""The verb ``crossover devices``: what was found, as tables and as JSON."""

import json

import pytest

from bench_lib.records.messages import MachineFacts
from bench_lib.runner import run as runner
from tests.support import builders
from tests.support.verbs import Crossover


def test_devices_as_json_is_what_was_found(
    crossover: Crossover, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = MachineFacts(
        machine="box",
        default="cuda:0",
        devices=(builders.DEVICES["cpu"], builders.DEVICES["cuda:0"]),
        host={"threads_usable": 8},
        software={"torch": "2.13.0", "driver": None},
        precision={"deterministic": False},
        variables={"OMP_NUM_THREADS": "8"},
    )
    monkeypatch.setattr(runner, "describe", lambda: here)
    assert crossover("devices", "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(here.as_object()))
    assert crossover("devices") == 0
    table = capsys.readouterr().out
    for word in ("cuda:0 (default)", "Example GPU X1", "threads usable", "unknown", "deterministic"):
        assert word in table
