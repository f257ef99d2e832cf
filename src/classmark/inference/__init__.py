"""Load a run's model and predict with it."""

from classmark.inference.classifier import Classifier, load
from classmark.inference.files import PredictOptions, predict_files

__all__ = ["Classifier", "PredictOptions", "load", "predict_files"]
