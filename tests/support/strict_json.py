"""JSON that says nothing twice and knows no NaN, for tests of what is exported."""

import json
from typing import Any


def parse_strict(text: str) -> Any:
    """Parse JSON; a NaN, an infinity or a key that stands twice in one object is an error."""
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)


def _refuse(name: str) -> None:
    raise AssertionError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)
