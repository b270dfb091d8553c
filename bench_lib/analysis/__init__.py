"""What the numbers say: who is faster, from which size, at what price of copying, and what to distrust.

Every function takes a table and returns a table, and changes nothing. Times come from
:func:`bench_lib.analysis.frame.tidy`; this package never imports torch and never draws.
"""

from bench_lib.analysis.across import across
from bench_lib.analysis.anatomy import anatomy
from bench_lib.analysis.bounds import bounds
from bench_lib.analysis.break_even import break_even
from bench_lib.analysis.ceilings import ceilings
from bench_lib.analysis.crossovers import crossovers
from bench_lib.analysis.estimates import estimates
from bench_lib.analysis.execution import execution, fades
from bench_lib.analysis.precision import precision
from bench_lib.analysis.roofline import roofline_points, roofs
from bench_lib.analysis.speedups import speedups
from bench_lib.analysis.trust import trust

__all__ = [
    "across",
    "anatomy",
    "bounds",
    "break_even",
    "ceilings",
    "crossovers",
    "estimates",
    "execution",
    "fades",
    "precision",
    "roofline_points",
    "roofs",
    "speedups",
    "trust",
]
