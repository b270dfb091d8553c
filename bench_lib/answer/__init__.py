"""The answer: who is set against whom, counted, and said in sentences; the page and the terminal both tell it.

In the order of the data: :mod:`matchups` (who against whom), :mod:`findings` (counted), :mod:`headlines` and
:mod:`guards` (in sentences), :mod:`telling` (which of them, for which runs) and :mod:`plain` (as text or Markdown).
:mod:`words` holds the verdicts and the wording of numbers. A sentence is escaped HTML with nothing in it but ``<b>``,
``<code>``, ``<bdi>`` and ``<a>``. Nothing here imports torch, draws, reads or writes.
"""
