"""One visit to one case, in the worker process: clocks, sampling, ceilings, the doctor."""
