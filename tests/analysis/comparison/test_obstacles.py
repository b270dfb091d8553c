"""What stands between two sides: facts by their names, for all cases, a device or an operation, unless compared."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from bench_lib.analysis.comparison.obstacles import FACTS, obstacles
from bench_lib.records.case import Case
from bench_lib.records.run import DeviceRecord, Run
from tests.support.comparison_data import side

BEFORE = structs.replace(
    side(paired=False).run,
    software={"torch": "2.12.0", "cuda": "12.8", "driver": "570", "numpy": "2.3"},
    precision={"tf32": False},
    host={"governor": "powersave"},
)
CPU = Case(workload="add", n=8, dtype="float32", device="cpu")
ONE_THREAD = structs.replace(CPU, device="cpu-1t")


def devices(**changes: Any) -> tuple[DeviceRecord, ...]:
    return tuple(structs.replace(one, **changes) if one.key == "cpu" else one for one in BEFORE.devices)


def after(**changes: Any) -> Run:
    return structs.replace(BEFORE, id="run-b", **changes)


CHANGES: dict[str, Run] = {
    "machine": after(machine="another"),
    "threads": after(devices=devices(threads=4)),
    "torch": after(software=BEFORE.software | {"torch": "2.13.0"}),
    "cuda": after(software=BEFORE.software | {"cuda": "13.0"}),
    "driver": after(software=BEFORE.software | {"driver": "580"}),
    "numpy": after(software=BEFORE.software | {"numpy": "2.4"}),
    "flags": after(precision={"tf32": True}),
    "source": after(workloads=tuple(structs.replace(one, source_sha256="0" * 64) for one in BEFORE.workloads)),
    "tool": after(source="asv"),
    "instrument": after(instrument=BEFORE.instrument + 1),
}


def test_every_fact_has_a_change_here() -> None:
    assert set(CHANGES) == set(FACTS)


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_that_differs_is_in_the_way_unless_it_is_what_is_compared(fact: str) -> None:
    found = obstacles(BEFORE, CHANGES[fact])
    assert fact in found.facts
    assert found.of(CPU)
    past = obstacles(BEFORE, CHANGES[fact], [*found.facts])
    assert past.facts == ()
    assert not past.of(CPU)
    assert past.differences == found.differences


@pytest.mark.parametrize("fact", ["torch", "cuda", "driver", "numpy"])
def test_what_only_one_side_tells_is_not_in_the_way(fact: str) -> None:
    silent = after(software={key: value for key, value in BEFORE.software.items() if key != fact})
    found = obstacles(BEFORE, silent)
    assert found.facts == ()
    assert [one.name for one in found.differences] == [fact]


def test_a_fact_of_one_device_is_in_the_way_of_its_cases_alone() -> None:
    found = obstacles(BEFORE, CHANGES["threads"])
    assert found.of(CPU) == "threads of cpu differs: 8 and 4"
    assert not found.of(ONE_THREAD)
    assert found.everywhere == ()


def test_a_device_of_another_name_is_another_machine() -> None:
    found = obstacles(BEFORE, after(devices=devices(name="Other CPU")))
    assert found.facts == ("machine",)
    assert found.of(CPU) == "name of cpu differs: Example CPU 9000 and Other CPU"
    assert obstacles(BEFORE, after(devices=devices(name="Other CPU")), ["machine"]).of(CPU) == ""


def test_an_operation_of_other_source_is_not_compared_and_the_others_are() -> None:
    changed = tuple(
        structs.replace(one, source_sha256="0" * 64) if one.name == "add" else one for one in BEFORE.workloads
    )
    found = obstacles(BEFORE, after(workloads=changed))
    assert found.workloads == {"add"}
    assert found.of(CPU) == "its source differs, so it is not the same operation"
    assert not found.of(structs.replace(CPU, workload="matmul"))


def test_what_is_only_worth_telling_is_in_no_way() -> None:
    found = obstacles(BEFORE, after(host={"governor": "performance"}, seed=7, rounds=9))
    assert found.facts == ()
    assert {one.name for one in found.differences} == {"governor", "seed", "rounds"}


@pytest.mark.parametrize(
    ("compared", "free"),
    [
        ("python", {"torch", "cuda", "driver", "numpy"}),
        ("revision", {"source"}),
        ("environment", {"threads", "flags"}),
        ("nothing", set()),
    ],
)
def test_a_live_comparison_may_differ_in_what_it_compares(compared: str, free: set[str]) -> None:
    settings = {"pair": "x", "compared": compared}
    before = structs.replace(BEFORE, settings=settings | {"side": "a"})
    for fact, changed in CHANGES.items():
        run = structs.replace(changed, settings=settings | {"side": "b"})
        assert (fact in obstacles(before, run).facts) == (fact not in free)


def test_the_same_side_twice_is_no_pair() -> None:
    settings = {"pair": "x", "side": "a", "compared": "python"}
    before = structs.replace(BEFORE, settings=settings)
    changed = structs.replace(CHANGES["torch"], settings=settings)
    assert obstacles(before, changed).facts == ("torch",)
