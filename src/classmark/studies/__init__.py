"""Studies as they run: their folder, and their runs, each in a process of its own. Torch loads in these alone."""
