"""Anyone's predictions as a checked table: files of others, and values in memory; no torch."""
