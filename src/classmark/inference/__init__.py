"""Load a run's model and predict with it."""

from classmark.inference.chunks import PredictOptions
from classmark.inference.classifier import Classifier, load
from classmark.inference.files import Predicted, predict_files

__all__ = ["Classifier", "PredictOptions", "Predicted", "load", "predict_files"]
