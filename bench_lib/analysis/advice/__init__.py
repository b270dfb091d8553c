"""Which device to take at a size, from what was measured, and how far that can be trusted."""
