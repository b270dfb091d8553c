"""Our report as a page of asv's site: which results it shows, where asv's own pages link it, what costs only itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import asv
import pytest
from msgspec import structs

from bench_lib.export import asv as as_asv
from bench_lib.plugins.asv.publish import LABEL, PAGE, RUNS_AT_MOST, CrossoverReport, add, newest
from bench_lib.records.recording import Recording
from tests.support.builders import recording

ROOT = Path(__file__).parents[3]
OLD, NEW = "0" * 40, "1" * 40
REVISIONS = {OLD: 3, NEW: 7}


def kept(results: Path, run: Recording, commit: str) -> Path:
    """Write a run as asv keeps it."""
    made = as_asv.results_of(run, commit)
    beside, shared = made.path.with_name("machine.json"), Path("benchmarks.json")
    for path, obj in ((made.path, made.result), (beside, made.machine), (shared, made.benchmarks)):
        (results / path).parent.mkdir(parents=True, exist_ok=True)
        (results / path).write_bytes(as_asv.encoded(obj))
    return results / made.path


def run_of(machine: str, torch: str = "2.13.0") -> Recording:
    made = recording(machine=machine, rounds=2, visits=1)
    return replace(made, run=structs.replace(made.run, software={"torch": torch}))


@pytest.fixture
def conf(tmp_path: Path) -> SimpleNamespace:
    """Return settings of asv's that point to no results, and to a site as asv itself lays it out."""
    site, results = tmp_path / "html", tmp_path / "results"
    shutil.copytree(Path(asv.__file__).parent / "www", site)
    results.mkdir()
    return SimpleNamespace(results_dir=str(results), html_dir=str(site))


def publish(conf: SimpleNamespace) -> Path:
    CrossoverReport.publish(conf, None, None, None, REVISIONS)
    return Path(conf.html_dir)


def test_the_page_is_of_the_newest_commit_of_each_machine_with_all_its_environments(conf: SimpleNamespace) -> None:
    results = Path(conf.results_dir)
    kept(results, run_of("first"), OLD)
    expected = [
        kept(results, run_of("first", "2.12.1"), NEW), kept(results, run_of("first", "2.13.0"), NEW),
        kept(results, run_of("second"), OLD),
    ]  # fmt: skip
    kept(results, run_of("third"), "f" * 40)  # of a commit that is not in this history
    assert newest(results, REVISIONS) == expected
    text = (publish(conf) / PAGE).read_text(encoding="utf-8")
    assert all(word in text for word in ("first", "second", "2.12.1", "2.13.0"))
    assert "third" not in text


def test_asvs_own_pages_link_it_once_and_stay_as_they_were_otherwise(conf: SimpleNamespace) -> None:
    before = {name: Path(conf.html_dir, name).read_text() for name in ("index.html", "error.html")}
    kept(Path(conf.results_dir), run_of("first"), NEW)
    site = publish(conf)
    link = f'<a href="{PAGE}">{LABEL}</a>'
    for name, text in before.items():
        lines = (site / name).read_text().splitlines()
        (added,) = [line for line in lines if link in line]
        assert [line for line in lines if line != added] == text.splitlines()
    navigation = (site / "index.html").read_text().partition("</nav>")[0]
    assert navigation.index("nav-li-regressions") < navigation.index("nav-li-crossover")


def test_an_asv_whose_page_is_another_gets_the_report_and_is_told(
    conf: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    Path(conf.html_dir, "index.html").write_text("<html></html>")
    kept(Path(conf.results_dir), run_of("first"), NEW)
    site = publish(conf)
    assert (site / PAGE).is_file()
    assert (site / "index.html").read_text() == "<html></html>"
    assert "index.html of this asv has no place for a link" in caplog.text


def test_without_results_there_is_no_page_and_no_link(conf: SimpleNamespace, caplog: pytest.LogCaptureFixture) -> None:
    site = publish(conf)
    assert not (site / PAGE).exists()
    assert PAGE not in (site / "index.html").read_text()
    assert "no result that Crossover could report" in caplog.text


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"commit_hash": NEW, "version": 2})])
def test_a_file_that_cannot_be_read_costs_only_itself(
    conf: SimpleNamespace, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    path = kept(Path(conf.results_dir), run_of("first"), NEW)
    path.with_name("11111111-existing.json").write_text(content)
    assert "first" in (publish(conf) / PAGE).read_text(encoding="utf-8")
    assert "left out of the report" in caplog.text


def test_of_very_many_results_some_are_shown_and_it_is_said(
    conf: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    for minor in range(RUNS_AT_MOST + 2):
        kept(Path(conf.results_dir), run_of("first", f"2.{minor + 10}.0"), NEW)
    assert len(newest(Path(conf.results_dir), REVISIONS)) == RUNS_AT_MOST
    assert f"the first {RUNS_AT_MOST} of {RUNS_AT_MOST + 2} newest results" in caplog.text


def test_a_page_that_is_not_there_gets_no_link(tmp_path: Path) -> None:
    assert not add(tmp_path / "absent.html", "<p>", "</p>", "x")


def test_asv_loads_it_by_the_name_in_its_settings_and_without_torch() -> None:
    assert '".bench_lib.asv_report"' in (ROOT / "asv.conf.json").read_text()
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from asv.plugin_manager import plugin_manager; plugin_manager.import_plugin('.bench_lib.asv_report')\n"
        "from asv.publishing import OutputPublisher as Base; print([one.name for one in Base.__subclasses__()][-1])\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["crossover", "False"]
