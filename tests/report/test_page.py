"""The page as a whole: self-contained, escaped everywhere, the same each time, and small."""

import base64
import hashlib
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.errors import UsageError
from bench_lib.records.recording import Recording
from bench_lib.report import page
from bench_lib.report.page.render import embed
from tests.support.builders import recording
from tests.support.hostile import IN_HTML
from tests.support.page_data import OPERATIONS, cpu_recording, gpu_recording, many_operations

VOID = {"meta", "link", "input", "br", "img", "hr"}


def build(*recordings: Recording) -> str:
    return page.build_page(frame.tidy(recordings), recordings)


@pytest.fixture(scope="module")
def gpu_page() -> str:
    return build(gpu_recording())


@pytest.fixture(scope="module")
def cpu_page() -> str:
    return build(cpu_recording())


class Reader(HTMLParser):
    """Collects elements, text and whatever is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.mistakes: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(tag)

    def handle_data(self, data: str) -> None:
        if "script" not in self.open and "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(params=["gpu", "cpu"])
def read(request: pytest.FixtureRequest, gpu_page: str, cpu_page: str) -> Reader:
    return Reader(gpu_page if request.param == "gpu" else cpu_page)


def test_the_page_is_well_formed(read: Reader) -> None:
    assert read.mistakes == []
    assert read.open == []


def test_headings_come_in_order_and_there_is_one_title(read: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_no_two_elements_share_an_id_and_every_label_has_its_target(read: Reader) -> None:
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in read.elements:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_it_can_be_read_by_machine_and_keyboard(read: Reader) -> None:
    assert read.all("html")[0]["lang"] == "en"
    assert any(attributes.get("class") == "skip" for attributes in read.all("a"))
    assert len(read.all("caption")) == len(read.all("table"))
    assert all("scope" in attributes for attributes in read.all("th"))
    pictures = [
        attributes for attributes in read.all("svg") if "x" not in attributes
    ]  # those with x stand within others
    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for attributes in pictures)


def test_nothing_is_loaded_from_anywhere(gpu_page: str, cpu_page: str) -> None:
    for html in (gpu_page, cpu_page):
        for _, attributes in Reader(html).elements:
            for name in ("src", "href", "action", "data", "srcset", "poster"):
                assert attributes.get(name, "#").startswith(("#", "data:")), (name, attributes[name])
            assert not any(name.startswith("on") for name in attributes)
        assert "@import" not in html
        assert not re.search(r"https?://", html)


def test_the_policy_allows_the_one_script_by_its_hash(gpu_page: str) -> None:
    policy = next(each["content"] for each in Reader(gpu_page).all("meta") if "http-equiv" in each)
    (script,) = re.findall(r"<script>(.*?)</script>", gpu_page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "base-uri 'none'" in policy
    assert "form-action 'none'" in policy
    assert gpu_page.index("Content-Security-Policy") < gpu_page.index("<style>") < gpu_page.index("<script>")


def test_the_same_input_gives_the_same_bytes(gpu_page: str) -> None:
    assert build(gpu_recording()) == gpu_page


def test_the_title_is_the_finding(gpu_page: str, cpu_page: str) -> None:
    assert re.search(r"<h1>Above [^<]+ the GPU wins \d+ of \d+ cases; up to there, the CPU wins", gpu_page)
    assert "<h1>No GPU in this run. " in cpu_page


def test_every_section_is_there(gpu_page: str, cpu_page: str) -> None:
    for html in (gpu_page, cpu_page):
        for name in ("answer", "hero", "when", "size", "trust", "numbers", "how"):
            assert f'<section id="{name}"' in html


def test_figures_say_where_they_come_from(gpu_page: str) -> None:
    sources = re.findall(r'<p class="source">(.*?)</p>', gpu_page)
    assert len(sources) >= 8
    for source in sources:
        for part in ("NVIDIA H200", "torch 2.13.0", "CUDA 13.0", "TF32 off", "5 rounds", "lower is better", "run 2025"):
            assert part in source
        assert "resident" in source or "round trip" in source
        assert "float32" in source
    assert sum("AMD EPYC 9B14" in source for source in sources) >= 6


def test_the_command_and_the_machine_are_on_the_page(cpu_page: str) -> None:
    text = Reader(cpu_page).text
    assert "crossover run --profile quick --budget 3m --seed 2" in text
    assert "set by the physical cores" in text


def test_a_clean_run_says_that_nothing_casts_doubt() -> None:
    assert "Nothing casts doubt on these numbers" in build(recording())


@pytest.mark.parametrize(
    "made",
    [
        recording(sizes=()),
        recording(unreached=lambda case: True),
        recording(model=lambda case, rng: ("failed", "no")),
        recording(devices=("cpu",)),
        recording(devices=("cuda:0",)),
        recording(rounds=1, visits=1),
        recording(source="asv"),
        recording(sizes=(2**10,)),
        recording(workloads=()),
    ],
    ids=["no cases", "unreached", "failed", "cpu", "gpu", "once", "asv", "one size", "no workloads"],
)
def test_a_run_with_little_in_it_still_gives_a_page(made: Recording) -> None:
    found = Reader(build(made))
    assert found.mistakes == []
    assert "nan" not in re.split(r"\W+", found.text.lower())
    assert any(attributes.get("id") == "how" for attributes in found.all("section"))


def test_a_report_of_no_run_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match="at least one result file"):
        page.build_page(frame.tidy([]), [])


def test_several_runs_share_a_page() -> None:
    html = build(cpu_recording(), gpu_recording(), recording(run_id="run-3", source="asv"))
    assert "3 runs on this page" in html
    assert html.count('<article class="sheet">') == 3
    assert "the GPU wins" in html


def with_names(text: str) -> Recording:
    """Return a run in which every name that a file may hold is one text."""
    made = recording(devices=("cpu", "cuda:0"), model=lambda case, rng: 1e-6 if case.n > 2**15 else ("failed", text))
    run = structs.replace(
        made.run,
        command=text,
        profile=text,
        host={text: text, "threads_physical": text},
        software={"torch": text, "cuda": text, text: text},
        precision={text: text},
        settings={text: text},
        devices=tuple(structs.replace(device, name=text, facts={text: text}) for device in made.run.devices),
        workloads=tuple(structs.replace(workload, family=text, expression=text) for workload in made.run.workloads),
    )
    return replace(made, run=run, problems=(text,))


@pytest.mark.parametrize("text", IN_HTML, ids=lambda text: repr(text[:12]))
def test_names_from_files_are_text_and_nothing_else(text: str) -> None:
    html = build(with_names(text))
    found = Reader(html)
    assert found.mistakes == []
    assert len(found.all("script")) == 2
    assert not found.all("img")
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029]", html)
    assert len(html) < 250_000
    html.encode("utf-8")


@pytest.mark.parametrize("field", ["workload", "dtype", "device"])
@pytest.mark.parametrize("text", IN_HTML[:5], ids=lambda text: repr(text[:12]))
def test_keys_of_cases_are_text_too(field: str, text: str) -> None:
    made = recording()
    rename = {field: text}
    plan = tuple(structs.replace(planned, case=structs.replace(planned.case, **rename)) for planned in made.plan[:6])
    samples = tuple(
        structs.replace(sample, case=structs.replace(sample.case, **rename))
        for sample in made.samples
        if sample.case in {planned.case for planned in made.plan[:6]}
    )
    found = Reader(build(replace(made, plan=plan, samples=samples)))
    assert found.mistakes == []
    assert len(found.all("script")) == 2
    assert not found.all("img")


def test_embedded_data_cannot_end_its_script() -> None:
    hostile = {"a": "</script><!-- & '\u2028"}
    made = str(embed(hostile))
    assert not re.search("[<>&'\u2028]", made)
    assert json.loads(made) == hostile


def test_a_quick_run_weighs_well_under_a_megabyte(gpu_page: str, cpu_page: str) -> None:
    assert len(cpu_page.encode()) < 350_000
    assert len(gpu_page.encode()) < 500_000


def test_rows_beyond_the_first_are_folded_and_said_in_words(gpu_page: str) -> None:
    folded = json.loads(re.search(r'id="rest">(.*?)</script>', gpu_page, re.DOTALL).group(1))  # type: ignore[union-attr]
    assert len(folded["rows"]) == len(gpu_recording().plan) - 100
    assert f"so do the {len(folded['rows'])} rows after the first 100" in gpu_page


def test_a_run_of_many_operations_draws_only_so_much() -> None:
    html = build(gpu_recording(operations=(*OPERATIONS[:1], *many_operations(140)), rounds=2, visits=1))
    assert html.count('<figure class="panel') == 24
    assert "more operations stand in" in html
    assert html.count('<tr class="x') < 3_000


def test_operations_whose_bytes_are_not_known_are_counted_and_have_no_empty_table() -> None:
    html = build(recording(source="asv"))
    assert "1 more operation stands in" in html
    assert "the file does not tell how many bytes they work on" in html
    assert '<table class="hero">' not in html
    assert Reader(html).mistakes == []


def test_lines_that_could_not_be_read_are_all_counted() -> None:
    made = recording()
    html = build(replace(made, problems=tuple(f"line {number} was not used" for number in range(60))))
    assert '<b>unreadable</b> <span class="count">60</span>' in html
    assert "20 more of this kind." in html
