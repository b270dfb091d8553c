"""How often the gate is wrong: slowdowns, what each tool makes of them, and what is counted, on made-up data."""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from asv.commands.compare import Compare
from msgspec import structs

from bench_lib.analysis.comparison.calibration import rate
from bench_lib.devices import device
from bench_lib.errors import NotComparable
from bench_lib.export import asv
from bench_lib.records.case import Case, Plan
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Finish
from bench_lib.records.writer import Store
from scripts.studies import gate_power, gate_tables, other_gates, slowed
from scripts.studies.gate_tables import Pair
from tests.support.builders import recording

ROOT = Path(__file__).resolve().parents[2]
STUDIES = ROOT / "scripts" / "studies"
NAMES = tuple(workload.name for workload in slowed.WORKLOADS)
MIXED = {slowed.VARIABLE: slowed.MIXED}


def case(name: str) -> Case:
    return Case(workload=name, n=1024, dtype="float32", device="cpu")


def side(
    which: str,
    variables: Mapping[str, str] | None = None,
    *,
    seed: int = 0,
    processes: float = 0.0,
    seconds: float = 1e-4,
    rounds: int = 6,
    names: Sequence[str] = NAMES,
) -> Recording:
    """Return one side of a comparison: the blocks scatter by 1 %, and by ``processes`` from process to process."""
    told = variables or {}
    factors = {name: slowed.factor_of(place, told) for place, name in enumerate(NAMES)}
    made = recording(
        devices=("cpu",),
        workloads=names,
        sizes=(1024,),
        rounds=rounds,
        model=lambda asked, rng: seconds * factors[asked.workload],
        seed=2 * seed + (which == "b"),
        run_id=f"run-{which}",
    )
    rng = np.random.default_rng((seed, which == "b"))
    moved = {(name, number): math.exp(processes * rng.standard_normal()) for name in names for number in range(99)}
    settings = {"compared": "environment" if told else "nothing", "pair": f"pair-{seed}", "side": which}
    if told:
        settings["environment"] = ", ".join(f"{key}={value}" for key, value in told.items())
    return replace(
        made,
        run=structs.replace(made.run, settings=settings),
        samples=tuple(
            structs.replace(one, seconds=tuple(value * moved[one.case.workload, one.round] for value in one.seconds))
            for one in made.samples
        ),
        finishes=(Finish(outcome="complete", rounds=rounds, wall_seconds=100.0),),
    )


def pair(variables: Mapping[str, str] | None = None, **settings: object) -> Pair:
    before, after = side("a", **settings), side("b", variables, **settings)  # type: ignore[arg-type]
    return Pair(name="made-up", before=before, after=after, factors=gate_tables.planted(after.run))


def write(folder: Path, recording: Recording, name: str, *, outcome: str = "complete") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Store.create(folder / name, recording.run) as store:
        store.append(Plan(cases=recording.plan))
        for sample in recording.samples:
            store.append(sample)
        store.append(Finish(outcome=outcome, rounds=6, wall_seconds=100.0))  # type: ignore[arg-type]


def test_over_a_turn_each_operation_has_every_slowdown_once_and_none_in_most() -> None:
    turn = [{**MIXED, slowed.SHIFT: str(shift)} for shift in range(len(slowed.FACTORS))]
    for place in range(len(NAMES)):
        assert sorted(slowed.factor_of(place, variables) for variables in turn) == sorted(slowed.FACTORS)
    for variables in turn:
        factors = [slowed.factor_of(place, variables) for place in range(len(NAMES))]
        assert {1.05, 1.10, 1.20, 1.50} < set(factors)
        assert factors.count(1.0) > len(factors) / 2
    assert {factor for factor in slowed.FACTORS if factor > 1} == {1.05, 1.10, 1.20, 1.50}


def test_without_a_variable_nothing_is_slower_and_with_a_number_everything_is() -> None:
    assert {slowed.factor_of(place, {}) for place in range(9)} == {1.0}
    assert {slowed.factor_of(place, {slowed.VARIABLE: "1.20"}) for place in range(9)} == {1.2}


@pytest.mark.parametrize("factor", ["1.05", "1.10", "1.20", "1.50"])
def test_a_slowed_call_repeats_its_operation_more_often_and_its_source_is_the_same(
    factor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    workload = slowed.WORKLOADS[0]
    (cpu,) = device.select(["cpu"], device.discover())
    monkeypatch.setattr(slowed, "repeated", lambda call, times: (calls.append(times), call())[1])
    source = workload.record(beside=STUDIES).source_sha256
    for variables in ("1", factor):
        monkeypatch.setenv(slowed.VARIABLE, variables)
        prepared = workload.prepare(case(workload.name), cpu, seed=0)
        assert prepared.check().ok
        assert workload.record(beside=STUDIES).source_sha256 == source
    assert calls == [20, round(20 * float(factor))]


def test_every_operation_is_right_at_every_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    (cpu,) = device.select(["cpu"], device.discover())
    for factor in ("1", "1.50"):
        monkeypatch.setenv(slowed.VARIABLE, factor)
        for workload in slowed.WORKLOADS:
            for n in workload.sizes.quick:
                asked = Case(workload=workload.name, n=n, dtype="float32", device="cpu")
                assert workload.prepare(asked, cpu, seed=0).check().ok, asked


def test_there_are_at_least_54_cases_of_many_families() -> None:
    pairs = sum(len(workload.sizes.quick) for workload in slowed.WORKLOADS)
    assert 2 * pairs >= 54
    assert len({workload.family for workload in slowed.WORKLOADS}) >= 8
    assert len({workload.record(beside=STUDIES).source_sha256 for workload in slowed.WORKLOADS}) == len(NAMES)


def test_the_factors_are_known_from_the_header() -> None:
    run = side("b", {**MIXED, slowed.SHIFT: "3"}).run
    assert gate_tables.planted(run) == {
        name: slowed.factor_of(place, {**MIXED, slowed.SHIFT: "3"}) for place, name in enumerate(NAMES)
    }
    assert set(gate_tables.planted(side("b").run).values()) == {1.0}


def test_a_comparison_of_something_else_is_refused_with_its_name() -> None:
    other = recording(workloads=("add",))
    with pytest.raises(NotComparable, match="add is no operation of"):
        gate_tables.planted(other.run)


def test_without_noise_between_processes_each_tool_finds_what_is_over_its_threshold_and_nothing_else() -> None:
    made = pair({**MIXED, slowed.SHIFT: "0"}, rounds=12)
    for gate, judge in other_gates.GATES.items():
        said = judge(made.before, made.after)
        called = {one.workload for one, word in said.called.items() if word == "slower"}
        assert {name for name, factor in made.factors.items() if factor >= 1.20} <= called, gate
        assert {made.factors[name] for name in called} <= {1.05, 1.10, 1.20, 1.50}, gate
        assert len(said.called) == len(called), gate
        assert said.fails, gate


def test_asv_can_call_nothing_different_from_six_samples_on_each_side() -> None:
    made = pair({slowed.VARIABLE: "1.50"})
    assert other_gates.by_asv_export(made.before, made.after) == other_gates.Said(called={}, fails=False)
    assert len(other_gates.by_asv_samples(made.before, made.after).called) == len(NAMES)


def test_what_became_faster_is_told_by_those_that_look_for_it_and_fails_no_gate() -> None:
    slower = pair({slowed.VARIABLE: "1.50"}, rounds=12)
    for gate, judge in other_gates.GATES.items():
        said = judge(slower.after, slower.before)
        words = set() if gate.startswith("pytest-benchmark") else {"faster"}
        assert set(said.called.values()) == words, gate
        assert not said.fails, gate


def test_asv_judges_what_is_exported_as_its_own_reader_and_its_own_test_see_it() -> None:
    made = pair(processes=0.1, seed=3)
    kept = other_gates._exported(made.before)
    assert set(kept) == {case(name) for name in NAMES}
    assert {len(one.samples) for one in kept.values()} == {6}
    blocks = other_gates._recorded(made.before)
    assert {len(one.samples) for one in blocks.values()} == {6 * 3 * 12}
    assert {one.stats["repeat"] for one in blocks.values()} == {6 * 3 * 12}


def test_what_asv_calls_changed_is_what_its_command_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = pair({**MIXED, slowed.SHIFT: "0"}, rounds=12, processes=0.06, seed=4)
    commits = ("a" * 40, "b" * 40)
    for one, commit in zip((made.before, made.after), commits, strict=True):
        kept = asv.results_of(one, commit)
        (tmp_path / kept.path).parent.mkdir(exist_ok=True)
        for path, obj in ((kept.path, kept.result), (kept.path.with_name("machine.json"), kept.machine)):
            (tmp_path / path).write_bytes(asv.encoded(obj))
        (tmp_path / "benchmarks.json").write_bytes(asv.encoded(kept.benchmarks))
    conf = SimpleNamespace(results_dir=str(tmp_path), benchmark_dir="")
    machine = made.before.run.machine
    Compare.print_table(conf, *commits, factor=other_gates.ASV_FACTOR, split=False, machine=machine)
    marks = {"| +": "slower", "| -": "faster"}
    printed = {
        re.search(r"device_(\w+)", line)[1]: marks[line[:3]]  # type: ignore[index]
        for line in capsys.readouterr().out.splitlines()
        if line[:3] in marks
    }
    said = other_gates.by_asv_export(made.before, made.after)
    assert printed == {one.workload: word for one, word in said.called.items()}
    assert len(printed) >= 6


def test_a_tool_that_takes_blocks_for_independent_cries_wolf_where_processes_differ() -> None:
    pairs = [pair(processes=0.08, seed=seed) for seed in range(5)]
    counted = gate_tables.count(pairs)
    changed = counted.cases.assign(changed=counted.cases["called"] != "").groupby("gate")["changed"].mean()
    assert changed["Crossover"] <= 0.02
    assert changed["asv, one process"] > 0.2
    assert changed["pytest-benchmark, one process (its default)"] > 0.1
    assert changed["asv, one process"] > changed["asv, all samples of all processes"]
    assert counted.comparisons.groupby("gate")["fails"].mean()["asv, one process"] == 1


def test_only_the_first_processes_are_shown_to_a_tool_as_it_is_used_by_hand() -> None:
    before, after = side("a", rounds=12), side("b", rounds=12)
    late = replace(
        after,
        samples=tuple(
            structs.replace(one, seconds=tuple(2 * value for value in one.seconds)) if one.round > 2 else one
            for one in after.samples
        ),
    )
    for gate, judge in other_gates.GATES.items():
        assert judge(before, late).fails == (not gate.endswith(("(its default)", "one process"))), gate


def test_shares_are_counted_at_each_factor_and_short_calls_apart() -> None:
    shifts = [{**MIXED, slowed.SHIFT: str(shift)} for shift in range(2)]
    long = [pair(variables) for variables in shifts]
    short = [pair(variables, seconds=4e-6) for variables in shifts]
    text = gate_tables.describe(gate_tables.count([pair(), pair(seed=1), *long, *short]))
    assert text.startswith(
        "2 comparisons of a thing with itself, 4 comparisons with slowdowns; a comparison took 100 s"
    )
    lines = text.splitlines()
    alarms = next(line for line in lines if line.startswith("| Crossover"))
    assert alarms.split(" | ")[1] == f"0 of 60: 0.0 % (0.0 to {100 * rate(0, 60).high:.1f})"
    assert alarms.split(" | ")[3].startswith("0 of 2: 0.0 %")
    heads = [line for line in lines if line.startswith("| gate, calls")]
    assert [head.split(" | ")[0] for head in heads] == ["| gate, calls from 10 µs", "| gate, calls under 10 µs"]
    rows = [line.split(" | ") for line in lines if line.startswith("| Crossover")][1:]
    for row in rows:
        assert row[3] == f"6 of 6: 100.0 % ({100 * rate(6, 6).low:.1f} to 100.0)"
        assert row[4].startswith("6 of 6")
        assert row[5].startswith("0 of 36: 0.0 %")


def test_a_case_without_a_time_is_left_out_and_counted() -> None:
    whole = pair()
    gone = case(NAMES[0])
    after = replace(whole.after, samples=tuple(one for one in whole.after.samples if one.case != gone))
    counted = gate_tables.count([replace(whole, after=after)])
    assert counted.left_out == 1
    assert len(counted.cases) == len(other_gates.GATES) * (len(NAMES) - 1)
    assert "1 case without a time left out." in gate_tables.describe(counted)


def test_only_complete_comparisons_are_read(tmp_path: Path) -> None:
    few = NAMES[:3]
    for name, outcome in (("aa-01", "complete"), ("aa-02", "interrupted")):
        write(tmp_path / name, side("a", names=few), "a.jsonl")
        write(tmp_path / name, side("b", names=few), "b.jsonl", outcome=outcome)
    write(tmp_path / "aa-03", side("a", names=few), "a.jsonl")
    assert [found.name for found in gate_tables.pairs_in(tmp_path)] == ["aa-01"]
    assert (
        gate_tables.describe(gate_tables.count([])) == "There is no complete comparison: measure some with --measure.\n"
    )


def test_what_was_planted_stays_what_it_was_when_the_list_of_operations_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {**MIXED, slowed.SHIFT: "2"}
    for which in ("a", "b"):
        write(tmp_path / "mixed-03", side(which, variables, names=NAMES[:3]), f"{which}.jsonl")
    gate_tables.keep_factors(tmp_path / "mixed-03")
    then = {name: slowed.factor_of(place, variables) for place, name in enumerate(NAMES[:3])}
    monkeypatch.setattr(slowed, "WORKLOADS", slowed.WORKLOADS[1:])
    assert [found.factors for found in gate_tables.pairs_in(tmp_path)] == [then]


def test_what_is_not_there_is_measured_in_turn_and_what_is_there_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "aa-01", side("a", names=NAMES[:1]), "a.jsonl")
    write(tmp_path / "aa-01", side("b", names=NAMES[:1]), "b.jsonl")
    write(tmp_path / "mixed-01", side("a", names=NAMES[:1]), "a.jsonl", outcome="interrupted")
    asked: list[list[str]] = []

    def start(arguments: Sequence[str], folder: Path) -> tuple[int, str]:
        asked.append(list(arguments))
        place = folder / arguments[arguments.index("--out") + 1]
        assert not (place / "a.jsonl").exists()
        for which in ("a", "b"):
            write(place, side(which, names=NAMES[:1]), f"{which}.jsonl")
        return 1, "slower: something\n"

    gate_power.measure(tmp_path, 2, ["--budget", "9s"], start)
    assert [one[one.index("--out") + 1] for one in asked] == ["mixed-01", "aa-02", "mixed-02"]
    assert all(Path(one[one.index("--workloads") + 1]).is_file() for one in asked)
    assert f"{slowed.SHIFT}=1" in asked[2]
    assert "--aa" in asked[1]
    assert (tmp_path / "mixed-02" / "said.txt").read_text() == "slower: something\n"
    gate_power.measure(tmp_path, 2, [], start)
    assert len(asked) == 3


def test_a_comparison_that_cannot_be_made_ends_it_with_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"ended with 4 for aa-01:\nno such device"):
        gate_power.measure(tmp_path, 1, [], lambda arguments, folder: (4, "no such device"))


def test_the_tables_are_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "aa-01", side("a", names=NAMES[:3]), "a.jsonl")
    write(tmp_path / "aa-01", side("b", names=NAMES[:3]), "b.jsonl")
    monkeypatch.setattr(sys, "argv", ["gate_power.py", str(tmp_path)])
    gate_power.main()
    assert "| Crossover | 0 of 3: 0.0 % (0.0 to 70.8) |" in capsys.readouterr().out
