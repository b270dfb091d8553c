"""Files, functions and packages of a user: what is found in them, and what is said of what is wrong with them."""

import re
import sys
from textwrap import dedent

import pytest
import torch

from bench_lib.errors import UsageError
from bench_lib.records.messages import Source
from bench_lib.workloads.user import PREFIX, load

HEAD = """\
from bench_lib.workloads import Axis, Workload, functional

def declare(name, **changes):
    fields = dict(
        family="mine", expression="2 * x", size="n elements", sizes=Axis(quick=(4,)), dtypes=Axis(quick=("float32",)),
        make=functional(double, lambda setting: (setting.randn(setting.n),), terms=lambda n: 1.0),
        flop=float, nbytes=lambda n, itemsize: 2 * n * itemsize,
    )
    return Workload(name=name, **(fields | changes))

def double(x):
    return 2 * x
"""
AT = HEAD.count("\n") + 1  # the first line after the head


@pytest.fixture(autouse=True)
def modules():
    """Forget the modules that a test has loaded."""
    before, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(PREFIX) or name in ("beside", "demo", "demo.ops"):
            del sys.modules[name]
    assert sys.path == path


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file and loads it."""

    def write(body, name="my_ops.py", head=HEAD, taken=()):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(head + dedent(body))
        return load(Source(kind="workloads", place=str(path)), taken=taken, seed=0)

    return write


def names(found):
    return [loaded.workload.name for loaded in found]


def refused(call, *arguments, **options):
    with pytest.raises(UsageError) as found:
        call(*arguments, **options)
    return str(found.value)


def test_workloads_at_the_top_level_are_found_in_their_order_each_once_also_in_tuples_and_lists(file):
    found = file("""
        B = declare("b")
        SEVERAL = (B, declare("a"), 3)
        MORE = [declare("c")]
        def unused():
            return declare("d")
    """)
    assert names(found) == ["b", "a", "c"]


def test_each_knows_the_line_that_declares_it(file, tmp_path):
    found = file("""
        A = Workload(
            name="a", family="mine", expression="x", size="n", sizes=Axis(quick=(1,)), dtypes=Axis(quick=("float32",)),
            make=print, flop=float, nbytes=lambda n, itemsize: n * itemsize,
        )
    """)
    assert (found[0].origin.file, found[0].origin.line) == (tmp_path / "my_ops.py", AT + 1)


def test_the_file_is_a_module_of_its_own_and_can_import_what_stands_beside_it_while_it_loads(file, tmp_path):
    (tmp_path / "beside.py").write_text("NAME = 'from_beside'\n")
    found = file("""
        from dataclasses import dataclass
        import beside
        @dataclass
        class Config:
            name: str
        A = declare(Config(beside.NAME).name)
        assert __name__ != "__main__"
    """)
    assert names(found) == ["from_beside"]
    assert not list(tmp_path.rglob("__pycache__")), "a user's folder is left as it was"


def test_two_files_may_each_have_a_helper_of_the_same_name(file, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "beside.py").write_text(f"NAME = 'from_{folder}'\n")
    body = "import beside\nA = declare(beside.NAME)\n"
    assert names([*file(body, "one/my_ops.py"), *file(body, "two/my_ops.py")]) == ["from_one", "from_two"]


def test_a_file_is_read_anew_even_if_it_was_edited_within_the_same_second(file):
    assert names(file('A = declare("a")\n')) == ["a"]
    assert names(file('A = declare("b")\n')) == ["b"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("x = 1\ny = (\n", rf"my_ops\.py, line {AT + 1}: SyntaxError: '\(' was never closed"),
        ("x = 1\nundefined\n", rf"my_ops\.py, line {AT + 1}: NameError: name 'undefined' is not defined"),
        ("import no_such_module\n", rf"my_ops\.py, line {AT}: ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys\nsys.exit(3)\n", rf"my_ops\.py, line {AT + 1}: SystemExit: 3"),
        ("A = declare('a', bound=3)\n", r"my_ops\.py, line 9: TypeError: .*unexpected keyword argument 'bound'"),
        ("A = 3\n", r"my_ops\.py: declares no Workload: name one, or a tuple of them, at the top level"),
        (
            "A = declare('a')\nB = declare('a')\n",
            rf"my_ops\.py, line {AT + 1}: another workload is called 'a' already: .*",
        ),
        (
            "A = declare('a', dtypes=Axis(quick=('float31',)))\n",
            rf"my_ops\.py, line {AT}: a dtype is one of .*; came 'float31'",
        ),
        (
            "A = declare('a', kinds=('gpu',))\n",
            rf"my_ops\.py, line {AT}: kinds is a tuple of some of .*; came \('gpu',\)",
        ),
        (
            "A = declare('a', sizes=Axis(quick=(0,)))\n",
            rf"my_ops\.py, line {AT}: a size is a whole number from 1; came 0",
        ),
        (
            "def flop(n):\n    return n / 0\nA = declare('a', flop=flop)\n",
            rf"my_ops\.py, line {AT + 1}: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence_with_its_line(file, tmp_path, body, sentence):
    said = refused(file, body)
    assert re.fullmatch(sentence, said), said
    assert str(tmp_path) not in said


def test_a_bad_field_names_the_line_of_its_own_declaration(file):
    said = refused(
        file,
        """
        A = declare("a")
        B = Workload(
            name="b", family="mine", expression="x", size="n", sizes=Axis(quick=(1,)), dtypes=Axis(quick=("float31",)),
            make=print, flop=float, nbytes=lambda n, itemsize: n * itemsize,
        )
        """,
    )
    assert said.startswith(f"my_ops.py, line {AT + 2}: a dtype is one of")


def test_an_error_in_a_file_beside_it_names_that_files_line(file, tmp_path):
    (tmp_path / "beside.py").write_text("x = 1\nundefined\n")
    assert refused(file, "import beside\n") == "beside.py, line 2: NameError: name 'undefined' is not defined"


def test_a_name_that_another_file_has_taken_is_refused(file):
    said = refused(file, 'A = declare("matmul")\n', taken={"matmul"})
    assert said == f"my_ops.py, line {AT}: another workload is called 'matmul' already: choose another name"


def test_a_file_that_is_not_there_is_said_by_its_name(tmp_path):
    place = Source(kind="workloads", place=str(tmp_path / "missing.py"))
    said = refused(load, place, taken=(), seed=0)
    assert said == "missing.py: there is no such file: name a Python file"


def test_a_file_that_cannot_be_loaded_leaves_nothing_behind(file):
    before = {name for name in sys.modules if name.startswith(PREFIX)}
    refused(file, "undefined\n")
    assert {name for name in sys.modules if name.startswith(PREFIX)} == before


def test_texts_that_go_into_a_record_hold_no_folder(file):
    (found,) = file("""A = declare("a", expression="torch.load('/home/u1/weights.pt')")\n""")
    assert found.record().expression == "torch.load('weights.pt')"


def test_the_hash_changes_with_the_users_own_functions(file):
    def digest(old="", new="", folder="a"):
        (found,) = file('A = declare("a")\n', f"{folder}/my_ops.py", head=HEAD.replace(old, new))
        return found.record().source_sha256

    same = digest(folder="one")
    assert digest(folder="two") == same != ""
    assert digest("2 * x\n", "3 * x\n", folder="three") != same
    assert digest("1.0)", "2.0)", folder="four") != same


MODEL = """\
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.layer(x)

def make():
    return Net(), torch.randn(3, 4)

def make_other():
    return Net(), torch.randn(3, 5)

def encoder():
    return Net()

number = 3
"""


@pytest.fixture
def model(tmp_path):
    """Return a function that loads a function of a file."""

    def named(function, text=MODEL, folder="."):
        path = tmp_path / folder / "my_net.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return load(Source(kind="model", place=f"{path}:{function}"), taken=(), seed=0)

    return named


def test_a_model_is_two_workloads_named_after_the_file_or_the_function(model):
    assert names(model("make")) == ["my_net_inference", "my_net_train"]
    other = MODEL.replace("randn(3, 5)", "randn(3, 4)")
    assert names(model("make_other", other)) == ["other_inference", "other_train"]


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("make_other", r"my_net\.py, line 9: RuntimeError: mat1 and mat2 shapes cannot be multiplied.*"),
        ("encoder", r"my_net\.py, line 17: returns a torch\.nn\.Module and its example inputs, as a pair; came 'Net'"),
        ("number", r"my_net\.py: has no function 'number': name one that returns a module and its example inputs"),
        ("missing", r"my_net\.py: has no function 'missing'.*"),
    ],
)
def test_what_is_wrong_with_a_model_is_one_sentence_with_its_line(model, function, sentence):
    said = refused(model, function)
    assert re.fullmatch(sentence, said), said


def test_the_hash_of_a_model_changes_with_its_modules_methods(model):
    same = model("make", folder="one")[0].record().source_sha256
    assert model("make", folder="two")[0].record().source_sha256 == same != ""
    changed = MODEL.replace("return self.layer(x)", "return self.layer(x) + 1")
    assert model("make", changed, folder="three")[0].record().source_sha256 != same


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that installs a package and loads what its entry point names."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def install(body, attribute="ALL"):
        (tmp_path / "demo" / "ops.py").write_text(HEAD + dedent(body))
        return load(Source(kind="package", place=f"my-demo = demo.ops:{attribute}"), taken=("b",), seed=0)

    return install


def test_a_package_gives_the_workloads_that_its_entry_point_names_and_no_others(package):
    assert names(package('OTHER = declare("other")\nALL = (declare("a"), declare("c"))\n')) == ["a", "c"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("undefined\n", rf"package my-demo: ops\.py, line {AT}: NameError: name 'undefined' is not defined"),
        ("", r"package my-demo: __init__\.py: AttributeError: .*has no attribute 'ALL'"),
        ("ALL = 3\n", "my-demo: declares no Workload: name one, or a tuple of them, at the top level"),
        ("ALL = declare('b')\n", r"ops\.py: another workload is called 'b' already: choose another name"),
    ],
)
def test_what_is_wrong_with_a_package_is_one_sentence(package, body, sentence):
    said = refused(package, body)
    assert re.fullmatch(sentence, said), said


def test_a_package_that_is_not_there_is_said_by_its_name():
    said = refused(load, Source(kind="package", place="gone = no_such_package:ALL"), taken=(), seed=0)
    assert said == "package gone: no_such_package: ModuleNotFoundError: No module named 'no_such_package'"


def test_what_a_file_sets_of_torch_for_the_whole_process_ends_with_its_loading(file):
    precision = torch.backends.cuda.matmul.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision
    body = """
    import torch
    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_float32_matmul_precision("medium")
    ONE = declare("one")
    """
    try:
        assert names(file(body)) == ["one"]
        assert (torch.empty(0).device.type, torch.get_default_dtype()) == ("cpu", torch.float32)
        assert torch.is_grad_enabled()
        assert torch.get_float32_matmul_precision() == "highest"
        refused(file, body + "raise ValueError")
        assert torch.empty(0).device.type == "cpu"
    finally:
        torch.backends.cuda.matmul.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision = precision


def test_a_workload_whose_code_cannot_be_read_costs_itself_and_says_where(file):
    body = """
    class Odd:
        __name__ = 3
    ODD = Odd()
    ONE = declare("one", flop=lambda n: n * bool(ODD))
    """
    assert re.fullmatch(rf"my_ops\.py, line {AT + 4}: TypeError: .*", refused(file, body))
