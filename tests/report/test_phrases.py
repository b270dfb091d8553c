"""Sentences out of the page: as plain text, and as Markdown in which a foreign name stays a name."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bench_lib.records.sanitize import clean
from bench_lib.report import markdown, phrases
from bench_lib.report.phrases import phrase, plain
from bench_lib.report.terminal import blocks as terminal
from tests.support.hostile import IN_MARKDOWN

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Shown(HTMLParser):
    """What a reader of HTML sees, and the tags that made it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.places = "", list[str](), list[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.places += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(written: str) -> str:
    """Return the text that a reader of rendered Markdown sees, without the invisible joiner."""
    return Shown(READER.render(written)).text.strip().replace(markdown.JOINER, "")


SENTENCE = phrase(
    "On {}, {} cases of {}: read {} and {}.",
    phrases.name("A < B"),
    phrases.strong("3 of 12"),
    phrases.code("x * y | z"),
    phrases.link("what casts doubt", "#trust"),
    phrases.link("this", "https://example.org/a"),
)


def test_a_sentence_as_text_has_no_markup_and_plain_spaces() -> None:
    assert plain(SENTENCE) == "On A < B, 3 of 12 cases of `x * y | z`: read what casts doubt and this."


def test_a_sentence_as_markdown_keeps_bold_code_and_outside_links() -> None:
    assert markdown.inline(SENTENCE) == (
        "On A &lt; B, **3 of 12** cases of <code>x \\* y &#124; z</code>: read what casts doubt and "
        "[this](https://example.org/a)."
    )
    assert seen(markdown.inline(SENTENCE)) == plain(SENTENCE).replace("`", "")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x.test/)x", "http://x.test", "", "data:x"])
def test_an_address_that_is_not_plainly_one_is_no_link(address: str) -> None:
    assert markdown.inline(phrase("{}", phrases.link("x", address))) == "x"


@pytest.mark.parametrize("name", IN_MARKDOWN)
@pytest.mark.parametrize("before", ["", "# ", "* ", "> ", "so "])
def test_a_hostile_name_stays_text_wherever_it_stands(name: str, before: str) -> None:
    html = Shown(READER.render(before + markdown.inline(clean(name))))
    assert set(html.tags) <= {"p", "h1", "ul", "li", "blockquote", "span"}
    assert html.tags.count("li") == (before == "* ")
    assert html.text.strip().replace(markdown.JOINER, "") == (before.strip("#*> ") + " " + clean(name)).strip()


@pytest.mark.parametrize("name", IN_MARKDOWN)
@pytest.mark.parametrize("written", [markdown.inline, markdown.code])
def test_a_hostile_name_stays_in_its_cell(name: str, written: object) -> None:
    assert callable(written)
    table = f"| one | two |\n|---|---|\n| {written(clean(name))} | last |\n"
    html = Shown(READER.render(table))
    assert html.tags.count("td") == html.tags.count("th") == 2
    assert not html.places
    assert set(html.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code", "span"}
    assert clean(name) in html.text.replace(markdown.JOINER, "")


@pytest.mark.parametrize("name", ["@someone", "#12", "https://x.test", "www.x.test", ":cat:"])
def test_what_a_forge_would_link_or_draw_by_itself_is_held_apart(name: str) -> None:
    written = markdown.inline(name)
    assert markdown.JOINER in written
    assert name not in written
    assert seen(written) == name


@given(st.text(max_size=40))
@example("a\\|b")
@example("`|`")
@example("*_*")
def test_any_name_is_read_back_as_it_is(name: str) -> None:
    shown = clean(name)
    if markdown.JOINER not in shown:
        assert seen(f"so {markdown.inline(shown)} end") == f"so {shown} end"
        assert seen(f"so {markdown.code(shown)} end").split() == f"so {shown} end".split()


@given(st.text(max_size=40))
def test_any_name_in_a_sentence_survives_as_text(name: str) -> None:
    sentence = phrase("It is {}, or {}.", phrases.name(name), phrases.code(name))
    assert plain(sentence) == " ".join(f"It is {clean(name)}, or `{clean(name)}`.".split())


def test_a_sentence_as_html_isolates_what_others_wrote_and_breaks_no_number() -> None:
    assert phrases.html(SENTENCE) == (
        "On <bdi>A &lt; B</bdi>, <b>3\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}12</b> cases of "
        "<code><bdi>x * y | z</bdi></code>: read <a href='#trust'>what casts doubt</a> and "
        "<a href='https://example.org/a'>this</a>."
    )


@pytest.mark.parametrize("kind", [phrases.name, phrases.code, phrases.strong, str])
@given(text=st.text(max_size=40))
def test_any_text_in_a_sentence_is_text_in_html(kind: Callable[[str], object], text: str) -> None:
    html = Shown(str(phrases.html(phrase("It is {}.", kind(text)))))
    assert set(html.tags) <= {"bdi", "code", "b"}
    assert "".join(html.text.split()) == "".join(f"It is {clean(text)}.".split())


def test_a_sentence_in_a_terminal_is_bold_where_it_is_strong_and_reads_no_markup() -> None:
    drawn = terminal.text(phrase("{} of {}", phrases.strong("3 of 12"), phrases.name("[red]x[/red] \x1b[2J")))
    assert drawn.plain == "3 of 12 of [red]x[/red] \N{REPLACEMENT CHARACTER}[2J"
    assert [(span.start, span.end, span.style) for span in drawn.spans] == [(0, 7, "bold")]


def test_a_template_is_filled_once_and_a_value_is_no_template() -> None:
    inner = phrase("{} and {}", "a{}", phrases.code("b{}"))
    assert plain(phrase("{}: {}", inner, "{}")) == "a{} and `b{}`: {}"
