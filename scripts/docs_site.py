"""What the site of docs/ has beside its pages: hooks that mkdocs calls (``mkdocs.yml``).

* A report of the newest quick run that is committed, to click through.
* Pages and files of the repository that ``docs/`` links to. On a code host such a link leads out of ``docs/``; in the
  site it leads to a copy.
"""

from __future__ import annotations

import posixpath
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = "example-report.html"
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the repository that are pages of the site too."""

COPIES = "files"
"""Folder of the site in which copies of the repository's files lie."""

LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def newest_run() -> Path:
    """Return the newest quick run of the evidence, which the README prints too; its name begins with its date."""
    return max(ROOT.joinpath("results", "runs").glob("*-quick-*.jsonl.gz"), key=lambda path: path.name)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the example, the repository's pages and the files that any page links to."""
    for source, name in PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    for name in sorted({name for file in list(files) if file.is_documentation_page() for name in _linked(file)}):
        files.append(File.generated(config, f"{COPIES}/{name}", content=(ROOT / name).read_bytes()))
    files.append(File.generated(config, EXAMPLE, content=_example()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead links to where the site has what they name."""
    return LINK.sub(lambda match: _led(match, page.file.src_uri), markdown)


def _linked(file: File) -> list[str]:
    """Return the repository's files outside of the site that a page links to."""
    targets = [_target(match[1], file.src_uri) for match in LINK.finditer(file.content_string)]
    return [target for target in targets if _is_copied(target)]


def _led(match: re.Match[str], source: str) -> str:
    target = _target(match[1], source)
    if target in PAGES:
        led = PAGES[target]
    elif target.startswith("docs/"):
        led = target.removeprefix("docs/")
    elif _is_copied(target):
        led = f"{COPIES}/{target}"
    else:
        return match[0]
    return f"]({posixpath.relpath(led, posixpath.dirname(source) or '.')}{match[2] or ''})"


def _target(link: str, source: str) -> str:
    """Return what a link names, as a path from the repository's root; the repository's own pages stand at its root."""
    folder = "" if source in PAGES.values() else posixpath.join("docs", posixpath.dirname(source))
    return posixpath.normpath(posixpath.join(folder, link))


def _is_copied(target: str) -> bool:
    return target not in PAGES and not target.startswith(("docs/", "..")) and (ROOT / target).is_file()


def _example() -> bytes:
    """Return the report of the newest quick run, as the command writes it."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, EXAMPLE)
        command = [sys.executable, "-m", "bench_lib", "report", str(newest_run()), "--out", str(page)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return page.read_bytes()
