"""Files put in place whole or not at all, and never over another unless told so. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bench_lib.errors import RecordError, StorageError
from bench_lib.records.line_reader import quoted, read_json
from bench_lib.records.storage import write_bytes


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


def put(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file, its folder made.

    Raises
    ------
    StorageError
        As for :func:`require_free`, or if it cannot be written there.
    """
    require_free(path, force=force)
    write_bytes(path, content)


def known(path: Path) -> dict[str, Any]:
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
