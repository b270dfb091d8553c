"""How far this process's resident memory rises during a call. Standard library only; Linux tells, other systems do not.

The kernel keeps a high-water mark of the resident set (``VmHWM`` in proc_pid_status(5)) and sets it back to the present
size when ``5`` is written to ``clear_refs`` (proc_pid_clear_refs(5)).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

SELF: Final = Path("/proc/self")
RESET_PEAK: Final = "5"
KIB: Final = 1024


def growth_nbytes(call: Callable[[], object], folder: Path = SELF) -> int | None:
    """Call once, and return by how many bytes the resident set rose at its highest; None where nobody tells.

    Pages that were resident before, and are used again, are not counted: an allocator that has kept memory from earlier
    calls gives it out with no growth.

    Parameters
    ----------
    folder
        Of this process in the proc file system.
    """
    before = _resident(folder, "VmRSS") if _reset(folder) else None
    call()
    peak = _resident(folder, "VmHWM")
    return None if before is None or peak is None else max(peak - before, 0)


def _reset(folder: Path) -> bool:
    try:
        (folder / "clear_refs").write_text(RESET_PEAK, encoding="ascii")
    except OSError:  # another system, or a container that hides it
        return False
    return True


def _resident(folder: Path, name: str) -> int | None:
    try:
        text = (folder / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * KIB
    return None
