"""Print how far advice can be trusted: every size of some runs is left out, advised on from the others, and compared.

python scripts/studies/validate_advice.py FILE...
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench_lib.analysis.advice.advise import decide_between
from bench_lib.analysis.advice.evidence import Evidence, Start, Use, collect
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.levels import table
from bench_lib.records.storage import load

COLUMNS = (
    *("machine", "workload", "dtype", "n", "start", "winner", "decided", "advised", "or_else", "verdict", "device"),
    *("log_error", "covered", "how"),
)


@dataclass(frozen=True, kw_only=True)
class Validation:
    """How the advice did on sizes that it had not seen.

    Attributes
    ----------
    asked
        Sizes left out for which there was advice.
    decided
        Those of them at which one device was measured to be the fastest beyond doubt.
    right
        Those of the decided at which that device was the one advised.
    among
        Those of the decided at which that device was advised, or named beside it as too close to call.
    claimed
        Those of the decided at which the advice called its lead certain.
    claimed_right
        Those of the claimed at which it was right.
    median_error
        Median over all times predicted of ``max(predicted / measured, measured / predicted) - 1``.
    covered
        Share of the times measured that lay in the predicted interval.
    """

    asked: int
    decided: int
    right: int
    among: int
    claimed: int
    claimed_right: int
    median_error: float
    covered: float


def leave_out(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each device that was advised on at a size that was left out.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``winner`` is the fastest by measurement, ``decided`` whether its lead over the
        next is beyond doubt; ``advised`` and ``verdict`` are the advice without that size, ``or_else`` the next best
        where the two are too close to call. ``log_error`` is predicted less measured log seconds of ``device``,
        ``covered`` whether the measured time lay in the predicted interval.
    """
    rows = [
        row
        for (workload, dtype), part in frame.groupby(["workload", "dtype"], observed=True, sort=False)
        for evidence in collect(part, str(workload), str(dtype))
        for row in _rows(evidence, str(dtype))
    ]
    return table({name: np.array([row[name] for row in rows], dtype=_dtype(name)) for name in COLUMNS}, COLUMNS)


def summarise(rows: pd.DataFrame) -> Validation:
    """Return the figures of :func:`leave_out`."""
    cases = rows.drop_duplicates(["machine", "workload", "dtype", "n", "start"])
    decided = cases[cases["decided"]]
    right = decided["advised"] == decided["winner"]
    among = right | (decided["or_else"] == decided["winner"])
    claimed = decided["verdict"] == "faster"
    return Validation(
        asked=len(cases),
        decided=len(decided),
        right=int(right.sum()),
        among=int(among.sum()),
        claimed=int(claimed.sum()),
        claimed_right=int((right & claimed).sum()),
        median_error=math.expm1(float(rows["log_error"].abs().median())),
        covered=float(rows["covered"].mean()),
    )


def _rows(evidence: Evidence, dtype: str) -> Iterator[dict[str, Any]]:
    gpu = any(not evidence.is_host(device) for device in evidence.kinds)
    sizes = sorted(evidence.times.loc[evidence.times["status"] == "ok", "n"].unique().tolist())
    starts: tuple[Start, ...] = ("host", "device") if gpu else ("device",)
    for n in sizes:
        for start in starts:
            use = Use(start=start)
            seen = decide_between(evidence, n=n, dtype=dtype, use=use)
            advice = decide_between(evidence, n=n, dtype=dtype, use=use, leave_out=True)
            measured = {option.device: option for option in seen.options if option.how == "measured"}
            if len(advice.options) < 2 or {option.device for option in advice.options} != measured.keys():
                continue
            for option in advice.options:
                actual = measured[option.device].seconds.value
                yield {
                    "machine": seen.machine,
                    "workload": seen.workload,
                    "dtype": dtype,
                    "n": n,
                    "start": start,
                    "winner": seen.device,
                    "decided": seen.verdict == "faster",
                    "advised": advice.device,
                    "or_else": advice.options[1].device if advice.verdict == "undecided" else "",
                    "verdict": advice.verdict,
                    "device": option.device,
                    "log_error": math.log(option.seconds.value / actual),
                    "covered": option.seconds.low <= actual <= option.seconds.high,
                    "how": option.how,
                }


def _dtype(name: str) -> Any:
    return {"n": np.int64, "decided": np.bool_, "covered": np.bool_, "log_error": np.float64}.get(name, object)


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
