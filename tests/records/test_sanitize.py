"""Foreign text: made harmless, and short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.records.sanitize import MAX_NAME, clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\u202eb", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("  two\n words\t", "two words"),
        ("x" * 10_000, "x" * (MAX_NAME - 1) + "\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_foreign_text_is_made_harmless(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_clean_text_can_be_encoded_has_one_line_and_an_end(text: str) -> None:
    shown = clean(text)
    shown.encode("utf-8")
    assert len(shown) <= MAX_NAME
    assert shown.splitlines() in ([], [shown])
    assert clean(shown) == shown
