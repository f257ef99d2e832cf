"""Texts of two tones, and the smallest estimator of them."""

from __future__ import annotations

import random
from typing import Any

from classmark.sklearn import TextClassifier

TINY: dict[str, Any] = {
    "train__epochs": 3, "train__threads": 1, "train__precision": "fp32", "train__batch_size": 8, "model__hidden_size": 4,
    "model__embedding_size": 8, "input__word_dropout": 0.0,
}  # fmt: skip
TONES = ("poor cold rude", "fine warm kind", "odd strange weird")


def texts_of(count: int, tones: int = 2, seed: int = 0) -> tuple[list[str], list[int]]:
    """Different texts with many words of their tone, and which tone each has."""
    draw = random.Random(seed)
    codes = [row % tones for row in range(count)]
    words = [[draw.choice([*TONES[code].split(), "the"]) for _ in range(6)] for code in codes]
    return [f"{' '.join(some)} {seed}-{row}" for row, some in enumerate(words)], codes


def tiny(**changes: Any) -> TextClassifier:
    return TextClassifier(**{**TINY, **changes})
