"""What is wrong with a declared workload, found before anything is measured."""

from dataclasses import replace

import pytest

from bench_lib.workloads import ALL
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.checks import fault

GOOD = Workload(
    name="scale",
    family="mine",
    expression="2 * x",
    size="n elements",
    sizes=Axis(quick=(1, 1024)),
    dtypes=Axis(quick=("float32",)),
    make=lambda setting: None,
    flop=float,
    nbytes=lambda n, itemsize: 2 * n * itemsize,
)


def test_a_sound_workload_has_no_fault():
    assert fault(GOOD) == ""


@pytest.mark.parametrize("workload", [pytest.param(workload, id=workload.name) for workload in ALL])
def test_nothing_built_in_has_a_fault(workload):
    assert fault(workload) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Scale"}, "a name is at most 80 lower-case letters, digits and underscores"),
        ({"name": "a" * 81}, "a name is at most 80"),
        ({"name": 3}, "came 3"),
        ({"family": ""}, "family is a printable text"),
        ({"expression": "x\x1b[0m"}, "expression is a printable text"),
        ({"size": None}, "size is a printable text"),
        ({"sizes": (1, 2)}, r"sizes is an Axis of tuples, such as Axis\(quick=\(1, 2\)\); came \(1, 2\)"),
        ({"sizes": Axis(quick=())}, "sizes has 1 to 100 values; came 0"),
        ({"sizes": Axis(quick=(4, 0))}, "a size is a whole number from 1; came 0"),
        ({"sizes": Axis(quick=(1.5,))}, "a size is a whole number from 1; came 1.5"),
        ({"sizes": Axis(quick=(True,))}, "a size is a whole number from 1; came True"),
        ({"sizes": Axis(quick=tuple(range(1, 200)))}, "sizes has 1 to 100 values; came 199"),
        ({"dtypes": Axis(quick="float32")}, "dtypes is an Axis of tuples"),
        ({"dtypes": Axis(quick=("float31",))}, "a dtype is one of float64, float32, .*; came 'float31'"),
        ({"sizes_of": {"float32": 1}}, "sizes_of is a tuple of pairs"),
        ({"sizes_of": (("float31", Axis(quick=(1,))),)}, "a dtype is one of"),
        ({"sizes_of": (("float32", Axis(quick=(-1,))),)}, "a size is a whole number from 1; came -1"),
        ({"kinds": ("cpu", "gpu")}, r"kinds is a tuple of some of numpy, cpu, cuda, mps, xpu; came \('cpu', 'gpu'\)"),
        ({"kinds": "cpu"}, "kinds is a tuple"),
        ({"timings": ("speed",)}, "timings is a tuple of some of latency"),
        ({"timings": ("throughput",)}, "timings hold latency"),
        ({"roundtrip": "no"}, "roundtrip is True or False; came 'no'"),
        ({"lazy": "no"}, "lazy is True or False; came 'no'"),
        ({"multiple": 0}, "multiple is a whole number from 1, .*; came 0"),
        ({"multiple": 2**63}, "multiple is a whole number from 1, below 2\\*\\*63"),
        ({"mode": "jit"}, "mode is one of eager, compiled, graph"),
        ({"eager": "/home/u1/ops"}, "eager is the name of another workload, or empty"),
        ({"eager": None}, "eager is the name of another workload, or empty; came None"),
        ({"make": None}, "make is a function; came None"),
        ({"flop": 3.0}, "flop is a function; came 3.0"),
        ({"flop": lambda n: float("nan")}, r"flop\(1\) is a number from 0; came nan"),
        ({"flop": lambda n: -1}, r"flop\(1\) is a number from 0; came -1"),
        (
            {"nbytes": lambda n, itemsize: 0.5 * n},
            r"nbytes\(1, itemsize\) is a whole number from 0, below 2\*\*63; came 0.5",
        ),
        ({"nbytes": lambda n, itemsize: 2**63}, r"nbytes\(1, itemsize\) is a whole number from 0, below 2\*\*63"),
    ],
)
def test_what_is_wrong_is_said_with_what_was_expected_and_what_came(change, sentence):
    import re

    assert re.search(sentence, fault(replace(GOOD, **change)))
