"""Every workload that Crossover measures, in one visible tuple: ``ALL``."""
