"""Tuning: trials of a recipe with other values, chosen among by validation rows; each runs in a process of its own."""
