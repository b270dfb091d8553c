"""The answer: who is set against whom, counted, and said in sentences; the page and the terminal both tell it.

In the order of the data: :mod:`pairings` and :mod:`crossing` (who against whom, within a run and between two),
:mod:`findings` (counted), :mod:`headlines`, :mod:`guards` and :mod:`beside` (in sentences), :mod:`telling` (which of
them, for which runs), :mod:`naming` and :mod:`look` (names and colours of several runs), :mod:`cells`, :mod:`grid`,
:mod:`forms` and :mod:`takeovers` (in tables), :mod:`endings` (how a run ended), :mod:`digest` (all of it about each
run), :mod:`plain` and :mod:`markdown` (as text and as Markdown).
:mod:`words` holds the verdicts and the wording of numbers. A sentence is escaped HTML with nothing in it but ``<b>``,
``<code>``, ``<bdi>`` and ``<a>``. Nothing here imports torch, draws, reads or writes.
"""
