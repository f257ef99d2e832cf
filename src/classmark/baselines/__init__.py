"""What any model has to beat: the majority class and a linear model, trained in seconds; no torch."""

from classmark.baselines.floors import fit_floors
from classmark.baselines.image_linear import Features
from classmark.baselines.sample import sampled_rows

__all__ = ["Features", "fit_floors", "sampled_rows"]
