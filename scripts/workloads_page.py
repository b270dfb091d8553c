"""The page about every workload, ``docs/workloads.md``, made from the tuple so that it says what is measured.

``python scripts/workloads_page.py --out docs/workloads.md`` writes it again. Text only: this module makes no
input, touches no device and measures nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_lib import units
from bench_lib.workloads import ALL
from bench_lib.workloads.base import ONE_THREAD, Axis, Workload
from bench_lib.workloads.device_kinds import GPU_KINDS

COMMAND: Final = "python scripts/workloads_page.py --out docs/workloads.md"

ABOUT: Final = {
    "creation": "Tensors from nothing, from Python and from NumPy, on the device where they are wanted.",
    "transfer": "Copies between host and device, within a device, and the memory for them.",
    "matmul": "Matrix products: square, of other shapes, in batches, with few bits.",
    "autograd": "Forward and backward passes and training steps, from a single number to a perceptron of three layers.",
    "elementwise": "One result for each element, of data that lies packed and of data that does not.",
    "reduction": "Many elements into few, and running results along a row.",
    "indexing": "Reading and writing where an index says, and putting in order.",
    "linalg": "Factorizations, and what is solved with them.",
    "fft": "Fourier transforms.",
    "neural": "Layers, blocks and training steps of networks.",
    "control_flow": "Small operations that wait for one another: where a launch costs more than the work.",
    "execution": "The same operations eagerly, compiled, and as a captured graph: what removes the cost of launching.",
}
"""What a family is about; those of users have no sentence."""

SMALLEST_POWER: Final = 1024  # smaller numbers read better as they are
SUPERSCRIPTS: Final = str.maketrans(
    "0123456789",
    "\N{SUPERSCRIPT ZERO}\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}\N{SUPERSCRIPT FOUR}"
    "\N{SUPERSCRIPT FIVE}\N{SUPERSCRIPT SIX}\N{SUPERSCRIPT SEVEN}\N{SUPERSCRIPT EIGHT}\N{SUPERSCRIPT NINE}",
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a family's table: its title, and a workload's cell as Markdown."""

    title: str
    cell: Callable[[Workload], str]


def page(workloads: Sequence[Workload]) -> str:
    """Return the page about workloads as Markdown, family by family, in the order given."""
    families: dict[str, list[Workload]] = {}
    for workload in workloads:
        families.setdefault(workload.family, []).append(workload)
    parts = [_introduction(len(workloads), len(families)), *(_family(*item) for item in families.items())]
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page about :data:`bench_lib.workloads.ALL`, or write it to ``--out``."""
    parser = argparse.ArgumentParser(prog="python scripts/workloads_page.py", description=main.__doc__)
    parser.add_argument("--out", type=Path, help="the file to write, in place of standard output")
    out: Path | None = parser.parse_args(arguments).out
    if out is None:
        sys.stdout.write(page(ALL))
        return
    try:
        out.write_text(page(ALL), encoding="utf-8")
    except OSError as err:
        parser.error(f"--out is a file that can be written; {out} is not ({err.strerror}): choose another")


def _introduction(workloads: int, families: int) -> str:
    return f"""\
# Workloads

{units.count(workloads, "workload")} in {units.count(families, "family", "families")}, each declared once for all
devices in `bench_lib/workloads`, with its work, its float64 reference and the largest error allowed. This page is made
from them by `{COMMAND}`, and a test keeps it current: change them, and never this page.

* **Sizes** are the values of n in a standard run, those of a quick run in bold; in parentheses is the largest of a full
  one. Further sizes are added between them where a run sees the winner change.
* **dtypes** are those of a standard run, those of a quick run in bold; in parentheses are those that a full run adds.
* **Devices** are kinds; `cpu` has all usable threads and `cpu-1t` one. What a device lacks is skipped with the reason.
* **GPU timings** are what is timed on a GPU with the data in place; elsewhere it is latency alone. **Round trip** says
  whether a GPU's latency is also taken with inputs copied in and results copied out.
* **Work** is that of one call at a middle size: floating-point operations, where a transcendental function counts as
  one, and bytes, each input read once and each output written once.
* What all workloads of a family have in common stands above its table.
"""


def _family(name: str, workloads: Sequence[Workload]) -> str:
    """Return a family's section; columns that say the same of every workload become one line."""
    cells = {column.title: [column.cell(workload) for workload in workloads] for column in COLUMNS}
    common = {title: texts[0] for title, texts in cells.items() if len(texts) > 1 and len(set(texts)) == 1}
    shown = [title for title in cells if title not in common]
    lines = [f"## {_plain(name)}", "", *([ABOUT[name], ""] if name in ABOUT else [])]
    if common:
        lines += [f"All: {'; '.join(f'{_within(title)} {text}' for title, text in common.items())}.", ""]
    lines += [_row(shown), _row("---" for _ in shown)]
    lines += [_row(row) for row in zip(*(cells[title] for title in shown), strict=True)]
    return "\n".join([*lines, ""])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _within(title: str) -> str:
    """Return a title as it reads within a sentence."""
    return title if title[:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _plain(text: str) -> str:
    """Return words with everything escaped that Markdown might take for its own."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Return code on one line; within a table a bar must be escaped even there, and backticks need a longer fence."""
    line = re.sub(r"\s*\n\s*", " ", text.strip()).replace("|", "\\|")
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _number(n: int) -> str:
    """Return a size: as it is where it is small, else as a small number times a power of two, else in full."""
    power = (n & -n).bit_length() - 1
    factor = n >> power
    if n < SMALLEST_POWER or factor > 9:
        return units.count(n)
    raised = f"2{str(power).translate(SUPERSCRIPTS)}"
    return raised if factor == 1 else f"{factor}\N{MIDDLE DOT}{raised}"


def _list(quick: Iterable[str], standard: Iterable[str]) -> str:
    """Return the values of a standard run, with those of a quick run in bold."""
    strong = set(quick)
    return ", ".join(f"**{value}**" if value in strong else value for value in standard)


def _sizes(workload: Workload) -> str:
    """Return the sizes of a workload, and for dtypes that have others theirs."""
    others: dict[Axis[int], list[str]] = {}
    for dtype, axis in workload.sizes_of:
        others.setdefault(axis, []).append(dtype)
    return "; ".join(
        [_axis(workload.sizes), *(f"{', '.join(dtypes)}: {_axis(axis)}" for axis, dtypes in others.items())]
    )


def _axis(axis: Axis[int]) -> str:
    standard, largest = sorted(axis.values("standard")), max(axis.values("full"))
    listed = _list(map(_number, axis.values("quick")), map(_number, standard))
    return listed if standard and largest == standard[-1] else f"{listed} ({_number(largest)})".lstrip()


def _dtypes(workload: Workload) -> str:
    standard = workload.dtypes.values("standard")
    added = [dtype for dtype in workload.dtypes.values("full") if dtype not in standard]
    listed = _list(workload.dtypes.values("quick"), standard)
    return f"{listed} ({', '.join(added)})" if added else listed


def _devices(workload: Workload) -> str:
    """Return the devices that have the operation in one of its dtypes at least."""
    dtypes = workload.dtypes.values("full")
    there = [kind for kind in workload.kinds if any(workload.exists_on(kind, dtype) for dtype in dtypes)]
    if workload.one_thread and "cpu" in there:
        there.insert(there.index("cpu") + 1, ONE_THREAD)
    return ", ".join(there)


def _timings(workload: Workload) -> str:
    return ", ".join(workload.timings) if set(workload.kinds) & set(GPU_KINDS) else units.NONE


def _work(workload: Workload) -> str:
    dtype = workload.dtypes.quick[0]
    sizes = sorted(workload.sizes_for(dtype, "standard"))
    n = sizes[len(sizes) // 2]
    flop = workload.flop(n)
    done = f"{units.flop(flop)}, " if flop else ""
    return f"n = {_number(n)}: {done}{units.nbytes(workload.working_set(n, dtype))}"


def _mode(workload: Workload) -> str:
    return f"{workload.mode}, beside `{workload.eager}`" if workload.eager else workload.mode


COLUMNS: Final = (
    Column(title="Name", cell=lambda workload: f"`{workload.name}`"),
    Column(title="Expression", cell=lambda workload: _code(workload.expression)),
    Column(title="Size", cell=lambda workload: _plain(workload.size)),
    Column(title="Sizes", cell=_sizes),
    Column(title="dtypes", cell=_dtypes),
    Column(title="Devices", cell=_devices),
    Column(title="GPU timings", cell=_timings),
    Column(title="Round trip", cell=lambda workload: "yes" if workload.roundtrip else "no"),
    Column(title="Work", cell=_work),
    Column(title="Mode", cell=_mode),
)
"""The columns of every table, in order."""

if __name__ == "__main__":
    main()
