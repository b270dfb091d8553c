"""Code that runs inside asv and pytest. It sees both halves, as the command line does."""
