"""Who is set against whom within a run, and in which views."""

import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.pairings import pairings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.recording import Recording
from tests.support.builders import recording
from tests.support.page_data import cpu_recording, gpu_recording


def views_of(*recordings: Recording) -> list[View]:
    found = pairings.find(frame.tidy(recordings), recordings)
    return [view for pairing in found for view in pairings.views(pairing)]


@pytest.fixture(scope="module")
def gpu_views() -> list[View]:
    return views_of(gpu_recording())


def test_with_a_gpu_it_is_set_against_the_cpu_in_three_views(gpu_views: list[View]) -> None:
    assert [(view.residency, view.timing) for view in gpu_views] == [
        ("resident", "latency"), ("roundtrip", "latency"), ("resident", "throughput"),
    ]  # fmt: skip
    assert {view.pairing.baseline.key for view in gpu_views} == {"cpu"}


def test_without_a_gpu_the_cpu_is_set_against_itself_and_numpy() -> None:
    found = [(view.pairing.device.word, view.pairing.baseline.word) for view in views_of(cpu_recording())]
    assert found == [("2 threads", "1 thread"), ("PyTorch", "NumPy")]


def test_a_run_with_a_gpu_comes_first_whatever_the_order_of_the_files() -> None:
    found = views_of(cpu_recording(), gpu_recording())
    assert [view.pairing.has_gpu for view in found] == [True] * 3 + [False] * 2


def test_two_gpus_are_told_apart() -> None:
    made = recording(devices=("cpu", "cuda:0", "mps"))
    assert [view.pairing.device.word for view in views_of(made)][::3] == ["GPU 0", "GPU 1"]


def test_a_gpu_without_the_whole_cpu_is_set_against_what_there_is() -> None:
    assert views_of(recording(devices=("numpy", "cuda:0")))[0].pairing.baseline.word == "NumPy"
    assert views_of(recording(devices=("cpu-1t", "cuda:0")))[0].pairing.baseline.word == "CPU"
