"""What a record is, and what a field of one may hold: the bounds that its annotation names.

msgspec reads them when it decodes a line, and when it makes the JSON Schema: nothing says them twice.
"""

import sys
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from bench_lib.records.sanitize import MAX_TEXT, UNPRINTABLE_CLASS

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_ITEMS: Final = 200_000  # entries of one list or object
MAX_WHOLE: Final = 2**63 - 1
MAX_REAL: Final = sys.float_info.max

PRINTABLE: Final = f"^[^{UNPRINTABLE_CLASS}]*$"

Text = Annotated[str, Meta(max_length=MAX_TEXT, pattern=PRINTABLE)]
Whole = Annotated[int, Meta(ge=0, le=MAX_WHOLE)]
Real = Annotated[float, Meta(ge=0, le=MAX_REAL)]
"""A finite number of 0 or more: NaN is not within bounds, either."""

Scalar = (
    Text
    | Annotated[int, Meta(ge=-MAX_WHOLE, le=MAX_WHOLE)]
    | Annotated[float, Meta(ge=-MAX_REAL, le=MAX_REAL)]
    | bool
    | None
)
Facts = Annotated[dict[Text, Scalar], Meta(max_length=MAX_ITEMS)]
"""A flat object of named facts: no nesting, so no depth to limit."""

T = TypeVar("T")
Items = Annotated[tuple[T, ...], Meta(max_length=MAX_ITEMS)]
"""A list of limited length."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is written as one JSON object: a part of a line, or what another tool's file holds of ours."""


class TaggedRecord(Record, frozen=True, kw_only=True, tag_field="kind"):
    """A record that stands alone on its line, whose ``kind`` says which it is."""

    @property
    def kind(self) -> str:
        """The name of the kind of line."""
        return str(self.__struct_config__.tag)
