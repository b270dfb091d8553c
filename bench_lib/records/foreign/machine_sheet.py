"""What a file of another tool carries of the machine when Crossover's plugin for that tool wrote it there.

The writer and the reader share this one type, so that whatever the reader takes over has the names and the limits of a
run's own header.
"""

from typing import Final

from msgspec import field

from bench_lib.errors import RecordError
from bench_lib.records.bounds import Facts, Items, Record, Text, Whole
from bench_lib.records.run import MACHINE_PATTERN, DeviceRecord
from bench_lib.records.sanitize import shorten

KEY: Final = "crossover"
"""Under which the sheet stands in a tool's own record of the machine."""


class MachineSheet(Record, frozen=True, kw_only=True):
    """The part of a run's header that describes where it was measured, see :class:`bench_lib.records.recording.Run`.

    Raises
    ------
    RecordError
        If ``machine`` is no name of a machine, or a device stands twice.
    """

    machine: Text
    seed: Whole
    host: Facts = field(default_factory=dict)
    software: Facts = field(default_factory=dict)
    precision: Facts = field(default_factory=dict)
    variables: Facts = field(default_factory=dict)
    instrument: Whole = 1
    devices: Items[DeviceRecord] = ()

    def __post_init__(self) -> None:
        if not MACHINE_PATTERN.fullmatch(self.machine):
            msg = f"a machine is named by lower-case letters, digits, dots and hyphens; came {shorten(self.machine)}"
            raise RecordError(msg)
        keys = [device.key for device in self.devices]
        if len(set(keys)) < len(keys):
            msg = f"each device stands once; came {shorten(', '.join(keys))}"
            raise RecordError(msg)
