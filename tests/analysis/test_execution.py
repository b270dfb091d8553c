import dataclasses
import math

import numpy as np
import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.crossovers import crossovers_table
from bench_lib.analysis.execution import COLUMNS, FADES, execution_table, fades, pays_after
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records.run import Mode
from tests.support.builders import DEVICES, recording

LAUNCH = {"add": 16e-6, "add_compiled": 4e-6, "add_graph": 8e-6}  # seconds that the work does not shorten
MODES: dict[str, tuple[Mode, str]] = {"add_compiled": ("compiled", "add"), "add_graph": ("graph", "add")}
SIZES = (2**10, 2**16, 2**26)


def launched(case, rng):
    work = 4e-9 * case.n if case.device == "cpu" else 4e-11 * case.n
    return (LAUNCH[case.workload] + work) * math.exp(0.002 * rng.standard_normal())


def tidied(*, model=launched, compiling=True, workloads=tuple(LAUNCH), **settings):
    """Return the table of a run with three modes; compiling takes 2 s in round 1 and 0.1 s later, a capture 1 ms."""
    made = recording(workloads=workloads, sizes=settings.pop("sizes", SIZES), model=model, **settings)
    named = tuple(
        structs.replace(one, mode=MODES[one.name][0], eager=MODES[one.name][1]) if one.name in MODES else one
        for one in made.run.workloads
    )
    samples = tuple(
        structs.replace(one, compile_seconds=cost(one)) if compiling and one.status == "ok" else one
        for one in made.samples
    )
    run = structs.replace(made.run, workloads=named)
    return frame.tidy([dataclasses.replace(made, run=run, samples=samples)])


def cost(sample):
    if sample.case.workload == "add":
        return None
    return 1e-3 if sample.case.workload == "add_graph" else 2.0 if sample.round == 1 else 0.1


def chosen(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table


def test_the_frame_says_of_each_row_how_it_was_executed_and_what_compiling_took():
    table = tidied(rounds=2)
    assert set(table["mode"]) == {"eager", "compiled", "graph"}
    assert set(chosen(table, workload="add")["eager"]) == {""}
    assert set(chosen(table, mode="graph")["eager"]) == {"add"}
    assert chosen(table, mode="eager")["compile_seconds"].isna().all()
    assert set(chosen(table, mode="compiled", round=2)["compile_seconds"]) == {0.1}


def test_each_case_of_a_mode_is_one_row_with_eager_over_its_own_time():
    found = execution_table(tidied(devices=("cpu", "cuda:0")))
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 2 * len(SIZES) * (1 + 3)  # modes; the CPU's one view, and three of the GPU
    row = chosen(found, workload="add_compiled", n=2**10, device="cuda:0", residency="resident", timing="latency")
    assert len(row) == 1
    row = row.iloc[0]
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert row["ratio"] == pytest.approx(16.04 / 4.04, rel=0.01)
    assert (row["verdict"], row["mode"], row["eager"]) == ("mode", "compiled", "add")
    assert row["eager_seconds"] / row["seconds"] == pytest.approx(row["ratio"], rel=0.01)
    assert (row["rounds"], row["interval"]) == (5, "between-rounds")


def test_drift_that_both_share_is_not_in_the_interval():
    seen = iter(range(10**6))
    walk = np.random.default_rng(1).normal(0, 0.3, 10**4)

    def together(case, rng):
        return launched(case, rng) * math.exp(walk[next(seen) // 3])

    table = tidied(model=together, devices=("cpu",), sizes=(2**10,))
    row = chosen(execution_table(table), workload="add_compiled").iloc[0]
    assert row["ratio_high"] / row["ratio_low"] < 1.05
    assert row["verdict"] == "mode"


def test_a_mode_that_is_slower_loses_and_never_pays():
    def slow(case, rng):
        return (30e-6 if case.workload != "add" else 10e-6) * math.exp(0.002 * rng.standard_normal())

    found = execution_table(tidied(model=slow, devices=("cpu",)))
    assert set(found["verdict"]) == {"eager"}
    assert (found[["pays_after", "pays_after_low", "pays_after_high"]] == math.inf).all(axis=None)


def test_the_time_of_compiling_is_that_of_the_first_round_and_is_paid_back_call_by_call():
    row = chosen(execution_table(tidied(devices=("cpu",))), workload="add_compiled", n=2**10).iloc[0]
    assert row["compile_seconds"] == 2.0
    gain = 12e-6
    assert row["pays_after"] == pytest.approx(2.0 / gain, rel=0.02)
    assert row["pays_after_low"] < row["pays_after"] < row["pays_after_high"]


def test_compiling_counts_for_every_way_in_which_a_case_is_timed():
    table = tidied(devices=("cuda:0",))
    table.loc[(table["timing"] == "throughput").to_numpy(), "compile_seconds"] = np.nan
    found = chosen(execution_table(table), workload="add_compiled", residency="resident")
    assert set(found["timing"]) == {"latency", "throughput"}
    assert set(found["compile_seconds"]) == {2.0}


def test_a_run_that_does_not_say_what_compiling_took_says_nothing_of_when_it_pays():
    found = execution_table(tidied(compiling=False, devices=("cpu",)))
    assert found["compile_seconds"].isna().all()
    assert found["pays_after"].isna().all()
    assert set(found["verdict"]) == {"mode", "same"}


@pytest.mark.parametrize(
    ("seconds", "gain", "calls"),
    [
        (1.0, 0.3, 4),
        (1e-9, 1.0, 1),
        (1.0, 0.0, math.inf),
        (1.0, -1.0, math.inf),
        (math.nan, 1.0, None),
        (1, None, None),
    ],
)
def test_the_calls_are_the_fewest_whole_ones_that_win_the_time_back(seconds, gain, calls):
    found = pays_after(np.array([seconds], dtype=float), np.array([gain], dtype=float))[0]
    assert math.isnan(found) if calls is None else found == calls


@pytest.mark.parametrize("failing", ["add", "add_graph"])
def test_a_side_without_a_time_leaves_status_and_reason_in_place_of_a_ratio(failing):
    def broken(case, rng):
        return ("skipped", "no Triton here") if case.workload == failing else launched(case, rng)

    row = chosen(execution_table(tidied(model=broken, devices=("cpu",))), workload="add_graph", n=2**10).iloc[0]
    assert (row["status"], row["reason"], row["verdict"]) == ("skipped", "no Triton here", "")
    assert math.isnan(row["ratio"])
    assert math.isnan(row["pays_after"])
    assert math.isnan(row["seconds"]) == (failing == "add_graph")


def test_a_mode_without_its_eager_sibling_in_the_run_is_left_out():
    assert execution_table(tidied(workloads=("add_graph",))).empty
    assert execution_table(tidied(workloads=("add",))).empty
    assert fades(execution_table(tidied(workloads=("add",)))).empty


def test_a_mode_stops_to_matter_from_the_size_where_the_work_outweighs_the_launch():
    found = fades(execution_table(tidied(devices=("cpu",), sizes=(2**10, 2**16, 2**20, 2**26))))
    assert list(found.columns) == list(FADES)
    row = chosen(found, mode="compiled").iloc[0]
    assert (row["eager"], row["sizes"], row["n_smallest"], row["n_largest"]) == ("add", 4, 2**10, 2**26)
    assert row["fades_at"] == 2**20
    assert row["sure"]
    assert row["best_n"] == 2**10
    assert row["best_ratio"] == pytest.approx((16 + 4.096) / (4 + 4.096), rel=0.01)


def test_a_mode_that_still_matters_at_the_largest_size_does_not_fade():
    row = fades(execution_table(tidied(devices=("cpu",), sizes=(2**8, 2**10)))).iloc[0]
    assert math.isnan(row["fades_at"])
    assert not row["sure"]


def test_a_mode_that_loses_at_a_larger_size_has_not_faded_before():
    def uneven(case, rng):
        at = {2**10: 1.0, 2**16: 1.2}.get(case.n, 1.0)
        return 1e-5 * (at if case.workload == "add_graph" else 1.0) * math.exp(0.001 * rng.standard_normal())

    row = chosen(fades(execution_table(tidied(model=uneven, devices=("cpu",)))), mode="graph").iloc[0]
    assert row["fades_at"] == 2**26


def test_fading_is_not_sure_where_an_interval_is_wider_than_the_difference():
    def noisy(case, rng):
        return 1e-5 * math.exp(0.2 * rng.standard_normal())

    table = execution_table(tidied(model=noisy, devices=("cpu",), sizes=(2**10,)))
    table["ratio"] = 1.01
    row = fades(table).iloc[0]
    assert row["fades_at"] == 2**10
    assert not row["sure"]


def test_modes_do_not_disturb_what_is_said_of_devices():
    table = tidied(devices=tuple(DEVICES)[1:4])
    found = speedups_table(table)
    assert set(found["workload"]) == set(LAUNCH)
    assert not crossovers_table(found).empty
