"""The same cases of two sides, before and after: what became slower, by how much, and how sure that is.

The unit of replication is the process. A change counts where its interval leaves 1 out, its size exceeds a threshold of
the time and a floor of the clock, and it still stands when of all cases called changed five in a hundred may be false.
"""
