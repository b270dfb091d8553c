"""One registry says which verb writes which format, and the command line offers those and no others."""

from typing import get_args, get_type_hints

import pytest

from bench_lib.cli import ab, compare, history, show
from bench_lib.report import formats

VERBS = {"ab": ab.ab, "compare": compare.compare, "history": history.history, "show": show.show}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_offers_the_formats_that_are_registered_for_it(verb: str) -> None:
    offered = get_type_hints(VERBS[verb])["form"]
    of_verb = "compare" if verb == "ab" else verb  # ab prints what compare prints
    assert {*get_args(offered)} == {one.name for one in formats.FORMATS if one.verb == of_verb}


def test_no_format_of_a_verb_is_registered_twice() -> None:
    pairs = [(one.verb, one.name) for one in formats.FORMATS]
    assert len(pairs) == len({*pairs})
