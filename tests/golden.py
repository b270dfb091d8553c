"""Golden outputs: what the verbs print and write for kept runs, byte by byte, so that a move is seen to move nothing.

``python -m tests.golden FOLDER`` writes every output into a folder; ``python -m tests.golden`` compares with the
digests in ``tests/data/golden/outputs.json``, and ``--update`` writes those anew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "tests" / "data" / "golden"
QUICK = "results/runs/2026-11-23-amd-epyc-2c-quick-4f9dbc.jsonl.gz"
LATER = "results/runs/2026-11-23-amd-epyc-2c-quick-235c4f.jsonl.gz"
STANDARD = "results/runs/2026-11-23-amd-epyc-2c-standard-5ca049.jsonl.gz"
GPU = "tests/data/golden/made-up-gpu.jsonl.gz"
TORCH = "tests/data/golden/made-up-gpu-other-torch.jsonl.gz"
SECOND = "tests/data/golden/made-up-second-gpu.jsonl.gz"
HISTORY = "tests/data/golden/history"
ASV = "tests/data/asv/foreign/amd-epyc-2c/60206cdb-existing-py_opt_python_bin_python3.json"

# A name for each output; {out} stands for a file or folder that the command writes.
COMMANDS = {
    "page-quick": ("report", QUICK, "--out", "{out}.html"),
    "page-standard": ("report", STANDARD, "--out", "{out}.html", "--price", "cpu=0.40"),
    "page-gpu": ("report", GPU, "--out", "{out}.html", "--price", "cpu=0.40", "--price", "cuda:0=3.0"),
    "page-several": ("report", GPU, TORCH, SECOND, "--out", "{out}.html"),
    "page-beside": ("report", QUICK, "--reference", GPU, "--out", "{out}.html"),
    "page-asv": ("report", ASV, "--out", "{out}.html"),
    "show-quick": ("show", QUICK),
    "show-standard-all": ("show", STANDARD, "--all"),
    "show-gpu-all": ("show", GPU, "--all"),
    "show-several": ("show", GPU, SECOND),
    "show-markdown": ("show", STANDARD, "--format", "markdown"),
    "show-gpu-markdown": ("show", GPU, "--format", "markdown", "--all"),
    "show-color": ("show", GPU),
    "compare-color": ("compare", GPU, TORCH, "--across", "torch"),
    "history-color": ("history", HISTORY),
    "show-asv": ("show", ASV),
    **{
        f"compare-{name}-{format}": ("compare", *files, "--format", format, *more)
        for name, files, more in (
            ("quick", (QUICK, LATER), ("--all", "--across", "source")),
            ("gpu", (GPU, TORCH), ("--across", "torch")),
        )
        for format in ("table", "markdown", "json", "github")
    },
    **{
        f"history-{name}-{format}": ("history", *files, "--format", format)
        for name, files in (("cpu", (QUICK, LATER)), ("gpu", (HISTORY,)))
        for format in ("table", "markdown", "json")
    },
    "advise-json": ("advise", "matmul", GPU, "--n", "300", "--json"),
    "advise-cpu": ("advise", "matmul", STANDARD, "--n", "300"),
    "advise-gpu": ("advise", "matmul", GPU, "--n", "300", "--calls", "10", "--from", "host"),
    **{
        f"export-{to}-{level}-{name}": ("export", file, "--to", to, "--level", level, "--out", f"{{out}}.{to}")
        for to in ("csv", "json")
        for level in ("case", "sample", "speedup")
        for name, file in (("cpu", QUICK), ("gpu", GPU))
    },
    **{
        f"export-{to}-{name}": ("export", file, "--to", to, "--commit", "0123456789" * 4, "--out", "{out}")
        for to in ("asv", "pytest-benchmark")
        for name, file in (("cpu", QUICK), ("gpu", GPU))
    },
    "list-quick": ("run", "--list", "--device", "cpu", "--device", "cpu-1t", "--device", "numpy"),
}


def digest(content: bytes) -> str:
    """Return a short hash of some bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def outputs(folder: Path, only: str = "") -> dict[str, str]:
    """Run every command, keep what it writes and prints in ``folder``, and return a hash of each."""
    found = {}
    for name, command in COMMANDS.items():
        if only in name:
            found.update(output(folder, name, command))
    return found


def output(folder: Path, name: str, command: tuple[str, ...]) -> dict[str, str]:
    """Run one command."""
    out = folder / name
    words = [word.replace("{out}", str(out)) for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "bench_lib", *words],
        cwd=ROOT,
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "120", **({"FORCE_COLOR": "1"} if "color" in name else {"NO_COLOR": "1"})},
    )
    said = done.stdout + done.stderr + f"\nexit {done.returncode}\n".encode()
    said = said.replace(str(folder).encode(), b"FOLDER")
    (folder / f"{name}.said.txt").write_bytes(said)
    found = {name: digest(said)}
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder).as_posix()
        if path.is_file() and below.startswith((f"{name}.", f"{name}/")) and not below.endswith(".said.txt"):
            found[below] = digest(path.read_bytes())
    if out.is_file():
        found[f"{name}:file"] = digest(out.read_bytes())
    return found


def source_hashes() -> dict[str, str]:
    """Return the source hash of every workload."""
    from bench_lib.workloads import ALL

    return {workload.name: workload.record().source_sha256 for workload in ALL}


def main() -> int:
    """Compare, update, or write into a folder."""
    kept = HERE / "outputs.json"
    if "--update" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            kept.write_text(json.dumps(outputs(Path(folder)), indent=1) + "\n", encoding="utf-8")
        return 0
    only = next((word for word in sys.argv[2:] if not word.startswith("-")), "")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    known, seen = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}, outputs(folder, only)
    names = sorted(name for name in known.keys() | seen.keys() if only in name)
    changed = [name for name in names if known.get(name) != seen.get(name)]
    print(f"{len(changed)} of {len(names)} outputs changed", *changed, sep="\n")
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main())
