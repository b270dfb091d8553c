"""The page in a real browser, as a reader meets it: nothing leaves it, and every control works."""

import csv
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench_lib import frame, page
from bench_lib.records import Recording
from tests.page_data import cpu_recording, gpu_recording, with_modes

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the test extra")

CANDIDATES = ("chromium", "chromium-browser", "google-chrome")
EXECUTABLE = os.environ.get("CROSSOVER_CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    EXECUTABLE is None, reason="needs chromium: install it, or name it in CROSSOVER_CHROMIUM"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages")
    hostile = cpu_recording()
    pages = {
        "gpu": gpu_recording(),
        "cpu": cpu_recording(),
        "modes": with_modes(gpu_recording()),
        "hostile": _hostile(hostile),
    }
    for name, recording in pages.items():
        html = page.build(frame.tidy([recording]), [recording])
        (made / f"{name}.html").write_text(html, encoding="utf-8")
    return made


def _hostile(made: Recording) -> Recording:
    from dataclasses import replace

    text = "</script><img src=x onerror=alert(1)>'\"<svg onload=alert(2)>"
    workloads = tuple(replace(workload, expression=text, family=text) for workload in made.run.workloads)
    return replace(made, run=replace(made.run, workloads=workloads, command=text, software={text: text}))


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
        yield launched
        launched.close()


class Visit:
    """One page opened in a context of its own, with what it said and asked for."""

    def __init__(self, browser: "playwright.Browser", path: Path, **settings: object) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.address = path.as_uri()
        self.page.goto(self.address)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def choose(self, label: str) -> None:
        self.page.get_by_role("radio", name=label, exact=True).check()

    def visible(self, selector: str) -> int:
        return self.page.locator(f"{selector}:visible").count()

    @property
    def hash(self) -> str:
        return self.page.evaluate("location.hash")


@pytest.fixture
def open_page(browser: "playwright.Browser", folder: Path) -> Iterator:
    visits: list[Visit] = []

    def opened(name: str, fragment: str = "", **settings: object) -> Visit:
        settings = {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"} | settings
        visits.append(Visit(browser, folder / f"{name}.html", **settings))
        if fragment:
            visits[-1].page.goto(f"{visits[-1].address}#{fragment}")
        return visits[-1]

    yield opened
    for visit in visits:
        visit.context.close()


@pytest.mark.parametrize("name", ["gpu", "cpu", "hostile"])
def test_it_says_nothing_to_the_console_and_asks_for_nothing_but_itself(open_page, name: str) -> None:
    visit = open_page(name)
    visit.page.get_by_role("button", name="Time", exact=True).click()
    visit.page.locator("#theme").click()
    assert visit.said == []
    assert [url.partition("#")[0] for url in visit.asked if not url.startswith("data:")] == [visit.address]


def test_names_from_a_file_become_no_elements(open_page) -> None:
    visit = open_page("hostile")
    assert visit.page.locator("img").count() == 0
    assert "onerror=alert(1)" in visit.texts("table.hero th[scope=row]")[0]


def test_the_policy_stops_scripts_that_are_not_the_pages_own(open_page) -> None:
    visit = open_page("gpu")
    visit.page.evaluate(
        "() => { const made = document.createElement('script'); made.textContent = 'window.ran = 1';"
        " document.body.append(made); }"
    )
    assert visit.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in visit.said)


@pytest.mark.parametrize("name", ["gpu", "cpu", "modes"])
@pytest.mark.parametrize("width", [320, 700, 1400])
def test_the_page_never_scrolls_sideways(open_page, name: str, width: int) -> None:
    visit = open_page(name, viewport={"width": width, "height": 800})
    for summary in visit.page.locator("summary").all():
        summary.click()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.evaluate("document.body.scrollWidth") <= width


def test_the_answer_stands_before_the_first_scroll(open_page) -> None:
    for name, width, height in (("gpu", 1400, 900), ("cpu", 1400, 900), ("gpu", 320, 640), ("cpu", 320, 640)):
        visit = open_page(name, viewport={"width": width, "height": height})
        for selector in ("h1", ".tally >> nth=0"):
            box = visit.page.locator(selector).bounding_box()
            assert box["y"] + box["height"] <= height, (name, width, selector)


def test_the_toggle_shows_one_view_at_a_time_and_writes_the_hash(open_page) -> None:
    visit = open_page("gpu")
    resident = visit.texts("table.hero:visible td")
    visit.choose("Copied there and back")
    assert visit.visible("table.hero") == 1
    assert visit.texts("table.hero:visible td") != resident
    assert visit.hash == "#view=v1"
    visit.choose("Data already there")
    assert visit.hash in ("", "#")


def test_filters_narrow_every_part_and_come_back_from_the_hash(open_page) -> None:
    visit = open_page("gpu")
    rows, panels = visit.visible("table.hero tbody tr"), visit.visible(".panel")
    visit.choose("matmul")
    visit.choose("bfloat16")
    assert visit.hash == "#dtype=bfloat16&family=matmul"
    assert visit.visible("table.hero tbody tr") == 2 < rows
    assert visit.visible(".panel") == 1 < panels
    kept = visit.texts("#all tbody tr")
    assert kept
    assert all("bfloat16" in row and "matmul" in row for row in kept)
    again = open_page("gpu", "dtype=bfloat16&family=matmul&sort=-seconds&theme=dark")
    assert sorted(again.texts("#all tbody tr")) == sorted(kept)
    assert again.page.locator("#all th[aria-sort=descending]").inner_text() == "Time"
    assert again.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_hash_that_names_nothing_changes_nothing(open_page) -> None:
    visit = open_page("gpu", "view=v99&dtype=nope&sort=nothing&theme=pink&x=<script>")
    assert visit.said == []
    assert visit.visible("table.hero") == 1
    assert visit.page.locator("input[value=all]:checked").count() == 2


def numbers_of(visit: Visit, key: str) -> list[float]:
    return visit.page.evaluate(
        """(key) => { const table = document.getElementById('all');
        const place = [...table.tHead.rows[0].cells].findIndex((head) => head.dataset.key === key);
        return [...table.tBodies[0].rows].map((row) => row.cells[place].dataset.value)
          .map((value) => value === undefined ? null : Number(value)); }""",
        key,
    )


@pytest.mark.parametrize("key", ["seconds", "nbytes", "speedup", "flop_per_second"])
def test_sorting_orders_all_rows_by_value_and_leaves_the_unknown_last(open_page, key: str) -> None:
    visit = open_page("gpu")
    visit.page.locator("#more").click()
    button = visit.page.locator(f"#all th[data-key={key}] button")
    for direction in ("ascending", "descending"):
        button.click()
        assert visit.page.locator("#all [aria-sort]").count() == 1
        assert visit.page.locator(f"#all th[data-key={key}]").get_attribute("aria-sort") == direction
        found = numbers_of(visit, key)
        known = [value for value in found if value is not None]
        assert len(found) == len(gpu_recording().plan)
        assert known == sorted(known, reverse=direction == "descending")
        assert found[len(known) :] == [None] * (len(found) - len(known))


def test_sorting_is_told_to_a_screen_reader(open_page) -> None:
    visit = open_page("cpu")
    visit.page.locator("#all th[data-key=seconds] button").click()
    assert visit.page.locator("[aria-live=polite]").inner_text() == "Sorted by Time, ascending"


def test_the_downloads_hold_every_case_with_its_interval(open_page) -> None:
    visit = open_page("gpu")
    found = {}
    for kind in ("csv", "json"):
        with visit.page.expect_download() as download:
            visit.page.locator(f"#{kind}").click()
        found[kind] = Path(download.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(found["csv"].splitlines()))
    records = json.loads(found["json"])
    assert len(rows) == len(records) == len(gpu_recording().plan)
    assert rows[0]["workload"] == records[0]["workload"] == "zeros"
    assert rows[0]["expression"] == records[0]["expression"] == "torch.zeros(n)"
    for row, record in zip(rows, records, strict=True):
        if record["seconds"] is not None:
            assert record["seconds_low"] <= record["seconds"] <= record["seconds_high"]
            assert float(row["seconds"]) == record["seconds"]
    assert visit.said == []


def test_a_formula_in_a_name_stays_text_in_the_csv(open_page) -> None:
    visit = open_page("cpu")
    visit.page.evaluate("document.querySelector('#all tbody th').textContent = '=1+1'")
    with visit.page.expect_download() as download:
        visit.page.locator("#csv").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").splitlines()[1].startswith("'=1+1,")


def test_the_theme_follows_the_reader_and_the_button(open_page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_page("cpu"), open_page("cpu", color_scheme="dark")
    colours = (light.page.evaluate(background), dark.page.evaluate(background))
    assert colours == ("rgb(255, 255, 255)", "rgb(17, 24, 39)")
    light.page.locator("#theme").click()
    assert light.page.evaluate(background) == colours[1]
    assert light.hash == "#theme=dark"
    light.page.locator("#theme").click()
    assert light.page.evaluate(background) == colours[0]


def test_a_cell_tells_its_times_when_it_is_pointed_at_or_reached_with_the_keyboard(open_page) -> None:
    visit = open_page("gpu")
    cells = visit.page.locator("table.hero:visible td button")
    assert visit.visible(".tip") == 0
    cells.nth(2).hover()
    assert visit.visible(".tip") == 1
    visit.page.mouse.move(0, 0)
    cells.first.focus()
    assert visit.page.locator(".tip:visible").inner_text().startswith("n = ")
    visit.page.keyboard.press("ArrowRight")
    assert visit.page.evaluate("document.activeElement.closest('td').cellIndex") == 2
    visit.page.keyboard.press("ArrowDown")
    assert visit.visible(".tip") == 1
    visit.page.keyboard.press("Escape")
    assert visit.visible(".tip") == 0


def test_the_details_of_a_cell_stay_within_the_window(open_page) -> None:
    visit = open_page("gpu", viewport={"width": 320, "height": 640})
    cell = visit.page.locator("table.hero:visible td button").last
    cell.scroll_into_view_if_needed()
    cell.hover()
    box = visit.page.locator(".tip:visible").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 640


def test_the_table_of_winners_is_one_stop_of_the_tab_key(open_page) -> None:
    visit = open_page("gpu")
    assert visit.page.locator("table.hero:visible button[tabindex='0']").count() == 1


def test_without_scripts_the_table_the_toggle_and_the_numbers_are_there(open_page) -> None:
    visit = open_page("gpu", java_script_enabled=False)
    assert visit.visible("table.hero") == 1
    assert visit.visible("#all tbody tr") == 100
    assert visit.page.locator("noscript").first.inner_text().startswith("Sorting")
    assert visit.visible("#theme") == 0
    assert visit.visible("#csv") == 0
    first = visit.texts("table.hero:visible td")
    visit.choose("Copied there and back")
    assert visit.texts("table.hero:visible td") != first
    visit.choose("matmul")
    assert visit.visible("table.hero tbody") == 1
    visit.page.locator("table.hero td button:visible").first.focus()
    assert visit.visible(".tip") == 1


def test_the_skip_link_is_first_and_every_focus_is_seen(open_page) -> None:
    visit = open_page("cpu")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "skip"
    assert visit.page.locator(".skip").bounding_box()["x"] >= 0
    for _ in range(12):
        visit.page.keyboard.press("Tab")
        outline = visit.page.evaluate(
            """() => { const at = document.activeElement;
            const seen = (each) => each && getComputedStyle(each).outlineStyle !== 'none';
            return [at, at.nextElementSibling].some(seen); }"""
        )
        assert outline, visit.page.evaluate("document.activeElement.outerHTML.slice(0, 120)")


def test_print_is_light_and_without_controls(open_page) -> None:
    visit = open_page("gpu", color_scheme="dark", viewport={"width": 1030, "height": 700})  # A4 landscape
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1030
    assert (
        visit.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--bg').trim()") == "#ffffff"
    )
    for selector in (".controls", "nav", "#theme", ".tools"):
        assert visit.visible(selector) == 0
    assert visit.visible("table.hero") == 1
