"""What is compared while a run goes on, who wins so far, and where the winner changes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.records.case import Case
from bench_lib.records.run import DeviceRecord
from bench_lib.records.sample import Sample, Status
from bench_lib.records.verdicts import decide
from bench_lib.runner.brackets import (
    FEW_HALF_WIDTH,
    UNSEEN,
    Bracket,
    Ratios,
    between,
    find_bracket,
    operations,
    undecided,
)
from tests.support.builders import DEVICES

CPU = Case(workload="add", n=64, dtype="float32", device="cpu")
GPU = Case(workload="add", n=64, dtype="float32", device="cuda:0")
WORDS = {"d": "device", "b": "baseline", "s": "same", "u": "undecided"}


def words(letters: str) -> list[str]:
    return [WORDS[letter] for letter in letters]


def case(device: str, n: int = 64, **changes: str) -> Case:
    return Case(workload="add", n=n, **({"dtype": "float32", "device": device} | changes))


def pairs(cases: list[Case], *keys: str) -> set[tuple[str, str]]:
    devices: list[DeviceRecord] = [DEVICES[key] for key in keys]
    return {(str(device), str(base)) for one in operations(cases, devices) for _, device, base in one.sizes}


def test_a_gpu_is_compared_with_the_cpu_by_latency_resident_and_round_trip() -> None:
    cases = [
        case("cpu"),
        case("cpu-1t"),
        case("cuda:0"),
        case("cuda:0", timing="throughput"),
        case("cuda:0", residency="roundtrip"),
    ]
    assert pairs(cases, "cpu", "cpu-1t", "cuda:0") == {
        (str(case("cuda:0")), str(case("cpu"))),
        (str(case("cuda:0", residency="roundtrip")), str(case("cpu"))),
    }


def test_tf32_is_compared_with_the_cpus_float32() -> None:
    cases = [case("cpu"), case("cuda:0", dtype="tf32")]
    assert pairs(cases, "cpu", "cuda:0") == {(str(case("cuda:0", dtype="tf32")), str(case("cpu")))}


def test_without_a_gpu_numpy_and_one_thread_are_compared_with_all_threads() -> None:
    cases = [case("numpy"), case("cpu"), case("cpu-1t")]
    assert pairs(cases, "numpy", "cpu", "cpu-1t") == {
        (str(case("numpy")), str(case("cpu"))),
        (str(case("cpu-1t")), str(case("cpu"))),
    }
    assert all(one.either for one in operations(cases, [DEVICES["cpu"], DEVICES["numpy"], DEVICES["cpu-1t"]]))


def test_a_size_that_one_side_lacks_is_not_compared() -> None:
    cases = [case("cuda:0", 16), case("cuda:0", 64), case("cpu", 64), case("cpu", 256)]
    (found,) = operations(cases, [DEVICES["cpu"], DEVICES["cuda:0"]])
    assert [n for n, _, _ in found.sizes] == [64]
    assert found.at(128) == (case("cuda:0", 128), case("cpu", 128))


@pytest.mark.parametrize(
    ("letters", "low", "high"),
    [
        ("bbdd", 1, 2),
        ("bsdd", 1, 2),
        ("budd", 0, 2),
        ("bdud", 0, 3),
        ("dddd", -1, 0),
        ("bbbb", 3, 4),
        ("uudd", -1, 2),
        ("bbbu", 2, 4),
        ("", -1, 0),
    ],
)
def test_the_gap_is_between_the_last_size_not_won_and_those_that_are_all_won(letters: str, low: int, high: int) -> None:
    assert find_bracket(words(letters)) == Bracket(low=low, high=high)


@given(verdicts=st.lists(st.sampled_from(sorted(WORDS.values())), max_size=9))
def test_the_gap_is_that_of_the_report(verdicts: list[str]) -> None:
    answer, first = decide(verdicts)
    bracket = find_bracket(verdicts)
    assert bracket.high == first
    if answer == "between":
        assert bracket.low == first - 1
    if answer == "undecided" and bracket.low >= 0:
        assert "undecided" in verdicts[bracket.low + 1 : bracket.high]


def test_between_two_ways_of_computing_on_the_cpu_either_may_take_over() -> None:
    assert find_bracket(words("ddsb"), either=True) == Bracket(low=2, high=3)
    assert find_bracket(words("bbdd"), either=True) == Bracket(low=1, high=2)
    assert find_bracket(words("ddsb")) == Bracket(low=3, high=4)


@pytest.mark.parametrize(
    ("letters", "places"),
    [("buud", [2, 1]), ("buuuud", [4, 3, 2]), ("bbbu", [3]), ("buub", []), ("bdud", [2]), ("bbdd", []), ("uuuu", [3])],
)
def test_undecided_sizes_next_to_the_takeover_come_first_and_few_of_them(letters: str, places: list[int]) -> None:
    verdicts = words(letters)
    assert undecided(find_bracket(verdicts), verdicts, 3) == places


@given(
    low=st.integers(1, 10**9),
    ratio=st.floats(1.0, 100.0),
    multiple=st.sampled_from([1, 2, 3, 8, 12, 64]),
)
def test_an_added_size_is_new_a_multiple_and_within(low: int, ratio: float, multiple: int) -> None:
    high = int(low * ratio)
    n = between(low, high, multiple=multiple, taken=())
    if n is not None:
        assert low < n < high
        assert n % multiple == 0
        assert between(low, high, multiple=multiple, taken=[n]) != n


@given(low=st.integers(64, 10**9), ratio=st.floats(1.5, 100.0))
def test_an_added_size_is_about_half_way_so_that_the_gap_is_halved(low: int, ratio: float) -> None:
    high = int(low * ratio)
    n = between(low, high, multiple=1, taken=())
    assert n is not None
    assert n == pytest.approx((low * high) ** 0.5, rel=0.07)


def test_an_added_size_is_a_round_number_in_binary() -> None:
    assert between(1024, 2048, multiple=1, taken=()) == 1408  # 11 x 128; half way is 1448.2
    assert between(2**20, 2**24, multiple=1, taken=()) == 2**22
    assert between(1000, 3000, multiple=12, taken=()) == 1728  # 12 x 144


def test_neighbours_leave_no_room() -> None:
    assert between(4, 5, multiple=1, taken=()) is None
    assert between(64, 96, multiple=64, taken=()) is None


def sample(case: Case, *seconds: float, round: int = 1, visit: int = 1, status: Status = "ok") -> Sample:
    """Return a visit; one that is not ok takes no seconds."""
    reason = "" if status == "ok" else "because"
    return Sample(case=case, round=round, visit=visit, status=status, reason=reason, seconds=seconds, calls=1)


def seen(*pairs: tuple[int, int, float]) -> Ratios:
    """Return what is known after visits (round, visit, ratio): the CPU takes ``ratio`` times as long."""
    ratios = Ratios()
    for number, visit, ratio in pairs:
        ratios.note(sample(GPU, 1e-3, round=number, visit=visit))
        ratios.note(sample(CPU, ratio * 1e-3, round=number, visit=visit))
    return ratios


def verdict(ratios: Ratios, device: Case, baseline: Case) -> str | None:
    (judged,) = ratios.judge([(device, baseline)])
    return judged.verdict if judged else None


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (1.02 * math.exp(FEW_HALF_WIDTH) * 1.001, "device"),
        (1.02 * math.exp(FEW_HALF_WIDTH) * 0.999, "undecided"),
        (1.0, "undecided"),
        (0.98 * math.exp(-FEW_HALF_WIDTH) * 0.999, "baseline"),
    ],
)
def test_one_visit_tells_only_what_is_far_from_a_tie(ratio: float, expected: str) -> None:
    assert verdict(seen((1, 1, ratio)), GPU, CPU) == expected


def test_three_visits_that_agree_tell_what_one_cannot() -> None:
    assert verdict(seen((1, 1, 1.10), (1, 2, 1.11), (1, 3, 1.12)), GPU, CPU) == "device"
    assert verdict(seen((1, 1, 1.00), (1, 2, 1.10), (1, 3, 1.40)), GPU, CPU) == "undecided"
    assert verdict(seen((1, 1, 1.000), (1, 2, 1.001), (1, 3, 0.999)), GPU, CPU) == "same"


def test_from_four_rounds_on_a_wild_visit_decides_nothing() -> None:
    calm = [(number, visit, 1.5 + 0.01 * visit) for number in range(1, 5) for visit in (1, 2)]
    assert verdict(seen(*calm, (4, 3, 0.01)), GPU, CPU) == "device"
    assert verdict(seen(*calm[:6], (3, 3, 0.01)), GPU, CPU) == "undecided"


def test_many_are_judged_at_once_as_each_is_alone() -> None:
    ratios = seen(*[(number, visit, 1.1 + 0.02 * visit) for number in range(1, 6) for visit in (1, 2)])
    other = Case(workload="add", n=128, dtype="float32", device="cpu")
    asked = [(GPU, CPU), (CPU,), (GPU, other)]
    together = ratios.judge(asked)
    assert together == [ratios.judge([one])[0] for one in asked]
    assert together[0] is not None
    assert together[0].visits == 10
    assert together[2] == UNSEEN


def test_only_visits_side_by_side_are_compared() -> None:
    ratios = Ratios()
    for visit in range(1, 5):
        ratios.note(sample(GPU, 1e-3, visit=visit))
        ratios.note(sample(CPU, 9e-3, visit=visit + 10))
    assert ratios.pairs(GPU, CPU) == 0
    assert verdict(ratios, GPU, CPU) == "undecided"


def test_a_case_that_was_never_visited_is_undecided_and_one_that_failed_is_not_compared() -> None:
    ratios = seen((1, 1, 5.0))
    other = Case(workload="add", n=128, dtype="float32", device="cpu")
    assert verdict(ratios, GPU, other) == "undecided"
    ratios.note(sample(other, status="oom"))
    assert verdict(ratios, GPU, other) is None


def test_a_result_that_was_ever_wrong_stays_wrong_and_one_that_was_ever_ok_stays_ok() -> None:
    ratios = seen((1, 1, 5.0))
    ratios.note(sample(GPU, visit=2, status="timeout"))
    assert ratios.status(GPU) == "ok"
    ratios.note(sample(GPU, visit=3, status="wrong"))
    ratios.note(sample(GPU, 1e-3, visit=4))
    assert ratios.status(GPU) == "wrong"
    assert verdict(ratios, GPU, CPU) is None


def test_a_visit_counts_by_its_median() -> None:
    ratios = Ratios()
    for visit in range(1, 4):
        ratios.note(sample(GPU, 1e-3, 1e-3, 1.0, visit=visit))
        ratios.note(sample(CPU, 2e-3, visit=visit))
    assert verdict(ratios, GPU, CPU) == "device"
