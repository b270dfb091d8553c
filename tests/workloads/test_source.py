"""The hash of a workload's code: it changes with the code that is reached, and with nothing else."""

import importlib.util
import subprocess
import sys
from functools import partial

import pytest

from bench_lib.workloads import ALL
from bench_lib.workloads.source import source_digest

MODULE = '''
"""Workloads of a user."""
from functools import partial

SCALE = 2

def helper(x):
    """Help."""
    return x * SCALE

class Base:
    def begin(self):
        return 1

class Layer(Base):
    """A layer."""
    width = 8

    def forward(self, x):
        return x + self.width

    @property
    def depth(self):
        return 2

def square(x):
    return x * x

TABLE = {"square": square}

def table(x):
    return TABLE["square"](x)

def model():
    return Layer()

def unrelated(x):
    return x - 1

def factory(power):
    def make(setting):
        # why
        return helper(setting) ** power
    return make

make = factory(3)
bound = partial(helper, 5)
'''


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Return the hash of one name of the module above, with a text in it replaced."""
    count = 0

    def digest(old="", new="", name="make"):
        nonlocal count
        count += 1
        assert old in MODULE
        path = tmp_path / f"{count}" / "mine.py"
        path.parent.mkdir()
        path.write_text(MODULE.replace(old, new, 1) if old else MODULE, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("mine", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "mine", module)
        spec.loader.exec_module(module)
        return source_digest(getattr(module, name))

    return digest


def test_the_same_code_in_another_folder_has_the_same_hash(digest):
    assert digest() == digest() != ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why", "# because"),
        ('"""Help."""', '"""Help a lot."""'),
        ("def unrelated(x):\n    return x - 1\n", ""),
        ("return x - 1", "return x - 2"),
        ("return helper(setting) ** power", "return helper( setting )**power"),
    ],
)
def test_comments_documentation_layout_and_other_functions_do_not_count(digest, old, new):
    assert digest(old, new) == digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("** power", "* power"),
        ("x * SCALE", "x + SCALE"),
        ("SCALE = 2", "SCALE = 4"),
        ("factory(3)", "factory(2)"),
    ],
)
def test_the_code_that_is_reached_its_constants_and_what_it_closes_over_count(digest, old, new):
    assert digest(old, new) != digest()


def test_the_arguments_of_a_partial_count(digest):
    assert digest("helper, 5", "helper, 6", name="bound") != digest(name="bound")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return x + self.width", "return x - self.width"),
        ("width = 8", "width = 16"),
        ("        return 1", "        return 3"),
        ("        return 2", "        return 4"),
    ],
)
def test_a_class_counts_with_its_methods_constants_and_bases(digest, old, new):
    assert digest(old, new, name="model") != digest(name="model") == digest('"""A layer."""', "''", name="model")


def test_functions_in_a_table_count(digest):
    assert digest("return x * x", "return x + x", name="table") != digest(name="table") == digest(name="table")


def test_what_is_taken_from_a_module_that_stands_beside_counts(tmp_path, monkeypatch):
    def digest(folder, helper):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "beside_it.py").write_text(helper)
        (tmp_path / folder / "mine.py").write_text(
            "import math\nimport beside_it\ndef make(x):\n    return beside_it.help(math.sqrt(x))\n"
        )
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / folder)
            patch.delitem(sys.modules, "beside_it", raising=False)
            spec = importlib.util.spec_from_file_location("mine", tmp_path / folder / "mine.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            patch.delitem(sys.modules, "beside_it")
            return source_digest(module.make)

    one = "def help(x):\n    return x\ndef unused():\n    return 1\n"
    assert digest("a", one) == digest("b", one.replace("return 1", "return 2"))
    assert digest("c", one.replace("return x", "return -x")) != digest("d", one)


def test_a_users_functions_that_a_function_of_the_package_closes_over_count_where_their_folder_is_told(tmp_path):
    def digest(folder, body):
        path = tmp_path / folder / "mine.py"
        path.parent.mkdir()
        path.write_text(
            "from bench_lib.workloads import functional\n"
            f"def twice(x):\n    return {body}\n"
            "make = functional(twice, lambda where: (where.randn(where.n),), terms=lambda n: 1.0)\n"
        )
        spec = importlib.util.spec_from_file_location("mine", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return source_digest(module.make, beside=path.parent)

    assert digest("a", "2 * x") == digest("b", "2 * x") != digest("c", "3 * x")


def test_where_a_file_stands_does_not_count_even_where_its_code_asks(tmp_path):
    def digest(folder):
        path = tmp_path / folder / "mine.py"
        path.parent.mkdir()
        path.write_text("from pathlib import Path\ndef make(x):\n    return Path(__file__).parents[1], __name__, x\n")
        spec = importlib.util.spec_from_file_location(f"mine_{folder}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return source_digest(module.make)

    assert digest("a") == digest("b") != ""


def test_code_from_a_prompt_has_no_hash():
    scope = {}
    exec("def make(setting):\n    return setting", scope)
    assert source_digest(scope["make"]) == ""


def test_a_variable_without_a_value_does_not_count():
    def closes_over_it():
        return later

    before = source_digest(closes_over_it)
    later = 1
    assert before
    assert before != source_digest(closes_over_it)


def test_functions_of_other_packages_count_by_name():
    assert source_digest(partial(max, 1)) != source_digest(partial(min, 1))


def test_every_workload_has_a_hash_of_its_own_that_another_process_finds_too():
    code = "from bench_lib.workloads import ALL; print(*(w.record().source_sha256 for w in ALL))"
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    here = [workload.record().source_sha256 for workload in ALL]
    assert here == elsewhere
    assert len(set(here)) == len(ALL)
    assert all(len(digest) == 64 for digest in here)
