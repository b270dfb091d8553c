"""The verb ``crossover export``: what it writes where, what it prints, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from msgspec import structs

from bench_lib.cli import export as cli_export
from bench_lib.cli import main
from bench_lib.export import formats
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording, to_json
from bench_lib.records.storage import load
from scripts import export_page
from tests.support.builders import recording
from tests.support.extras import needs

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAMES = {
    "csv": "run-case.csv",
    "parquet": "run-case.parquet",
    "json": "run-case.json",
    "pytest-benchmark": "run-pytest-benchmark.json",
    "asv": f"asv/example-machine/{COMMIT[:8]}-crossover.json",
}
FORMATS = [pytest.param(to, marks=needs("pyarrow")) if to == "parquet" else to for to in NAMES]
Crossover = Callable[..., int]


def kept(folder: Path, run: Recording, name: str = "run.jsonl") -> Path:
    path = folder / name
    lines = (run.run, Plan(cases=run.plan), *run.samples)
    path.write_text("".join(f"{to_json(line)}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with one run in it."""
    kept(tmp_path, recording(rounds=2, visits=2))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch) -> Crossover:
    def command(*arguments: object) -> int:
        monkeypatch.setattr(main.signal, "signal", lambda *_: None)
        monkeypatch.setattr(sys, "argv", ["crossover", "export", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


def options(to: str) -> tuple[str, ...]:
    return ("--to", to, *(("--commit", COMMIT) if to == "asv" else ()))


@pytest.mark.parametrize("to", FORMATS)
def test_each_format_goes_beside_the_other_exports_and_its_path_is_all_that_is_printed(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    assert crossover("run.jsonl", *options(to)) == 0
    path = Path("results", "exports", NAMES[to])
    assert capsys.readouterr().out == f"{path}\n"
    assert path.stat().st_size > 0
    assert not list(here.rglob("*.part"))


@pytest.mark.parametrize("to", FORMATS)
def test_what_is_left_out_is_said_on_standard_error_one_line_for_each_kind(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    crossover("run.jsonl", *options(to))
    said = capsys.readouterr().err.splitlines()
    assert said
    assert len(said) == len(set(said))
    assert all(line.startswith(f"{to}: ") for line in said)


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_is_written_over_unless_it_is_forced(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    path = here / "results" / "exports" / NAMES[to]
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    assert crossover("run.jsonl", *options(to)) == 4
    assert "is there already and is not written over: choose another --out, or --force it" in capsys.readouterr().err
    assert path.read_text() == "precious"
    assert [one for one in path.parent.iterdir() if one != path] == []
    assert crossover("run.jsonl", *options(to), "--force") == 0
    assert "precious" not in path.read_bytes().decode(errors="replace")


@pytest.mark.parametrize("to", ["asv", "pytest-benchmark"])
def test_what_two_tools_read_this_one_reads_too(here: Path, crossover: Crossover, to: str) -> None:
    crossover("run.jsonl", *options(to))
    read = load(Path("results", "exports", NAMES[to]))
    assert {one.case for one in read.plan} == {one.case for one in load(here / "run.jsonl").plan}


def test_a_place_can_be_chosen_and_a_second_run_joins_asvs_folder(here: Path, crossover: Crossover) -> None:
    assert crossover("run.jsonl", "--to", "csv", "--out", "new/table.csv") == 0
    assert Path("new", "table.csv").read_text(encoding="utf-8").startswith("run,source,")
    for commit in (COMMIT, "f" * 40):
        assert crossover("run.jsonl", "--to", "asv", "--commit", commit, "--out", "asv") == 0
    assert sorted(path.name for path in Path("asv", "example-machine").iterdir()) == [
        "01234567-crossover.json", "ffffffff-crossover.json", "machine.json",
    ]  # fmt: skip


def test_a_folder_is_no_place_for_a_table(here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossover("run.jsonl", "--to", "csv", "--out", here) == 4
    assert "is a folder: name a file in it with --out" in capsys.readouterr().err


def test_levels_and_a_baseline_choose_the_rows(here: Path, crossover: Crossover) -> None:
    counts = {}
    for level in ("case", "sample", "speedup"):
        assert crossover("run.jsonl", "--to", "json", "--level", level) == 0
        document = json.loads(Path(f"results/exports/run-{level}.json").read_text(encoding="utf-8"))
        counts[level] = len(document["rows"])
    assert counts == {"case": 20, "sample": 80, "speedup": 15}
    assert crossover("run.jsonl", "--to", "json", "--level", "speedup", "--baseline", "cuda:0", "--force") == 0
    document = json.loads(Path("results/exports/run-speedup.json").read_text(encoding="utf-8"))
    assert {(row["device"], row["baseline"]) for row in document["rows"]} == {("cpu", "cuda:0")}


def test_several_runs_are_one_table_and_are_refused_where_a_file_holds_one(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(here, recording(rounds=1, visits=1, run_id="run-2"), "second.jsonl")
    assert crossover(here, "--to", "json", "--out", "both.json") == 0
    document = json.loads(Path("both.json").read_text(encoding="utf-8"))
    assert {row["run"] for row in document["rows"]} == {"run-1", "run-2"}
    assert crossover("run.jsonl", "second.jsonl", "--to", "pytest-benchmark") == 4
    assert "a file of pytest-benchmark holds one run; 2 were named" in capsys.readouterr().err


def of_commit(run_id: str, commit: str, torch: str = "2.13.0") -> Recording:
    """Return a run that tells its commit."""
    made = recording(rounds=2, visits=1, run_id=run_id)
    return replace(made, run=structs.replace(made.run, settings={"commit": commit}, software={"torch": torch}))


def test_runs_that_tell_their_commits_are_one_history_of_asv(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    for run in (
        of_commit("run-a", COMMIT), of_commit("run-b", "f" * 40), of_commit("run-c", "f" * 40, "2.12.0+cu126"),
    ):  # fmt: skip
        kept(here, run, f"{run.run.id}.jsonl")
    assert crossover("run-a.jsonl", "run-b.jsonl", "run-c.jsonl", "--to", "asv", "--out", "asv") == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name for path in paths] == [
        "01234567-crossover-torch2.13.0.json", "ffffffff-crossover-torch2.13.0.json",
        "ffffffff-crossover-torch2.12.0+cu126.json",
    ]  # fmt: skip
    assert [json.loads(path.read_bytes())["commit_hash"] for path in paths] == [COMMIT, "f" * 40, "f" * 40]


@pytest.mark.parametrize(
    ("second", "arguments", "sentence"),
    [
        (of_commit("run-b", COMMIT), (), "run-a and run-b are of the same: leave one of them out"),
        (of_commit("run-b", "f" * 40 + "+"), (), "run-b measured ffffffffffff with changes: commit them and measure"),
        (of_commit("run-b", "ffffffff"), (), "came 'ffffffff': give it with --commit, for one run at a time"),
        (of_commit("run-b", "f" * 40), ("--commit", COMMIT), "--commit is of one run, and 2 were named: leave it out"),
    ],
)
def test_runs_that_cannot_be_one_history_of_asv_are_refused_before_anything_is_written(
    here: Path,
    crossover: Crossover,
    capsys: pytest.CaptureFixture[str],
    second: Recording,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    kept(here, of_commit("run-a", COMMIT), "a.jsonl")
    kept(here, second, "b.jsonl")
    assert crossover("a.jsonl", "b.jsonl", "--to", "asv", "--out", "asv", *arguments) == 4
    assert sentence in capsys.readouterr().err
    assert not Path("asv").exists()


def test_one_of_several_places_that_is_taken_leaves_all_as_they_were(here: Path, crossover: Crossover) -> None:
    kept(here, of_commit("run-a", COMMIT), "a.jsonl")
    kept(here, of_commit("run-b", "f" * 40), "b.jsonl")
    assert crossover("b.jsonl", "--to", "asv", "--out", "asv") == 0
    before = {path: path.read_bytes() for path in Path("asv").rglob("*.json")}
    assert crossover("a.jsonl", "b.jsonl", "--to", "asv", "--out", "asv") == 4
    assert {path: path.read_bytes() for path in Path("asv").rglob("*.json")} == before
    assert crossover("a.jsonl", "b.jsonl", "--to", "asv", "--out", "asv", "--force") == 0


def test_a_commit_that_is_given_stands_in_place_of_the_one_that_is_told(here: Path, crossover: Crossover) -> None:
    kept(here, of_commit("run-a", "f" * 40 + "+"), "a.jsonl")
    assert crossover("a.jsonl", "--to", "asv", "--out", "asv", "--commit", COMMIT) == 0
    assert [path.name for path in Path("asv").rglob("*torch*")] == ["01234567-crossover-torch2.13.0.json"]


def test_a_file_of_pytest_benchmark_says_which_commit_it_is_of_and_whether_that_was_changed(
    here: Path, crossover: Crossover
) -> None:
    for name, run, dirty in (("a", of_commit("a", COMMIT), False), ("b", of_commit("b", f"{COMMIT}+"), True)):
        kept(here, run, f"{name}.jsonl")
        assert crossover(f"{name}.jsonl", "--to", "pytest-benchmark", "--out", f"{name}.json") == 0
        told = json.loads(Path(f"{name}.json").read_text(encoding="utf-8"))["commit_info"]
        assert (told["id"], told["dirty"]) == (COMMIT, dirty)


def test_an_export_of_another_tools_file_is_named_after_its_run(here: Path, crossover: Crossover) -> None:
    crossover("run.jsonl", *options("pytest-benchmark"))
    assert crossover(Path("results", "exports", NAMES["pytest-benchmark"]), "--to", "csv") == 0
    assert list(Path("results", "exports").glob("2024-05-01-example-machine-pytest-benchmark-*-case.csv"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--to", "xml"), "--to takes csv, parquet, json, asv, pytest-benchmark; came 'xml'"),
        (("--to", "csv", "--level", "row"), "'row' is not one of 'case', 'sample', 'speedup'"),
        (("--to", "csv", "--baseline", "cpu"), "add --level speedup"),
        (("--to", "csv", "--level", "speedup", "--baseline", "mps"), "'mps': compare with one of cpu, cuda:0"),
        (("--to", "json", "--commit", COMMIT), "a json table has no place for it"),
        (("--to", "asv", "--commit", COMMIT, "--level", "case"), "asv has a form of its own"),
        (("--to", "asv"), "run run-1 tells none, as it was not made in a git checkout: give it with --commit"),
        (("--to", "asv", "--commit", "main"), "came 'main': give it with --commit"),
    ],
)
def test_a_request_that_does_not_fit_is_one_sentence_and_writes_nothing(
    here: Path,
    crossover: Crossover,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    assert crossover("run.jsonl", *arguments) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert sentence in err
    assert not Path("results").exists()


def test_a_format_is_one_file_and_one_row(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ModuleType("bench_lib.export.tsv")
    exec(
        "from bench_lib.export.tables import omissions_of, table_of\n"
        "def write(request):\n"
        "    table = table_of(request)\n"
        "    lines = [table.names, *table.rows()]\n"
        "    return ''.join('\\t'.join(map(str, line)) + '\\n' for line in lines).encode()\n"
        "def omissions(request):\n"
        "    return omissions_of(request, headers=False)\n",
        file.__dict__,
    )
    row = formats.Format(name="tsv", suffix=".tsv", is_table=True, holds="a table")
    monkeypatch.setitem(sys.modules, file.__name__, file)
    for module in (cli_export, export_page):
        monkeypatch.setattr(module, "FORMATS", (*formats.FORMATS, row))
    assert crossover("run.jsonl", "--to", "tsv", "--level", "speedup") == 0
    out, err = capsys.readouterr()
    assert out == "results/exports/run-speedup.tsv\n"
    assert err.startswith("tsv: the machine sheets")
    assert Path(out.strip()).read_text(encoding="utf-8").startswith("run\tmachine\tworkload\t")
    assert crossover("run.jsonl", "--to", "tsv", "--commit", COMMIT) == 4
    assert "a tsv table has no place for it" in capsys.readouterr().err
    assert crossover("run.jsonl", "--to", "xml") == 4
    assert "pytest-benchmark, tsv; came 'xml'" in capsys.readouterr().err
    assert "| `tsv` | a table | one table |" in export_page.page("<!-- formats -->\n<!-- end -->")


def test_the_help_names_every_format(crossover: Crossover, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossover("--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "csv, parquet, json, asv or pytest-benchmark." in said
    assert "Of csv, parquet, json: a row is a case" in said
    assert "Of asv and pytest-benchmark: the commit measured" in said


def test_the_page_about_commands_names_every_format() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `--to` \| (.*?); required \|$", text, re.MULTILINE)
    assert re.findall(r"`(.+?)`", row) == [one.name for one in formats.FORMATS]


def test_a_file_that_is_not_there_is_one_sentence(
    here: Path, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover("absent.jsonl", "--to", "csv") == 4
    assert "there is nothing at 'absent.jsonl'" in capsys.readouterr().err


@pytest.mark.parametrize("to", FORMATS)
def test_torch_is_not_needed(here: Path, to: str) -> None:
    root = Path(__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); sys.modules['torch'] = None; "
        "from bench_lib.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "export", "run.jsonl", *options(to)]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
