"""One page opened in a real browser, with what it said, what it asked for, and how a reader uses it."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Locator

CANDIDATES = ("chromium", "chromium-browser", "google-chrome")
EXECUTABLE = os.environ.get("CROSSOVER_CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
TIMEOUT = 10_000  # milliseconds that a control may take to appear

READ_NUMBERS = """() => { const table = document.getElementById('all');
  const keys = [...table.tHead.rows[0].cells].map((head) => head.dataset.key);
  const numeric = [...table.tHead.rows[0].cells].map((head) => 'numeric' in head.dataset);
  return [...table.tBodies[0].rows].map((row) => Object.fromEntries([...row.cells].map((cell, place) => [keys[place],
    !numeric[place] ? cell.textContent : cell.dataset.value === undefined ? null : Number(cell.dataset.value)]))); }"""


class Visit:
    """A page in a context of its own."""

    def __init__(self, browser: Browser, path: Path, fragment: str = "", init: str = "", **settings: object) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        if init:
            self.page.add_init_script(init)
        self.address = path.as_uri()
        self.page.goto(self.address + (f"#{fragment}" if fragment else ""))

    def texts(self, selector: str) -> list[str]:
        """Return what can be read in each of the elements."""
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def button(self, name: str) -> Locator:
        """Return the button of that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def compare(self, label: str) -> None:
        """Choose a table of winners."""
        self.page.locator(".views").get_by_role("radio", name=label).check()

    def choose(self, key: str, value: str) -> None:
        """Choose a chip: open its menu, unless it is open, and check it."""
        filters = self.page.locator(".filters")
        if filters.get_attribute("open") is None:
            filters.locator("> summary").click()
        menu = self.page.locator(f".pick:has(input[name={key}])")
        if menu.get_attribute("open") is None:
            menu.locator("summary").click()
        menu.locator(f"input[value='{value}']").check()

    def find(self, text: str) -> None:
        """Type into the search and wait until the page has answered."""
        self.page.locator("#said").evaluate("(said) => { said.textContent = ''; }")
        self.page.locator("#find").fill(text)
        self.page.locator("#said:not(:empty)").wait_for(state="attached")

    def chosen(self, key: str) -> str:
        """Return the value of the chip that is chosen."""
        return self.page.locator(f"input[name={key}]:checked").get_attribute("value")

    def visible(self, selector: str) -> int:
        """Return how many of the elements are seen."""
        return self.page.locator(f"{selector}:visible").count()

    def download(self, button: str) -> tuple[str, str]:
        """Return the name and the text of what a button saves."""
        with self.page.expect_download() as download:
            self.page.locator(button).click()
        saved = Path(download.value.path()).read_bytes().decode("utf-8")
        return download.value.suggested_filename, saved

    @property
    def numbers(self) -> list[dict[str, object]]:
        """The rows of the table of all numbers that are shown: text, or the number behind it."""
        return self.page.evaluate(READ_NUMBERS)

    @property
    def status(self) -> str:
        """What a screen reader was told last."""
        return self.page.get_by_role("status").inner_text()

    @property
    def hash(self) -> str:
        """The address after ``#``."""
        return self.page.evaluate("location.hash")
