"""Load a run's model and predict with it."""

from classmark.inference.chunks import PredictOptions
from classmark.inference.classifier import Classifier, load
from classmark.inference.files import Predicted, predict_files
from classmark.inference.mixed import MixedClassifier, load_any

__all__ = ["Classifier", "MixedClassifier", "PredictOptions", "Predicted", "load", "load_any", "predict_files"]
