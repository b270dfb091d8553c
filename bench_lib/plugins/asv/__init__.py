"""What asv loads: our benchmark type, facts of the machine, our report beside its pages."""
