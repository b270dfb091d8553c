"""Time against size: which operations get a panel, and what stands in one."""

import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.estimates import estimates_table
from bench_lib.records.recording import Recording
from bench_lib.report.page.page_context import page_context
from bench_lib.report.page.sections import time_against_size
from tests.support.builders import recording
from tests.support.page_data import gpu_recording


def panels_of(made: Recording) -> time_against_size.TimeAgainstSizeSection:
    found = time_against_size.time_against_size_section(page_context(frame.tidy([made]), [made]))
    assert isinstance(found, time_against_size.TimeAgainstSizeSection)
    return found


def test_panels_are_limited_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_against_size, "MAX_PANELS", 2)
    found = panels_of(gpu_recording())
    assert len(found.panels) == 2
    assert found.left_out == 9


def test_every_family_has_its_panel_before_one_has_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_against_size, "MAX_PANELS", 4)
    estimates = estimates_table(frame.tidy([gpu_recording()]))
    family = dict(zip(estimates["expression"], estimates["family"], strict=True))
    assert sorted(family[panel.expression] for panel in panels_of(gpu_recording()).panels) == [
        "autograd",
        "creation",
        "elementwise",
        "matmul",
    ]


def test_a_panel_carries_its_finding_and_its_numbers() -> None:
    found = {(panel.expression, panel.dtype): panel for panel in panels_of(gpu_recording()).panels}
    panel = found["A @ B", ""]
    assert panel.finding.startswith("The GPU takes over between ")
    assert panel.finding.split(" over")[0] in panel.chart
    assert panel.header == ("Size", "CPU", "GPU", "GPU + copies")
    assert len(panel.body) == 9


def test_tf32_is_drawn_beside_the_float32_of_the_cpu() -> None:
    found = panels_of(recording(dtypes=("float32", "tf32"))).panels
    assert [(panel.dtype, panel.header[1]) for panel in found] == [("", "CPU"), ("tf32", "CPU")]
