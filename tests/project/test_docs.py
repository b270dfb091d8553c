"""What is written down: links lead somewhere, commands exist, and the site is built and needs nothing else."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer

from bench_lib.cli.main import app
from tests.support.extras import reason

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("notebooks/*.md"), *ROOT.glob("notebooks/*.ipynb")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
BUILT = {DOCS / "example-report.html", DOCS / "contributing.md", DOCS / "changelog.md"}
"""What only the site has: scripts/docs_site.py makes it."""

FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
COMMANDS = typer.main.get_command(app)


def text_of(page: Path) -> str:
    """Return a page as Markdown; of a notebook its cells that are Markdown."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def prose_of(page: Path) -> str:
    return FENCE.sub("", text_of(page))


def links_of(page: Path) -> list[str]:
    return LINK.findall(re.sub(r"`[^`\n]*`", "`code`", prose_of(page)))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", heading) for heading in HEADING.findall(prose_of(page))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("name", NAMES)
def test_each_link_leads_to_a_file_that_is_there_and_to_a_heading_in_it(name: str) -> None:
    page = ROOT / name
    lost = []
    for link in links_of(page):
        path, _, anchor = unquote(link).partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if target in BUILT:
            continue
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            lost.append(link)
    assert lost == []


def test_links_to_elsewhere_are_well_formed() -> None:
    links = {link for page in PAGES for link in links_of(page) if "://" in link}
    assert links
    split = {link: urlsplit(link) for link in links}
    assert {
        link for link, parts in split.items() if parts.scheme != "https" or "." not in (parts.hostname or "")
    } == set()


def test_the_reader_of_links_sees_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One `two_` [three](x.md)!\n\n[a](b.md#c) `[no](no.md)`\n\n```sh\n# not a heading [no](no.md)\n```\n"
    )
    assert links_of(page) == ["x.md", "b.md#c"]
    assert anchors_of(page) == {"one-two_-three"}


def section_of(command: str) -> str:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert command in parts, f"docs/commands.md needs a section about crossover {command}"
    return str(parts[command])


@pytest.mark.parametrize("command", sorted(COMMANDS.commands))
def test_every_option_of_every_command_is_described_and_no_other(command: str) -> None:
    there = {
        name for param in COMMANDS.commands[command].params if param.param_type_name == "option" for name in param.opts
    }
    rows = re.findall(r"^\| (`-.*?`) \|", section_of(command), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`(-[\w-]+)`", row)}
    assert described == there - {"--help"}


@pytest.mark.parametrize("command", sorted(COMMANDS.commands))
def test_every_command_names_its_exit_codes_among_those_of_the_table(command: str) -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    (line,) = re.findall(r"^Exit codes: (.*)$", section_of(command), re.MULTILINE)
    named = {int(code) for code in re.findall(r"\b\d+\b", line)}
    assert {0, 4} <= named <= table


def commands_in(page: Path) -> Iterator[list[str]]:
    for _, language, code in FENCE.findall(text_of(page)):
        for line in code.replace("\\\n", " ").splitlines() if language == "sh" else ():
            words = shlex.split(line, comments=True)
            if words and words[0].rpartition("/")[2] == "crossover":
                yield words[1:]


def test_every_crossover_command_that_is_written_down_can_be_parsed() -> None:
    written = [words for page in PAGES for words in commands_in(page)]
    assert {words[0] for words in written} == set(COMMANDS.commands)
    for words in written:
        COMMANDS.commands[words[0]].make_context(words[0], list(words[1:]))


def test_the_answer_in_the_readme_is_what_the_command_above_it_prints() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```sh\n\.venv/bin/crossover (show .+)\n```\n\n```\n(.*?)```", text, re.DOTALL)
    assert found
    done = subprocess.run(
        [sys.executable, "-m", "bench_lib", *found[1].split()],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "120"},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert [line for line in found[2].splitlines() if line != "..." and line not in printed] == []


def test_a_command_that_is_not_there_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\n.venv/bin/crossover run --no-such-option  # a comment\n```\n")
    (words,) = commands_in(page)
    # typer brings a click of its own from some release on: the class of the error is not the same everywhere.
    with pytest.raises(Exception, match="No such option: --no-such-option"):
        COMMANDS.commands["run"].make_context("run", words[1:])


def test_every_room_of_the_package_is_explained_in_the_architecture() -> None:
    table = re.findall(r"^\| `(\w+)` \|", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    rooms = {path.parent.name for path in (ROOT / "bench_lib").glob("*/__init__.py")}
    assert rooms <= {*table}
    assert len(rooms) == 10


def test_every_decision_is_listed_under_the_number_of_its_file() -> None:
    listed = re.findall(r"\* \[(\d{4}): .+\]\(decisions/(.+)\)", (DOCS / "architecture.md").read_text(encoding="utf-8"))
    assert [name for _, name in listed] == sorted(path.name for path in DOCS.glob("decisions/*.md"))
    for number, name in listed:
        assert (DOCS / "decisions" / name).read_text(encoding="utf-8").startswith(f"# {number}: ")
        assert name.startswith(f"{number}-")


def test_the_diagram_says_in_words_what_it_shows() -> None:
    root = ET.parse(DOCS / "images" / "architecture.svg").getroot()
    space = {"svg": "http://www.w3.org/2000/svg"}
    texts = [root.findtext("svg:title", "", space), root.findtext("svg:desc", "", space)]
    assert all(texts)
    assert root.get("role") == "img"
    assert set(str(root.get("aria-labelledby")).split()) == {element.get("id") for element in root[:2]}


class Loads(HTMLParser):
    """What a page loads by itself: scripts, styles, images, frames; not what a reader may click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = dict(attrs)
        keys = ("href", "src") if tag in ("link", "use", "image") else ("src", "srcset", "data", "poster", "action")
        self.found += [str(have[key]) for key in keys if have.get(key)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason=reason("material"))
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_the_site_has_every_page_and_the_report_of_a_real_run(site: Path) -> None:
    built = {str(path.relative_to(site).with_suffix(".md")) for path in site.rglob("*.html")}
    assert built >= {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    example = (site / "example-report.html").read_text(encoding="utf-8")
    newest = max(path.name for path in ROOT.glob("results/runs/*-quick-*.jsonl.gz"))
    assert newest.removesuffix(".jsonl.gz").rpartition("-")[2] in example
    assert "Content-Security-Policy" in example


def test_the_words_of_the_readmes_picture_are_the_finding_of_the_run_that_it_shows(site: Path) -> None:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", (site / "example-report.html").read_text(encoding="utf-8"), re.DOTALL)
    said = re.search(r"!\[The first screen of a report: (.+?)\]", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert found
    assert said
    assert said[1] == unescape(re.sub(r"<[^>]+>", "", found[1]))


def test_no_page_of_the_site_loads_anything_from_elsewhere(site: Path) -> None:
    loaded = set()
    for page in site.rglob("*.html"):
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        loaded |= set(loads.found)
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    loaded |= set(re.findall(r"(?:url\(|@import )['\"]?([^'\")\s]+)", styles))
    assert any(name.endswith(".js") for name in loaded)
    assert {name for name in loaded if "//" in name.partition("?")[0] and not name.startswith("data:")} == set()


def test_files_that_a_page_links_to_are_copied_as_they_are(site: Path) -> None:
    copied = [path for path in (site / "files").rglob("*") if path.is_file()]
    assert copied
    assert [
        path for path in copied if path.read_bytes() != (ROOT / path.relative_to(site / "files")).read_bytes()
    ] == []
