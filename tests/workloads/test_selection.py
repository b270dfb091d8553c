"""The language of -k."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.errors import UsageError
from bench_lib.workloads.selection import compile_expression

CASE = "matmul matmul[256] float32 cuda:0 resident latency"


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("matmul", True),
        ("MatMul", True),
        ("zeros", False),
        ("not zeros", True),
        ("matmul and cuda:0", True),
        ("matmul and cpu-1t", False),
        ("zeros or float32", True),
        ("matmul and not (float64 or roundtrip)", True),
        ("zeros or ones and matmul", False),
        ("(zeros or matmul) and matmul[256]", True),
        ("not not matmul", True),
        ("not matmul and zeros", False),
    ],
)
def test_an_expression_means_what_it_means_in_pytest(expression: str, matches: bool) -> None:
    assert compile_expression(expression)(CASE) is matches


@pytest.mark.parametrize(
    "expression", ["and", "matmul and", "or matmul", "(matmul", "matmul)", "not", "()", "a b", "a not b", " "]
)
def test_what_cannot_be_read_is_refused_with_a_sentence(expression: str) -> None:
    with pytest.raises(UsageError, match="-k takes words joined by and, or, not and parentheses"):
        compile_expression(expression)


def test_an_endless_expression_is_refused() -> None:
    with pytest.raises(UsageError, match="at most 1000 characters"):
        compile_expression("(" * 100_000)


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        predicate = compile_expression(text)
    except UsageError:
        return
    assert predicate(CASE) in (True, False)


@given(st.sampled_from(["matmul", "zeros", "cuda:0"]), st.sampled_from(["float32", "submit"]))
def test_de_morgan_holds(a: str, b: str) -> None:
    assert compile_expression(f"not ({a} and {b})")(CASE) is compile_expression(f"not {a} or not {b}")(CASE)
