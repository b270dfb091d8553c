"""The answer as Markdown: read back by a parser, whole, bounded, and with hostile names that stay names."""

import dataclasses
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import structs

from bench_lib.records.storage import load
from bench_lib.report.markdown import JOINER, MAX_BYTES
from bench_lib.report.sentences import words
from bench_lib.report.sentences.blocks import as_markdown as markdown
from bench_lib.report.sentences.digest import Answer, digest
from tests.support.builders import named, recording
from tests.support.hostile import IN_MARKDOWN
from tests.support.page_data import gpu_recording, many_operations

RUNS = sorted(Path(__file__).parents[3].glob("results/runs/*.jsonl.gz"))
READER = MarkdownIt("commonmark", {"html": True}).enable(["table"])


@pytest.fixture(scope="module")
def gpu() -> tuple[Answer, ...]:
    return digest([gpu_recording()])


def text_of(token: Token) -> str:
    return "".join(child.content for child in token.children or ()).replace(JOINER, "")


def tables_of(text: str) -> list[list[list[str]]]:
    """Return the tables that a parser finds: rows of cells."""
    tables: list[list[list[str]]] = []
    tokens = READER.parse(text)
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in ("td_open", "th_open"):
            tables[-1][-1].append(text_of(tokens[place + 1]))
    return tables


def headings_of(text: str) -> list[str]:
    tokens = READER.parse(text)
    return [text_of(tokens[place + 1]) for place, token in enumerate(tokens) if token.type == "heading_open"]


def test_the_finding_is_the_heading_and_guards_are_quoted(gpu: tuple[Answer, ...]) -> None:
    text = markdown(gpu)
    assert headings_of(text)[0] == gpu[0].title
    kinds = [token.type for token in READER.parse(text)]
    assert kinds.count("blockquote_open") == len(gpu[0].guards) == 1
    assert kinds.index("heading_open") < kinds.index("blockquote_open") < kinds.index("bullet_list_open")
    assert kinds[: kinds.index("table_open")].count("list_item_open") == len(gpu[0].sentences)


def test_the_tables_are_read_back_whole(gpu: tuple[Answer, ...]) -> None:
    resident, roundtrip, throughput, crossovers = tables_of(markdown(gpu))
    assert resident[0][0] == "operation"
    assert len(resident[0]) == len(throughput[0]) == 11
    assert {len(row) for row in (*resident, *roundtrip, *throughput)} == {11}
    assert {row[0] for row in resident[1:]} >= {"add", "matmul", "matmul bfloat16", "scalar backward"}
    assert crossovers[0] == ["operation", "Data already there", "Copied there and back", "Copying pays"]
    assert ["add", "48 KiB to 192 KiB", "never up to 192 MiB"] in [row[:3] for row in crossovers]


def test_operations_beyond_the_first_are_folded_and_none_is_lost(gpu: tuple[Answer, ...]) -> None:
    text = markdown(gpu, top=5)
    assert text.count("<details>") == text.count("</details>") == 4
    assert "<summary>7 more operations</summary>" in text
    assert "<summary>11 operations</summary>" in text
    first, rest, *_ = tables_of(text)
    assert (len(first), len(rest)) == (6, 8)
    assert first[0] == rest[0]


def test_the_last_line_names_the_environment(gpu: tuple[Answer, ...]) -> None:
    last = markdown(gpu).splitlines()[-1]
    assert all(part in last for part in ("NVIDIA H200", "16 threads", "torch 2.13.0", "CUDA 13.0", "run 20250611T0930"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name.partition(".")[0])
def test_a_real_run_is_a_comment(path: Path) -> None:
    text = markdown(digest([load(path)]))
    assert headings_of(text)[0].startswith("No GPU in this run. ")
    assert len(text.encode()) <= MAX_BYTES
    tables = tables_of(text)
    assert tables
    assert all(len({len(row) for row in table}) == 1 for table in tables)


def test_what_does_not_fit_is_counted() -> None:
    answers = digest([gpu_recording(rounds=1, visits=1, operations=many_operations(300))])
    whole, cut = markdown(answers, max_bytes=10**9), markdown(answers)
    assert len(whole.encode()) > MAX_BYTES >= len(cut.encode())
    assert "did not fit here" in cut
    assert "did not fit here" not in whole
    assert sum(len(table) - 1 for table in tables_of(whole)[:2]) == 300


def test_answers_that_do_not_fit_are_counted(gpu: tuple[Answer, ...]) -> None:
    many = markdown(gpu * 40)
    assert len(many.encode()) <= MAX_BYTES
    told = many.count("## Above 16 KiB")
    assert 5 <= told < 40
    assert many.splitlines()[-1] == f"{40 - told} more answers did not fit here."


def kinds_of(text: str) -> list[str]:
    return [token.type for token in READER.parse(text)]


def test_hostile_names_of_operations_change_nothing_but_themselves() -> None:
    def told(names: tuple[str, ...]) -> str:
        return markdown(digest([recording(workloads=names, sizes=(2**10, 2**20), rounds=2, visits=1)]), top=100)

    text = told(IN_MARKDOWN)
    assert kinds_of(text) == kinds_of(told(tuple(f"w{number}" for number in range(len(IN_MARKDOWN)))))
    cells = {row[0] for row in tables_of(text)[0][1:]}
    assert len(cells) == len({words.operation(name) for name in IN_MARKDOWN})
    assert_harmless(text)


@pytest.mark.parametrize("name", ["<script>x</script>|`", "@someone #12 https://evil.test", "[x](https://evil.test)"])
def test_a_hostile_name_of_a_device_or_version_changes_nothing_but_itself(name: str) -> None:
    made = recording(sizes=(2**10, 2**20), rounds=2, visits=1, timings=("latency",))
    hostile = named(made, family=name, expression=name, device=name)
    hostile = dataclasses.replace(hostile, run=structs.replace(hostile.run, software={"torch": name}))
    text = markdown(digest([hostile]))
    assert kinds_of(text) == kinds_of(markdown(digest([made])))
    assert_harmless(text)


def assert_harmless(text: str) -> None:
    """Require that what a parser finds within lines is what the answer itself puts there."""
    inline = [child for token in READER.parse(text) for child in token.children or ()]
    assert {child.type for child in inline} <= {
        "text", "text_special", "strong_open", "strong_close", "code_inline", "html_inline"
    }  # fmt: skip
    tags = {child.content for child in inline if child.type == "html_inline"}
    assert tags <= {f"<{end}{tag}>" for tag in ("code", "span", "sub") for end in ("", "/")}
