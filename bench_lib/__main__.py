"""``python -m bench_lib`` is the command ``crossover``."""

from bench_lib.cli.main import main

main()
