"""What any model has to beat: the majority class and a linear model, trained in seconds; no torch."""

from classmark.baselines.floors import fit_floors

__all__ = ["fit_floors"]
