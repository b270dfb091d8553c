"""Options that verbs share: what is read, and what is refused with what was expected."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.cli import options
from bench_lib.cli.ab import ab
from bench_lib.cli.compare import compare
from bench_lib.cli.history import history
from bench_lib.cli.show import show
from bench_lib.errors import UsageError
from bench_lib.report.formats import FORMATS
from bench_lib.runner.schedule import PROFILES
from tests.support import builders
from tests.support.verbs import Crossover

pytestmark = pytest.mark.usefixtures("place")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("3m", 180.0), ("1h", 3600.0), ("45", 45.0), ("1.5m", 90.0), ("1s", 1.0), ("168h", 604800.0)],
)
def test_a_budget_is_a_number_with_a_unit_and_seconds_without(text: str, seconds: float) -> None:
    assert options.seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "soon", "3 minutes", "0", "0.5s", "-3m", "nan", "inf", "169h", "1e400", "3M"]
)
def test_a_budget_that_is_none_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(UsageError, match=f"from 1s to 168h, such as 90s, 3m or 1h; came {text!r}"):
        options.seconds_of(text)


@given(st.text(max_size=12) | st.floats().map(str) | st.floats().map("{}h".format))
def test_any_text_is_a_budget_within_the_limits_or_refused(text: str) -> None:
    try:
        seconds = options.seconds_of(text)
    except UsageError:
        return
    assert 1.0 <= seconds <= 604800.0


def test_a_profile_is_one_of_those_that_the_runner_has() -> None:
    assert get_args(options.ProfileName) == tuple(PROFILES)


@pytest.mark.parametrize(
    ("arguments", "came", "expected"),
    [
        (("run", "--profile", "fast"), "fast", ("quick", "standard", "full")),
        (("run", "--profile", "Quick"), "Quick", ("quick", "standard", "full")),
        (("ab", "--profile", ""), "", ("quick", "standard", "full")),
        (("ab", "--format", "yaml"), "yaml", ("table", "markdown", "json", "github")),
        (("compare", "a", "b", "--format", "yaml"), "yaml", ("table", "markdown", "json", "github")),
        (("history", "--format", "github"), "github", ("table", "markdown", "json")),
        (("show", "a", "--format", "json"), "json", ("table", "markdown")),
        (("advise", "add", "--n", "4", "--from", "disk"), "disk", ("host", "device")),
        (("export", "a", "--to", "csv", "--level", "row"), "row", ("case", "sample", "speedup")),
    ],
)
def test_a_choice_that_a_verb_does_not_have_is_refused_with_those_that_it_has(
    arguments: tuple[str, ...],
    came: str,
    expected: tuple[str, ...],
    crossover: Crossover,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert crossover(*arguments) == 4
    (sentence,) = capsys.readouterr().err.splitlines()
    assert arguments[-2] in sentence
    assert f"{came!r} is not one of {', '.join(map(repr, expected))}." in sentence


def test_a_path_is_shown_as_one_would_type_it_from_here(place: Path) -> None:
    assert options.shown(Path("results", "run.jsonl")) == "results/run.jsonl"
    assert options.shown(place / "run.jsonl") == "run.jsonl"
    assert options.shown(place / "sub" / ".." / "run.jsonl") == "run.jsonl"
    assert options.shown(place.parent / "run.jsonl") == str(place.parent / "run.jsonl")


def test_an_output_is_named_after_our_own_file_or_after_the_run_of_another_tool(
    place: Path,
) -> None:
    run = builders.recording(source="asv").run
    name = options.name_of(Path("0a1b2c3d-existing-py_home_someone_bin_python.json"), run)
    assert "home" not in name
    assert run.machine in name
    ours = builders.recording().run
    assert options.name_of(Path("folder", "first.jsonl.gz"), ours) == "first"
    assert ours.machine in options.name_of(place, ours)


@pytest.mark.parametrize("verb", [show, compare, history, ab], ids=lambda verb: verb.__name__)
def test_a_verb_takes_the_formats_that_the_registry_has_for_it(verb: Callable[..., object]) -> None:
    judged = "compare" if verb is ab else verb.__name__
    literal = get_args(get_type_hints(verb)["form"])
    assert literal == tuple(one.name for one in FORMATS if one.verb == judged)
    assert {*literal} <= {*get_args(options.FormatName)}
