"""The benchmarks of a run as asv knows them: their names, their parameters, and what the numbers mean."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.foreign.asv_rows import items, mapping
from bench_lib.records.recording import to_object
from bench_lib.records.run import WorkloadRecord

PARAM_NAMES: Final = ("device", "dtype", "n")
DEVICES: Final = ("numpy", "cpu", "cpu-1t", "cuda:0", "mps", "xpu:0")  # in the order of the suite; others follow
MAX_NAME: Final = 100


def benchmark_name(workload: WorkloadRecord, residency: str = "resident", timing: str = "latency") -> str:
    """Return the name that the suite in ``benchmarks/`` gives a workload: module, class, method."""
    family = re.sub(r"\W+", "_", workload.family, flags=re.ASCII).strip("_").lower() or "others"
    way = "" if (residency, timing) == ("resident", "latency") else f"_{residency}_{timing}"
    method = re.sub(r"\W+", "_", workload.name, flags=re.ASCII).strip("_")[:MAX_NAME] or "unnamed"
    return f"{family}.{''.join(word.title() for word in family.split('_'))}.device_{method}{way}"


def describe(
    workload: WorkloadRecord, residency: str, timing: str, planned: Sequence[PlannedCase], taken: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the entry of ``benchmarks.json``; what our reader wants to know of a workload is under ``crossover``."""
    name = plain = benchmark_name(workload, residency, timing)
    count = 1
    while name in taken:  # two names of someone else's that differ in signs only
        name, count = f"{plain}_{count + 1}", count + 1
    cases = [one.case for one in planned]
    way = "" if (residency, timing) == ("resident", "latency") else f", {residency} {timing}"
    about = {
        "name": name,
        "type": "time",
        "unit": "seconds",
        "param_names": list(PARAM_NAMES),
        "params": [
            [repr(key) for key in sorted({case.device for case in cases}, key=_device_order)],
            [repr(dtype) for dtype in dict.fromkeys(case.dtype for case in cases)],
            [str(n) for n in sorted({case.n for case in cases})],
        ],
        "version": workload.source_sha256 or "unknown",
        "code": f"{workload.expression}  # n: {workload.size or 'size'}{way}",
        "pretty_name": f"{workload.expression}{way}",
    }
    work = {place_of(one.case): one for one in planned}
    return about | {
        "crossover": {
            "workload": to_object(workload),
            "residency": residency,
            "timing": timing,
            "flop": [work[place].flop if place in work else 0.0 for place in product(*about["params"])],
            "nbytes": [work[place].nbytes if place in work else 0 for place in product(*about["params"])],
            "possible": [place in work for place in product(*about["params"])],
        }
    }


def place_of(case: Case) -> tuple[str, str, str]:
    """Return where a case stands among the combinations of its benchmark."""
    return repr(case.device), repr(case.dtype), str(case.n)


def _device_order(key: str) -> tuple[int, str]:
    return (DEVICES.index(key) if key in DEVICES else len(DEVICES)), key


def merged(known: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``benchmarks.json`` with the benchmarks of a run added to those that it has.

    Of a benchmark that both know, of the same source, the values of each parameter are put together: results that were
    written before stay on asv's pages. Of another source the new one stands, as it does when asv itself looks again.
    """
    return {**known, **{name: _with_values_of(known.get(name), entry) for name, entry in new.items()}}


def _with_values_of(before: object, entry: Any) -> Any:
    """Return an entry with the parameters' values of the one before it, where that is of the same source."""
    if not isinstance(before, dict) or not isinstance(entry, dict):
        return entry
    if any(before.get(key) != entry[key] for key in ("version", "param_names")) or len(_axes(before)) != len(
        _axes(entry)
    ):
        return entry
    axes = [list(dict.fromkeys([*old, *new])) for old, new in zip(_axes(before), _axes(entry), strict=True)]
    axes[-1].sort(key=lambda n: (len(n), n))
    ours = dict(entry["crossover"])
    for key, missing in (("flop", 0.0), ("nbytes", 0), ("possible", False)):
        values = _by_place(before, key) | _by_place(entry, key)
        ours[key] = [values.get(place, missing) for place in product(*axes)]
    return {**before, "params": axes, "crossover": ours}


def _axes(entry: Mapping[str, Any]) -> list[list[str]]:
    return [list(map(str, items(axis))) for axis in items(entry.get("params"))]


def _by_place(entry: Mapping[str, Any], key: str) -> dict[tuple[str, ...], Any]:
    """Return what an entry says of each combination of its parameters."""
    values = items(mapping(entry.get("crossover")).get(key))
    return dict(zip(product(*_axes(entry)), values, strict=False))
