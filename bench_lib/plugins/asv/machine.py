"""An asv plugin: writes the GPU, its driver and the versions that numbers depend on into asv's machine record.

asv knows processors and memory only. Its result files take the machine's facts along, and its pages draw one graph
for each combination of them, so that numbers of two GPUs or of two versions of torch never share a line. asv.conf.json
names this module under ``plugins``; asv then imports it and calls :func:`setup`.

The facts are those of the interpreter that runs asv, which is also the one that measures (``environment_type`` is
``existing``). They are read in a child process: asv's own never imports torch, and has no CUDA context when it forks.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from asv import console
from asv.machine import Machine

FACTS_TIMEOUT_SECONDS: Final = 120
NOT_MACHINE: Final = "machine"  # asv's default for it is the host's name
READ_FACTS: Final = """
import json, sys
from bench_lib.devices.device import discover
from bench_lib.devices.host import usable_threads
from bench_lib.devices.software import software_facts
found = discover()
software = software_facts()
facts = {
    "gpu": ", ".join(device.name for device in found if device.is_gpu) or "none",
    "threads": usable_threads().count,
    **{key: software[key] for key in ("torch", "cuda", "driver")},
}
json.dump({key: str(value) for key, value in facts.items() if value is not None}, sys.stdout)
"""


def setup() -> None:
    """Make asv's machine record carry our facts too; asv calls this once, when it loads the plugin."""
    load = Machine.load

    def load_with_facts(*args: Any, **keywords: Any) -> Machine:
        machine = load(*args, **keywords)
        add_facts(machine.__dict__)
        return machine

    Machine.load = load_with_facts


def add_facts(record: dict[str, Any]) -> None:
    """Add what is missing of asv's own facts to a machine's record, and set ours.

    ``asv machine --machine NAME --yes`` records the name alone. All values are text: asv's pages break on others.
    """
    for key, value in Machine.get_defaults().items():
        if key != NOT_MACHINE:
            record.setdefault(key, value)
    record.update(read_facts())


@cache
def read_facts() -> dict[str, str]:
    """Return the facts of the interpreter that runs asv, read in a child process; none, and a warning, if it fails."""
    root = str(Path(__file__).parent.parent)
    try:
        child = subprocess.run(
            [sys.executable, "-c", READ_FACTS], cwd=root, capture_output=True, text=True, check=True,
            timeout=FACTS_TIMEOUT_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as err:
        message = getattr(err, "stderr", None) or str(err)
        console.log.warning(
            f"the GPU and torch are missing from the machine's record: {message.strip().splitlines()[-1]}"
        )
        return {}
    facts: dict[str, str] = json.loads(child.stdout)
    return facts
