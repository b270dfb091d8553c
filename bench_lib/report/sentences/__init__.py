"""The answer in words: who wins, from which size, and what to know about it; the page and the terminal both say it.

Sentences are phrases, see :mod:`bench_lib.report.phrases`; :mod:`words` holds the verdicts and the wording of numbers.
Nothing here draws, reads or writes.
"""
