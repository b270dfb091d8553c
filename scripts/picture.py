"""Take the picture of a report that README.md shows.

    python scripts/picture.py results/reports/NAME.html docs/images/report.png

Needs playwright and a Chromium (``CROSSOVER_CHROMIUM``, or the first found on the path).
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WIDTH, HEIGHT = 1280, 1180


def chromium() -> str:
    """Return the browser's path."""
    found = os.environ.get("CROSSOVER_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        msg = f"a Chromium is needed, and none of {', '.join(BROWSERS)} is on the path: set CROSSOVER_CHROMIUM"
        raise SystemExit(msg)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("report", type=Path, help="HTML file that crossover report wrote")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(options.report.resolve().as_uri())
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=options.picture)
        browser.close()


if __name__ == "__main__":
    main()
