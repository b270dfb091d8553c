"""Sentences out of the page: as plain text, and as Markdown in which a foreign name stays a name."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from bench_lib.records.sanitize import clean
from bench_lib.report.sentences import plain, words
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


def seen(markdown: str) -> str:
    """Return the text that a reader of rendered Markdown sees, without the invisible joiner."""
    return Shown(READER.render(markdown)).text.strip().replace(plain.JOINER, "")


SENTENCE = Markup(
    "On <bdi>A &lt; B</bdi>, <b>3&nbsp;of&nbsp;12</b> cases of <code><bdi>x * y | z</bdi></code>: read "
    "<a href='#trust'>what casts doubt</a> and <a href='https://example.org/a'>this</a>."
)


def test_a_sentence_as_text_has_no_markup_and_plain_spaces() -> None:
    assert plain.text(SENTENCE) == "On A < B, 3 of 12 cases of `x * y | z`: read what casts doubt and this."


def test_a_sentence_as_markdown_keeps_bold_code_and_outside_links() -> None:
    assert plain.markdown(SENTENCE) == (
        "On A &lt; B, **3 of 12** cases of <code>x \\* y &#124; z</code>: read what casts doubt and "
        "[this](https://example.org/a)."
    )
    assert seen(plain.markdown(SENTENCE)) == plain.text(SENTENCE).replace("`", "")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x.test/)x", "http://x.test", "", "data:x"])
def test_an_address_that_is_not_plainly_one_is_no_link(address: str) -> None:
    assert plain.markdown(Markup("<a href='{}'>x</a>").format(address)) == "x"


@pytest.mark.parametrize("name", IN_MARKDOWN)
@pytest.mark.parametrize("before", ["", "# ", "* ", "> ", "so "])
def test_a_hostile_name_stays_text_wherever_it_stands(name: str, before: str) -> None:
    html = Shown(READER.render(before + plain.escape(clean(name))))
    assert set(html.tags) <= {"p", "h1", "ul", "li", "blockquote", "span"}
    assert html.tags.count("li") == (before == "* ")
    assert html.text.strip().replace(plain.JOINER, "") == (before.strip("#*> ") + " " + clean(name)).strip()


@pytest.mark.parametrize("name", IN_MARKDOWN)
@pytest.mark.parametrize("written", [plain.escape, plain.code])
def test_a_hostile_name_stays_in_its_cell(name: str, written: object) -> None:
    assert callable(written)
    table = f"| one | two |\n|---|---|\n| {written(clean(name))} | last |\n"
    html = Shown(READER.render(table))
    assert html.tags.count("td") == html.tags.count("th") == 2
    assert not html.places
    assert set(html.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code", "span"}
    assert clean(name) in html.text.replace(plain.JOINER, "")


@pytest.mark.parametrize("name", ["@someone", "#12", "https://x.test", "www.x.test", ":cat:"])
def test_what_a_forge_would_link_or_draw_by_itself_is_held_apart(name: str) -> None:
    written = plain.escape(name)
    assert plain.JOINER in written
    assert name not in written
    assert seen(written) == name


@given(st.text(max_size=40))
@example("a\\|b")
@example("`|`")
@example("*_*")
def test_any_name_is_read_back_as_it_is(name: str) -> None:
    shown = clean(name)
    if plain.JOINER not in shown:
        assert seen(f"so {plain.escape(shown)} end") == f"so {shown} end"
        assert seen(f"so {plain.code(shown)} end").split() == f"so {shown} end".split()


@given(st.text(max_size=40))
def test_any_name_in_a_sentence_survives_as_text(name: str) -> None:
    sentence = Markup("It is <bdi>{}</bdi>, or {}.").format(clean(name), words.code(name))
    assert plain.text(sentence) == " ".join(f"It is {clean(name)}, or `{clean(name)}`.".split())
