"""Variables that change how libraries compute: in the record, and what the doctor says of them."""

import pytest

from bench_lib.devices.host import QUIET, thread_environment
from bench_lib.devices.software import software_facts
from bench_lib.devices.variables import SET, computing_variables
from bench_lib.measure.doctor import libraries

NUMBERS = {"OMP_NUM_THREADS": "8", "OPENBLAS_THREAD_TIMEOUT": "20", "CUDA_VISIBLE_DEVICES": "0,1"}
WORDS = {"OPENBLAS_CORETYPE": "Haswell", "OMP_PROC_BIND": "close", "ATEN_CPU_CAPABILITY": "avx2"}
PATHS = {"LD_PRELOAD": "./libjemalloc.so", "CUDA_HOME": "./cuda", "TORCH_EXTENSIONS_DIR": "./x"}
OTHERS = {"PATH": "./bin", "HOME": "./me", "CUDAX": "1", "MY_OMP_NUM_THREADS": "3", "CUDA_API_KEY": "abc"}


def test_numbers_and_known_words_are_kept_and_of_others_the_name_alone() -> None:
    found = computing_variables(NUMBERS | WORDS | PATHS | OTHERS)
    assert {name: found[name] for name in NUMBERS | WORDS} == NUMBERS | WORDS
    assert found["LD_PRELOAD"] == found["TORCH_EXTENSIONS_DIR"] == SET
    assert not any("/" in str(value) for value in found.values())
    assert not found.keys() & OTHERS.keys()


def test_without_a_variable_all_is_well_and_what_we_set_is_not_held_against_anyone() -> None:
    assert libraries.variables({}).severity == "ok"
    assert libraries.variables(dict(QUIET) | thread_environment(2)).severity == "ok"


def never() -> tuple[float, float]:
    pytest.fail("no product is asked for")


def test_what_is_set_is_told_with_what_it_decides() -> None:
    found = libraries.variables({"OMP_PROC_BIND": "close", "LD_PRELOAD": "./a.so"}, never)
    assert found.severity == "note"
    assert "OMP_PROC_BIND=close (threads: how many, where, and how they wait)" in found.found
    assert f"LD_PRELOAD={SET} (where memory comes from)" in found.found
    assert "a.so" not in found.found


@pytest.mark.parametrize(
    ("times", "severity", "said"),
    [
        ((2.1e-3, 1.0e-3), "warning", "NumPy has 48 % of the other's speed"),
        ((1.0e-3, 2.1e-3), "warning", "torch has 48 % of the other's speed"),
        ((1.2e-3, 1.0e-3), "note", "a product on one thread takes NumPy 1.2 ms, torch 1 ms"),
    ],
)
def test_under_a_variable_that_chooses_kernels_products_are_compared(
    times: tuple[float, float], severity: str, said: str
) -> None:
    found = libraries.variables({"ATEN_CPU_CAPABILITY": "avx2"}, lambda: times)
    assert found.severity == severity
    assert said in found.found
    assert "ATEN_CPU_CAPABILITY=avx2 (torch's instructions)" in found.found


def test_numpys_blas_is_looked_at_where_it_is_the_one_that_the_variable_is_of() -> None:
    asked = []

    def products() -> tuple[float, float]:
        asked.append(1)
        return 1e-3, 1e-3

    found = libraries.variables({"OPENBLAS_CORETYPE": "Haswell"}, products)
    assert "OPENBLAS_CORETYPE=Haswell (NumPy's kernels)" in found.found
    assert bool(asked) == ("openblas" in str(software_facts()["numpy_blas"]).lower())


def test_a_variable_of_a_library_that_is_not_here_is_only_told() -> None:
    found = libraries.variables({"ARMPL_DEBUG_CPU_TYPE": "1"}, never)
    assert (found.severity, "ARMPL_DEBUG_CPU_TYPE=1" in found.found) == ("note", True)


def test_products_that_cannot_be_measured_are_a_note() -> None:
    def broken() -> tuple[float, float]:
        msg = "no"
        raise OSError(msg)

    found = libraries.variables({"DNNL_MAX_CPU_ISA": "AVX2"}, broken)
    assert found.severity == "note"
    assert "could not be compared: OSError" in found.found


def test_real_products_are_timed_in_a_process_of_their_own() -> None:
    by_numpy, by_torch = libraries._measured()
    assert 0 < by_numpy < 10
    assert 0 < by_torch < 10
