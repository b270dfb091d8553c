"""The same numbers for other tools: one module for each format, and one for the columns that three of them share.

``as_csv``, ``as_json`` and ``as_parquet`` hold a table of :mod:`tables`, whose columns :mod:`fields` lists; ``as_asv``
and ``as_pytest_benchmark`` give what those two tools write themselves. Each gives bytes, and :mod:`files` puts them in
place. ``lost`` of each format says what it cannot hold.
"""
