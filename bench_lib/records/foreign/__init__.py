"""Readers for the files of asv and pytest-benchmark, which become recordings like our own."""
