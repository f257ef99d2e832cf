"""What a data set hides: duplicates, near duplicates, leaks, label conflicts, odd rows."""
