"""Images: their files, decoded once, kept in a cache."""
