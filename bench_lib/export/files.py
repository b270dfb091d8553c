"""Files put in place whole or not at all, and never over another unless told so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_lib.errors import RecordError, StorageError
from bench_lib.records.line_reader import quoted, read_json
from bench_lib.records.storage import write_bytes


@dataclass(frozen=True, kw_only=True)
class Files:
    """Contents by their paths.

    Attributes
    ----------
    own
        What stands there is refused, unless it may be written over.
    shared
        What stood there is part of them: they are always written over.
    """

    own: Mapping[Path, bytes]
    shared: Mapping[Path, bytes]


def require_free(path: Path, *, force: bool) -> None:
    """Refuse a path at which something stands, before time is spent on what is to be written there.

    Raises
    ------
    StorageError
        If it is a folder, or a file and ``force`` is not given.
    """
    if path.is_dir():
        msg = f"{quoted(path)} is a folder: name a file in it with --out"
        raise StorageError(msg)
    if os.path.lexists(path) and not force:
        msg = f"{quoted(path)} is there already and is not written over: choose another --out, or --force it"
        raise StorageError(msg)


def put(files: Files, *, force: bool) -> None:
    """Write files, their folders made, and none before the place of each is seen to be free.

    Raises
    ------
    StorageError
        As for :func:`require_free`, or if one cannot be written there.
    """
    for path in files.own:
        require_free(path, force=force)
    for path, content in (*files.shared.items(), *files.own.items()):
        write_bytes(path, content)


def json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds, to be written again with more in it; empty where there is no file.

    Raises
    ------
    RecordError
        If the file holds something else.
    """
    if not path.exists():
        return {}
    _, obj = read_json(path)
    if not isinstance(obj, dict):
        msg = f"{quoted(path)} should hold a JSON object and does not: choose another folder with --out"
        raise RecordError(msg)
    return obj
