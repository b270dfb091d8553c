"""The look of every figure and of the report: colours, marks and dashes, and what they mean.

A colour is a device, everywhere. Neutral ink is drawn in sentinel colours, nearly black, which the report replaces by
CSS variables: one render serves the light and the dark page, and in a notebook it simply looks black.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench_lib.records.device_kind import is_gpu

FOREGROUND: Final = "#010203"
MUTED: Final = "#020304"
GRID: Final = "#030405"

SENTINELS: Final[Mapping[str, str]] = {FOREGROUND: "var(--fg)", MUTED: "var(--muted)", GRID: "var(--grid)"}
"""Ink that a figure is drawn in, and the CSS variable that the report puts in its place."""

LIGHT: Final[Mapping[str, str]] = {
    "bg": "#ffffff",
    "surface": "#f6f7f9",
    "fg": "#16191f",
    "muted": "#5b6472",
    "grid": "#dfe3e8",
    "rule": "#c9ced6",
    "link": "#0a5a9c",
}
DARK: Final[Mapping[str, str]] = {
    "bg": "#111827",
    "surface": "#1a2334",
    "fg": "#eef1f5",
    "muted": "#a3adbd",
    "grid": "#2b3649",
    "rule": "#3d4a60",
    "link": "#7db8ec",
}

HEAT_STEPS: Final = 6
"""Steps of background on each side of 1x: by default one for each doubling, so 64x and beyond is the strongest."""

FINE_STEP: Final = 1 / 3
"""Doublings in a step where two CPUs are compared: their ratios are small, and 4x is the strongest."""

SAME_RATIO: Final = 1.02
"""Within this factor of 1 there is no winner, and no colour."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """How one device is drawn: colour, marker and dash differ together, so that no reader depends on colour alone.

    Attributes
    ----------
    color
        ``#rrggbb``, at least 3:1 on both backgrounds.
    marker
        matplotlib's marker.
    dash
        matplotlib's line style.
    """

    color: str
    marker: str
    dash: str | tuple[float, tuple[float, ...]] = "-"


CPU: Final = Series(color="#0072b2", marker="o")
GPU: Final = Series(color="#d55e00", marker="s")
NUMPY: Final = Series(color="#009e73", marker="^", dash=(0, (5, 1.5)))
ONE_THREAD: Final = Series(color="#cc79a7", marker="D", dash=(0, (1.5, 1.2)))
FURTHER: Final = (
    Series(color="#7570b3", marker="v", dash=(0, (6, 1.5, 1.5, 1.5))),
    Series(color="#a6761d", marker="P", dash=(0, (3, 1))),
    Series(color="#75808f", marker="X", dash=(0, (2, 1))),
    Series(color="#1f8a9b", marker="<", dash=(0, (4, 1, 1, 1, 1, 1))),
)
MACHINES: Final = ((GPU, *FURTHER[:2]), (CPU, *FURTHER[2:]))
"""GPUs and CPUs of several machines, in their order."""

ROUNDTRIP_DASH: Final = (0, (3.0, 1.6))
"""The same device with copies: same colour and marker, hollow and dashed."""

FIGURE_RC: Final[Mapping[Any, Any]] = {
    "font.size": 10.5,
    "font.family": ["DejaVu Sans"],
    "text.color": FOREGROUND,
    "text.parse_math": False,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "crossover",
}
"""matplotlib's settings for every figure; used in ``matplotlib.rc_context``."""


def device_series(devices: Iterable[tuple[str, str]]) -> dict[str, Series]:
    """Return how each device is drawn, by key.

    Parameters
    ----------
    devices
        (key, kind) of each device, in the order of the run.

    Returns
    -------
    dict
        The first GPU is always vermillion; beyond :data:`FURTHER` the styles repeat.
    """
    fixed = {"cpu": CPU, "numpy": NUMPY, "cpu-1t": ONE_THREAD}
    further = [GPU, *FURTHER]
    drawn: dict[str, Series] = {}
    taken = 0
    for key, _kind in devices:
        if key in drawn:
            continue
        if key in fixed:
            drawn[key] = fixed[key]
            continue
        drawn[key] = further[taken] if taken < len(further) else FURTHER[taken % len(FURTHER)]
        taken += 1
    return drawn


def machine_series(place: int, kind: str) -> Series:
    """Return how a GPU or a CPU is drawn where several machines stand beside each other.

    Parameters
    ----------
    place
        Which of the machines that have such a device, from 0; beyond the styles of :data:`MACHINES` they repeat.
    kind
        Of the device.
    """
    styles = MACHINES[0] if is_gpu(kind) else MACHINES[1]
    return styles[place % len(styles)]


def heat_step(ratio: float, doublings: float = 1.0) -> int:
    """Return the step of background for a ratio: its base-2 logarithm, rounded away from 0, clipped at 1/64 and 64.

    Parameters
    ----------
    ratio
        Of two times.
    doublings
        How many doublings a step stands for.

    Returns
    -------
    int
        0 within 2 % of 1 and for what is not a number; above 0 where the ratio is above 1.
    """
    if not ratio > 0 or 1 / SAME_RATIO <= ratio <= SAME_RATIO:
        return 0
    steps = math.log2(ratio) if math.isfinite(ratio) else float(HEAT_STEPS)
    size = min(HEAT_STEPS, max(1, math.ceil(abs(steps) / doublings - 1e-9)))
    return size if steps > 0 else -size


def css_variables() -> str:
    """Return the rules that define the page's colours, light and dark, by preference and by the page's own button."""
    light, dark = (";".join(f"--{name}:{value}" for name, value in palette.items()) for palette in (LIGHT, DARK))
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media print{{:root,:root:not([data-theme=light]),:root[data-theme=dark]{{color-scheme:light;{light}}}}}"
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours (WCAG 2.2, definition of contrast ratio), from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
