"""Advice on made-up machines of which the truth is known."""

import collections
import json
import math
import re
from pathlib import Path

import pytest

from bench_lib.analysis.advice.advise import advise
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.cli import advise as cli_advise
from bench_lib.cli.main import app
from bench_lib.errors import UsageError
from bench_lib.records.case import Plan
from bench_lib.records.recording import to_json
from bench_lib.report import advice as advice_words
from scripts.studies.validate_advice import leave_out, summarise
from tests.support.builders import recording, roofline


def quiet(case, rng):
    """Take as long as on the builders' machine, without noise: copies take 20 us and go at 10 GB/s."""
    return roofline(case, Silent())


class Silent:
    def standard_normal(self) -> float:
        return 0.0


FRAME = tidy([recording(devices=("cpu", "cpu-1t", "cuda:0"), model=quiet)])


def only(**options):
    (advice,) = advise(FRAME, "add", **options)
    return advice


@pytest.mark.parametrize(
    ("n", "start", "device"),
    [(2**10, "host", "cpu"), (2**10, "device", "cpu"), (2**22, "device", "cuda:0"), (2**26, "device", "cuda:0")],
)
def test_it_names_the_device_that_is_faster(n, start, device):
    advice = only(n=n, start=start)
    assert advice.device == device
    assert advice.verdict == "faster"
    assert advice.ratio.low > 1.02
    assert [option.how for option in advice.options] == ["measured"] * 3


def test_its_times_at_a_measured_size_are_those_measured():
    advice = only(n=2**22, start="host")
    table = estimates_table(FRAME)
    row = table[(table["device"] == "cuda:0") & (table["residency"] == "roundtrip") & (table["n"] == 2**22)].iloc[0]
    gpu = next(option for option in advice.options if option.device == "cuda:0")
    assert gpu.seconds.value == pytest.approx(row["seconds"])
    assert (gpu.seconds.low, gpu.seconds.high) == pytest.approx((row["seconds_low"], row["seconds_high"]))
    assert gpu.copies == pytest.approx(20e-6 + 4 * 2**22 / 10e9, rel=0.02)


def test_many_calls_wait_once_and_copy_once():
    one, ten = only(n=2**22, start="host"), only(n=2**22, start="host", calls=10)
    gpu = {advice.calls: next(o for o in advice.options if o.device == "cuda:0") for advice in (one, ten)}
    each = 2e-6 + 4 * 2**22 / 1e12
    assert gpu[10].seconds.value == pytest.approx(gpu[1].seconds.value + 9 * each, rel=0.02)
    cpu = {advice.calls: next(o for o in advice.options if o.device == "cpu") for advice in (one, ten)}
    assert cpu[10].seconds.value == pytest.approx(10 * cpu[1].seconds.value, rel=1e-6)
    assert one.device == "cpu"
    assert ten.device == "cuda:0"
    assert ten.verdict == "faster"


def test_between_two_sizes_the_time_is_near_the_truth_and_says_what_it_rests_on():
    advice = only(n=3 * 2**20, start="device")
    gpu = next(option for option in advice.options if option.device == "cuda:0")
    assert (gpu.how, gpu.n_low, gpu.n_high) == ("interpolated", 2**18, 2**22)
    assert gpu.seconds.low < 10e-6 + 12 * 2**20 / 1e12 < gpu.seconds.high
    assert "interpolated between n = 262144 and 4194304" in " ".join(advice_words.reasons(advice))


def test_far_beyond_the_sizes_it_says_that_nothing_was_measured():
    advice = only(n=2**28)
    assert advice.verdict == "not measured"
    assert advice.device == ""
    assert advice_words.headline(advice).startswith("not measured: add at n = 268435456")
    assert dict(advice.missing)["cuda:0"] == "measured from n = 1024 to 67108864 only"


def test_it_says_from_which_size_a_device_takes_over():
    places = {one.device: one for one in only(n=2**20, start="device").takeovers}
    assert (places["cuda:0"].answer, places["cuda:0"].n_low, places["cuda:0"].n_high) == ("between", 2**14, 2**18)
    assert places["cpu-1t"].answer == "never"
    later = {one.device: one for one in only(n=2**20, start="host").takeovers}
    assert later["cuda:0"].answer == "never"
    assert later["cuda:0"].n_max == 2**26


def test_a_lead_that_is_not_certain_is_too_close_to_call():
    def equal(case, rng):
        return 1e-3 * math.exp(0.05 * rng.standard_normal())

    (advice,) = advise(tidy([recording(model=equal)]), "add", n=2**14, start="device")
    assert advice.verdict == "undecided"
    assert "too close to call" in advice_words.headline(advice)


def test_tf32_stands_against_float32_where_there_is_no_tf32():
    frame = tidy([recording(dtypes=("float32", "tf32"), model=quiet)])
    (advice,) = advise(frame, "add", n=2**22, dtype="tf32", start="device")
    assert {option.device for option in advice.options} == {"cpu", "cuda:0"}


def test_a_device_that_failed_is_missing_with_its_reason():
    def model(case, rng):
        return ("oom", "needs about 4 GiB") if case.device == "cuda:0" and case.n == 2**26 else quiet(case, rng)

    (advice,) = advise(tidy([recording(model=model)]), "add", n=2**26)
    assert advice.verdict == "only"
    assert advice.device == "cpu"
    assert advice.missing == (("cuda:0", "oom: needs about 4 GiB"),)
    assert "cuda:0 has no time here: oom: needs about 4 GiB" in advice_words.reasons(advice)


def test_machines_are_never_mixed_and_of_one_machine_the_last_run_counts():
    first = recording(model=quiet, run_id="one", machine="here")
    again = recording(model=lambda case, rng: 2 * quiet(case, rng), run_id="two", machine="here")
    there = recording(model=quiet, run_id="three", machine="there")
    found = {advice.machine: advice for advice in advise(tidy([first, again, there]), "add", n=2**14)}
    assert set(found) == {"here", "there"}
    assert found["here"].options[0].seconds.value == pytest.approx(
        2 * found["there"].options[0].seconds.value, rel=0.02
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 0}, "whole numbers from 1; came n = 0"),
        ({"n": 4, "calls": 0}, "0 calls"),
        ({"n": 4, "dtype": "int3"}, "add was not measured in 'int3': choose one of float32"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        only(**options)


def test_an_unknown_workload_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="no run here has a workload called 'ad': choose one of add"):
        advise(FRAME, "ad", n=4)


def test_the_headline_gives_both_times_and_the_ratio():
    text = advice_words.headline(only(n=2**26, start="device"))
    assert text.startswith("cuda:0: add at n = 67108864 in float32, with the data in place takes ")
    assert " times as long" in text
    assert text.count("(") == 2
    assert any(line.startswith("copies are ") for line in advice_words.reasons(only(n=2**26, start="host")))


def test_several_calls_on_two_processors_are_as_certain_as_one():
    def drifting(case, rng):
        """Both take what the machine gives them: only side by side do they differ surely."""
        visits[case] += 1
        drift = drifts.setdefault((case.n, visits[case]), math.exp(0.3 * rng.standard_normal()))
        return drift * (1.1e-3 if case.device == "cpu-1t" else 1e-3)

    drifts, visits = {}, collections.Counter()
    frame = tidy([recording(devices=("cpu", "cpu-1t"), model=drifting, blocks=1)])
    one, ten = (advise(frame, "add", n=2**18, calls=calls)[0] for calls in (1, 10))
    assert (one.verdict, ten.verdict) == ("faster", "faster")
    assert ten.ratio == one.ratio


def test_what_a_call_takes_however_small_the_work_is_only_said_where_small_sizes_take_the_same():
    launch = "cuda:0 takes 10 µs however small the work"
    assert launch in advice_words.reasons(only(n=2**10, start="device"))
    (advice,) = advise(tidy([recording(model=quiet, sizes=(2**24, 2**26))]), "add", n=2**24)
    assert not any("however small" in line for line in advice_words.reasons(advice))


def test_a_gpu_that_was_only_measured_with_its_copies_has_advice():
    def model(case, rng):
        resident = case.device == "cuda:0" and case.residency == "resident"
        return ("failed", "broken") if resident else quiet(case, rng)

    (advice,) = advise(tidy([recording(model=model)]), "add", n=2**22)
    gpu = next(option for option in advice.options if option.device == "cuda:0")
    assert gpu.seconds.value == pytest.approx(30e-6 + 2**24 / 1e12 + 2**24 / 10e9, rel=0.01)
    assert math.isnan(gpu.least)


def test_where_data_starts_is_no_question_without_a_gpu_and_one_reason_is_said_once():
    (advice,) = advise(tidy([recording(devices=("cpu", "cpu-1t"), model=quiet)]), "add", n=2**28)
    assert advice_words.headline(advice) == "not measured: add at n = 268435456 in float32"
    assert "cpu, cpu-1t have no time here: measured from n = 1024 to 67108864 only" in advice_words.reasons(advice)


def test_leaving_sizes_out_finds_good_advice_good():
    found = summarise(leave_out(tidy([recording(model=quiet, sizes=tuple(2**k for k in range(10, 27, 2)))])))
    assert found.asked > 10
    assert found.claimed_right == found.claimed > 8
    assert found.decided >= found.among >= found.right >= found.claimed_right
    assert found.median_error < 0.2
    assert found.covered > 0.8


def test_leaving_sizes_out_finds_bad_advice_bad():
    def erratic(case, rng):
        """Who wins changes with every size: what neighbours say is always wrong."""
        odd = case.n.bit_length() // 2 % 2
        return 1e-3 if (case.device == "cpu") == bool(odd) else 3e-3

    frame = tidy([recording(model=erratic, sizes=tuple(2**k for k in range(10, 27, 2)))])
    found = summarise(leave_out(frame))
    assert found.decided == found.asked > 0
    assert found.right == 0
    assert found.median_error > 1


def written(path, one):
    lines = [one.run, Plan(cases=one.plan), *one.samples]
    path.write_text("".join(f"{to_json(line)}\n" for line in lines))
    return path


def test_the_command_prints_the_answer_and_why(tmp_path, capsys):
    file = written(tmp_path / "a.jsonl", recording(model=quiet))
    cli_advise.advise("add", n=2**20, files=[file], start="device")
    out = capsys.readouterr().out
    assert out.startswith("example-machine: cuda:0: add at n = 1048576")
    assert "* cuda:0 over cpu: from between n = 16384 and 262144 on" in out


def test_the_command_prints_strict_json(tmp_path, capsys):
    file = written(tmp_path / "a.jsonl", recording(model=quiet, rounds=1, visits=1, blocks=3))
    cli_advise.advise("add", n=2**20, files=[file], as_json=True)
    (found,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["workload"] == "add"
    assert found["options"][0]["seconds"]["low"] is None


def test_without_files_the_newest_runs_are_taken_and_none_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="advice comes from runs that were measured"):
        cli_advise.advise("add", n=4)
    (tmp_path / "results" / "runs").mkdir(parents=True)
    written(tmp_path / "results" / "runs" / "a.jsonl", recording(model=quiet))
    cli_advise.advise("add", n=2**20)
    assert "add at n = 1048576" in capsys.readouterr().out


def test_the_command_of_the_page_about_commands_answers_from_the_runs_that_are_kept(monkeypatch, capsys):
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    written_down = re.search(
        r"^crossover (advise .+)$", (root / "docs" / "commands.md").read_text("utf-8"), re.MULTILINE
    )
    app(written_down[1].split(), standalone_mode=False)
    said = " ".join(capsys.readouterr().out.split())  # lines end where the terminal does
    assert "10 calls of matmul at n = 300 in float32 takes" in said
