"""The sections of the page, in its order: each has an id, a word for the navigation, a title, and what builds it.

A section's template is ``templates/<id>.html``; within it ``content`` is what ``build`` returned. A section that has
nothing to show returns :class:`bench_lib.report.page.page_context.Absent` with the reason, and the page lists it.
Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.sections import (
    admission,
    anatomy,
    how,
    launches,
    machines,
    numbers,
    precision,
    resources,
    roofline,
    sequential_ops,
    size,
    trust,
    when,
    winners_table,
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section, in words and in what builds it.

    Attributes
    ----------
    id
        Of its element, and the name of its template.
    nav
        In the navigation.
    title
        Small, above its heading, which is a finding.
    build
        From the material to what the template shows, or to the reason why there is nothing.
    """

    id: str
    nav: str
    title: str
    build: Callable[[PageContext], Any]


SECTIONS: Final = (
    Section(id="hero", nav="Who wins", title="Who wins, by how much", build=winners_table.build),
    Section(id="machines", nav="Machines", title="Several machines", build=machines.build),
    Section(id="when", nav="From which size", title="From which size", build=when.build),
    Section(id="size", nav="Time against size", title="Time against size", build=size.build),
    Section(id="admission", nav="Launch cost", title="The price of admission", build=admission.build),
    Section(id="anatomy", nav="A call's time", title="Where a call's time goes", build=anatomy.build),
    Section(id="launches", nav="Compile, graphs", title="What removes the launch cost", build=launches.build),
    Section(id="roofline", nav="Roofline", title="Under the roofs of the hardware", build=roofline.build),
    Section(id="smart", nav="Where the CPU wins", title="Where the smart CPU wins", build=sequential_ops.build),
    Section(id="precision", nav="Precision", title="Precision: speed and error", build=precision.build),
    Section(id="trust", nav="Trust", title="Trust", build=trust.build),
    Section(id="expenses", nav="Memory, energy, cost", title="Memory, energy, cost", build=resources.build),
    Section(id="numbers", nav="All numbers", title="All numbers", build=numbers.build),
    Section(id="how", nav="How", title="How it was measured", build=how.build),
)


@dataclass(frozen=True, kw_only=True)
class Built:
    """A section with what it shows; ``reason`` in its place where there is nothing."""

    section: Section
    content: Any = None
    reason: str = ""


def build(material: PageContext) -> tuple[Built, ...]:
    """Return all sections, in order, with what they show or why they show nothing."""
    built = []
    for section in SECTIONS:
        content = section.build(material)
        if isinstance(content, Absent):
            built.append(Built(section=section, reason=content.reason))
        else:
            built.append(Built(section=section, content=content))
    return tuple(built)
