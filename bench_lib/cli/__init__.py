"""The command ``crossover``, one module a verb: the only place that prints, and one of three that see both halves."""
