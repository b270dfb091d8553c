"""From tables to matplotlib figures: no pyplot, no global state, no files.

A figure holds words of ours; a name from a result file only where a caller gives it as a label, and then in ASCII, so
that no text needs a foreign glyph. Other names stand beside it, in the page or the notebook.

Nothing here imports torch.
"""

from bench_lib.report.figures.lines import Limits, limits, time_against_size
from bench_lib.report.figures.precision import precision
from bench_lib.report.figures.roofline import roofline

__all__ = ["Limits", "limits", "precision", "roofline", "time_against_size"]
