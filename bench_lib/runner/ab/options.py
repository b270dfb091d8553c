"""What a person asks of a live comparison, and the two sides that it stands for."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.records.checkout import short
from bench_lib.records.sanitize import scrub
from bench_lib.runner.ab.alternation import PROCESSES
from bench_lib.runner.ab.sides import FOR_TESTS, FOR_WORKERS, Compared, Side, SideName, look_at
from bench_lib.runner.ab.worktrees import Checkout, checkout_of, worktree
from bench_lib.runner.request import Request

BUDGET_SECONDS: Final = 120.0
TESTS_SECONDS: Final = 300.0  # tests take what they take: twelve processes of ten seconds, and suspects
FOLDER: Final = Path("results", "ab")


@dataclass(frozen=True, kw_only=True)
class AbOptions:
    """What is asked of ``crossover ab``.

    Attributes
    ----------
    request
        Which cases, as for a run. Its budget is for both sides together.
    python_a, python_b
        Interpreters; empty for the one that runs this.
    base
        The git revision that side A is taken from; empty for none.
    environment_a, environment_b
        Variables for the processes of each side.
    tests
        Files and folders of pytest-benchmark tests to measure with, in place of workloads.
    aa
        Whether one thing is compared with itself.
    processes
        Fresh processes of each side that measure every case.
    """

    request: Request
    python_a: str = ""
    python_b: str = ""
    base: str = ""
    environment_a: Mapping[str, str] = field(default_factory=dict)
    environment_b: Mapping[str, str] = field(default_factory=dict)
    tests: Sequence[Path] = ()
    aa: bool = False
    processes: int = PROCESSES

    @property
    def budget_seconds(self) -> float:
        """Wall-clock seconds for both sides together."""
        return self.request.budget_seconds or (TESTS_SECONDS if self.tests else BUDGET_SECONDS)

    def compared(self) -> Compared:
        """Return what differs between the sides on purpose.

        Raises
        ------
        UsageError
            If it is nothing and that was not asked for, or several things at once.
        """
        given: dict[Compared, bool] = {
            "python": self.python_a != self.python_b,
            "revision": bool(self.base),
            "environment": dict(self.environment_a) != dict(self.environment_b),
            "nothing": self.aa,
        }
        chosen = [what for what, is_given in given.items() if is_given]
        if len(chosen) == 1:
            return chosen[0]
        options = "--python-b, --base, --env-b or --aa"
        if not chosen:
            msg = f"the two sides are the same: say what differs with {options}"
        else:
            msg = f"one thing at a time is compared, or nobody can say which made the difference: give one of {options}"
        raise UsageError(msg)

    def require_sense(self) -> None:
        """Refuse what cannot go together.

        Raises
        ------
        UsageError
            If tests are to measure and something is asked that only workers of ours do.
        """
        request = self.request
        theirs = {
            "--workloads": request.workloads,
            "--model": request.models,
            "--device": request.devices,
        }
        given = [option for option, value in theirs.items() if value]
        if self.tests and given:
            msg = (
                f"with --pytest the tests say what is measured, and on which device: leave out {', '.join(given)}, "
                "and choose tests with -k"
            )
            raise UsageError(msg)

    def command(self) -> str:
        """Return the command that repeats the comparison, without any path."""
        request = self.request
        words = ["crossover ab"]
        words += [f"--python-{side} PYTHON" for side, python in (("a", self.python_a), ("b", self.python_b)) if python]
        words += [f"--base {quote(self.base)}"] if self.base else []
        for side, variables in (("a", self.environment_a), ("b", self.environment_b)):
            words += [f"--env-{side} {quote(scrub(f'{name}={value}'))}" for name, value in variables.items()]
        words += ["--aa"] if self.aa else []
        words += [f"--workloads {path.name}" for path in request.workloads]
        words += [f"--model {Path(model).name}" for model in request.models]
        words += [f"--pytest {path.name}" for path in self.tests]
        words += [f"--device {key}" for key in request.devices]
        words += [f"-k {quote(request.expression)}"] if request.expression else []
        words += [] if self.tests else [f"--profile {request.profile}"]
        words += [f"--processes {self.processes}", f"--budget {self.budget_seconds:.0f}s", f"--seed {request.seed}"]
        return " ".join(words)


@contextmanager
def sides(options: AbOptions) -> Iterator[tuple[Side, Side]]:
    """Hand out the two sides; what was checked out for them is gone afterwards.

    Raises
    ------
    UsageError
        If there is no such revision, no git, what is to be compared is not said, or an interpreter lacks something.
    """
    options.require_sense()
    compared = options.compared()
    here = checkout_of(Path.cwd())
    with ExitStack() as stack:
        # Two checkouts or none: a folder that only one side starts in would be a difference of its own.
        both: tuple[Checkout | None, Checkout | None] = (None, None)
        if compared == "revision":
            if here is None:
                msg = f"--base takes a revision of the git repository here; this folder is in none: came {options.base}"
                raise UsageError(msg)
            both = (stack.enter_context(worktree(here, options.base)), here)
        labels = _labels(options, compared)
        a = _side("a", labels[0], options.python_a, options.environment_a, both[0], here)
        b = _side("b", labels[1], options.python_b, options.environment_b, both[1], here)
        modules = FOR_TESTS if options.tests else FOR_WORKERS
        versions = look_at(a, modules), look_at(b, modules)
        if compared == "python":
            a, b = (replace(side, label=label) for side, label in zip((a, b), _versions(*versions), strict=True))
        yield a, b


def _side(
    name: SideName,
    label: str,
    python: str,
    environment: Mapping[str, str],
    checkout: Checkout | None,
    here: Checkout | None,
) -> Side:
    """Return a side: of a checkout, its processes start where the command runs, seen from its uppermost folder."""
    place = checkout or here
    side = Side(
        name=name,
        label=label,
        python=python or sys.executable,
        environment=environment,
        commit=place.commit if place else "",
    )
    if checkout is None or here is None:
        return side
    side = replace(side, root=checkout.folder, here=here.folder)
    folder = side.place_of(Path.cwd())
    return replace(side, folder=folder if folder.is_dir() else checkout.folder)


def _labels(options: AbOptions, compared: Compared) -> tuple[str, str]:
    if compared == "revision":
        return short(scrub(options.base)), "working tree"
    if compared == "environment":
        return _spelled(options.environment_a), _spelled(options.environment_b)
    if compared == "python":
        return "first interpreter", "second interpreter"
    return "one half", "other half"


def _versions(a: Mapping[str, str], b: Mapping[str, str]) -> tuple[str, str]:
    """Return what tells two interpreters apart: the first of their versions that differs."""
    for name in ("torch", "python"):
        if a[name] != b[name]:
            return f"{name} {a[name] or 'none'}", f"{name} {b[name] or 'none'}"
    return "first interpreter", "second interpreter"  # they differ in what is not known here


def _spelled(environment: Mapping[str, str]) -> str:
    return " ".join(scrub(f"{key}={value}") for key, value in environment.items()) or "as it is"
