"""From tables to matplotlib figures: no pyplot, no global state, no files.

A figure holds words of ours only, never a name from a result file, so its text needs no escaping and no foreign glyphs.
Names stand beside it, in the page or the notebook. Nothing here imports torch.
"""

from bench_lib.figures.lines import Limits, limits, time_against_size

__all__ = ["Limits", "limits", "time_against_size"]
