"""The parameters of another tool's benchmark, each with its role: device, dtype, size, or part of the name.

Shared by the readers of asv's and of pytest-benchmark's files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench_lib.records.sanitize import MAX_TEXT

UNKNOWN_DTYPE: Final = "unknown"
SIZE_NAMES: Final = ("n", "N", "size", "shape", "length")
DEVICE_KEY: Final = re.compile(r"numpy|cpu(?:-1t)?|mps|(?:cuda|xpu)(?::\d{1,3})?")
MAX_DIGITS: Final = 18  # of a size: a whole number of a record is below 2**63


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What the parameters of one combination stand for.

    Attributes
    ----------
    device, dtype
        ``cpu`` and ``unknown`` where no parameter says so; ``cuda`` alone is the first of them.
    n
        The size; 0 where there is none.
    rest
        What has no role, in its order.
    """

    device: str
    dtype: str
    n: int
    rest: Mapping[str, str]

    def name(self, base: str) -> str:
        """Return a benchmark's name with what has no role: ``time_sort(kind=stable)``."""
        if not self.rest:
            return base
        return f"{base}({', '.join(f'{key}={value}' for key, value in self.rest.items())})"[:MAX_TEXT]


def roles(parameters: Mapping[str, str]) -> Roles:
    """Return what the parameters stand for, by their names; of several numbers the first named like a size is it."""
    rest = dict(parameters)
    device = rest.pop("device") if DEVICE_KEY.fullmatch(rest.get("device", "")) else "cpu"
    dtype = rest.pop("dtype", UNKNOWN_DTYPE).removeprefix("torch.")
    numeric = [name for name, value in rest.items() if value.isdecimal() and len(value) <= MAX_DIGITS]
    size = next((name for name in (*SIZE_NAMES, *numeric) if name in numeric), None)
    n = int(rest.pop(size)) if size is not None else 0
    return Roles(device=f"{device}:0" if device in ("cuda", "xpu") else device, dtype=dtype, n=n, rest=rest)
