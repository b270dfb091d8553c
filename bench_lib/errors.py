"""Every error that Crossover raises on purpose, in one small tree.

::

    CrossoverError            a sentence for a person: what was expected, what came, what to do
    ├── UsageError            the request is wrong (an option, a name, an expression)
    │   └── DeviceNotFound    a device was asked for that is not here
    ├── RecordError           a result file or a line of it is not what the format says
    │   └── SchemaTooNew      it was written by a newer Crossover
    ├── StorageError          results cannot be written (full disk, read-only folder, file in use)
    ├── WorkerError           the child process that measures cannot be started or has died
    └── NotComparable         two sets of numbers that must not be compared

This module imports nothing.
"""


class CrossoverError(Exception):
    """Base of all errors that end in one clear sentence and not in a traceback."""


class UsageError(CrossoverError):
    """The request itself is wrong; exit code 4."""


class DeviceNotFound(UsageError):
    """A device was asked for that this machine does not have."""


class RecordError(CrossoverError):
    """A result file, or one line of it, does not follow the format."""


class SchemaTooNew(RecordError):
    """A result file was written by a newer version of Crossover."""


class StorageError(CrossoverError):
    """Results cannot be written where they were asked to go."""


class WorkerError(CrossoverError):
    """The measuring process could not be started, or died."""


class NotComparable(CrossoverError):
    """Two results differ in something that makes a comparison meaningless."""
