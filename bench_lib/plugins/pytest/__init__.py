"""What pytest loads: cases and calls of one's own, timed by pytest-benchmark with our clocks."""
