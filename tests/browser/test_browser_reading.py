"""The page for every reader: by keyboard, by ear, narrow, in high contrast, on paper, and without scripts."""

import itertools

import pytest

from tests.support.extras import reason

# All rules see all elements; what passes is counted only, and not described element by element.
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
UNFOLD = "document.querySelectorAll('details:not(.menu)').forEach((each) => { each.open = true; })"
SEEN_FOCUS = """() => { const at = document.activeElement;
  if (at === document.body) return null;
  const box = at.getBoundingClientRect();
  const bar = document.querySelector('.bar');
  const outlined = [at, at.nextElementSibling].some((each) => each && getComputedStyle(each).outlineStyle !== 'none');
  const under = at.className !== 'skip' && !bar.contains(at) && box.bottom < bar.getBoundingClientRect().bottom;
  return { outlined, covered: under,
    inside: box.bottom > 0 && box.top < innerHeight, what: at.outerHTML.slice(0, 120),
    name: at.tagName + (at.id || at.dataset.key || at.textContent.trim().slice(0, 40)) }; }"""


@pytest.mark.parametrize("name", ["gpu", "cpu", "two"])
def test_axe_finds_nothing(open_page, name: str) -> None:
    missing = reason("axe_playwright_python")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=missing).Axe()
    ways = itertools.product(("light", "dark"), (1400, 320)) if name == "gpu" else (("light", 1400), ("dark", 320))
    for scheme, width in ways:
        visit = open_page(name, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        if name == "gpu":  # of all pages it has the most sections to unfold, and the fewest rows
            visit.page.evaluate(UNFOLD)
        else:
            visit.choose("dtype", visit.page.locator("input[name=dtype]").last.get_attribute("value"))
        visit.page.locator("table.hero:visible button:visible").first.focus()
        found = axe.run(visit.page, options=ONLY_VIOLATIONS).response["violations"]
        visit.context.close()
        assert not found, (scheme, width, [(one["id"], one["nodes"][0]["html"][:300]) for one in found])


@pytest.mark.parametrize("name", ["gpu", "cpu", "two", "hostile"])
def test_the_page_never_scrolls_sideways(open_page, name: str) -> None:
    visit = open_page(name)
    visit.page.evaluate(UNFOLD)
    for width in (320, 700, 1400) if name == "gpu" else (320,):  # 700 is a window of 1400 at a zoom of 200 %
        visit.page.set_viewport_size({"width": width, "height": 800})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.page.evaluate("document.body.scrollWidth") <= width


@pytest.mark.parametrize("name", ["gpu", "cpu"])
def test_the_answer_stands_before_the_first_scroll(open_page, name: str) -> None:
    visit = open_page(name)
    for width, height in ((1400, 900), (320, 640)):
        visit.page.set_viewport_size({"width": width, "height": height})
        for selector in ("h1", ".tally >> nth=0"):
            box = visit.page.locator(selector).bounding_box()
            assert box["y"] + box["height"] <= height, (name, width, selector)


def test_the_bar_stays_one_line_with_all_sections_within_reach(open_page) -> None:
    for width, height in ((1400, 900), (320, 640)):
        visit = open_page("gpu", viewport={"width": width, "height": height})
        visit.page.locator("#how").scroll_into_view_if_needed()
        bar = visit.page.locator(".bar").bounding_box()
        assert bar["y"] == 0
        assert bar["height"] < 64
        visit.page.locator("summary", has_text="Sections").click()
        for link in visit.page.locator("nav a").all():
            box = link.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height


def test_the_filters_fold_where_there_is_little_room_and_stay_open_where_there_is_enough(open_page) -> None:
    visit = open_page("gpu", viewport={"width": 320, "height": 640})
    assert visit.visible(".pick") == 0
    visit.choose("dtype", "bfloat16")
    assert visit.hash == "#dtype=bfloat16"
    assert visit.page.locator(".bar").bounding_box()["height"] < 64, "what is unfolded lies over the page"
    visit.page.keyboard.press("Escape")
    assert visit.visible(".pick") > 0, "the first closes the menu, the second the filters"
    visit.page.keyboard.press("Escape")
    assert visit.visible(".pick") == 0
    assert visit.page.evaluate("document.activeElement.textContent") == "Filter"
    visit.page.keyboard.press("Enter")
    assert visit.visible(".pick") > 0
    visit.page.mouse.click(160, 620)
    assert visit.visible(".pick") == 0
    visit.page.set_viewport_size({"width": 1400, "height": 900})
    visit.page.wait_for_selector(".pick summary:visible")
    assert visit.visible(".filters > summary") == 0


def test_a_menu_closes_with_escape_with_a_click_beside_it_and_when_it_is_left(open_page) -> None:
    visit = open_page("gpu")
    menu = visit.page.locator(".pick:has(input[name=dtype])")
    summary = menu.locator("summary")
    summary.focus()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("ArrowRight")
    assert visit.chosen("dtype") == "float32"
    visit.page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert visit.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    summary.click()
    visit.page.mouse.click(700, 600)
    assert menu.get_attribute("open") is None
    summary.click()
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Tab")
    assert menu.get_attribute("open") is None


def test_the_keyboard_reaches_every_control_sees_where_it_is_and_gets_out_again(open_page) -> None:
    visit = open_page("gpu", reduced_motion="reduce")
    walked = []
    for _ in range(400):
        visit.page.keyboard.press("Tab")
        at = visit.page.evaluate(SEEN_FOCUS)
        if at is None:
            break
        assert at["outlined"], at["what"]
        assert at["inside"], at["what"]
        assert not at["covered"], at["what"]
        walked.append(at["name"])
    else:
        pytest.fail(f"the Tab key never leaves the page: {walked[-5:]}")
    assert walked[0] == "ASkip to the answer"
    for stop in ("INPUTfind", "BUTTONlink", "BUTTONtheme", "BUTTONcsv", "BUTTONjson", "BUTTONmore", "INPUTv0"):
        assert stop in walked
    assert sum(name.startswith("SUMMARY") for name in walked) >= 10
    assert len(walked) == len(set(enumerate(walked)))


def test_what_moves_does_not_move_for_those_who_ask(open_page) -> None:
    moving = "getComputedStyle(document.documentElement).scrollBehavior"
    assert open_page("gpu").page.evaluate(moving) == "smooth"
    assert open_page("gpu", reduced_motion="reduce").page.evaluate(moving) == "auto"


def test_every_part_has_a_name_and_every_heading_its_place(open_page) -> None:
    visit = open_page("gpu")
    for role, name in (
        ("banner", None),
        ("main", None),
        ("contentinfo", None),
        ("search", "Filters"),
        ("status", None),
    ):
        found = visit.page.get_by_role(role, name=name) if name else visit.page.get_by_role(role)
        assert found.count() == 1, role
    sections = visit.page.locator("main > section")
    regions = visit.page.locator("main").get_by_role("region")
    assert regions.count() >= sections.count()
    assert visit.page.locator("h1").count() == 1
    assert visit.page.locator("section > h2").count() == sections.count() - 1, "the answer stands under the title"
    nameless = visit.page.locator(".scroll:not([tabindex='0'][aria-label])")
    assert nameless.count() == 0, nameless.first.evaluate("(each) => each.parentNode.outerHTML.slice(0, 300)")
    assert visit.page.locator("table:not(:has(> caption))").count() == 0
    assert visit.page.locator("th:not([scope])").count() == 0


def test_in_high_contrast_what_is_chosen_differs_and_ink_is_the_systems(open_page) -> None:
    visit = open_page("gpu", "dtype=float64", forced_colors="active")
    background = "(each) => getComputedStyle(each).backgroundColor"
    chosen, other = (
        visit.page.locator(f".views input{state} + span").first.evaluate(background)
        for state in (":checked", ":not(:checked)")
    )
    assert chosen != other
    picks = [pick.evaluate(background) for pick in visit.page.locator(".pick > summary").all()[:2]]
    assert picks[0] != picks[1]
    ink = visit.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fg').trim()")
    assert ink.lower() == "canvastext"


def test_paper_is_light_without_controls_and_cuts_no_table(open_page) -> None:
    visit = open_page("gpu", color_scheme="dark", viewport={"width": 1030, "height": 700})  # A4 landscape
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1030
    ground = visit.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--bg').trim()")
    assert ground == "#ffffff"
    for selector in ("nav", ".filters", "#theme", "#link", ".tools", ".views", "#more", ".tip"):
        assert visit.visible(selector) == 0, selector
    assert visit.visible("table.hero") == 1
    assert visit.visible(".doubts table") > 0, "doubts are unfolded on paper"
    assert visit.texts("#shown")[0].endswith("rows are shown.")
    cut = visit.page.evaluate(
        """[...document.querySelectorAll('.scroll')].filter((each) => each.checkVisibility()
        && (each.scrollHeight > each.clientHeight + 1 || each.scrollWidth > each.clientWidth + 1))
        .map((each) => each.getAttribute('aria-label'))"""
    )
    assert cut == []


def test_without_scripts_all_but_search_sort_downloads_and_links_works(open_page) -> None:
    visit = open_page("gpu", java_script_enabled=False)
    assert visit.visible("table.hero") == 1
    assert visit.visible("#all tbody tr") == 100
    assert visit.page.locator("noscript").first.inner_text().startswith("Sorting")
    for selector in ("#theme", "#csv", "#json", "#find", "#link", "#reset", "#more"):
        assert visit.visible(selector) == 0, selector
    first = visit.texts("table.hero:visible td")
    visit.compare("Copied there and back")
    assert visit.texts("table.hero:visible td") != first
    visit.choose("family", "matmul")
    assert visit.visible("table.hero tbody") == 1
    visit.choose("residency", "roundtrip")
    assert visit.visible("#all tbody tr") < 100
    visit.page.locator("summary", has_text="Sections").click()
    visit.page.get_by_role("link", name="Trust", exact=True).click()
    assert visit.page.url.endswith("#trust")
    visit.page.locator("table.hero td button:visible").first.focus()
    assert visit.visible(".tip") == 1


def test_without_scripts_a_narrow_page_has_its_filters_too(open_page) -> None:
    visit = open_page("gpu", java_script_enabled=False, viewport={"width": 320, "height": 640})
    visit.choose("dtype", "bfloat16")
    assert visit.visible("table.hero tbody tr") == 2
