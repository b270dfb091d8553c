"""An asv plugin: ``asv publish`` writes Crossover's report of its newest results, and links it from asv's pages.

asv's site shows each number over the commits; the report shows the devices side by side at one commit. asv.conf.json
names this module under ``plugins``. Publishers of other pages tell asv their name and the label of a button, but the
script of its site knows only its own; so the link is put into the pages themselves, into the one that asv shows where
its scripts cannot be loaded as well.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from asv import util
from asv.console import log
from asv.publishing import OutputPublisher
from asv.results import iter_results_paths

from bench_lib.errors import CrossoverError
from bench_lib.records.recording import Recording
from bench_lib.records.storage import load, write_text

PAGE: Final = "crossover.html"
LABEL: Final = "Crossover report"
RUNS_AT_MOST: Final = 6
"""Of one page: more stand side by side badly."""

ANCHOR: Final = f'<a href="{PAGE}">{LABEL}</a>'
BESIDE: Final = {
    "index.html": ('<li id="nav-li-regressions">', "</li>", f'\n\t<li id="nav-li-crossover">{ANCHOR}</li>'),
    "error.html": ("<p>", "</p>", f"\n    <p>{ANCHOR} needs no connection.</p>"),
}
"""Of each page of asv's: after the end of what the link is put, and the link."""


class CrossoverReport(OutputPublisher):  # type: ignore[misc]  # asv has no types
    """Crossover's report of the newest results of each machine, as one more page of asv's site."""

    name = "crossover"
    button_label = LABEL
    description = "Display which device wins at which size, by how much"
    order = 4

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Mapping[str, int]) -> None:
        """Write the page into the folder of asv's site, and link it; asv calls this.

        Parameters
        ----------
        conf
            asv's settings; of them the folders of results and of the site are used.
        repo, benchmarks, graphs
            Given to every publisher, and not used.
        revisions
            The place of each commit in the history.
        """
        recordings = read(newest(Path(conf.results_dir), revisions))
        if not recordings:
            log.warning("there is no result that Crossover could report")
            return
        from bench_lib.analysis.frame import tidy
        from bench_lib.report.page import build_page

        site = Path(conf.html_dir)
        write_text(site / PAGE, build_page(tidy(recordings), recordings))
        for name, (start, end, link) in BESIDE.items():
            if not add(site / name, start, end, link):
                log.warning(f"{PAGE} is written, and {name} of this asv has no place for a link to it")


def newest(folder: Path, revisions: Mapping[str, int]) -> list[Path]:
    """Return the result files of the newest commit that each machine measured: one for each environment.

    Those of the newest commits come first, and there are :data:`RUNS_AT_MOST`. Files that are not in the history or
    cannot be read are left out.
    """
    found: dict[str, dict[int, list[Path]]] = {}
    for root, name, machine in iter_results_paths(str(folder)):
        path = Path(root, name)
        try:
            commit = util.load_json(str(path)).get("commit_hash")
        except (util.UserError, AttributeError) as err:
            log.warning(f"left out of the report: {err}")
            continue
        if commit in revisions:
            found.setdefault(machine, {}).setdefault(revisions[commit], []).append(path)
    latest = sorted(((max(of), machine) for machine, of in found.items()), key=lambda one: (-one[0], one[1]))
    paths = [path for revision, machine in latest for path in sorted(found[machine][revision])]
    if len(paths) > RUNS_AT_MOST:
        log.warning(f"the report has the first {RUNS_AT_MOST} of {len(paths)} newest results")
    return paths[:RUNS_AT_MOST]


def read(paths: Iterable[Path]) -> list[Recording]:
    """Return what the files hold; one that cannot be read costs a warning and itself only."""
    recordings = []
    for path in paths:
        try:
            recording = load(path)
        except CrossoverError as err:
            log.warning(f"left out of the report: {err}")
            continue
        if recording.samples:
            recordings.append(recording)
    return recordings


def add(path: Path, start: str, end: str, link: str) -> bool:
    """Put a link into a page after the first ``end`` that follows ``start``; returns whether there was such a place."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    place = text.find(end, text.find(start)) if start in text else -1
    if place < 0:
        return False
    place += len(end)
    write_text(path, text[:place] + link + text[place:])
    return True
