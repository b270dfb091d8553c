"""What is here: devices, the host, memory, telemetry, counters of energy."""
