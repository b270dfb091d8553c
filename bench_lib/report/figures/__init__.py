"""From tables to matplotlib figures: no pyplot, no global state, no files.

A figure holds words of ours; a name from a result file only where a caller gives it as a label, and then in ASCII, so
that no text needs a foreign glyph. Other names stand beside it, in the page or the notebook.
"""
