"""The verb ``crossover report``: where the page goes, and when it is opened."""

from pathlib import Path

import pytest

from bench_lib.cli import report
from tests.support import builders
from tests.support.verbs import Crossover, written

pytestmark = pytest.mark.usefixtures("place")


def test_a_report_has_a_name_of_its_own_by_default_and_its_path_is_printed(
    crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        written(builders.recording(sizes=(2**10, 2**14), rounds=2, run_id=name), Path(f"{name}.jsonl"))
        for name in ("first", "second")
    ]
    assert crossover("report", *files) == 0
    assert capsys.readouterr().out == "results/reports/first.html\n"
    assert Path("results/reports/first.html").read_text().startswith("<!doctype html>")


def test_a_report_is_opened_only_when_asked(crossover: Crossover, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(report.webbrowser, "open", opened.append)
    file = written(builders.recording(sizes=(2**10, 2**14), rounds=2), Path("run.jsonl"))
    assert crossover("report", file, "--out", "page.html") == 0
    assert opened == []
    assert crossover("report", file, "--out", "page.html", "--open") == 0
    assert opened == [(place / "page.html").as_uri()]
