"""The names that files use: class names that go together, and what columns are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

Kind = Literal["int", "bool", "text"]


@dataclass(frozen=True)
class Classes:
    """Class names that go together.

    Attributes:
        names: in the order of a list column without names: whole numbers by value, other names by letter.
        kind: what a program would store them as.
        positive: index of the class that a lone score speaks of; None where neither of two is the natural one.
        usual: whether nothing about the names is odd.
    """

    names: tuple[str, ...]
    kind: Kind = "text"
    positive: int | None = None
    usual: bool = False


# Negative class, positive class, kind, and whether that is the natural way round.
PAIRS: list[tuple[str, str, Kind, bool]] = [
    ("0", "1", "int", True),
    ("1", "2", "int", True),
    ("-1", "1", "int", True),
    ("False", "True", "bool", True),
    ("no", "yes", "text", True),
    ("neg", "pos", "text", True),
    ("negative", "positive", "text", True),
    ("legit", "fraud", "text", True),
    ("normal", "abnormal", "text", True),
    ("ham", "spam", "text", True),
    ("not spam", "spam", "text", True),
    ("N", "Y", "text", True),
    ("healthy", "cancer", "text", True),
    ("cat", "dog", "text", False),
    ("left", "right", "text", False),
    ("v1.0", "v2.0", "text", False),
    ("007", "10", "text", True),
    ("café", "thé", "text", False),
    ("none", "some", "text", True),
    ("null", "alternative", "text", True),
    ("no", "no_finding", "text", False),
    ("Class1", "Class2", "text", False),
    ("LABEL_0", "LABEL_1", "text", True),
    ("<=50K", ">50K", "text", True),
]
OFTEN = (0, 0, 0, 0, 0, 3, 4)  # places of pairs that are drawn more often than the others
USUAL_PAIRS = ("0", "1"), ("False", "True"), ("no", "yes"), ("neg", "pos"), ("cat", "dog"), ("legit", "fraud")

ANIMALS = ("cat", "dog", "owl", "ant", "bee", "cow", "elk", "fox", "gnu", "hen", "jay", "yak")
LISTS: tuple[tuple[str, ...], ...] = (
    ANIMALS,
    ("very bad", "bad", "so so", "good", "very good", "out of this world"),
    ("v1.0", "v1.1", "v2.0", "v2.1.3", "v10.0"),
    ("Äpfel", "Öl", "日本", "naïve", "ñandú", "Übung", "éclair"),
    ("cat", "cat_big", "catfish", "ca", "cat_big_old", "catalogue"),
    ("007", "010", "10", "7", "0", "00", "100"),
    ("none", "mild", "severe", "fatal"),
    ("AF", "AS", "EU", "NA", "OC", "SA"),
    ("A", "B", "C", "D", "E", "F", "G", "H"),
    ("tea, black", "tea, green", 'so-called "tea"', "coffee", "water"),
    tuple(f"LABEL_{number}" for number in range(10)),
    ("sci.space", "rec.autos", "talk.politics", "comp.graphics", "alt.atheism"),
    ("id", "label", "text", "score"),
)


def draw_classes(rng: Generator, count: int, usual: bool = False) -> Classes:
    """Some class names, `count` of them or as many as the drawn list has; only usual ones where that is asked."""
    while True:
        drawn = _draw_classes(rng, count)
        if drawn.usual or not usual:
            return drawn


def _draw_classes(rng: Generator, count: int) -> Classes:
    if count == 2 and rng.random() < 0.9:
        negative, positive, kind, known = PAIRS[rng.choice([*range(len(PAIRS)), *OFTEN])]
        names = ordered((negative, positive))
        return Classes(names, kind, names.index(positive) if known else None, (negative, positive) in USUAL_PAIRS)
    match rng.integers(5):
        case 0 | 1:
            return Classes(tuple(map(str, range(count))), "int", 1 if count == 2 else None, True)
        case 2:
            return Classes(tuple(map(str, range(1, count + 1))), "int", 1 if count == 2 else None)
    names = LISTS[0] if rng.random() < 0.35 else LISTS[rng.integers(len(LISTS))]
    drawn = [names[index] for index in rng.permutation(len(names))[:count]]
    positive = 1 if count == 2 and names[0].startswith("LABEL_") else None
    return Classes(ordered(drawn), positive=positive, usual=names is ANIMALS or len(names[0]) == 1)


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Names as scikit-learn orders them: whole numbers by value, others by letter."""
    whole = all(re.fullmatch(r"-?[0-9]+", name) for name in names)
    return tuple(sorted(names, key=lambda name: (int(name) if whole else 0, name)))


def alike(name: str) -> str:
    """What two spellings of one class name share: 1.0 and 1,0 are 1, TRUE is true, both Unicode forms of é are one."""
    plain = unicodedata.normalize("NFC", name).strip().casefold()
    plain = re.sub(r"^[0-9]+:", "", plain)
    return re.sub(r"^(-?[0-9]+)[.,]0+$", r"\1", plain)


USUAL_TRUTHS = ("label", "y_true", "true_label", "actual", "target", "ground_truth", "truth")
TRUTHS = (
    *USUAL_TRUTHS * 2,
    *("Class", "class", "outcome", "obs", "expected", "observed", "gold", "reference", "Label", "True Label", "y"),
    *("category", "sentiment", "survived", "diagnosis", "annotation", "gold_label", "Actual", "human"),
)
USUAL_DECISIONS = ("predicted", "prediction", "y_pred", "predicted_label", "pred")
DECISIONS = (
    *USUAL_DECISIONS * 2,
    *(".pred_class", "PredictedLabel", "response", "yhat", "y_hat", "Predicted Label", "model_output", "answer"),
    *("predicted_class", "pred_label", "output", "Prediction", "predict", "hypothesis", "label_pred", "classification"),
)
USUAL_STYLES = ("prob_{}", "probability_{}", "proba_{}", "p_{}")
STYLES = (
    *USUAL_STYLES * 2,
    *("{}", ".pred_{}", "prob.{}", "P(target={})", "confidence({})", "{}_prob", "probability({})", "score_{}"),
    *("{}_probability", "Prob_{}", "PROB_{}", "p({})", "P({})", "probabilities.{}", "pred_proba_{}", "y_prob_{}"),
)
USUAL_SCORES = ("score", "prob", "probability", "y_prob", "y_score")
SCORES = (
    *USUAL_SCORES * 2,
    *("p", "prediction_prob", "y_pred_proba", "proba", "pred_proba", "y_proba", "risk", "Score", "model_score", "phat"),
)
CONFIDENCES = ("score", "confidence", "max_prob", "probability", "predicted_probability", "Score", "prediction_score")
LISTED = ("probabilities", "probs", "proba", "y_proba", "y_prob", "probability", "scores", "pred_proba")
IDS = ("id", "row_id", "index", "uuid", "example_id", "")
GROUPS = ("group", "patient_id", "user", "film")
