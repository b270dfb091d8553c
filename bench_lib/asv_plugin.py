"""The name that asv.conf.json loads: see :mod:`bench_lib.plugins.asv.machine`."""

from bench_lib.plugins.asv.machine import setup as setup  # asv calls it by this name
