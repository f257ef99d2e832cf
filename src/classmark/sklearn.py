"""classmark's models as scikit-learn classifiers: `TextClassifier` and `ImageClassifier`."""

from __future__ import annotations

from classmark.estimators.image import ImageClassifier
from classmark.estimators.text import TextClassifier

__all__ = ["ImageClassifier", "TextClassifier"]
