"""The verb ``crossover run``, with a made-up runner: what a request becomes, and which code it exits with."""

from pathlib import Path

import pytest

from bench_lib.runner import run as runner
from bench_lib.runner.progress import Progress, RunOutcome
from bench_lib.runner.request import Request
from tests.support import builders
from tests.support.verbs import Crossover, runs

pytestmark = pytest.mark.usefixtures("place")


def test_the_options_of_a_run_become_a_request(crossover: Crossover, requests: list[Request]) -> None:
    options = "--profile full --budget 2m --device cpu --device numpy -k matmul --rounds 7 --seed 3 --out x.jsonl"
    assert crossover("run", *options.split(), "--machine", "box", "--timeout", "2.5") == 0
    assert requests == [
        Request(
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
    crossover: Crossover, requests: list[Request], options: tuple[str, ...], refine: bool
) -> None:
    assert crossover("run", *options) == 0
    assert [request.refine for request in requests] == [refine]


def test_files_and_models_of_ones_own_become_part_of_a_request(crossover: Crossover, requests: list[Request]) -> None:
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
    crossover: Crossover, requests: list[Request]
) -> None:
    assert crossover("run") == 0
    assert requests == [Request()]


def test_results_go_to_standard_output_with_the_path_last_and_progress_to_standard_error(
    crossover: Crossover, requests: list[Request], capsys: pytest.CaptureFixture[str]
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


def test_resume_goes_on_with_the_file(
    crossover: Crossover, requests: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed: list[Path] = []

    def resume(path: Path, request: Request, observer: Progress) -> RunOutcome:
        resumed.append(path)
        return runner.run(request, observer)

    monkeypatch.setattr(runner, "resume", resume)
    assert crossover("run", "--resume", "before.jsonl") == 0
    assert resumed == [Path("before.jsonl")]
    assert len(requests) == 1
