"""The name that asv.conf.json loads: see :mod:`bench_lib.plugins.asv.publish`."""

from bench_lib.plugins.asv.publish import CrossoverReport as CrossoverReport  # asv finds publishers by their class
