"""What the notebooks share: which runs they look at, and how they show a table, a sentence and a figure.

All that is read, measured and computed comes from :mod:`bench_lib`; here it is only shown. Nothing here imports torch.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import HTML, Markdown, display
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench_lib import units
from bench_lib.records.device_kind import is_gpu
from bench_lib.report import theme
from bench_lib.report.page import svg
from bench_lib.report.sentences import words

MAX_FIGURE_PIXELS = 880
ENLARGED = 1.8  # figures are drawn as small as the report shows them
MANY_DECADES = 2.0
_numbers = itertools.count(1)


def find_runs() -> Path:
    """Return the folder ``results/runs`` of this project, from a notebook's folder or from any below the project's."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "results" / "runs").is_dir():
            return folder / "results" / "runs"
    msg = "the folder results/runs was expected above this notebook; it is not there: open the notebook in a clone"
    raise FileNotFoundError(msg)


def one_run_each(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one run of each machine, the one with the most rows: runs are never mixed."""
    most = table.groupby("machine", observed=True)["run"].agg(lambda runs: runs.mode().iloc[0])
    return table[table["run"].isin(most)]


def who_is_here(table: pd.DataFrame) -> str:
    """Return in a sentence whether a GPU was measured, and what else was."""
    kinds = dict(zip(table["device"].astype(str), table["kind"].astype(str), strict=True))
    gpus = [f"`{key}`" for key, kind in kinds.items() if is_gpu(kind)]
    others = [f"`{key}`" for key, kind in kinds.items() if not is_gpu(kind)]
    if gpus:
        return f"These runs hold a GPU ({words.listed(gpus)}) beside {words.listed(others)}."
    return f"These runs hold no GPU, only {words.listed(others)}."


def say(sentence: str) -> None:
    """Show a sentence in Markdown."""
    display(Markdown(sentence))


def span(row: Mapping[str, Any], value: str = "seconds") -> str:
    """Return a time of a row with its 95 % interval: ``3.2 us (3.1 us to 3.3 us)``, with a real micro sign."""
    middle = value if value == "seconds" else f"{value}_seconds"
    low, high = row[f"{value}_low"], row[f"{value}_high"]
    interval = words.seconds_span(low, high)
    return units.seconds(row[middle], low, high) + (f" ({interval})" if interval else "")


def each(row: Mapping[str, Any]) -> str:
    """Return the time of a row for one of its n: as many digits as its interval supports."""
    return units.seconds(*(row[name] / row["n"] for name in ("seconds", "seconds_low", "seconds_high")))


def times_of(ratio: float, low: float, high: float) -> str:
    """Return a ratio with its 95 % interval: ``28 times (27 to 30)``."""
    interval = words.ratio_span(low, high)
    return f"{units.ratio(ratio, low, high)} times" + (f" ({interval})" if interval else "")


def cost(
    times: pd.DataFrame,
    workloads: Sequence[str],
    *,
    sizes: Sequence[int],
    dtype: str = "float32",
    counts: str = "n",
) -> None:
    """Show what one call takes on each device, with its 95 % interval, sizes across.

    Parameters
    ----------
    times
        From :func:`bench_lib.estimates`, of one run of each machine.
    workloads
        Names, as docs/workloads.md lists them.
    sizes
        Values of n. What ``counts`` them stands above the columns.
    """
    asked = times["workload"].isin(list(workloads)) & times["n"].isin(list(sizes)) & (times["dtype"] == dtype)
    rows = times[asked & (times["timing"] == "latency")]
    if rows.empty:
        say(f"*None of {words.listed([f'`{name}`' for name in workloads])} was measured. {who_is_here(times)}*")
        return
    where = rows["device"].astype(str) + rows["residency"].map({"resident": "", "roundtrip": " + copies"}).astype(str)
    index = {"expression": rows["expression"].astype(str), "device": where}
    if len(rows["expression"].unique()) == 1:
        say(f"`{index.pop('expression').iloc[0]}`")
    if len(rows["machine"].unique()) > 1:
        index = {"machine": rows["machine"].astype(str), **index}
    shown = pd.DataFrame({name: pd.Categorical(column, categories=column.unique()) for name, column in index.items()})
    shown[counts] = rows["n"].to_numpy()
    shown["time"] = [
        span(row) if row["status"] == "ok" else words.status(row["status"]) for row in rows.to_dict("records")
    ]
    # pivot refuses two times for one place, where pivot_table would average them.
    table = pd.pivot(shown, index=list(index), columns=counts, values="time").fillna(units.NONE)  # noqa: PD010
    display(table.rename(columns=lambda n: f"{n:,}"))
    say(f"*Time of one call in {dtype}, with its 95 % interval; lower is better. {who_is_here(times)}*")


def label_axes(
    axes: Axes, *, up: Callable[[float], str], across: Callable[[float], str] = units.nbytes, at: Sequence[float] = ()
) -> None:
    """Label two logarithmic axes.

    Parameters
    ----------
    up
        What is said of a decade, and of 1, 2 and 5 in each where there are few.
    across, at
        What is said of which places; bytes at powers of 16 by default.
    """
    low, high = (math.log10(limit) for limit in axes.get_ylim())
    steps = (1,) if high - low > MANY_DECADES else (1, 2, 5)
    ticks = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    shown = [tick for tick in ticks if low <= math.log10(tick) <= high]
    axes.set_yticks(shown, [up(tick) for tick in shown])
    low, high = (math.log2(limit) / 4 for limit in axes.get_xlim())
    places = list(at) or [16.0**power for power in range(math.ceil(low), math.floor(high) + 1)]
    axes.set_xticks(places, [across(place) for place in places])
    axes.minorticks_off()


def show(figure: Figure, finding: str) -> None:
    """Show a figure as the report does, under its finding, which is also what a screen reader says."""
    width = min(ENLARGED * 72 * figure.get_figwidth(), MAX_FIGURE_PIXELS)
    style = ";".join(f"--{name}:{value}" for name, value in theme.LIGHT.items())
    style += (
        f";background:var(--bg);color:var(--fg);max-width:{width:.0f}px;margin:0;padding:8px;font-family:sans-serif"
    )
    drawing = svg.inline(figure, prefix=f"notebook-{next(_numbers)}", alternative=finding)
    display(HTML(Markup('<figure style="{}"><figcaption>{}</figcaption>{}</figure>').format(style, finding, drawing)))
