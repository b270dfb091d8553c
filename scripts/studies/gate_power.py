"""How often the gate is wrong, and what it finds: comparisons of a thing with itself, and with planted slowdowns.

    PYTHONPATH=. python scripts/studies/gate_power.py FOLDER --measure  # 20 and 10 comparisons, 50 minutes
    PYTHONPATH=. python scripts/studies/gate_power.py FOLDER            # the tables, from what is there

It measures with ``crossover ab`` at its default settings, as a person would: in turn a comparison of
``slowed.py`` with itself, and one with slowdowns of 5, 10, 20 and 50 % in four operations of ten, in each of
others, until each operation had each of them. What is there already is not measured again. The tables are those of
docs/methodology.md: they set other tools' verdicts beside Crossover's, on the same data. Run it on a quiet machine.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench_lib import units
from bench_lib.errors import CrossoverError
from scripts.studies import slowed
from scripts.studies.gate_tables import FACTORS_KEPT, SIDES, count, describe, keep_factors, pairs_in

ROOT = Path(__file__).resolve().parents[2]
DEVICES = ("cpu", "cpu-1t")
CALIBRATION = "calibration.json"
JUDGED = (0, 1, 3)  # exit codes of a comparison that was made

Start = Callable[[Sequence[str], Path], tuple[int, str]]


def sessions(repetitions: int) -> dict[str, list[str]]:
    """Return what is asked of ``crossover ab`` in each comparison, by the name of its folder.

    None is told what another one taught: a calibration is written, and not read.
    """
    found = {}
    for number in range(1, repetitions + 1):
        itself, mixed = f"aa-{number:02d}", f"mixed-{number:02d}"
        found[itself] = ["--aa", "--calibration", f"{itself}/{CALIBRATION}"]
        if number <= len(slowed.FACTORS):
            shift = f"{slowed.SHIFT}={number - 1}"
            found[mixed] = ["--env-b", f"{slowed.VARIABLE}={slowed.MIXED}", "--env-b", shift]
    return found


def measure(folder: Path, repetitions: int, options: Sequence[str], start: Start) -> None:
    """Make the comparisons that are not there yet; what was left half done is made anew.

    Raises
    ------
    SystemExit
        If one cannot be made.
    """
    done = {pair.name for pair in pairs_in(folder)}
    left = {name: asked for name, asked in sessions(repetitions).items() if name not in done}
    devices = [word for device in DEVICES for word in ("--device", device)]
    for number, (name, asked) in enumerate(left.items(), start=1):
        for file in (*SIDES, FACTORS_KEPT, CALIBRATION):
            (folder / name / file).unlink(missing_ok=True)
        began = time.monotonic()
        code, said = start(
            [
                "--workloads",
                str(ROOT / "scripts" / "studies" / "slowed.py"),
                *devices,
                *asked,
                *options,
                "--out",
                name,
                "--quiet",
            ],
            folder,
        )
        if code not in JUDGED:
            raise SystemExit(f"gate_power: crossover ab ended with {code} for {name}:\n{said}")
        keep_factors(folder / name)
        (folder / name / "said.txt").write_text(said)
        took = time.monotonic() - began
        sys.stderr.write(f"{name}: exit {code}, {took:.0f} s; {units.count(len(left) - number, 'comparison')} left\n")


def crossover_ab(arguments: Sequence[str], folder: Path) -> tuple[int, str]:
    """Run ``crossover ab`` in a folder, and return its exit code and all that it said."""
    command = [sys.executable, "-m", "bench_lib", "ab", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the comparisons are, each in a folder of its own")
    parser.add_argument("--measure", action="store_true", help="make those that are not there yet")
    parser.add_argument("--repetitions", type=int, default=20, help="comparisons of a thing with itself")
    parser.add_argument("--budget", help="of each comparison, such as 20s, to see whether it works")
    options = parser.parse_args()
    try:
        if options.measure:
            options.folder.mkdir(parents=True, exist_ok=True)
            more = ["--budget", options.budget] if options.budget else []
            measure(options.folder, options.repetitions, more, crossover_ab)
        sys.stdout.write(describe(count(pairs_in(options.folder))))
    except CrossoverError as err:
        raise SystemExit(f"gate_power: {err}") from err
    except KeyboardInterrupt:
        raise SystemExit("gate_power: ended; the same command goes on with what is not there yet") from None


if __name__ == "__main__":
    main()
