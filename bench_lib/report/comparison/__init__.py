"""A comparison in words, as a table, Markdown, JSON or annotations."""
