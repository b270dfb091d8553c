"""The runs that ship: those of GPUs stand beside a machine without one, of each GPU the newest."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.cli import main
from bench_lib.records import reference
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording, to_json
from bench_lib.report.page import build_page
from tests.support.builders import recording
from tests.support.page_data import cpu_recording

ROOT = Path(__file__).parents[2]


def write(folder: Path, name: str, one: Recording) -> Path:
    text = "".join(f"{to_json(line)}\n" for line in (one.run, Plan(cases=one.plan), *one.samples))
    path = folder / f"{name}.jsonl.gz"
    path.write_bytes(gzip.compress(text.encode()))
    return path


def named(run_id: str, created: str, gpu: str = "Example GPU X1") -> Recording:
    made = recording(run_id=run_id, machine=f"machine-of-{run_id}", rounds=2)
    devices = tuple(structs.replace(one, name=gpu) if one.kind == "cuda" else one for one in made.run.devices)
    return replace(made, run=structs.replace(made.run, created=created, devices=devices))


def test_of_each_gpu_the_newest_run_ships_and_cpu_runs_do_not(tmp_path: Path) -> None:
    write(tmp_path, "a", named("old", "2024-01-01T00:00:00Z"))
    write(tmp_path, "b", named("new", "2024-06-01T00:00:00Z"))
    write(tmp_path, "c", named("other", "2023-01-01T00:00:00Z", gpu="Example GPU Y2"))
    write(tmp_path, "d", cpu_recording())
    (tmp_path / "e.jsonl").write_text("no run at all\n")
    (tmp_path / "f.jsonl.gz").write_bytes(b"not compressed")
    assert [one.run.id for one in reference.shipped((tmp_path,))] == ["new", "other"]


def test_the_first_folder_that_exists_counts_and_none_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, "a", named("one", "2024-01-01T00:00:00Z"))
    assert len(reference.shipped((tmp_path / "missing", tmp_path))) == 1
    assert reference.shipped((tmp_path / "missing",)) == ()


def test_what_ships_has_a_gpu_and_a_run_with_a_gpu_of_its_own_gets_nothing_beside_it() -> None:
    assert all(reference.has_gpu(one.run) for one in reference.shipped())
    assert reference.beside([recording().run]) == ()


def test_the_package_takes_the_runs_from_where_the_checkout_has_them() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"results/runs" = "bench_lib/reference_runs"' in text
    assert reference.FOLDERS == (ROOT / "bench_lib" / "reference_runs", ROOT / "results" / "runs")


def test_the_page_sets_this_cpu_beside_the_gpu_of_another_machine_and_says_so() -> None:
    from tests.support.page_data import gpu_recording

    own = cpu_recording()
    other = gpu_recording()
    other = replace(other, run=structs.replace(other.run, id="run-of-the-gpu", machine="a-machine-with-a-gpu"))
    text = build_page(tidy([own]), [own], reference=[other])
    assert "No GPU in this run" in text
    assert "On another machine, " in text
    assert "two machines" in text
    assert "a-machine-with-a-gpu" in text
    alone = build_page(tidy([own]), [own])
    assert "On another machine, " not in alone
    assert len(text) < 1.5 * len(alone)


def test_the_command_takes_a_reference_and_refuses_both_options(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from tests.support.page_data import gpu_recording

    own, other = write(tmp_path, "own", cpu_recording()), write(tmp_path, "other", gpu_recording())
    page = tmp_path / "page.html"

    def command(*options: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["crossover", "report", str(own), "--out", str(page), *options])
            with pytest.raises(SystemExit) as ended:
                main.main()
        return int(ended.value.code or 0)

    assert command("--reference", str(other)) == 0
    assert "On another machine, " in page.read_text(encoding="utf-8")
    assert command("--no-reference") == 0
    assert "On another machine, " not in page.read_text(encoding="utf-8")
    assert command("--reference", str(other), "--no-reference") == 4
    assert "exclude each other" in capsys.readouterr().err
