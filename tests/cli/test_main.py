"""The command line in-process, with a made-up runner: what a request becomes, and which code it exits with."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from bench_lib import __version__
from bench_lib.cli import main
from bench_lib.cli import options as cli_options
from bench_lib.errors import (
    CrossoverError,
    DeviceNotFound,
    NotComparable,
    RecordError,
    SchemaTooNew,
    StorageError,
    UsageError,
    WorkerError,
)
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording
from bench_lib.records.writer import Store
from bench_lib.runner import run as runner
from tests.support import builders

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "numpy", "pandas", "scipy", "matplotlib", "jinja2", "rich"}
VERBS = ("devices", "run", "report", "doctor")
Crossover = Callable[..., int]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, and give the signal back that the command takes."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch) -> Crossover:
    """Return a function that runs the command with arguments, and returns its exit code."""

    def command(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["crossover", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[runner.Request]:
    """Put a runner in place that measures nothing, and return the requests that reach it."""
    return runs(monkeypatch, builders.recording(devices=("numpy", "cpu"), sizes=(2**10,), rounds=2))


def runs(monkeypatch: pytest.MonkeyPatch, recording: Recording, outcome: str = "complete") -> list[runner.Request]:
    asked: list[runner.Request] = []

    def run(request: runner.Request, observer: runner.Progress) -> runner.RunOutcome:
        asked.append(request)
        path = written(recording, Path("run.jsonl"))
        observer.begin(recording.run, len(recording.plan), path)
        return runner.RunOutcome(path=path, outcome=outcome, wall_seconds=1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run", run)
    return asked


def written(recording: Recording, path: Path) -> Path:
    with Store.create(path, recording.run) as store:
        store.append(Plan(cases=recording.plan))
        for sample in recording.samples:
            store.append(sample)
    return path


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(*_: object) -> None:
        raise error

    monkeypatch.setattr(runner, "run", run)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("3m", 180.0), ("1h", 3600.0), ("45", 45.0), ("1.5m", 90.0), ("1s", 1.0), ("168h", 604800.0)],
)
def test_a_budget_is_a_number_with_a_unit_and_seconds_without(text: str, seconds: float) -> None:
    assert cli_options.seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "soon", "3 minutes", "0", "0.5s", "-3m", "nan", "inf", "169h", "1e400", "3M"]
)
def test_a_budget_that_is_none_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(UsageError, match=f"from 1s to 168h, such as 90s, 3m or 1h; came {text!r}"):
        cli_options.seconds_of(text)


@given(st.text(max_size=12) | st.floats().map(str) | st.floats().map("{}h".format))
def test_any_text_is_a_budget_within_the_limits_or_refused(text: str) -> None:
    try:
        seconds = cli_options.seconds_of(text)
    except UsageError:
        return
    assert 1.0 <= seconds <= 604800.0


@pytest.mark.parametrize("name", ["quick", "standard", "full"])
def test_a_profile_is_one_of_those_there_are(name: str) -> None:
    assert cli_options.profile_of(name) == name


@pytest.mark.parametrize("name", ["", "Quick", "fast"])
def test_another_profile_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match=f"--profile takes quick, standard, full; came '{name}'"):
        cli_options.profile_of(name)


def test_a_path_is_shown_as_one_would_type_it_from_here(place: Path) -> None:
    assert cli_options.shown(Path("results", "run.jsonl")) == "results/run.jsonl"
    assert cli_options.shown(place / "run.jsonl") == "run.jsonl"
    assert cli_options.shown(place / "sub" / ".." / "run.jsonl") == "run.jsonl"
    assert cli_options.shown(place.parent / "run.jsonl") == str(place.parent / "run.jsonl")


def test_the_options_of_a_run_become_a_request(crossover: Crossover, requests: list[runner.Request]) -> None:
    options = "--profile full --budget 2m --device cpu --device numpy -k matmul --rounds 7 --seed 3 --out x.jsonl"
    assert crossover("run", *options.split(), "--machine", "box", "--timeout", "2.5") == 0
    assert requests == [
        runner.Request(
            profile="full",
            devices=("cpu", "numpy"),
            expression="matmul",
            rounds=7,
            budget_seconds=120.0,
            seed=3,
            out=Path("x.jsonl"),
            machine="box",
            visit_timeout=2.5,
        )
    ]


@pytest.mark.parametrize(("options", "refine"), [((), True), (("--no-refine",), False)])
def test_a_run_refines_unless_told_otherwise(
    crossover: Crossover, requests: list[runner.Request], options: tuple[str, ...], refine: bool
) -> None:
    assert crossover("run", *options) == 0
    assert [request.refine for request in requests] == [refine]


def test_files_and_models_of_ones_own_become_part_of_a_request(
    crossover: Crossover, requests: list[runner.Request]
) -> None:
    options = "--workloads a.py --model net.py:make --workloads b.py --model other.py:make"
    assert crossover("run", *options.split()) == 0
    assert requests[0].workloads == (Path("a.py"), Path("b.py"))
    assert requests[0].models == ("net.py:make", "other.py:make")


def test_a_list_of_cases_says_on_standard_error_what_could_not_be_loaded_and_exits_with_2(
    crossover: Crossover, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = builders.recording(devices=("cpu",), sizes=(2**10,)).plan
    for not_loaded, code in (((), 0), (("a.py, line 3: NameError: x", "b.py: gone"), 2)):
        listed = runner.Listed(cases=cases, not_loaded=not_loaded)
        monkeypatch.setattr(runner, "list_cases", lambda request, listed=listed: listed)
        assert crossover("run", "--list") == code
        shown = capsys.readouterr()
        assert shown.out == "add[1024] float32 cpu resident latency\n"
        assert shown.err == "".join(f"{sentence}\n" for sentence in not_loaded)


def test_a_run_without_options_asks_for_the_quick_profile_on_every_device(
    crossover: Crossover, requests: list[runner.Request]
) -> None:
    assert crossover("run") == 0
    assert requests == [runner.Request()]


def test_results_go_to_standard_output_with_the_path_last_and_progress_to_standard_error(
    crossover: Crossover, requests: list[runner.Request], capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover("run") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "run.jsonl"
    assert "2 cases: 2 ok; 2 rounds" in out
    assert err.startswith("2 cases on numpy")
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [("ok", 0), ("oom", 0), ("too_slow", 0), ("skipped", 0), ("failed", 2), ("wrong", 2), ("timeout", 2)],
)
def test_the_exit_code_says_whether_a_case_failed(
    status: str, code: int, crossover: Crossover, monkeypatch: pytest.MonkeyPatch
) -> None:
    def model(case: object, rng: object) -> builders.Outcome:
        return 1e-6 if status == "ok" else (status, "because")  # type: ignore[return-value]

    runs(monkeypatch, builders.recording(devices=("numpy", "cpu"), sizes=(2**10,), model=model))
    assert crossover("run", "--quiet") == code


def test_an_interrupted_run_exits_130_and_says_how_to_go_on(
    crossover: Crossover, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(monkeypatch, builders.recording(sizes=(2**10,)), outcome="interrupted")
    assert crossover("run", "--quiet") == 130
    assert capsys.readouterr().err == "interrupted: go on with crossover run --resume run.jsonl\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_outside_the_measuring_exits_130_as_well(
    error: BaseException, crossover: Crossover, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, error)
    assert crossover("run") == 130


@pytest.mark.parametrize(
    "error",
    [CrossoverError, UsageError, DeviceNotFound, RecordError, SchemaTooNew, StorageError, WorkerError, NotComparable],
)
def test_every_error_made_on_purpose_is_one_sentence_and_exit_code_4(
    error: type[CrossoverError],
    crossover: Crossover,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising(monkeypatch, error("expected this, came that: do so"))
    assert crossover("run") == 4
    assert capsys.readouterr().err == "crossover: expected this, came that: do so\n"


def test_an_error_that_nobody_made_on_purpose_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ZeroDivisionError("oh"))
    monkeypatch.setattr(sys, "argv", ["crossover", "run"])
    with pytest.raises(ZeroDivisionError, match="oh"):
        main.main()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "--rounds", "0"), "--rounds"),
        (("run", "--rounds", "many"), "--rounds"),
        (("run", "--seed", "-1"), "--seed"),
        (("run", "--timeout", "0"), "--timeout"),
        (("run", "extra"), "extra"),
        (("report",), "files"),
    ],
)
def test_a_wrong_option_is_refused_with_where_to_look(
    arguments: tuple[str, ...],
    word: str,
    crossover: Crossover,
    requests: list[runner.Request],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert crossover(*arguments) == 4
    err = capsys.readouterr().err
    assert err.startswith("crossover: ")
    assert word in err.lower()  # releases of typer differ in case
    assert err.endswith("(crossover --help lists what there is)\n")
    assert requests == []


def test_a_termination_is_taken_as_an_interrupt(crossover: Crossover, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("the signal was ignored")

    monkeypatch.setattr(runner, "run", run)
    assert crossover("run") == 130


def test_resume_goes_on_with_the_file(
    crossover: Crossover, requests: list[runner.Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed: list[Path] = []

    def resume(path: Path, request: runner.Request, observer: runner.Progress) -> runner.RunOutcome:
        resumed.append(path)
        return runner.run(request, observer)

    monkeypatch.setattr(runner, "resume", resume)
    assert crossover("run", "--resume", "before.jsonl") == 0
    assert resumed == [Path("before.jsonl")]
    assert len(requests) == 1


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


def test_a_report_of_another_tools_file_is_named_after_its_run_and_not_after_a_path_in_its_name() -> None:
    run = builders.recording(source="asv").run
    page = main._page_path(Path("0a1b2c3d-existing-py_home_someone_bin_python.json"), run)
    assert page.parent == Path("results/reports")
    assert page.name.endswith(".html")
    assert "home" not in page.name
    assert run.machine in page.name


def test_a_report_is_opened_only_when_asked(crossover: Crossover, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(main.webbrowser, "open", opened.append)
    file = written(builders.recording(sizes=(2**10, 2**14), rounds=2), Path("run.jsonl"))
    assert crossover("report", file, "--out", "page.html") == 0
    assert opened == []
    assert crossover("report", file, "--out", "page.html", "--open") == 0
    assert opened == [(place / "page.html").as_uri()]


def test_devices_as_json_is_what_was_found(
    crossover: Crossover, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = runner.MachineFacts(
        machine="box",
        default="cuda:0",
        devices=(builders.DEVICES["cpu"], builders.DEVICES["cuda:0"]),
        host={"threads_usable": 8},
        software={"torch": "2.13.0", "driver": None},
        precision={"deterministic": False},
    )
    monkeypatch.setattr(runner, "describe", lambda: here)
    assert crossover("devices", "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(here.as_object()))
    assert crossover("devices") == 0
    table = capsys.readouterr().out
    for word in ("cuda:0 (default)", "Example GPU X1", "threads usable", "unknown", "deterministic"):
        assert word in table


def test_the_version_is_printed(crossover: Crossover, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossover("--version") == 0
    assert capsys.readouterr().out == f"crossover {__version__}\n"


def test_help_lists_every_verb(crossover: Crossover, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossover("--help") == 0
    out = capsys.readouterr().out
    assert all(f"  {verb} " in out for verb in VERBS)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), *((verb, "--help") for verb in VERBS)])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = (
        "import atexit, sys\n"
        "from bench_lib.cli import main, options\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['crossover', *{arguments!r}]\n"
        "main.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    loaded = set(done.stderr.split())
    assert done.returncode == 0, done.stderr
    assert "bench_lib.cli.main" in loaded
    assert loaded & HEAVY == set()
