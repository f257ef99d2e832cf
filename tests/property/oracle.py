"""scikit-learn's numbers for what the author of a table means."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import metrics as sk

from .names import alike
from .problem import Floats, Indices
from .random_tables import Meaning

FROM_PROBABILITIES = ("log_loss", "roc_auc", "brier", "average_precision", "ece")


class UnknownClassError(Exception):
    """classmark names a class that the author does not know."""


def class_indices(meaning: Meaning, named: Sequence[str]) -> list[int]:
    """The author's class of each name that classmark gives.

    Raises:
        UnknownClassError: a name is no spelling of any.
    """
    known = {alike(name): index for index, name in enumerate(meaning.names)}
    known |= {name: index for index, name in enumerate(meaning.names)}
    if meaning.names == ("0", "1"):
        known |= {"false": 0, "true": 1}
    found = []
    for name in named:
        index = known.get(name, known.get(alike(name)))
        if index is None and meaning.indexed and name.isdigit() and int(name) < len(meaning.names):
            index = int(name)
        if index is None:
            raise UnknownClassError(name)
        found.append(index)
    return found


def expected(meaning: Meaning, order: Sequence[int], positive: int | None) -> dict[str, float]:
    """The metrics that the file gives, of its labelled rows; NaN where one is undefined on them.

    Args:
        meaning: of the file.
        order: class indices in classmark's order, which settles ties of probabilities.
        positive: class index that precision, recall and F1 of two classes are about, else None.
    """
    parts = (meaning.labels, meaning.probabilities, meaning.decisions, meaning.ranks)
    key = (*(None if part is None else part.tobytes() for part in parts), tuple(order), positive, len(meaning.names))
    if key not in _asked:
        _asked.clear()  # the faces of one table ask one after the other
        _asked[key] = _computed(meaning, order, positive)
    return _asked[key]


_asked: dict[tuple[object, ...], dict[str, float]] = {}


def _computed(meaning: Meaning, order: Sequence[int], positive: int | None) -> dict[str, float]:
    rows = meaning.labels >= 0
    labels = meaning.labels[rows]
    probabilities = None if meaning.probabilities is None else meaning.probabilities[rows]
    if not len(labels):
        return {}
    if meaning.decisions is not None:
        decisions = meaning.decisions[rows]
    else:
        assert probabilities is not None
        places = np.array([*order, *(set(range(len(meaning.names))) - set(order))])
        decisions = places[probabilities[:, places].argmax(axis=1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _of_decisions(labels, decisions, positive)
        if probabilities is not None:
            ranks = probabilities if meaning.ranks is None else meaning.ranks[rows]
            found |= _of_probabilities(labels, probabilities, ranks, positive)
    return found


def _of_decisions(labels: Indices, decisions: Indices, positive: int | None) -> dict[str, float]:
    present = np.unique(labels)
    found = {
        "accuracy": sk.accuracy_score(labels, decisions),
        "f1_macro": sk.f1_score(labels, decisions, labels=present, average="macro", zero_division=0),
        "recall_macro": sk.recall_score(labels, decisions, labels=present, average="macro", zero_division=0),
        "mcc": sk.matthews_corrcoef(labels, decisions),
    }
    if positive is not None:
        found["f1"] = sk.f1_score(labels == positive, decisions == positive, zero_division=0)
    return {name: float(value) for name, value in found.items()}


def _of_probabilities(labels: Indices, values: Floats, ranks: Floats, positive: int | None) -> dict[str, float]:
    count = values.shape[1]
    hits = (labels[:, None] == np.arange(count)).astype(np.float64)
    ranked = [positive] if positive is not None else [index for index in range(count) if hits[:, index].any()]
    areas = [_area(hits[:, index], ranks[:, index]) for index in ranked]
    precisions = [_average_precision(hits[:, index], ranks[:, index]) for index in ranked]
    found = {
        "log_loss": sk.log_loss(labels, values, labels=range(count)),
        "brier": (
            sk.brier_score_loss(hits[:, 1], np.clip(values[:, 1], 0, 1), pos_label=1)
            if count == 2
            else ((values - hits) ** 2).sum(axis=1).mean()
        ),
    }
    if all(np.isfinite(areas)):
        found |= {"roc_auc": np.mean(areas), "average_precision": np.mean(precisions)}
    return {name: float(value) for name, value in found.items()}


def _area(hits: Floats, ranks: Floats) -> float:
    return float(sk.roc_auc_score(hits, ranks)) if 0 < hits.sum() < len(hits) else float("nan")


def _average_precision(hits: Floats, ranks: Floats) -> float:
    return float(sk.average_precision_score(hits, ranks)) if hits.any() else float("nan")


def differences(meaning: Meaning, answer: Mapping[str, Any], tolerance: float = 1e-6) -> list[str]:
    """What in an answer of classmark is not scikit-learn's number; empty where all is right.

    Args:
        meaning: of the judged rows.
        answer: `rows`, `classes`, `positive` and `metrics` (name → value or None), as a judgement has them.
        tolerance: of a number.
    """
    if meaning.refuse:
        return ["it is read, though the options contradict it"]
    try:
        order = class_indices(meaning, answer["classes"])
        positive = None if answer["positive"] is None else class_indices(meaning, [answer["positive"]])[0]
    except UnknownClassError as error:
        return [f"a class {error.args[0]!r} that is none of {meaning.names}"]
    found = []
    rows = int((meaning.labels >= 0).sum())
    if answer["rows"] != rows:
        found.append(f"rows {answer['rows']}, not {rows}")
    wanted = expected(meaning, order, positive)
    for name, value in answer["metrics"].items():
        if value is None:
            continue
        if name in wanted and abs(value - wanted[name]) > tolerance * max(1, abs(wanted[name])):
            found.append(f"{name} {value:.6f}, not {wanted[name]:.6f}")
        elif name in FROM_PROBABILITIES and meaning.probabilities is None:
            found.append(f"{name} {value:.6f}, but the file gives no probabilities")
    return found


def says_less(meaning: Meaning, answer: Mapping[str, Any]) -> bool:
    """Whether the file gives probabilities and the answer has none."""
    return meaning.probabilities is not None and "log_loss" not in answer["metrics"]
