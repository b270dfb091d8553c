"""asv's result files, real ones and spoilt ones, read as recordings."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records import storage
from bench_lib.records.case import Case
from bench_lib.records.foreign.asv import looks_like_asv, read_asv
from bench_lib.records.recording import Recording, from_json, to_json
from bench_lib.records.sample import Sample

FOREIGN = Path(__file__).parents[2] / "data" / "asv" / "foreign"
RESULT = "60206cdb-existing-py_opt_python_bin_python3.json"
MACHINE = "amd-epyc-2c"
NAN = float("nan")

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Copy a results folder that asv 0.6.6 wrote for a suite that is not ours."""
    return Path(shutil.copytree(FOREIGN, tmp_path / "results"))


def read(folder: Path) -> Recording:
    return read_asv(folder / MACHINE / RESULT)


def change(path: Path, edit: Change) -> None:
    obj = json.loads(path.read_text())
    edit(obj)
    path.write_text(json.dumps(obj))


def change_result(folder: Path, edit: Change) -> Recording:
    change(folder / MACHINE / RESULT, edit)
    return read(folder)


def sample_of(recording: Recording, workload: str, n: int = 0) -> Sample:
    (sample,) = [s for s in recording.samples if (s.case.workload, s.case.n) == (workload, n)]
    return sample


def our_suite(row: list[Any], **extra: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a result file and a benchmarks.json with one benchmark of our own suite."""
    params = [["'cpu'", "'cuda:0'"], ["'float32'"], ["64"]]
    columns = ["result", "params", "version", "started_at", "duration", "stats_number", "samples"]
    result = {
        "commit_hash": "0123456789abcdef",
        "date": 1_700_000_000_000,
        "params": {"machine": "m", "cpu": "Example CPU", "gpu": "Example GPU", "threads": "8", "torch": "2.13.0"},
        "result_columns": columns,
        "results": {"matmul.Matmul.device_matmul": [row, params, "abc"]},
        "version": 2,
    }
    about = {
        "param_names": ["device", "dtype", "n"],
        "params": params,
        "unit": "seconds",
        "version": "abc",
        "crossover": {
            "workload": {"name": "matmul", "family": "matmul", "expression": "x @ y", "size": "rows"},
            "flop": [524288.0, 524288.0],
            "nbytes": [49152, 49152],
        },
    }
    return result, {"matmul.Matmul.device_matmul": about | extra, "version": 2}


def write(folder: Path, result: object, benchmarks: object) -> Path:
    (folder / "m").mkdir()
    (folder / "benchmarks.json").write_text(json.dumps(benchmarks))
    (folder / "m" / "machine.json").write_text('{"machine": "m", "version": 1}')
    path = folder / "m" / "0123-env.json"
    path.write_text(json.dumps(result))
    return path


def test_every_combination_of_a_timing_becomes_one_case_with_its_blocks(results: Path) -> None:
    made = sample_of(read(results), "other.Suite.time_make(kind=dict)", 1000)
    assert made.status == "ok"
    assert len(made.seconds) == 6
    assert made.seconds[0] == 9.801999999994718e-06
    assert made.calls == 1100
    assert (made.round, made.visit) == (1, 1)


def test_a_benchmark_without_parameters_is_a_case_of_size_zero_on_the_cpu(results: Path) -> None:
    plain = sample_of(read(results), "other.time_plain")
    assert plain.case == Case(workload="other.time_plain", n=0, dtype="unknown", device="cpu")
    assert len(plain.seconds) == 6


def test_parameters_called_device_dtype_and_n_keep_their_meaning_in_any_suite(results: Path) -> None:
    cases = [s.case for s in read(results).samples if s.case.workload == "other.Devices.time_add"]
    assert cases == [Case(workload="other.Devices.time_add", n=64, dtype="float32", device="cpu")]


def test_a_device_on_which_nothing_was_tried_is_left_out_and_named(results: Path) -> None:
    recording = read(results)
    assert {s.case.device for s in recording.samples} == {"cpu"}
    assert [d.key for d in recording.run.devices] == ["cpu"]
    assert any("devices without any result" in p and "cuda:0" in p for p in recording.problems)


def test_a_literal_nan_is_a_skip_with_a_reason(results: Path) -> None:
    def skip_one(obj: dict[str, Any]) -> None:
        obj["results"]["other.Suite.time_make"][0][0] = NAN

    skipped = sample_of(change_result(results, skip_one), "other.Suite.time_make(kind=list)", 10)
    assert skipped.status == "skipped"
    assert "skipped the combination" in skipped.reason


def test_a_benchmark_of_which_all_failed_has_one_failed_case_for_each_combination(results: Path) -> None:
    broken = [s for s in read(results).samples if s.case.workload.startswith("other.Suite.time_broken")]
    assert len(broken) == 4
    assert {s.status for s in broken} == {"failed"}
    assert all(s.reason and not s.seconds for s in broken)


def test_memory_and_tracked_numbers_are_left_out_and_named(results: Path) -> None:
    recording = read(results)
    assert not [s for s in recording.samples if "mem" in s.case.workload or "track" in s.case.workload]
    assert any("not times" in p and "mem_list" in p and "track_rate" in p for p in recording.problems)


def test_without_recorded_samples_the_one_result_is_the_sample(results: Path) -> None:
    def drop_samples(obj: dict[str, Any]) -> None:
        for name, row in obj["results"].items():
            obj["results"][name] = row[:11]

    made = sample_of(change_result(results, drop_samples), "other.Suite.time_make(kind=list)", 10)
    assert made.seconds == (2.6787911403255794e-07,)
    assert made.calls == 40927


def test_no_path_of_the_file_gets_into_the_recording(results: Path) -> None:
    recording = read(results)
    text = "".join(map(to_json, (recording.run, *recording.samples))) + "".join(recording.problems)
    assert "/opt" not in text
    assert "opt_python" not in text


def test_what_is_read_can_be_written_and_read_as_our_own_format(results: Path) -> None:
    recording = read(results)
    for line in (recording.run, *recording.samples):
        assert from_json(to_json(line)) == line


def test_the_run_is_named_by_commit_and_content_and_dated_by_its_last_benchmark(results: Path) -> None:
    run = read(results).run
    assert run.source == "asv"
    assert run.id.startswith("asv-60206cdb-")
    assert run.created == "2026-11-23T03:53:22+00:00"
    assert run.id != change_result(results, lambda obj: obj.update(date=1)).run.id


def test_the_one_door_for_result_files_leads_here(results: Path) -> None:
    assert storage.load(results / MACHINE / RESULT) == read(results)


def test_the_same_file_reads_the_same_twice(results: Path) -> None:
    assert read(results) == read(results)


def test_our_own_suite_keeps_its_workload_its_work_and_its_devices(tmp_path: Path) -> None:
    recording = read_asv(write(tmp_path, *our_suite([2e-6, 9e-6])))
    assert recording.problems == ()
    assert [str(s.case) for s in recording.samples] == [
        "matmul[64] float32 cpu resident latency",
        "matmul[64] float32 cuda:0 resident latency",
    ]
    assert [(p.flop, p.nbytes) for p in recording.plan] == [(524288.0, 49152)] * 2
    (workload,) = recording.run.workloads
    assert (workload.expression, workload.family, workload.source_sha256) == ("x @ y", "matmul", "abc")
    names = {d.key: (d.name, d.threads) for d in recording.run.devices}
    assert names == {"cpu": ("Example CPU", 8), "cuda:0": ("Example GPU", None)}
    assert recording.run.software == {"torch": "2.13.0"}


def test_a_combination_that_our_suite_calls_impossible_is_no_case(tmp_path: Path) -> None:
    result, benchmarks = our_suite([2e-6, NAN])
    benchmarks["matmul.Matmul.device_matmul"]["crossover"]["possible"] = [True, False]
    recording = read_asv(write(tmp_path, result, benchmarks))
    assert [s.case.device for s in recording.samples] == ["cpu"]
    assert recording.problems == ()


def test_work_is_found_by_the_values_of_the_parameters_where_other_results_have_more_of_them(tmp_path: Path) -> None:
    result, benchmarks = our_suite([2e-6, 9e-6])
    about = benchmarks["matmul.Matmul.device_matmul"]
    about["params"] = [["'numpy'", "'cuda:0'", "'cpu'"], ["'float32'"], ["32", "64"]]
    about["crossover"] |= {"flop": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "nbytes": [10, 20, 30, 40, 50, 60]}
    recording = read_asv(write(tmp_path, result, benchmarks))
    assert {p.case.device: (p.flop, p.nbytes) for p in recording.plan} == {"cpu": (6.0, 60), "cuda:0": (4.0, 40)}


def test_work_of_more_combinations_than_any_file_has_is_not_looked_through(tmp_path: Path) -> None:
    result, benchmarks = our_suite([2e-6, 9e-6])
    benchmarks["matmul.Matmul.device_matmul"]["params"] = [["1"] * 1000] * 10
    assert [(p.flop, p.nbytes) for p in read_asv(write(tmp_path, result, benchmarks)).plan] == [(0.0, 0)] * 2


@pytest.mark.parametrize(
    ("told", "way"),
    [
        ({"residency": "roundtrip", "timing": "latency"}, ("roundtrip", "latency")),
        ({"residency": "resident", "timing": "submit"}, ("resident", "submit")),
        ({"residency": "elsewhere", "timing": ["latency"]}, ("resident", "latency")),
        ({}, ("resident", "latency")),
    ],
)
def test_a_benchmark_that_says_how_it_was_timed_is_believed_where_it_makes_sense(
    tmp_path: Path, told: dict[str, Any], way: tuple[str, str]
) -> None:
    result, benchmarks = our_suite([2e-6, 9e-6])
    benchmarks["matmul.Matmul.device_matmul"]["crossover"] |= told
    assert {(p.case.residency, p.case.timing) for p in read_asv(write(tmp_path, result, benchmarks)).plan} == {way}


def test_work_declared_for_another_version_of_a_benchmark_is_not_used(tmp_path: Path) -> None:
    recording = read_asv(write(tmp_path, *our_suite([2e-6, 9e-6], version="def")))
    assert [(p.flop, p.nbytes) for p in recording.plan] == [(0.0, 0)] * 2
    assert any("work of these benchmarks is not known" in p for p in recording.problems)
    assert recording.run.workloads[0].name == "matmul"


def test_our_own_suite_is_known_without_benchmarks_json(tmp_path: Path) -> None:
    path = write(tmp_path, *our_suite([2e-6, None]))
    (tmp_path / "benchmarks.json").unlink()
    recording = read_asv(path)
    assert [(s.case.workload, s.case.device, s.case.n, s.status) for s in recording.samples] == [
        ("matmul", "cpu", 64, "ok"),
        ("matmul", "cuda:0", 64, "failed"),
    ]
    assert any("benchmarks.json" in p for p in recording.problems)


def test_facts_of_the_machine_that_are_lists_or_null_are_left_out_and_named(results: Path) -> None:
    recording = change_result(results, lambda obj: obj["params"].update(gpu=["a", "b"], cuda=None, cpu="Example CPU"))
    assert recording.run.host == {"cpu": "Example CPU"}
    assert any("'cuda', 'gpu'" in p for p in recording.problems)


def test_a_missing_machine_file_is_a_problem_and_no_failure(results: Path) -> None:
    (results / MACHINE / "machine.json").unlink()
    recording = read(results)
    assert recording.run.machine == MACHINE
    assert any("machine.json" in p for p in recording.problems)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../escape", "escape"),
        ("Some Host.local", "some-host.local"),
        ("", "unknown"),
        ("é" * 9, "unknown"),
    ],
)
def test_a_machine_name_is_never_a_path_and_becomes_a_plain_word(results: Path, given_name: str, name: str) -> None:
    (results.parent / "escape").mkdir()
    (results.parent / "escape" / "machine.json").write_text('{"cpu": "from outside"}')
    recording = change_result(results, lambda obj: obj["params"].update(machine=given_name))
    assert recording.run.machine == name
    assert "from outside" not in to_json(recording.run)
    assert any("is called" in p for p in recording.problems)


@pytest.mark.parametrize("kept", [0, 1, 100, 2000])
def test_a_file_cut_short_is_refused_with_what_to_do(results: Path, kept: int) -> None:
    path = results / MACHINE / RESULT
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RecordError, match="cut short"):
        read(results)


@pytest.mark.parametrize("name", ["benchmarks.json", f"{MACHINE}/machine.json"])
def test_a_companion_file_cut_short_is_a_problem_and_no_failure(results: Path, name: str) -> None:
    (results / name).write_text('{"cut')
    recording = read(results)
    assert any("cut short" in p for p in recording.problems)
    assert sample_of(recording, "other.time_plain").status == "ok"


@pytest.mark.parametrize("text", ["[]", "{}", '{"results": {}}', '{"commit_hash": "a", "results": []}', "3"])
def test_other_json_is_refused_with_what_was_expected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(RecordError, match="commit_hash and results"):
        read_asv(path)


def test_the_first_format_is_refused_with_the_command_that_updates_it(results: Path) -> None:
    change(results / MACHINE / RESULT, lambda obj: obj.update(version=1))
    with pytest.raises(RecordError, match="asv update"):
        read(results)


def test_a_later_format_is_refused_as_too_new(results: Path) -> None:
    change(results / MACHINE / RESULT, lambda obj: obj.update(version=3))
    with pytest.raises(SchemaTooNew, match="format 3"):
        read(results)


def test_a_folder_and_a_missing_file_are_refused_in_a_sentence(results: Path) -> None:
    for path in (results, results / "nothing.json"):
        with pytest.raises(RecordError, match=path.name):
            read_asv(path)


def test_bottomless_nesting_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    with pytest.raises(RecordError, match="JSON"):
        read_asv(path)


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), "fast", True, [1.0]])
def test_a_number_that_is_no_time_fails_its_case_and_no_other(results: Path, value: object) -> None:
    def spoil(obj: dict[str, Any]) -> None:
        obj["results"]["other.time_plain"] = [[value], []]

    recording = change_result(results, spoil)
    assert sample_of(recording, "other.time_plain").status == "failed"
    assert sample_of(recording, "other.Suite.time_make(kind=list)", 10).status == "ok"


def test_a_row_whose_results_do_not_fit_its_parameters_is_left_out_and_named(results: Path) -> None:
    def spoil(obj: dict[str, Any]) -> None:
        obj["results"]["other.Suite.time_make"][0] = [1e-6]

    recording = change_result(results, spoil)
    assert not [s for s in recording.samples if "time_make" in s.case.workload]
    assert any("one result for each combination" in p and "time_make" in p for p in recording.problems)


def test_a_product_of_parameters_beyond_all_limits_is_left_out(results: Path) -> None:
    def spoil(obj: dict[str, Any]) -> None:
        obj["results"]["other.Suite.time_make"] = [None, [["1"] * 1000] * 10]

    assert any("time_make" in p for p in change_result(results, spoil).problems)


def test_a_result_file_of_asv_is_told_from_other_json() -> None:
    assert looks_like_asv({"commit_hash": "a", "results": {}})
    assert not looks_like_asv({"results": {}})
    assert not looks_like_asv({"commit_hash": "a", "results": []})
    assert not looks_like_asv(["commit_hash", "results"])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ROWS = st.lists(JSON_VALUES, max_size=4) | st.tuples(JSON_VALUES, st.lists(st.lists(st.text(max_size=3), max_size=2)))


@given(
    columns=st.permutations(["result", "params", "version", "started_at", "samples", "stats_number"]),
    rows=st.dictionaries(st.sampled_from(["a.time_x", "b.B.device_y", "c.track_z", ""]), ROWS | JSON_VALUES),
    params=JSON_VALUES,
    commit=JSON_VALUES,
    date=JSON_VALUES,
    about=JSON_VALUES,
)
def test_no_content_of_a_result_file_ends_in_anything_but_a_recording(
    tmp_path_factory: pytest.TempPathFactory, columns: list[str], rows: object, params: object, commit: object,
    date: object, about: object,
) -> None:  # fmt: skip
    obj = {
        "commit_hash": commit, "date": date, "params": params, "result_columns": columns, "results": rows, "version": 2,
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("asv")
    recording = read_asv(write(folder, obj, {"a.time_x": about, "b.B.device_y": about}))
    for line in (recording.run, *recording.samples):
        assert from_json(to_json(line)) == line
