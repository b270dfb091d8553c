"""The waist: the types of a result file, reading and writing it, and readers for other tools' files."""
