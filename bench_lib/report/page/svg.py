"""From a matplotlib figure to SVG that stands inside a page.

The SVG of a page's many figures must not share ids, must follow the page's theme, must be the same bytes for the same
input, and should be small. So it is parsed and cleaned, not edited as text.
"""

import io
import itertools
import re
import xml.etree.ElementTree as ET
from typing import Final

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from bench_lib.report.theme import FIGURE_RC, SENTINELS

SVG: Final = "{http://www.w3.org/2000/svg}"
HREF: Final = "{http://www.w3.org/1999/xlink}href"
GEOMETRY: Final = ("d", "x", "y", "points", "transform")

MIN_SHARED: Final = 3

_NUMBER = re.compile(r"-?\d+\.\d+")
_FONT_FAMILY = re.compile(r"\s*font-family:[^;]*;?")
_SHORTHAND_FONT = re.compile(r"font:\s*([\d.]+px)[^;]*")
_NO_ROTATION = re.compile(r"rotate\(-?0(?:\.0*)?(?: [-\d. ]*)?\)")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline(figure: Figure, *, prefix: str, alternative: str) -> Markup:
    """Return a figure as one ``<svg>`` element for a page.

    Parameters
    ----------
    figure
        Drawn with :data:`bench_lib.report.theme.FIGURE_RC`.
    prefix
        Put before every id, unique on the page; letters, digits and hyphens.
    alternative
        What a screen reader says: the finding, in a sentence.
    """
    root = ET.fromstring(_render(figure))
    _drop_furniture(root)
    _prefix_ids(root, prefix)
    for element in root.iter():
        _clean(element)
    _flatten(root)
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "class": "chart",
        "role": "img",
        "aria-label": alternative,
    }
    return Markup(ET.tostring(root, encoding="unicode", short_empty_elements=True))


def _render(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with matplotlib.rc_context(dict(FIGURE_RC)):
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"), None))
    return buffer.getvalue()


def _drop_furniture(root: ET.Element) -> None:
    """Drop what a page has already: the metadata, and the global style, which style.css repeats once."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}metadata", f"{SVG}style"):
                parent.remove(child)


def _prefix_ids(root: ET.Element, prefix: str) -> None:
    """Keep the ids that something refers to, under the figure's own prefix, and drop the others."""
    wanted: set[str] = set()
    for element in root.iter():
        if HREF in element.attrib:
            wanted.add(element.attrib[HREF].removeprefix("#"))
        for value in element.attrib.values():
            wanted.update(_REFERENCE.findall(value))
    names = {name: f"{prefix}-{index}" for index, name in enumerate(sorted(wanted))}
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in names:
            element.set("id", names[name])
        target = element.attrib.pop(HREF, None)
        if target is not None:
            element.set("href", f"#{names[target.removeprefix('#')]}")
        for key, value in element.attrib.items():
            if "url(#" in value:
                element.set(key, _REFERENCE.sub(lambda found: f"url(#{names[found.group(1)]})", value))


def _clean(element: ET.Element) -> None:
    """Round coordinates, put theme variables for sentinel ink, and leave fonts to the page."""
    element.tag = element.tag.removeprefix(SVG)
    element.tail = None
    if element.tag != "text" or not (element.text or "").strip():
        element.text = None
    for key in GEOMETRY:
        if key in element.attrib:
            value = " ".join(element.attrib[key].split())
            element.set(key, _NUMBER.sub(lambda found: f"{float(found.group()):.1f}".removesuffix(".0"), value))
    if _NO_ROTATION.fullmatch(element.attrib.get("transform", "")):
        del element.attrib["transform"]
    style = element.attrib.get("style")
    if style is not None:
        style = _SHORTHAND_FONT.sub(r"font-size: \1", _FONT_FAMILY.sub("", style))
        for sentinel, variable in SENTINELS.items():
            style = style.replace(sentinel, variable)
        element.set("style", style.replace(": ", ":").replace("; ", ";").strip("; "))


def _flatten(element: ET.Element) -> None:
    """Unwrap groups that say nothing, drop the empty ones, and say once what neighbours have in common."""
    kept: list[ET.Element] = []
    for child in element:
        _flatten(child)
        if child.tag == "g" and not child.attrib:
            kept.extend(child)
        elif child.tag == "path" and child.attrib.get("style") == "fill:none":
            continue
        elif child.tag != "defs" or len(child):
            kept.append(child)
    element[:] = _share_styles(kept)


def _share_styles(elements: list[ET.Element]) -> list[ET.Element]:
    """Put neighbours of one style into one group that carries it."""
    shared: list[ET.Element] = []
    for style, run in itertools.groupby(elements, key=lambda element: element.attrib.get("style")):
        members = list(run)
        if style is None or len(members) < MIN_SHARED:
            shared.extend(members)
            continue
        group = ET.Element("g", {"style": style})
        for member in members:
            del member.attrib["style"]
            group.append(member)
        shared.append(group)
    return shared
