"""What the user says to classmark about a table: nothing, what is right, or what contradicts the file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from .columns import Precision
from .names import Classes
from .problem import softmax
from .shapes import Said

if TYPE_CHECKING:
    from .random_tables import Meaning


def draw_options(rng: Generator, said: Said, truth: str, classes: Classes) -> dict[str, Any]:
    """Some right options, each given with some probability, spelt as in Python."""
    options: dict[str, Any] = {}
    if truth and rng.random() < 0.2:
        options["label"] = truth
    names_numbers = bool(said.numbers) and rng.random() < 0.15
    if said.decided and (names_numbers or rng.random() < 0.15):
        options["predicted"] = said.decided
    if names_numbers:
        options["probabilities"] = said.numbers
    if said.order and said.labels is None and rng.random() < 0.12:
        options["classes"] = tuple(classes.names[index] for index in said.order)
    if said.logits and rng.random() < 0.9:
        options["logits"] = True
    if len(classes.names) == 2 and said.labels is None and rng.random() < 0.3:
        natural = classes.positive if classes.positive is not None else int(rng.integers(2))
        options["positive"] = classes.names[natural if said.scored is None else said.scored]
    return options


def contradict(
    rng: Generator, options: dict[str, Any], meaning: Meaning, said: Said, precision: Precision, share: float
) -> tuple[dict[str, Any], Meaning, str]:
    """Now and then an option that the file contradicts; the meaning is then what the option says, or a refusal."""
    if rng.random() >= share or said.labels is not None:
        return options, meaning, ""
    against = str(rng.choice(["the other class", "classes reversed", "logits", "no such column", "no such class"]))
    lone = said.scored is not None and not (said.named or said.decided)
    match against:
        case "the other class" if lone:
            assert said.scored is not None
            options = {name: value for name, value in options.items() if name != "classes"}
            options["positive"] = meaning.names[1 - said.scored]
            return options, _permuted(meaning, (1, 0)), against
        case "classes reversed" if said.order and not (said.named or lone):
            options["classes"] = meaning.names[::-1]
            return options, _permuted(meaning, tuple(range(len(meaning.names)))[::-1]), against
        case "classes reversed" if said.order and said.named:
            options["classes"] = tuple(meaning.names[index] for index in said.order[::-1])
            return options, meaning, against
        case "logits" if _can_be_logits(said, meaning) and not precision.percent:
            options["logits"] = True
            return options, _as_logits(meaning, said), against
        case "no such column":
            options[str(rng.choice(["label", "predicted", "probabilities"]))] = "no_such_column"
            if options.get("probabilities") == "no_such_column":
                options["probabilities"] = ("no_such_column",)
            return options, replace(meaning, refuse=True), against
        case "no such class" if len(meaning.names) == 2:
            options["positive"] = "no such class"
            return options, replace(meaning, refuse=True), against
    return options, meaning, ""


def _can_be_logits(said: Said, meaning: Meaning) -> bool:
    plain = bool(said.order) and not said.logits and meaning.probabilities is not None
    return plain and said.shape not in ("Spark", "ML.NET")


def _permuted(meaning: Meaning, order: tuple[int, ...]) -> Meaning:
    """The probabilities as those of other classes."""
    probabilities, ranks = meaning.probabilities, meaning.ranks
    return replace(
        meaning,
        probabilities=None if probabilities is None else probabilities[:, order],
        ranks=None if ranks is None else ranks[:, order],
    )


def _as_logits(meaning: Meaning, said: Said) -> Meaning:
    """The numbers of the file taken as logits."""
    assert meaning.probabilities is not None
    values = meaning.probabilities
    if said.scored is not None:
        values = np.where(np.arange(2) == said.scored, values, 0.0)
    ranks = values - values[:, ::-1] if values.shape[1] == 2 else None
    return replace(meaning, probabilities=softmax(values), ranks=ranks)
