"""The notebooks: kept without output, and each executed from the top on the runs that ship."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="the notebooks are executed with the extra notebooks")
nbclient = pytest.importorskip("nbclient", reason="the notebooks are executed with the extra notebooks")
pytest.importorskip("ipykernel", reason="the notebooks are executed with the extra notebooks")

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_SECONDS = 120  # a cell that takes longer hangs
LONGEST_CELL = 40  # lines


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


@pytest.fixture
def kernel(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel be this interpreter with this package, untouched by what a person has set up."""
    home = tmp_path_factory.mktemp("jupyter")
    spec = home / "data" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(home / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", str(home / "matplotlib"))
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
