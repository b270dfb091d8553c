"""Change points over many runs: since when a case is slower, and what was new in the run that began it.

:mod:`lines` puts the runs of a machine in order and each case's numbers on a line, :mod:`engine` finds where a line
changes its level, :mod:`judging` holds what may be false over all lines together, and :mod:`words`, :mod:`table`,
:mod:`as_markdown` and :mod:`as_json` say it. Nothing here imports torch.
"""
