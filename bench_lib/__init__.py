"""Crossover: when does a GPU beat a CPU, for which tensor operation, from which size, by how much.

``load`` reads result files into a table; ``estimates``, ``speedups`` and ``crossovers`` say what it means; ``compare``
says what became slower between two sides; ``page`` makes the report. Importing this package imports nothing heavy:
torch comes in with the modules that measure, pandas and matplotlib when a function that needs them is called.
"""

from bench_lib.api import compare, crossovers, estimates, load, page, speedups

__version__ = "0.5.0"

__all__ = ["__version__", "compare", "crossovers", "estimates", "load", "page", "speedups"]
