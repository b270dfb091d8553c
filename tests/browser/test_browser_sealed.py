"""Nothing leaves the page, nothing foreign runs in it, and names from files stay text in every section."""

import csv
import io
import json

import pytest

INJECT = """() => {
  window.ran = [];
  const script = document.createElement('script');
  script.textContent = "window.ran.push('script')";
  document.body.append(script);
  const holder = document.createElement('div');
  holder.innerHTML = '<button id="bad" onclick="window.ran.push(1)">x</button>';
  document.body.append(holder);
  document.getElementById('bad').click();
  try { setTimeout("window.ran.push('text')", 0); } catch (error) { /* refused */ }
  return new Promise((done) => setTimeout(() => done(window.ran), 50)); }"""


@pytest.mark.parametrize("name", ["gpu", "cpu", "two", "hostile"])
def test_it_says_nothing_to_the_console_and_asks_for_nothing_but_itself(open_page, name: str) -> None:
    visit = open_page(name)
    visit.page.locator("#all th[data-key=seconds] button").click()
    visit.page.locator("#theme").click()
    visit.find("a")
    visit.choose("dtype", visit.page.locator("input[name=dtype]").nth(1).get_attribute("value"))
    visit.download("#json")
    assert visit.said == []
    left = [url for url in visit.asked if not url.startswith(("data:", "blob:"))]
    assert [url.partition("#")[0] for url in left] == [visit.address]


def test_the_policy_stops_scripts_handlers_and_requests_that_are_not_the_pages_own(open_page) -> None:
    visit = open_page("gpu")
    assert visit.page.evaluate(INJECT) == []
    assert sum("Content Security Policy" in line for line in visit.said) >= 2
    assert visit.page.evaluate("fetch('data:text/plain,x').then(() => 'sent', () => 'refused')") == "refused"
    with visit.page.expect_event("requestfailed") as refused:
        visit.page.evaluate("document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/x' }))")
    assert refused.value.failure == "csp"


def test_names_from_a_file_become_no_elements_wherever_they_stand(open_page) -> None:
    visit = open_page("hostile")
    visit.page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    while visit.visible("#more"):
        visit.page.locator("#more").click()
    for element in ("img", "iframe", "object", "embed", "form", "base", "[onerror]", "[onload]", "[onclick]"):
        assert visit.page.locator(element).count() == 0, element
    assert visit.page.locator("script").count() == 2
    assert visit.said == []
    shown = visit.page.evaluate("document.body.innerText")
    assert "<script>alert(1)</script>" in shown
    assert "onerror=alert(1)" in shown
    assert "{{ 7 * 7 }}" in shown
    turning = "\u202e\u2066\u2067\u2069\u200f\u2028"
    assert not set(turning) & set(visit.page.content())
    assert max(map(len, visit.texts("#all tbody th"))) <= 120
    for selector in ("table.hero th[scope=row]", "#when th[scope=row]", "#all tbody th", "#how dd", "#trust li"):
        assert any("alert(" in text for text in visit.texts(selector)), selector


def test_hostile_names_can_be_searched_filtered_and_taken_away(open_page) -> None:
    visit = open_page("hostile")
    visit.find("\"'><img src=x")
    assert visit.numbers
    assert all("<img" in row["workload"] for row in visit.numbers)
    visit.find("")
    visit.choose("family", "<script>alert(1)</script>")
    again = open_page("hostile", visit.hash.removeprefix("#"))
    assert again.chosen("family") == "<script>alert(1)</script>"
    assert again.numbers == visit.numbers
    visit.button("Reset").click()
    (_, as_csv), (_, as_json) = visit.download("#csv"), visit.download("#json")
    rows, records = list(csv.DictReader(io.StringIO(as_csv, newline=""))), json.loads(as_json)
    assert [row["workload"].removeprefix("'") for row in rows] == [record["workload"] for record in records]
    formulas = [row for row, record in zip(rows, records, strict=True) if record["workload"].startswith("=cmd()")]
    assert formulas
    assert all(row["workload"].startswith("'=cmd()") for row in formulas)
    assert not any(field.startswith(("=", "@")) for row in rows for field in row.values())
    assert visit.said == []
