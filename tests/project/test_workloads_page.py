"""The page about workloads: current, complete, and a table in any reader of Markdown."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench_lib.workloads import ALL, find
from bench_lib.workloads.base import Axis, Workload
from scripts.workloads_page import ABOUT, COMMAND, main, page

FILE = Path(__file__).parents[2] / "docs" / "workloads.md"
MATMUL = find("matmul")
ROW = re.compile(r"^\| `", re.MULTILINE)


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of all tables, by their headers; a bar that is not escaped ends a cell."""
    found: list[dict[str, str]] = []
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if line.startswith("| Name"):
            header = cells
        elif ROW.match(line):
            found.append(dict(zip(header, cells, strict=True)))
    return found


def row(workload: Workload) -> dict[str, str]:
    (found,) = rows(page([workload]))
    return found


def test_the_page_is_what_the_workloads_say_today() -> None:
    assert FILE.read_text(encoding="utf-8") == page(ALL), f"docs/workloads.md is out of date: run `{COMMAND}`"


def test_every_workload_has_one_row_with_its_own_expression() -> None:
    found = rows(page(ALL))
    assert [one["Name"] for one in found] == [
        f"`{workload.name}`"
        for family in dict.fromkeys(workload.family for workload in ALL)
        for workload in ALL
        if workload.family == family
    ]
    by_name = {one["Name"]: one["Expression"] for one in found}
    for workload in ALL:
        assert by_name[f"`{workload.name}`"].strip("` ").replace("\\|", "|") == workload.expression


def test_every_family_says_what_it_is_about() -> None:
    assert {workload.family for workload in ALL} <= ABOUT.keys()
    assert all(about in page(ALL) for family, about in ABOUT.items() if f"## {family}\n" in page(ALL))


def test_a_family_that_is_not_ours_has_a_table_too() -> None:
    text = page([replace(MATMUL, family="my <b>_ops_")])
    assert "## my \\<b\\>\\_ops\\_\n\n| Name |" in text


def test_work_is_that_of_the_middle_size_in_units_that_can_be_read() -> None:
    three = replace(MATMUL, sizes=Axis(quick=(), standard=(256, 1024, 4096)), sizes_of=())
    assert row(three)["Work"] == "n = 2¹⁰: 2.15 GFLOP, 12 MiB"
    assert row(replace(three, flop=lambda n: 0.0))["Work"] == "n = 2¹⁰: 12 MiB"


def test_sizes_are_those_of_a_standard_run_with_quick_bold_and_the_largest_of_all_in_parentheses() -> None:
    axis = Axis(quick=(1024, 2048), standard=(16, 3072, 1000, 12345), full=(2**20, 2**30))
    assert row(replace(MATMUL, sizes=axis, sizes_of=()))["Sizes"] == "16, 1,000, **2¹⁰**, **2¹¹**, 3·2¹⁰, 12,345 (2³⁰)"


def test_a_full_run_that_adds_nothing_larger_adds_no_parentheses() -> None:
    assert row(replace(MATMUL, sizes=Axis(quick=(16,), full=(8,)), sizes_of=()))["Sizes"] == "**16**"


def test_dtypes_that_have_other_sizes_name_them_together() -> None:
    other = Axis(quick=(), standard=(64,), full=(256,))
    sizes_of = (("tf32", other), ("bfloat16", other))
    assert (
        row(replace(MATMUL, sizes=Axis(quick=(16,)), sizes_of=sizes_of))["Sizes"] == "**16**; tf32, bfloat16: 64 (256)"
    )


def test_dtypes_are_marked_by_the_profile_that_has_them_first() -> None:
    dtypes = Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16"))
    assert row(replace(MATMUL, dtypes=dtypes))["dtypes"] == "**float32**, bfloat16 (float64, float16)"


def test_devices_are_those_that_have_one_of_its_dtypes_and_one_thread_where_it_is_measured() -> None:
    dtypes = Axis(quick=("int8",))
    assert row(replace(MATMUL, dtypes=dtypes))["Devices"] == "cpu, cpu-1t, cuda"
    assert row(replace(MATMUL, dtypes=dtypes, one_thread=False))["Devices"] == "cpu, cuda"


def test_what_exists_on_no_gpu_has_no_gpu_timings() -> None:
    assert row(replace(MATMUL, kinds=("numpy", "cpu")))["GPU timings"] == "–"


def test_another_mode_names_the_eager_workload() -> None:
    assert row(MATMUL)["Mode"] == "eager"
    assert row(replace(MATMUL, mode="compiled", eager="matmul"))["Mode"] == "compiled, beside `matmul`"


@pytest.mark.parametrize(
    ("expression", "cell"),
    [
        ("mask | other", "`mask \\| other`"),
        ("`a`", "`` `a` ``"),
        ("x = 1  # two\n  y = 2", "`x = 1  # two y = 2`"),
    ],
)
def test_no_expression_breaks_its_table(expression: str, cell: str) -> None:
    assert row(replace(MATMUL, expression=expression, size="n * <i> | n"))["Expression"] == cell
    assert row(replace(MATMUL, size="n * <i> | n"))["Size"] == "n \\* \\<i\\> \\| n"


def test_what_all_of_a_family_say_stands_above_its_table_and_nowhere_in_it() -> None:
    text = page([MATMUL, replace(MATMUL, name="other", roundtrip=False)])
    (line,) = (line for line in text.splitlines() if line.startswith("All: "))
    assert "; dtypes **float32**, " in line
    assert "; GPU timings latency, throughput, device, submit; " in line
    assert line.endswith("mode eager.")
    assert [(one["Name"], one["Round trip"], len(one)) for one in rows(text)] == [
        ("`matmul`", "yes", 2),
        ("`other`", "no", 2),
    ]


def test_the_command_prints_the_page_or_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert capsys.readouterr().out == page(ALL)
    main(["--out", str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page(ALL)
    assert capsys.readouterr().out == ""


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path)])
    assert "choose another" in capsys.readouterr().err
