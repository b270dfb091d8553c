"""Which rows of a bounded figure are shown: some of each family in turn."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def in_turn(items: Iterable[Item], family: Callable[[Item], Hashable], most: int) -> Sequence[Item]:
    """Return at most so many items: the first of each family, the second of each, and so on.

    Parameters
    ----------
    items
        In the order in which those of one family are wanted. Families take turns in the order of their first items.
    """
    families: dict[Hashable, list[Item]] = {}
    for item in items:
        families.setdefault(family(item), []).append(item)
    turns = [(turn, item) for members in families.values() for turn, item in enumerate(members)]
    turns.sort(key=lambda one: one[0])  # stable: within a turn, the families keep their order
    return [item for _, item in turns[:most]]
