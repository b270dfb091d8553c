"""The parent of a run: budget, rounds, supervision, refinement. It never touches a device."""
