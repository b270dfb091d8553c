"""The chips: which there are, and which class of an element belongs to which."""

from bench_lib.report.page import filters


def test_names_become_numbers_in_class_names() -> None:
    found = filters.find(["tf32", "float32"], ['"><script>', "matmul"])
    assert [chip.value for chip in found.dtypes] == ["float32", "tf32"]
    assert found.classes(["tf32"], ["matmul"]) == "x d1 f1"
    assert "script" not in found.css()


def test_more_families_than_fit_have_no_chip_and_no_class() -> None:
    found = filters.find([], [f"family {index}" for index in range(100)])
    assert len(found.families) == filters.MAX_CHIPS
    assert found.classes([], ["family 99"]) == "x"


def test_an_element_that_holds_several_of_a_kind_is_hidden_by_none_of_them() -> None:
    found = filters.find(
        ["float32"], [], ["roundtrip", "resident"], ["submit", "latency"], runs=[("one", "left"), ("two", "right")]
    )
    assert found.classes(["float32"], []) == "x d0"
    one = found.classes(["float32"], [], residency="roundtrip", timing="latency", runs=["two"])
    assert one == "x d0 r r1 t t0 m m1"
    assert found.ways(residency="resident", runs=["one", "two"]) == "r r0 m m0 m1"
    assert ":root:has(#r1:checked) .r:not(.r1){display:none}" in found.css()


def test_there_are_chips_only_where_there_is_a_choice() -> None:
    found = filters.find(["float32"], ["matmul", "fft"], ["resident"], ["latency"], runs=[("one", "left")])
    assert [group.key for group in found.groups] == ["family"]
    assert found.ways(residency="resident", timing="latency", runs=["one"]) == ""


def test_a_run_is_named_by_its_machine_and_by_itself_where_a_machine_has_several() -> None:
    found = filters.find([], [], runs=[("a", "left"), ("b", "right"), ("c", "left")])
    assert [(chip.value, chip.label) for chip in found.runs] == [("a", "left, a"), ("b", "right"), ("c", "left, c")]
