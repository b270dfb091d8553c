"""Two sides measured live, in alternation: two interpreters, two revisions, two environments, or one thing twice.

Each side has a result file of its own, of the format that every run has; round ``k`` of one and round ``k`` of the
other were fresh processes, one right after the other, so that what drifts moves both. What the numbers mean is not
decided here: :mod:`bench_lib.analysis.comparison` reads the two files, and says which cases to measure again.
"""
