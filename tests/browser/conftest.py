"""One browser for all tests of the page, and the pages that they open."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.records.recording import Recording
from bench_lib.records.storage import read
from bench_lib.report import page
from tests.support.extras import reason
from tests.support.hostile import IN_HTML
from tests.support.page_data import cpu_recording, gpu_recording, with_modes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.browser import Visit

RUNS = Path(__file__).parent.parent.parent / "results" / "runs"
NAMES = (*IN_HTML, "=cmd()|'/C calc'!A0", "\u05e9\u05dc\u05d5\u05dd")


def hostile() -> Recording:
    """Return a run with a GPU in which every name that a file may hold is text that would like to be more."""
    made = with_modes(gpu_recording(rounds=2, visits=1))
    names = {one.name: f"{NAMES[place % len(NAMES)]} {place}" for place, one in enumerate(made.run.workloads)}
    texts = dict(zip(names, (NAMES * 2)[: len(names)], strict=True))
    run = structs.replace(
        made.run,
        command=NAMES[2],
        profile=NAMES[0],
        host={**made.run.host, NAMES[1]: NAMES[0], "cpu": NAMES[6]},
        software={**made.run.software, "torch": NAMES[1], NAMES[2]: NAMES[4]},
        settings={NAMES[0]: NAMES[2]},
        devices=tuple(structs.replace(one, name=text) for one, text in zip(made.run.devices, NAMES, strict=False)),
        workloads=tuple(
            structs.replace(
                one,
                name=names[one.name],
                eager=names[one.eager] if one.eager else one.eager,
                family=texts[one.name],
                expression=texts[one.name],
            )
            for one in made.run.workloads
        ),
    )
    return dataclasses.replace(
        made,
        run=run,
        plan=tuple(
            structs.replace(one, case=structs.replace(one.case, workload=names[one.case.workload])) for one in made.plan
        ),
        samples=tuple(
            structs.replace(
                one, case=structs.replace(one.case, workload=names[one.case.workload]), reason=one.reason and NAMES[2]
            )
            for one in made.samples
        ),
        problems=NAMES,
    )


def other_cpu() -> Recording:
    """Return a run of another machine without a GPU."""
    return cpu_recording(rounds=2, visits=1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of pages: of made-up runs, and of one that was measured."""
    made = tmp_path_factory.mktemp("pages")
    pages = {
        "gpu": [with_modes(gpu_recording())],
        "cpu": [read(min(RUNS.glob("*-quick-*.jsonl.gz")))],
        "two": [gpu_recording(rounds=2, visits=1), other_cpu()],
        "hostile": [hostile()],
    }
    for name, recordings in pages.items():
        (made / f"{name}.html").write_text(page.build_page(frame.tidy(recordings), recordings), encoding="utf-8")
    return made


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Return the browser that all visits share."""
    playwright = pytest.importorskip("playwright.sync_api", reason=reason("playwright"))
    from tests.support.browser import EXECUTABLE, FLAGS

    if EXECUTABLE is None:
        pytest.skip("needs chromium: install it, or name it in CROSSOVER_CHROMIUM")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: "Browser", folder: Path) -> Iterator:
    """Return a function that opens a page by name, at a fragment, in a window of 1400 by 900 unless told otherwise."""
    from tests.support.browser import Visit

    visits: list[Visit] = []

    def opened(name: str, fragment: str = "", **settings: object) -> "Visit":
        settings = {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"} | settings
        visits.append(Visit(browser, folder / f"{name}.html", fragment, **settings))
        return visits[-1]

    yield opened
    for visit in visits:
        visit.context.close()
