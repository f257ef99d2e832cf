"""A run's model behind an HTTP address, with a page to try it. Needs the extra `serve`."""
