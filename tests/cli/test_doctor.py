"""The verb ``crossover doctor`` with a made-up diagnosis: what is printed, and which code it exits with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from bench_lib.cli import main
from bench_lib.errors import DeviceNotFound
from bench_lib.records.run import Finding
from bench_lib.runner import doctor_client
from bench_lib.runner.doctor_client import Diagnosis

CLOCK = Finding(check="clock", severity="ok", found="reading the host's clock costs 60 ns")
LOAD = Finding(check="load", severity="warning", found="others take 1 of 2 processors", advice="stop other work")
TIMER = Finding(check="timer cuda:0", severity="unfit", found="twice the work reads the same", advice="report it")
Crossover = Callable[..., int]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], float]]:
    """Return what the command asked for."""
    return answer(monkeypatch, CLOCK, LOAD)


def answer(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> list[tuple[tuple[str, ...], float]]:
    """Put a doctor in place that finds these."""
    asked: list[tuple[tuple[str, ...], float]] = []

    def diagnose(devices: tuple[str, ...], *, seconds: float) -> Diagnosis:
        asked.append((devices, seconds))
        return Diagnosis(findings=findings)

    monkeypatch.setattr(doctor_client, "diagnose", diagnose)
    return asked


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch) -> Crossover:
    def command(*arguments: object) -> int:
        monkeypatch.setattr(main.signal, "signal", lambda *_: None)
        monkeypatch.setattr(sys, "argv", ["crossover", "doctor", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


def test_every_device_is_tested_for_half_a_minute_unless_told(
    crossover: Crossover, asked: list[tuple[tuple[str, ...], float]]
) -> None:
    crossover()
    crossover("--device", "cpu", "--device", "cuda:0", "--seconds", 5)
    assert asked == [((), 30.0), (("cpu", "cuda:0"), 5.0)]


def test_a_fit_machine_exits_with_0_and_shows_each_finding_with_its_advice(
    crossover: Crossover, asked: list[tuple[tuple[str, ...], float]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover() == 0
    out = capsys.readouterr().out
    for words in ("ok", "clock", CLOCK.found, "warning", "load", LOAD.found, f"→ {LOAD.advice}"):
        assert words in out
    assert out.endswith("fit to measure\n")


def test_an_unfit_machine_exits_with_1_and_says_so(
    crossover: Crossover, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, CLOCK, TIMER)
    assert crossover() == 1
    assert capsys.readouterr().out.endswith("unfit: numbers measured here cannot be believed\n")


@pytest.mark.parametrize(("findings", "code"), [((CLOCK, LOAD), 0), ((LOAD, TIMER), 1)])
def test_json_holds_every_finding_whole(
    crossover: Crossover,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    findings: tuple[Finding, ...],
    code: int,
) -> None:
    answer(monkeypatch, *findings)
    assert crossover("--json") == code
    told = json.loads(capsys.readouterr().out)
    assert told["fit"] is (code == 0)
    assert [Finding(**finding) for finding in told["findings"]] == list(findings)


def test_a_device_that_is_not_here_is_refused_in_one_sentence(
    crossover: Crossover, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> Diagnosis:
        msg = "no device cuda:9 on this machine, which has cpu: choose among those"
        raise DeviceNotFound(msg)

    monkeypatch.setattr(doctor_client, "diagnose", refuse)
    assert crossover("--device", "cuda:9") == 4
    assert capsys.readouterr().err == "crossover: no device cuda:9 on this machine, which has cpu: choose among those\n"


@pytest.mark.parametrize("seconds", ["0", "soon", "1e9"])
def test_a_time_that_cannot_be_kept_is_refused(
    crossover: Crossover, asked: list[tuple[tuple[str, ...], float]], seconds: str
) -> None:
    assert crossover("--seconds", seconds) == 4
    assert asked == []
