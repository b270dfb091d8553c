"""From the bytes of a result file, plain or compressed, to its lines.

Nothing here trusts a file: neither its size once decompressed, nor the length of a line, nor that it is a file at all.
"""

from __future__ import annotations

import json
import stat
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from bench_lib.errors import RecordError
from bench_lib.records.bounds import MAX_LINE_BYTES
from bench_lib.records.sanitize import shorten

MAX_JSON_BYTES: Final = 256 * 1024 * 1024  # one JSON document of another tool, parsed as a whole
MAX_FILE_BYTES: Final = 2 * 1024**3
"""The largest file that is read, counted after decompression: a megabyte of gzip can hold a gigabyte."""

GZIP_MAGIC: Final = b"\x1f\x8b"
CHUNK_BYTES: Final = 1024 * 1024
GZIP_STEP_BYTES: Final = 64 * 1024
GZIP_MEMBER: Final = 16 + zlib.MAX_WBITS  # a gzip header, and its checksum checked


def quoted(path: Path) -> str:
    """Quote a path for a message."""
    return shorten(str(path), limit=300)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a folder, a pipe or a device would not end, or not begin.

    Raises
    ------
    RecordError
        If there is no such file, or it cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            msg = f"a result file was expected; {quoted(path)} is a folder or a device: name a file"
            raise RecordError(msg)
        return path.open("rb")
    except FileNotFoundError as err:
        msg = f"there is no file {quoted(path)}: check the path"
        raise RecordError(msg) from err
    except (OSError, ValueError) as err:  # ValueError: a NUL in the path
        msg = f"{quoted(path)} cannot be read ({reason(err)}): check the path and its permissions"
        raise RecordError(msg) from err


def reason(err: Exception) -> str:
    """Return what an error says, without the path that an OSError repeats."""
    return (err.strerror if isinstance(err, OSError) else None) or str(err)


def read_json(path: Path) -> tuple[bytes, object]:
    """Read a JSON file that another tool wrote: its bytes, and what they say.

    NaN and infinities are let in, as those tools write them; the caller checks every number.

    Raises
    ------
    RecordError
        If it cannot be read, is too long, or is no JSON.
    """
    with open_regular(path) as file:
        try:
            content = file.read(MAX_JSON_BYTES + 1)
        except OSError as err:
            msg = f"{quoted(path)} cannot be read: {reason(err)}"
            raise RecordError(msg) from err
    if len(content) > MAX_JSON_BYTES:
        msg = f"a JSON file of another tool is read up to {MAX_JSON_BYTES} bytes; {quoted(path)} has more"
        raise RecordError(msg)
    try:
        return content, json.loads(content)
    except (ValueError, RecursionError) as err:
        msg = (
            f"{quoted(path)} is no result file: neither JSON Lines of Crossover nor one whole JSON document "
            f"({str(err) or type(err).__name__}); one that was cut short must be written again"
        )
        raise RecordError(msg) from err


class RawLine(NamedTuple):
    """One line as it lies in the file, without its newline; ``content`` is None where it is too long to be read."""

    number: int
    start: int
    content: bytes | None
    ended: bool


class Content:
    """The bytes of a file in chunks, decompressed where they are gzip.

    Attributes
    ----------
    damage
        What ended a compressed file early, known once all chunks are read; empty for a sound one.
    """

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self.damage = ""

    def __iter__(self) -> Iterator[bytes]:
        compressed = self._file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        self._file.seek(0)
        blocks = iter(partial(self._file.read, GZIP_STEP_BYTES if compressed else CHUNK_BYTES), b"")
        total = 0
        for chunk in self._decompressed(blocks) if compressed else blocks:
            total += len(chunk)
            if total > self._max_bytes:
                msg = f"a result file holds at most {self._max_bytes} bytes (decompressed); this one holds more"
                raise RecordError(msg)
            yield chunk

    def _decompressed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        member = None
        for block in blocks:
            rest = block
            while rest:
                if member is None:
                    rest = rest.lstrip(b"\0")  # members may be padded with zeros
                    if not rest:
                        break
                    member = zlib.decompressobj(wbits=GZIP_MEMBER)
                before = member.copy()
                try:
                    yield member.decompress(rest, GZIP_STEP_BYTES)
                except zlib.error as err:
                    yield from _up_to_damage(before, rest)
                    self.damage = f"the compressed data is damaged ({err})"
                    return
                rest, member = (member.unused_data, None) if member.eof else (member.unconsumed_tail, member)
        if member is not None:
            yield member.flush()
            self.damage = "the compressed data ends early"


def _up_to_damage(member: zlib._Decompress, block: bytes) -> Iterator[bytes]:
    """Decompress byte by byte: a failing call keeps back what it had decompressed before the damage."""
    for position in range(len(block)):
        try:
            yield member.decompress(block[position : position + 1])
        except zlib.error:
            return


def split_lines(chunks: Iterable[bytes]) -> Iterator[RawLine]:
    """Split bytes into lines at newlines alone; of one over ``MAX_LINE_BYTES`` the place is kept, and not the bytes."""
    number, start, size, held = 1, 0, 0, [b""]
    for chunk in chunks:
        *ends, last = chunk.split(b"\n")
        for end in ends:
            size += len(end)
            held.append(end)
            yield RawLine(number, start, b"".join(held) if size <= MAX_LINE_BYTES else None, ended=True)
            number, start, size, held = number + 1, start + size + 1, 0, []
        size += len(last)
        held = [*held, last] if size <= MAX_LINE_BYTES else []
    if size:
        yield RawLine(number, start, b"".join(held) if size <= MAX_LINE_BYTES else None, ended=False)
