"""What the operating system gives: files that are written whole or not at all, and the cache folder."""
