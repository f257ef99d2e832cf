"""Training: from a recipe to a finished run folder."""

from classmark.training.train import resume, train

__all__ = ["resume", "train"]
