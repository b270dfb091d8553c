"""The page as text: templates filled in, style and script put inside, and a policy that lets nothing else run."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import jinja2
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from bench_lib import __version__
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.sections import Section
from bench_lib.report.sentences.words import LEAST, TIMES
from bench_lib.report.theme import css_variables

STYLES: Final = ("style", "bar")
SCRIPTS: Final = ("page", "filters", "numbers", "downloads", "winners", "bar", "state")
"""Parts of the page's script, the last of which starts it."""


def render(*, filters: Filters, sections: Sequence[tuple[Section, Any]], **values: Any) -> str:
    """Return the page for what its template says: the chips, the sections with what they show, and the rest."""
    script = _script()
    views = sum(len(content.views) for section, content in sections if section.id == "hero")
    css = "".join(_resource(f"{name}.css") for name in STYLES).replace("\n", "")
    return (
        _environment()
        .get_template("page.html")
        .render(
            **values,
            filters=filters,
            sections=sections,
            policy=policy(script),
            # Both are the package's own text, with nothing of the data in it.
            script=Markup(script),
            style=Markup(css_variables() + css + _view_rules(views) + filters.css()),
            times=TIMES,
            least=LEAST,
            version=__version__,
        )
    )


def policy(script: str) -> str:
    """Return the Content-Security-Policy that allows one script, by its hash, inline style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def embed(value: Any) -> Markup:
    """Return data as JSON that can stand in a page: ``<``, ``>``, ``&`` and line separators are escaped."""
    return htmlsafe_json_dumps(value, allow_nan=False, separators=(",", ":"))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FunctionLoader(lambda name: _resource(f"templates/{name}")),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["embed"] = embed
    return environment


def _resource(name: str) -> str:
    return files("bench_lib.report.page").joinpath(name).read_text(encoding="utf-8").strip()


def _script() -> str:
    """Return the page's one script: its parts, in order, within one function so that they share names with nobody."""
    parts = "\n".join(_resource(f"scripts/{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();'


def _view_rules(count: int) -> str:
    """Return the rules that show the chosen one of the tables of winners."""
    return "".join(f":root:has(#v{place}:checked) .v:not(.v{place}){{display:none}}" for place in range(count))
