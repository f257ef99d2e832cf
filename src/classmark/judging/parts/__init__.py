"""The parts of a judgement, each from the rows of a predictions table."""
