"""What differs between runs: only what does, in words, and which operations may be compared."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import environment
from bench_lib.analysis.environment import ABSENT, Difference
from bench_lib.records.run import Run
from tests.support.builders import recording
from tests.support.page_data import cpu_recording, gpu_recording, other_torch, second_gpu_recording

RUN = gpu_recording(rounds=1, visits=1).run


def changed(run: Run = RUN, **facts: object) -> Run:
    return structs.replace(run, **facts)


def test_of_equal_runs_nothing_differs_whatever_their_names_and_days() -> None:
    other = changed(id="another", created="2030-01-01T00:00:00Z", command="crossover run --seed 1")
    assert environment.differences([RUN, other]) == ()
    assert environment.differences([RUN]) == ()


def test_two_versions_of_torch_differ_in_one_fact() -> None:
    found = environment.differences([RUN, other_torch(gpu_recording(rounds=1, visits=1)).run])
    assert found == (Difference(group="Software", name="torch", texts=("2.13.0", "2.12.0")),)


def test_what_a_run_does_not_tell_is_said() -> None:
    found = environment.differences([RUN, changed(software={}), changed(software={**RUN.software, "cuda": None})])
    assert [one.texts for one in found if one.name == "cuda"] == [("13.0", ABSENT, ABSENT)]


def test_numbers_have_their_units_and_flags_are_words() -> None:
    one = changed(host={"memory_nbytes": 2**33}, budget_seconds=150.0, precision={"deterministic": True})
    other = changed(host={"memory_nbytes": 2**34}, budget_seconds=None, precision={"deterministic": False})
    found = {one.name: one.texts for one in environment.differences([one, other])}
    assert found == {
        "memory": ("8 GiB", "16 GiB"), "budget": ("2.5 min", ABSENT), "deterministic": ("yes", "no"),
    }  # fmt: skip


def test_memory_that_is_free_at_the_moment_is_no_difference() -> None:
    one, other = changed(host={"memory_available_nbytes": 1}), changed(host={"memory_available_nbytes": 2})
    assert environment.differences([one, other]) == ()


def test_a_fact_that_differs_alike_for_several_devices_is_listed_once() -> None:
    found = environment.differences([RUN, second_gpu_recording().run])
    names = [one.name for one in found if one.group == "Devices"]
    assert "name of numpy, cpu, cpu-1t" in names
    assert "name of cuda:0" in names


def test_groups_come_in_the_order_of_a_machine_sheet() -> None:
    found = [one.group for one in environment.differences([RUN, cpu_recording(rounds=1, visits=1).run])]
    assert found == sorted(found, key=environment.GROUPS.index)


@given(st.permutations(range(3)))
def test_the_order_of_the_runs_changes_the_columns_alone(order: list[int]) -> None:
    runs = [RUN, changed(profile="full", software={}), changed(machine="another-one", seed=9)]
    plain = {(one.group, one.name): one.texts for one in environment.differences(runs)}
    turned = {(one.group, one.name): one.texts for one in environment.differences([runs[i] for i in order])}
    assert turned == {key: tuple(texts[i] for i in order) for key, texts in plain.items()}


def test_operations_of_one_source_may_be_compared_and_others_are_named() -> None:
    first, *rest = RUN.workloads
    other = changed(workloads=(structs.replace(first, source_sha256="f" * 64), *rest[1:]))
    assert environment.changed_workloads(RUN, other) == {first.name}
    assert environment.common_workloads(RUN, other) == {one.name for one in rest[1:]}


def test_numbers_of_two_tools_are_not_compared() -> None:
    own = recording(rounds=1, visits=1)
    other = recording(rounds=1, visits=1, source="asv")
    assert environment.common_workloads(own.run, own.run) == {"add"}
    assert environment.common_workloads(own.run, other.run) == frozenset()
    assert environment.changed_workloads(own.run, other.run) == {"add"}
