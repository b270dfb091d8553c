"""A device's ceilings, and whether they can be true of one device at all.

What is measured is :mod:`bench_lib.measure.ceilings`' affair; here it is judged.
"""

from collections.abc import Callable, Sequence
from typing import Final

from bench_lib import units
from bench_lib.devices.device import Device
from bench_lib.measure.ceilings import measure_ceilings
from bench_lib.records.run import Finding
from bench_lib.records.sample import Ceiling, Quantity

LONG_SECONDS: Final = 20.0  # an examination that is shorter leaves the ceilings to the run, which measures its own
SHARE: Final = 0.4  # of a long one, for the ceilings of all devices together
LAUNCH_UNFIT: Final = 0.9  # of the time until an operation returns: the same, waited for, cannot take less
PINNED_WARNING: Final = 0.9  # of the pageable rate: a copy from pinned memory skips a step, and cannot be slower
MAIN_DTYPE: Final = "float32"


HOST: Final = Device(key="cpu", kind="cpu", name="the host")
"""Whose memory is the host's; nothing is computed on it."""


def ceilings(device: Device, *, seconds: float, seed: int) -> Finding:
    """Measure the ceilings of a device within about ``seconds``, and judge them."""
    return judge(device.key, measure_ceilings(device, HOST, round_number=1, seconds=seconds, seed=seed, known={}))


def judge(key: str, found: Sequence[Ceiling]) -> Finding:
    """Say what a device does at its best, and whether that contradicts itself."""
    check = f"ceilings {key}"
    product = _rate(found, "matmul", lambda one: one.flop, dtype=MAIN_DTYPE)
    copy = _rate(found, "copy", lambda one: float(one.nbytes))
    if not product or not copy:
        reason = next((one.reason for one in found if one.reason), "nothing was measured")
        advice = "give it longer: crossover doctor --seconds 60"
        return Finding(check=check, severity="note", found=f"not all could be measured: {reason}", advice=advice)
    rates = [f"{MAIN_DTYPE} products {units.rate(product, 'FLOP/s')}", f"copies {units.rate(copy, 'B/s')}"]
    pinned, pageable = (_rate(found, name, lambda one: float(one.nbytes)) for name in ("upload_pinned", "upload"))
    if pinned and pageable:
        rates.append(f"to the device {units.rate(pinned, 'B/s')} pinned, {units.rate(pageable, 'B/s')} not")
    returned, done = _seconds(found, "operation"), _seconds(found, "kernel")
    if returned and done:
        rates.append(
            f"the least operation returns after {units.seconds(returned)}, is done after {units.seconds(done)}"
        )
    shown = "; ".join(rates)
    if returned and done and done < LAUNCH_UNFIT * returned:
        advice = "a call cannot be done before it returns: do not use this device's numbers, and report it"
        return Finding(check=check, severity="unfit", found=shown, advice=advice)
    if pinned and pageable and pinned < PINNED_WARNING * pageable:
        advice = "look at the link and at what else uses it: pinned copies should be the faster ones"
        return Finding(check=check, severity="warning", found=shown, advice=advice)
    return Finding(check=check, severity="ok", found=shown)


def _rate(
    found: Sequence[Ceiling], quantity: Quantity, work: Callable[[Ceiling], float], *, dtype: str = ""
) -> float | None:
    """Return the rate of the largest working set, which no cache holds."""
    timed = [one for one in found if one.quantity == quantity and one.seconds and dtype in ("", one.dtype)]
    largest = max(timed, key=lambda one: one.nbytes, default=None)
    return work(largest) / min(largest.seconds) if largest else None


def _seconds(found: Sequence[Ceiling], quantity: Quantity) -> float | None:
    return min((min(one.seconds) for one in found if one.quantity == quantity and one.seconds), default=None)
