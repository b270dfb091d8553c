"""The same numbers for other tools: a file for each format, which :mod:`formats` lists, and what they share."""
