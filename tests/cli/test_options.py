"""Options that verbs share: what is read, and what is refused with what was expected."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.cli import options
from bench_lib.errors import UsageError
from bench_lib.runner.schedule import PROFILES
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
