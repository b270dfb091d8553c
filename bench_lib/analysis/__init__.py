"""What the numbers say: who is faster, from which size, at what price of copying, and what to distrust.

A function that ends in ``_table`` takes a table, returns a new one and changes nothing; times come from
:func:`bench_lib.analysis.frame.tidy`.
"""
