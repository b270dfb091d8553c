"""What the controls of the page do, in a real browser: filters, search, sort, downloads, links, theme."""

import csv
import io
import json

import pytest

from tests.support.page_data import gpu_recording, with_modes

GPU_ROWS = len(with_modes(gpu_recording()).plan)


def test_the_toggle_shows_one_view_at_a_time_and_writes_the_hash(open_page) -> None:
    visit = open_page("gpu")
    resident = visit.texts("table.hero:visible td")
    visit.compare("Copied there and back")
    assert visit.visible("table.hero") == 1
    assert visit.texts("table.hero:visible td") != resident
    assert visit.hash == "#view=v1"
    assert visit.status == "Copied there and back"
    visit.compare("Data already there")
    assert visit.hash in ("", "#")


# Filters


def test_filters_narrow_every_part_and_come_back_from_the_hash(open_page) -> None:
    visit = open_page("gpu")
    rows, panels = visit.visible("table.hero tbody tr"), visit.visible(".panel")
    visit.choose("dtype", "bfloat16")
    visit.choose("family", "matmul")
    assert visit.hash == "#dtype=bfloat16&family=matmul"
    assert visit.visible("table.hero tbody tr") == 2 < rows
    assert visit.visible(".panel") == 1 < panels
    kept = visit.numbers
    assert kept
    assert all((row["dtype"], row["family"]) == ("bfloat16", "matmul") for row in kept)
    assert visit.status == f"{len(kept)} rows left of {GPU_ROWS} rows"
    assert visit.texts(".pick summary")[:2] == ["dtype bfloat16", "Family matmul"]
    again = open_page("gpu", "dtype=bfloat16&family=matmul&sort=-seconds&theme=dark&find=matmul")
    assert sorted(map(str, again.numbers)) == sorted(map(str, kept))
    assert again.page.locator("#all th[aria-sort=descending]").inner_text() == "Time"
    assert again.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert again.page.locator("#find").input_value() == "matmul"


@pytest.mark.parametrize(
    ("key", "value", "column", "shown"),
    [
        ("residency", "roundtrip", "residency", "round trip"),
        ("timing", "submit", "timing", "submit"),
        ("timing", "throughput", "timing", "throughput"),
    ],
)
def test_where_data_is_and_what_was_timed_narrow_the_rows_of_one_kind(
    open_page, key: str, value: str, column: str, shown: str
) -> None:
    visit = open_page("gpu", f"{key}={value}")
    assert {row[column] for row in visit.numbers} == {shown}
    assert visit.visible(".panel") == visit.page.locator(".panel").count()


def test_the_chips_and_the_table_of_winners_keep_in_step(open_page) -> None:
    visit = open_page("gpu")
    visit.choose("dtype", "float32")
    visit.choose("residency", "roundtrip")
    assert visit.chosen("view") == "v1"
    assert visit.chosen("dtype") == "float32"
    visit.choose("dtype", "all")
    visit.compare("Many calls in a row")
    assert visit.chosen("residency") == "resident"
    assert visit.chosen("timing") == "all"
    visit.choose("timing", "latency")
    assert visit.chosen("view") == "v0"
    assert visit.hash == "#residency=resident&timing=latency"
    visit.choose("timing", "submit")
    assert visit.chosen("view") == "v0", "nothing is compared by submit times, so the view stays"
    assert visit.numbers


def test_of_several_runs_one_can_be_chosen(open_page) -> None:
    visit = open_page("two")
    runs = {row["run"] for row in visit.numbers}
    chips = [chip.get_attribute("value") for chip in visit.page.locator("input[name=run]").all()]
    assert chips[0] == "all"
    assert len(chips) == 3
    assert runs <= set(chips)
    for run in chips[1:]:
        visit.choose("run", run)
        assert {row["run"] for row in visit.numbers} == {run}
        classes = visit.page.locator("input[name=view]:checked").get_attribute("data-classes").split()
        assert visit.page.locator("input[name=run]:checked").get_attribute("id") in classes


def test_a_search_keeps_the_operations_whose_name_or_expression_has_all_words(open_page) -> None:
    visit = open_page("gpu")
    visit.find("MLP step")
    assert {row["workload"] for row in visit.numbers} == {"mlp_step"}
    assert visit.hash == "#find=MLP+step"
    assert visit.visible("table.hero tbody tr") == 2
    assert visit.visible(".panel") == 1
    visit.find("torch.exp(")
    assert {row["workload"] for row in visit.numbers} == {"exp"}
    visit.find("no such thing")
    assert visit.numbers == []
    assert visit.status == f"0 rows left of {GPU_ROWS} rows"
    assert visit.texts(".nothing:visible")[0] == "Nothing here matches the filters."
    visit.find("")
    assert visit.visible(".nothing") == 0


def test_reset_takes_back_every_filter_and_keeps_the_rest(open_page) -> None:
    visit = open_page("gpu")
    assert visit.visible("#reset") == 0
    everything = visit.visible("table.hero tbody tr")
    visit.choose("dtype", "float64")
    visit.find("matmul")
    visit.page.locator("#all th[data-key=n] button").click()
    visit.button("Reset").click()
    assert visit.visible("#reset") == 0
    assert visit.visible("table.hero tbody tr") == everything
    assert visit.hash == "#sort=n"
    assert visit.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_hash_that_names_nothing_changes_nothing(open_page) -> None:
    visit = open_page("gpu", "view=v99&dtype=nope&sort=nothing&theme=pink&at=nowhere&run=x&x=<script>")
    assert visit.said == []
    assert visit.visible("table.hero") == 1
    assert {visit.chosen(key) for key in ("dtype", "family", "residency", "timing")} == {"all"}
    assert visit.page.locator("#all [aria-sort]").count() == 0


def test_another_hash_shows_what_it_says_and_none_shows_all_as_given(open_page) -> None:
    visit = open_page("gpu")
    given = visit.numbers
    visit.page.evaluate("location.hash = 'dtype=float64&sort=-seconds'")
    visit.page.wait_for_selector("#all [aria-sort=descending]")
    assert {row["dtype"] for row in visit.numbers} == {"float64"}
    visit.page.evaluate("location.hash = ''")
    visit.page.wait_for_selector("#all:not(:has([aria-sort]))")
    assert visit.numbers == given
    assert visit.chosen("dtype") == "all"


# Links


def test_a_link_to_a_section_keeps_what_is_chosen_and_back_leads_back(open_page) -> None:
    visit = open_page("gpu", "dtype=float64")
    visit.page.locator("summary", has_text="Sections").click()
    visit.page.get_by_role("link", name="Trust", exact=True).click()
    visit.page.wait_for_function("location.hash === '#dtype=float64&at=trust'")
    assert visit.chosen("dtype") == "float64"
    assert visit.visible("nav") == 0
    visit.page.go_back()
    visit.page.wait_for_function("location.hash === '#dtype=float64'")
    assert visit.chosen("dtype") == "float64"
    again = open_page("gpu", "dtype=float64&at=trust")
    again.page.locator("summary", has_text="Sections").click()
    again.page.wait_for_selector("nav [aria-current]")
    assert again.texts("nav [aria-current]") == ["Trust"]
    bar, section = (again.page.locator(selector).bounding_box() for selector in (".bar", "#trust"))
    assert bar["y"] == 0
    assert 0 <= section["y"] - bar["height"] < 40


def test_the_link_to_a_view_is_copied_and_said(open_page) -> None:
    visit = open_page("gpu", "dtype=float64")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.page.locator("#size").evaluate("(section) => section.scrollIntoView({ behavior: 'instant' })")
    visit.button("Copy link").click()
    visit.page.locator("#said", has_text="The address of this view is copied").wait_for(state="attached")
    assert visit.status == "The address of this view is copied"
    assert visit.page.evaluate("navigator.clipboard.readText()") == f"{visit.address}#dtype=float64&at=size"
    assert visit.visible("#address") == 0


def test_where_nothing_can_be_copied_the_address_is_shown_and_selected(open_page) -> None:
    visit = open_page(
        "gpu", "dtype=float64", init="Object.defineProperty(navigator, 'clipboard', { value: undefined })"
    )
    visit.button("Copy link").click()
    assert visit.page.locator("#address").input_value() == f"{visit.address}#dtype=float64"
    assert visit.page.evaluate("document.getSelection().toString()") == f"{visit.address}#dtype=float64"
    assert "copy it from there" in visit.status
    visit.page.keyboard.press("Escape")
    assert visit.visible("#address") == 0
    assert visit.page.evaluate("document.activeElement.id") == "link"


# All numbers


@pytest.mark.parametrize("key", ["seconds", "speedup", "flop_per_second"])
def test_sorting_orders_all_rows_by_value_and_leaves_the_unknown_last(open_page, key: str) -> None:
    visit = open_page("gpu")
    visit.page.locator("#more").click()
    button = visit.page.locator(f"#all th[data-key={key}] button")
    for direction in ("ascending", "descending"):
        button.click()
        assert visit.page.locator("#all [aria-sort]").count() == 1
        assert visit.page.locator(f"#all th[data-key={key}]").get_attribute("aria-sort") == direction
        found = [row[key] for row in visit.numbers]
        known = [value for value in found if value is not None]
        assert len(found) == min(GPU_ROWS, 600)
        assert known == sorted(known, reverse=direction == "descending")
        assert found[len(known) :] == [None] * (len(found) - len(known))


def test_sorting_is_stable_in_both_directions(open_page) -> None:
    visit = open_page("gpu", "timing=latency")
    for key in ("n", "dtype", "dtype"):
        visit.page.locator(f"#all th[data-key={key}] button").click()
    found = [(row["dtype"], row["n"]) for row in visit.numbers]
    for dtype in {dtype for dtype, _ in found}:
        sizes = [n for other, n in found if other == dtype]
        assert sizes == sorted(sizes)


def test_names_are_sorted_as_a_person_counts(open_page) -> None:
    visit = open_page("gpu")
    visit.page.locator("#all th[data-key=workload] button").click()
    names = [row["workload"] for row in visit.numbers]
    assert names == sorted(names)
    assert visit.status == "Sorted by Operation, ascending"


def test_more_rows_are_shown_when_asked_for(open_page) -> None:
    visit = open_page("gpu")
    assert len(visit.numbers) == 100
    assert visit.texts("#shown") == [f"100 of {GPU_ROWS} rows are shown."]
    visit.page.locator("#more").click()
    assert len(visit.numbers) == 600
    visit.page.locator("#more").click()
    assert len(visit.numbers) == GPU_ROWS
    assert visit.texts("#shown") == [f"{GPU_ROWS} rows."]
    assert visit.visible("#more") == 0
    assert visit.page.evaluate("document.activeElement.getAttribute('aria-label')") == "All numbers"


def read_both(visit) -> tuple[list[dict[str, str]], list[dict[str, object]], set[str]]:
    """Return the rows of both downloads, and the names of the files without their endings."""
    (csv_name, as_csv), (json_name, as_json) = visit.download("#csv"), visit.download("#json")
    rows = list(csv.DictReader(io.StringIO(as_csv, newline="")))
    return rows, json.loads(as_json), {csv_name.removesuffix(".csv"), json_name.removesuffix(".json")}


def test_the_downloads_hold_every_case_with_its_interval(open_page) -> None:
    visit = open_page("gpu", "sort=seconds")
    while visit.visible("#more"):
        visit.page.locator("#more").click()
    rows, records, names = read_both(visit)
    assert names == {"crossover"}
    assert len(records) == GPU_ROWS
    assert [{key: record[key] for key in shown} for shown, record in zip(visit.numbers, records, strict=True)] == (
        visit.numbers
    )
    for row, record in zip(rows, records, strict=True):
        assert row.keys() == record.keys()
        for key, value in record.items():
            told = row[key].removeprefix("'")
            assert (
                told == ("" if value is None else value)
                if not isinstance(value, int | float)
                else (float(told) == value)
            )
        if record["seconds"] is not None:
            assert record["seconds_low"] <= record["seconds"] <= record["seconds_high"]
    assert visit.said == []


def test_the_downloads_hold_the_rows_that_match_or_all_of_them(open_page) -> None:
    visit = open_page("gpu")
    assert visit.visible("#matching") == 0
    visit.choose("dtype", "bfloat16")
    rows, records, names = read_both(visit)
    assert names == {"crossover-filtered"}
    assert [row["n"] for row in rows] == [str(record["n"]) for record in records]
    assert {record["dtype"] for record in records} == {"bfloat16"}
    assert len(records) == len(visit.numbers)
    visit.page.locator("#only").uncheck()
    rows, records, names = read_both(visit)
    assert names == {"crossover"}
    assert len(rows) == len(records) == GPU_ROWS


# Theme


def test_the_theme_follows_the_reader_and_the_button(open_page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_page("gpu"), open_page("gpu", color_scheme="dark")
    colours = (light.page.evaluate(background), dark.page.evaluate(background))
    assert colours == ("rgb(255, 255, 255)", "rgb(17, 24, 39)")
    light.button("Dark").click()
    assert light.page.evaluate(background) == colours[1]
    assert light.hash == "#theme=dark"
    light.button("Light").click()
    assert light.page.evaluate(background) == colours[0]


# The table of winners


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
    visit.page.keyboard.press("Home")
    first = visit.page.evaluate("document.activeElement.closest('td').cellIndex")
    visit.page.keyboard.press("End")
    assert visit.page.evaluate("document.activeElement.closest('td').cellIndex") > first
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


def test_the_table_of_winners_is_one_stop_of_the_tab_key_whatever_is_filtered(open_page) -> None:
    visit = open_page("gpu")
    assert visit.visible("table.hero button[tabindex='0']") == 1
    visit.choose("family", "matmul")
    visit.choose("dtype", "bfloat16")
    assert visit.visible("table.hero button[tabindex='0']") == 1
    visit.compare("Copied there and back")
    assert visit.visible("table.hero button[tabindex='0']") == 1
