"""The sections of the page, in its order: each has an id, a word for the navigation, a title, and what makes it.

A section is one module and one template. Within the template ``content`` is what the module's function returned; one
that has nothing to show returns :class:`bench_lib.report.page.page_context.Absent` with the reason, which the page
lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bench_lib.report.page.page_context import PageContext
from bench_lib.report.page.sections.admission import admission_section
from bench_lib.report.page.sections.anatomy import anatomy_section
from bench_lib.report.page.sections.crossover_chart import crossover_section
from bench_lib.report.page.sections.how import how_section
from bench_lib.report.page.sections.launches import launches_section
from bench_lib.report.page.sections.machines import machines_section
from bench_lib.report.page.sections.numbers import numbers_section
from bench_lib.report.page.sections.precision import precision_section
from bench_lib.report.page.sections.resources import resources_section
from bench_lib.report.page.sections.roofline import roofline_section
from bench_lib.report.page.sections.sequential_ops import sequential_ops_section
from bench_lib.report.page.sections.time_against_size import time_against_size_section
from bench_lib.report.page.sections.trust import trust_section
from bench_lib.report.page.sections.winners_table import winners_section


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section, in words and in what makes it.

    Attributes
    ----------
    id
        Of its element: links to a page name it.
    nav
        In the navigation.
    title
        Small, above its heading, which is a finding.
    content
        From the context to what the template shows, or to the reason why there is nothing.
    """

    id: str
    nav: str
    title: str
    content: Callable[[PageContext], Any]

    @property
    def template(self) -> str:
        """Its template has the name of its module."""
        return f"{self.content.__module__.rpartition('.')[2]}.html"


SECTIONS: Final = (
    Section(id="hero", nav="Who wins", title="Who wins, by how much", content=winners_section),
    Section(id="machines", nav="Machines", title="Several machines", content=machines_section),
    Section(id="when", nav="From which size", title="From which size", content=crossover_section),
    Section(id="size", nav="Time against size", title="Time against size", content=time_against_size_section),
    Section(id="admission", nav="Launch cost", title="The price of admission", content=admission_section),
    Section(id="anatomy", nav="A call's time", title="Where a call's time goes", content=anatomy_section),
    Section(id="launches", nav="Compile, graphs", title="What removes the launch cost", content=launches_section),
    Section(id="roofline", nav="Roofline", title="Under the roofs of the hardware", content=roofline_section),
    Section(id="smart", nav="Where the CPU wins", title="Where the smart CPU wins", content=sequential_ops_section),
    Section(id="precision", nav="Precision", title="Precision: speed and error", content=precision_section),
    Section(id="trust", nav="Trust", title="Trust", content=trust_section),
    Section(id="expenses", nav="Memory, energy, cost", title="Memory, energy, cost", content=resources_section),
    Section(id="numbers", nav="All numbers", title="All numbers", content=numbers_section),
    Section(id="how", nav="How", title="How it was measured", content=how_section),
)
