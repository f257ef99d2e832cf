"""What any model has to beat: the majority class and a linear model, trained in seconds; no torch."""

from classmark.baselines.fit import fit_baselines
from classmark.baselines.image_linear import Features
from classmark.baselines.sample import sampled_rows

__all__ = ["Features", "fit_baselines", "sampled_rows"]
