"""Change points over many runs: since when a case is slower, and what was new in the run that began it.

:mod:`lines` puts the runs of a machine in order and each case's numbers on a line, :mod:`engine` finds where a line
changes its level, and :mod:`judging` limits how many of the changes over all lines may be false.
"""
