"""A history in words, as a table, Markdown or JSON."""
