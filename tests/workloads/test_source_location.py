"""Errors of a user's code, as one sentence with the user's own line."""

import importlib.util
import traceback

import pytest

from bench_lib.errors import UsageError
from bench_lib.workloads.source_location import Origin, sentence

FILE = """
import json

def fail(text):
    return json.loads(text)

def divide():
    return 1 / 0
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my_ops.py"
    path.write_text(FILE)
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def caught(call, *arguments):
    with pytest.raises(Exception) as found:  # noqa: PT011 - any error is the subject here
        call(*arguments)
    return found.value


def test_the_innermost_line_of_the_users_file_is_named(mine, tmp_path):
    origin = Origin(file=tmp_path / "my_ops.py", line=99)
    assert sentence(caught(mine.divide), origin) == "my_ops.py, line 8: ZeroDivisionError: division by zero"
    inside = caught(mine.fail, "no json")
    assert len(traceback.extract_tb(inside.__traceback__)) > 2, "it comes from deeper down"
    assert sentence(inside, origin).startswith("my_ops.py, line 5: JSONDecodeError: Expecting value")


def test_an_error_that_passed_no_line_of_the_user_names_the_declaration(tmp_path):
    origin = Origin(file=tmp_path / "my_ops.py", line=12)
    assert sentence(caught(int, "x"), origin).startswith("my_ops.py, line 12: ValueError: invalid literal")
    assert sentence(caught(int, "x"), Origin(file=tmp_path / "my_ops.py")).startswith("my_ops.py: ValueError")


def test_a_built_in_operation_has_no_file():
    assert sentence(caught(int, "x")).startswith("ValueError: invalid literal")


def test_a_syntax_error_has_the_line_that_it_is_in(tmp_path):
    path = tmp_path / "my_ops.py"
    error = caught(compile, "x = 1\nif True print(2)\n", str(path), "exec")
    assert sentence(error, Origin(file=path)) == "my_ops.py, line 2: SyntaxError: invalid syntax"


def test_no_sentence_holds_a_path_or_more_than_one_line(tmp_path):
    error = OSError(f"cannot read {tmp_path}/data/weights.bin\nand more")
    said = sentence(error, Origin(file=tmp_path / "my_ops.py", line=3))
    assert said == "my_ops.py, line 3: OSError: cannot read weights.bin"


def test_our_own_errors_are_sentences_already_and_an_empty_one_says_so():
    assert sentence(UsageError("names are short")) == "names are short"
    assert sentence(RuntimeError("\n")) == "RuntimeError: no message"
