"""Intervals, tests, resampling and power."""
