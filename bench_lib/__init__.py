"""Crossover: when does a GPU beat a CPU, for which tensor operation, from which size, by how much.

Importing this package imports nothing heavy: torch comes in with the modules that measure, pandas and matplotlib with
those that analyse and draw.
"""

__version__ = "0.2.0"
