"""Where workloads come from that are not built in, and starting workers that have loaded them.

A file that raises, exits, hangs or kills its process while it is loaded costs only its own cases: it is left out, with
one sentence, and a fresh worker loads the others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from bench_lib.errors import UsageError, WorkerError
from bench_lib.records.bounds import Facts
from bench_lib.records.messages import GROUP, Done, LoadedWorkloads, LoadSource, LoseWorkloads, Source
from bench_lib.records.sanitize import shorten
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.supervisor import START_TIMEOUT_SECONDS

SETTINGS: Final = {"workload_files": "workloads", "models": "model", "packages": "package"}
"""What a header calls the sources of each kind."""

OPTIONS: Final = {"workload_files": "--workloads", "models": "--model"}
LOAD_SECONDS: Final = 60.0  # at least: what building a module or reading its weights may take


def sources_of(workloads: Iterable[Path], models: Iterable[str]) -> tuple[Source, ...]:
    """Return the files and functions asked for, each once; where none is, what installed packages name.

    Raises
    ------
    UsageError
        If a model is not given as a file and a function.
    """
    files = [Source(kind="workloads", place=_absolute(path)) for path in workloads]
    functions = [Source(kind="model", place=_function_at(text)) for text in models]
    asked = tuple(dict.fromkeys([*files, *functions]))
    return asked or tuple(
        Source(kind="package", place=f"{entry.name} = {entry.value}")
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    )


@dataclass(kw_only=True)
class Starter:
    """Starts workers, each with the same sources loaded.

    Attributes
    ----------
    start
        Starts a worker that has the built-in workloads.
    visit_timeout
        Wall-clock seconds that a visit may take; loading a source may take as many, where that is more than a minute.
    not_loaded
        One sentence for each source that the first worker could not load. Later ones are not asked for it.
    """

    start: Callable[[], WorkerProcess]
    sources: tuple[Source, ...]
    visit_timeout: float = 0.0
    not_loaded: list[str] = field(default_factory=list)
    _first: dict[Source, dict[str, str]] = field(default_factory=dict)
    _lost: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._wanted = list(self.sources)

    def __call__(self) -> WorkerProcess:
        """Return a fresh worker that has loaded what can be.

        Raises
        ------
        WorkerError
            If no worker can be started.
        UsageError
            If files were asked for, and none of them can be loaded.
        """
        while True:
            worker = self.start()
            try:
                if self._prepare(worker):
                    return worker
            except BaseException:
                worker.kill()
                raise
            worker.kill()

    def settings(self) -> dict[str, str]:
        """Return what the header says of the sources: their names, and why some of them are not loaded."""
        names = {
            setting: ", ".join(source.name for source in self.sources if source.kind == kind)
            for setting, kind in SETTINGS.items()
        }
        names["not_loaded"] = "\n".join(self.not_loaded)
        return {setting: text for setting, text in names.items() if text}

    def require_same(self, began_with: Facts) -> None:
        """Refuse to go on with a run of other files than these.

        Parameters
        ----------
        began_with
            The settings in the run's header.

        Raises
        ------
        UsageError
            If the names differ; what stands in the files is compared once they are loaded.
        """
        for setting, option in OPTIONS.items():
            then, now = str(began_with.get(setting, "")), self.settings().get(setting, "")
            if then != now:
                again = " ".join(f"{option} {name}" for name in then.split(", ") if name) or f"no {option}"
                msg = (
                    f"this run was begun with {again}, and came {now or 'without'}: a result file holds no path, so "
                    "name the files of a run again to go on with it; their sources are then compared"
                )
                raise UsageError(msg)

    def _prepare(self, worker: WorkerProcess) -> bool:
        """Let a worker load the sources that are wanted; false if one of them has cost the worker."""
        if not self.sources:
            return True
        self._tell_lost(worker)  # and see that it came up at all, before a source is blamed
        for source in tuple(self._wanted):
            try:
                self._load(worker, source)
            except WorkerError as err:
                self._give_up(source, f"{source.name}: while it was loaded, {err}")
                return False
            except UsageError as err:
                self._give_up(source, str(err))
        if not self._first and any(source.is_asked_for for source in self.sources):
            raise UsageError("; ".join(self.not_loaded))
        self._tell_lost(worker)
        return True

    def _load(self, worker: WorkerProcess, source: Source) -> None:
        timeout = max(LOAD_SECONDS, self.visit_timeout)
        found = worker.ask(LoadSource(source=source), LoadedWorkloads, timeout=timeout).workloads
        if self._first.setdefault(source, found) != found:
            msg = f"{source.name}: has changed since the run began: start a new run"
            raise UsageError(msg)

    def _give_up(self, source: Source, reason: str) -> None:
        """Leave a source out from here on, with the reason for its cases if it has any in the plan."""
        self._wanted.remove(source)
        if source in self._first:
            self._lost |= dict.fromkeys(self._first[source], reason)
        else:
            self.not_loaded.append(reason)

    def _tell_lost(self, worker: WorkerProcess) -> None:
        worker.ask(LoseWorkloads(reasons=self._lost), Done, timeout=START_TIMEOUT_SECONDS)


def _absolute(path: Path) -> str:
    """Return a path whose folder is spelled in one way, so that files can be seen to stand beside each other."""
    return str(path.parent.resolve() / path.name)


def _function_at(text: str) -> str:
    path, _, function = text.rpartition(":")
    if not path or not function.isidentifier():
        msg = f"--model takes a file and a function in it, such as my_model.py:make; came {shorten(text)}"
        raise UsageError(msg)
    return f"{_absolute(Path(path))}:{function}"
