"""The notebooks: kept without output, and each executed from the top on the runs that ship."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording
from bench_lib.records.storage import load
from bench_lib.records.writer import Store
from tests.support.builders import ceilings_of
from tests.support.extras import reason
from tests.support.page_data import BATCH, SQUARE, Operation, gpu_recording

nbformat = pytest.importorskip("nbformat", reason=reason("nbformat"))
nbclient = pytest.importorskip("nbclient", reason=reason("nbclient"))
pytest.importorskip("ipykernel", reason=reason("ipykernel"))

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_SECONDS = 120  # a cell that takes longer hangs
LONGEST_CELL = 40  # lines


FEW = tuple(2**power for power in (10, 16, 20, 24))
LESSON = (  # the operations that the notebooks ask for by name, on a made-up machine with a GPU
    Operation(name="create_from_list", family="creation", expression="torch.tensor(values)", sizes=FEW[:2]),
    Operation(name="create_from_ndarray", family="creation", expression="torch.tensor(ndarray)", sizes=FEW),
    Operation(name="create_zeros", family="creation", expression="torch.zeros(n)", sizes=FEW, arrays=1),
    Operation(name="add", family="elementwise", expression="x + y", sizes=FEW, dtypes=("float32", "bfloat16")),
    *(
        Operation(name=name, family="transfer", expression=f"{name}(x)", sizes=FEW, dtypes=("uint8",), arrays=1)
        for name in ("host_to_device", "device_to_host", "device_to_device")
    ),
    Operation(
        name="matmul",
        family="matmul",
        expression="a @ b",
        sizes=SQUARE[::2],
        dtypes=("float32", "bfloat16"),
        dimensions=2,
        flop_factor=2,
        flop_power=3,
    ),
    Operation(
        name="scalar_forward_backward", family="autograd", expression="y = x**3 + 5; y.backward()", sizes=(1,), arrays=1
    ),
    Operation(
        name="mlp_train_sgd",
        family="autograd",
        expression="optimizer.step()",
        sizes=BATCH,
        arrays=900,
        flop_factor=6e5,
        numpy=False,
    ),
)


def name_of(path: Path) -> str:
    return path.stem


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that looks like the project to a notebook: its code, the runs that ship, the notebooks."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "results" / "runs").mkdir(parents=True)
    for run in (ROOT / "results" / "runs").glob("*.jsonl.gz"):
        shutil.copy(run, folder / "results" / "runs")
    return folder


@pytest.fixture(scope="module")
def clone_with_gpu(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same with one more run, made up, of a machine that has a GPU."""
    folder = tmp_path_factory.mktemp("gpu") / "clone"
    shutil.copytree(clone, folder)
    recording = gpu_recording(rounds=3, visits=1, operations=LESSON)
    store_in(folder / "results" / "runs" / "made-up.jsonl", recording)
    return folder


def store_in(path: Path, recording: Recording) -> None:
    """Write a run, with ceilings; copies between CPU and GPU exist on the GPU alone."""

    def exists(workload: str, device: str) -> bool:
        return device == "cuda:0" or workload not in ("host_to_device", "device_to_host")

    plan = tuple(one for one in recording.plan if exists(one.case.workload, one.case.device))
    with Store.create(path, recording.run) as store:
        store.append(Plan(cases=plan))
        for device in ("cpu", "cuda:0"):
            for ceiling in ceilings_of(device):
                store.append(ceiling)
        for sample in recording.samples:
            if exists(sample.case.workload, sample.case.device):
                store.append(sample)


@pytest.fixture
def kernel(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel be this interpreter with this package, untouched by what a person has set up."""
    importlib.import_module(
        "matplotlib.font_manager"
    )  # makes its cache now: in a notebook it would complain of the wait
    home = tmp_path_factory.mktemp("jupyter")
    spec = home / "data" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(home / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("NO_COLOR", "1")


def executed(folder: Path, name: str) -> str:
    """Return all that a notebook shows when it is run from the top; a cell that fails fails the test."""
    path = folder / "notebooks" / f"{name}.ipynb"
    notebook = read(path)
    client = nbclient.NotebookClient(
        notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    complaints = [output.text for output in outputs if output.get("name") == "stderr"]
    assert complaints == []
    return "\n".join(text for output in outputs for text in _texts(output))


def _texts(output: nbformat.NotebookNode) -> list[str]:
    data = output.get("data", {})
    return [output.get("text", ""), *(data.get(f"text/{kind}", "") for kind in ("markdown", "html", "plain"))]


def test_all_three_notebooks_are_there_and_are_named_in_their_readme() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03"]
    readme = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"]({path.name})" not in readme] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_is_valid_and_kept_without_output(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        assert cell.metadata == {}
        assert "attachments" not in cell
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_reads_as_a_lesson_with_a_word_before_its_code(path: Path) -> None:
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert cells[-1].cell_type == "markdown"
    for cell in cells:
        assert cell.source.strip(), cell.id
        assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.id


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_the_lesson_computes_what_it_says_and_shows_what_each_step_costs(clone: Path) -> None:
    shown = executed(clone, "01_tensors_and_autograd")
    assert "gradient = 12\n" in shown
    assert "shared: tensor([100.," in shown
    assert "copied: tensor([1., 2., 3.]" in shown
    assert shown.count("weight = 2.99, bias = 2.00") == 2  # by hand, and with an optimizer
    assert "These runs hold no GPU, only `numpy`, `cpu` and `cpu-1t`." in shown
    for expression in ("torch.tensor(values, device=device)", "torch.from_numpy(ndarray)", "y = x**3 + 5"):
        assert expression in shown
    assert "times (" in shown  # a ratio with its interval
    assert "The naive timing is wrong by a factor of" in shown


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_the_exploration_says_that_it_has_no_gpu_and_concludes_from_what_there_is(clone: Path) -> None:
    shown = executed(clone, "02_when_does_the_gpu_win")
    assert (
        "**No GPU is here, so this is the CPU's half: PyTorch on all threads (`cpu`) is set against `numpy`.**" in shown
    )
    assert "There is no way to a GPU in this run" in shown
    for finding in (
        r"Against `numpy`, with the data in place, `cpu` is faster in \d+ of \d+ cases",
        r"Against `cpu-1t`, with the data in place, `cpu` is faster in \d+ of \d+ cases",
        r"`cpu` takes over from `numpy` within the sizes tested in \d+ of \d+ operations",
        r"`device_to_device` on `cpu` takes at least .* and reaches [\d.]+ GB/s",
        r"On `cpu`, \d+ of \d+ operations are bound by memory",
        r"On `cpu`, bfloat16 is faster than float32 in \d+ of \d+ cases",
    ):
        assert len(re.findall(finding, shown)) >= 2, finding  # where it is found, and among the conclusions
    assert shown.count("<svg") == 5


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_a_model_is_measured_and_answered_as_the_command_does(clone: Path) -> None:
    shown = executed(clone, "03_your_own_model")
    assert "Writing " in shown
    assert re.search(r"complete after \d+ s, in run\.jsonl", shown)
    for workload in ("my_model_inference", "my_model_train"):
        assert (
            f"`{workload}` on `cpu" in shown
        )  # with all threads or one: beside other programs one of them may be too slow
    assert "my_model_inference at n = 32 in float32" in shown
    assert re.search(r"report\.html: \d+", shown)


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_with_a_gpu_among_the_runs_the_lesson_shows_both_machines_apart(clone_with_gpu: Path) -> None:
    shown = executed(clone_with_gpu, "01_tensors_and_autograd")
    assert "These runs hold a GPU (`cuda:0`) beside `numpy`, `cpu` and `cpu-1t`." in shown
    assert "cuda:0 + copies" in shown
    assert "nvidia-h200-16c" in shown
    for path in (ROOT / "results" / "runs").glob("*.jsonl.gz"):
        assert load(path).run.machine in shown
    assert "What the way to a GPU costs cannot be said" not in shown


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_with_a_gpu_among_the_runs_the_exploration_sets_it_against_the_cpu(clone_with_gpu: Path) -> None:
    shown = executed(clone_with_gpu, "02_when_does_the_gpu_win")
    assert "**A GPU is here: `cuda:0` is set against `cpu`, the CPU with all its threads.**" in shown
    assert re.search(r"Against `cpu`, with the copies counted, `cuda:0` is faster in \d+ of \d+ cases", shown)
    assert "`host_to_device` on `cuda:0` takes at least" in shown
    assert "copying it there" in shown  # the table of how often data must be used
    assert re.search(r"On `cuda:0`, \d+ of \d+ operations are bound by memory", shown)
