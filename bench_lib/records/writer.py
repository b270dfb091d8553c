"""Writing a result file so that nothing finished is lost.

A file is append-only JSON Lines. A line is written whole and is on the disk before the next question is asked; a lock
keeps a second writer away; a line that an accident cut short is set aside before the next one is written.
"""

import contextlib
import errno
import os
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench_lib.errors import StorageError
from bench_lib.records.line_reader import GZIP_MAGIC, open_regular, quoted, reason
from bench_lib.records.reader import Assembly, assemble
from bench_lib.records.recording import Line, Recording, to_json
from bench_lib.records.run import Run

_WRITE_FLAGS: Final = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)  # O_BINARY: Windows would write \r\n

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE: Final = 2**62  # beyond any content: Windows locks bytes, and a locked byte cannot be read

    def _lock(fd: int) -> None:
        os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Store:
    """A result file, open for appending and locked against a second writer until it is closed.

    The lock dies with the process, however that dies.
    """

    def __init__(self, path: Path, fd: int) -> None:
        """Take over an open, locked descriptor; use :meth:`create` or :meth:`resume`."""
        self.path = path
        self._fd: int | None = fd

    @classmethod
    def create(cls, path: Path, run: Run) -> Self:
        """Begin a new file with its header; missing folders are made.

        Raises
        ------
        StorageError
            If the file is there already, or cannot be made.
        """
        cls.require_free(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, _WRITE_FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError as err:
            raise _in_the_way(path, err) from err
        except (OSError, ValueError) as err:  # ValueError: a NUL in the path
            raise _cannot_make(path, err) from err
        store = cls(path, fd)
        try:
            _acquire(path, fd)
            store._put(_encoded(run))
        except BaseException as err:
            store.close()
            path.unlink()  # ours since a moment ago, and it holds nothing: the same --out can be used again
            if isinstance(err, OSError):
                raise _cannot_make(path, err) from err
            raise
        _sync_folder(path.parent)
        return store

    @staticmethod
    def require_free(path: Path) -> None:
        """Refuse a path at which no run can be begun, before time is spent on what the header is to hold.

        Raises
        ------
        StorageError
            If something is there already, or the name is that of a compressed file.
        """
        if path.suffix == ".gz":
            msg = f"a run is written as plain JSON Lines and compressed later: leave .gz off {quoted(path)}"
            raise StorageError(msg)
        if os.path.lexists(path):
            raise _in_the_way(path, FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)))

    @classmethod
    def resume(cls, path: Path) -> tuple[Self, Recording]:
        """Open a file to go on with it, and read what it holds.

        A last line that was cut short goes to ``<name>.quarantine`` beside the file; the recording names it.

        Raises
        ------
        StorageError
            If the file is not there, cannot be written, or is in use.
        RecordError
            If it is not a result file of ours.
        """
        with open_regular(path) as file:
            if file.read(len(GZIP_MAGIC)) == GZIP_MAGIC:
                msg = f"{quoted(path)} is compressed and cannot be appended to: unpack it with gunzip --keep first"
                raise StorageError(msg)
        try:
            fd = os.open(path, _WRITE_FLAGS)
        except OSError as err:
            msg = f"{quoted(path)} cannot be written ({reason(err)}): mend its permissions, or copy it elsewhere"
            raise StorageError(msg) from err
        store = cls(path, fd)
        try:
            _acquire(path, fd)
            return store, store._mend(assemble(path))
        except BaseException:
            store.close()
            raise

    def append(self, line: Line, content: bytes = b"") -> None:
        """Write one line: whole, and on the disk when this returns.

        Parameters
        ----------
        content
            The line as it was read and checked, without its newline, where it came from a worker.

        Raises
        ------
        StorageError
            If it cannot be written; the file then ends with the line before.
        RecordError
            If the line does not follow the format.
        """
        content = content + b"\n" if content else _encoded(line)
        try:
            self._put(content)
        except OSError as err:
            msg = (
                f"{quoted(self.path)} cannot be written ({reason(err)}); every line before is in it: "
                f"make room, then go on with --resume {self.path}"
            )
            raise StorageError(msg) from err

    def close(self) -> None:
        """Close the file and give its lock back; closing twice does nothing."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, content: bytes) -> None:
        """Write bytes, whole and on the disk, or leave the file as it was."""
        if self._fd is None:
            msg = f"{quoted(self.path)} is closed: open it again with --resume"
            raise StorageError(msg)
        before = os.fstat(self._fd).st_size
        _write_whole(self._fd, content, before)
        try:
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, before)
            raise

    def _mend(self, assembly: Assembly) -> Recording:
        """Make the file end with a whole line, so that the next one does not run into it."""
        recording, last = assembly.recording(), assembly.unended
        if last is None:
            return recording
        quarantine = self.path.with_name(f"{self.path.name}.quarantine")
        try:
            if assembly.unended_is_record:
                self._put(b"\n")
                return recording
            with self.path.open("rb") as source, quarantine.open("ab") as target:
                source.seek(last.start)
                shutil.copyfileobj(source, target)
                target.write(b"\n")
                target.flush()
                os.fsync(target.fileno())
            os.truncate(self.path, last.start)
        except OSError as err:
            msg = f"{quoted(self.path)} does not end with a whole line, and cannot be mended ({reason(err)}): make room"
            raise StorageError(msg) from err
        return recording.with_problem(f"the line cut short was moved to {quarantine.name}")


def _encoded(line: Line) -> bytes:
    return f"{to_json(line)}\n".encode()


def _cannot_make(path: Path, err: Exception) -> StorageError:
    return StorageError(f"{quoted(path)} cannot be made ({reason(err)}): choose another place with --out")


def _in_the_way(path: Path, err: OSError) -> StorageError:
    if path.is_dir():
        return StorageError(f"{quoted(path)} is a folder: name a file in it with --out")
    if not path.parent.is_dir():
        return StorageError(
            f"{quoted(path.parent)} should be a folder and is not ({reason(err)}): choose another --out"
        )
    return StorageError(
        f"{quoted(path)} is there already and is not written over: choose another --out, or --resume it"
    )


def _acquire(path: Path, fd: int) -> None:
    try:
        _lock(fd)
    except (BlockingIOError, PermissionError) as err:  # Windows says PermissionError
        msg = f"{quoted(path)} is in use by another run: wait for it to end, or choose another --out"
        raise StorageError(msg) from err
    except OSError as err:
        msg = f"{quoted(path)} cannot be locked ({reason(err)}), so two runs could mix in it: choose a local disk"
        raise StorageError(msg) from err


def _write_whole(fd: int, content: bytes, before: int) -> None:
    """Write all of it or nothing: an interrupt or a full disk half way leaves the file as it was."""
    try:
        written = os.write(fd, content)
        while written < len(content):
            written += os.write(fd, content[written:])
    except BaseException:
        os.ftruncate(fd, before)
        raise


def _sync_folder(folder: Path) -> None:
    """Put a new file's name on the disk too; where a system cannot, the file itself is there all the same."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fd = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
