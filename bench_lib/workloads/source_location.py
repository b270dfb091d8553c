"""Where a workload that is not built in comes from, and which line of it an error names."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from bench_lib.errors import CrossoverError
from bench_lib.records.sanitize import scrub


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The file that declares a workload.

    Attributes
    ----------
    file
        Absolute; never in a record, which names the file alone.
    line
        Where in the file it is declared; None where that cannot be told.
    """

    file: Path
    line: int | None = None

    @property
    def folder(self) -> Path:
        """The folder, whose files are taken to be the user's."""
        return self.file.parent

    def __str__(self) -> str:
        return f"{self.file.name}, line {self.line}" if self.line else self.file.name


def sentence(err: BaseException, origin: Origin | None = None) -> str:
    """Return an error as one line without any path: what it is, and its message's first line.

    Parameters
    ----------
    origin
        Where the workload is declared, if that is a user's file. The sentence then begins with the innermost line of
        the user's that the error passed through, or with the line of the declaration where it passed through none.
    """
    text = str(err.msg if isinstance(err, SyntaxError) else err)
    first = next((line for line in text.splitlines() if line.strip()), "no message")
    said = first.strip() if isinstance(err, CrossoverError) else f"{type(err).__name__}: {first.strip()}"
    return scrub(f"{_place(err, origin)}: {said}" if origin else said)


def _place(err: BaseException, origin: Origin) -> Origin:
    """Return the innermost line that stands in the user's folder."""
    if not origin.file.is_absolute():  # a package that is not there has no folder
        return origin
    if isinstance(err, SyntaxError) and err.filename and Path(err.filename).parent == origin.folder:
        return Origin(file=Path(err.filename), line=err.lineno)
    frames = ((Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(err.__traceback__))
    passed = [Origin(file=path, line=line) for path, line in frames if path.parent == origin.folder]
    return passed[-1] if passed else origin
