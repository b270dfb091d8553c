"""Print how far advice can be trusted: every size of some runs is left out, advised on from the others, and compared.

python scripts/studies/validate_advice.py FILE...
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench_lib.analysis.advice.validation import leave_out, summarise
from bench_lib.analysis.frame import tidy
from bench_lib.records.storage import load


def main() -> None:
    frame = tidy([load(Path(name)) for name in sys.argv[1:]])
    rows = leave_out(frame)
    headings = ["family", "left out", "decided", "named", "named right", "named or one of two", "guessed right"]
    headings += ["median error", "covered"]
    lines = [headings, ["---"] * len(headings)]
    family = dict(zip(frame["workload"].astype(str), frame["family"].astype(str), strict=True))
    of_row = rows["workload"].map(family)
    for name, part in [*rows.groupby(of_row, sort=False), ("all", rows)]:
        found = summarise(part)
        right, guessed = _share(found.claimed_right, found.claimed), _share(found.right, found.decided)
        among = _share(found.among, found.decided)
        counts = [str(count) for count in (found.asked, found.decided, found.claimed)]
        lines.append([name, *counts, right, among, guessed, f"{found.median_error:.1%}", f"{found.covered:.0%}"])
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else "none"


if __name__ == "__main__":
    main()
