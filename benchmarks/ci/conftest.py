"""The tests here measure with Crossover's plugin for pytest-benchmark."""

pytest_plugins = ["bench_lib.pytest_plugin"]
