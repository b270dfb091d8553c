"""Who is set against whom within a run and between two, counted, with the names of the sides."""
