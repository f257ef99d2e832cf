"""Which class a score is of: by names, by what the user says, by predicted classes, by convention."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, Option, nearest, shortened
from classmark.reading.classes import WHOLE_NUMBER, conventional_positive, in_order, match, natural_order
from classmark.reading.columns import Floats
from classmark.reading.options import ReadOptions
from classmark.reading.scores import Scores

SURE = 4.0  # standard errors: a probability of 6e-5 by chance alone


def known_class(source: str, name: str, classes: Sequence[str], argument: str) -> str:
    """The one of the classes that the user means.

    Raises:
        InputError: it is none of them.
    """
    found = match([name], classes)
    if found is None:
        raise InputError(
            f'{source}: "{name}" is none of the classes {shortened(classes)}.', nearest(name, classes).strip(),
            argument=argument,
        )  # fmt: skip
    return found.names[name]


def check_classes(source: str, scores: Scores, options: ReadOptions) -> None:
    """Refuse class names that contradict those of the columns."""
    if not scores.classes or scores.indexed or options.classes is None:
        return
    meant = match(options.classes, scores.classes)
    said = None if meant is None else tuple(meant.names[name] for name in options.classes)
    if said != scores.classes:
        raise InputError(
            f"{source}: the columns {shortened(scores.columns)} name the classes {shortened(scores.classes)}, but "
            f"{shortened(options.classes)} are given.",
            "Leave it out, or name the classes as the columns do.",
            argument="classes",
        )


def list_order(
    source: str, scores: Scores, options: ReadOptions, labels: pl.Series, decisions: pl.Series | None,
    stated: tuple[str, ...] | None,
) -> tuple[str, ...]:  # fmt: skip
    """The classes of scores whose columns do not name them, in their order.

    Raises:
        InputError: several orders are possible, or the one that is given has another length.
    """
    width = scores.values.shape[1]
    named = options.classes or (stated if stated and len(stated) == width else None)
    if named is not None:
        if len(named) != width:
            raise InputError(
                f"{source}: {width} probabilities per row, but {len(named)} class{'es' * (len(named) != 1)} "
                f"({shortened(named)}).",
                "Name the classes in the order of the probabilities.",
                argument="classes",
            )
        return named
    known = in_order(labels.drop_nulls().unique().to_list())
    possible = [] if scores.foreign else _possible_orders(known, width)
    told = None
    if decisions is not None:
        told = _told_by(decisions, np.argmax(scores.values, axis=1), possible, known, width)
        possible = [told] if told is not None else possible
    if len(possible) == 1:
        if told is None:
            _check_order(source, scores.values, labels, possible[0])
        return possible[0]
    if possible:
        raise InputError(
            f"{source}: {width} probabilities per row and the labels {shortened(known)} may mean the classes "
            f"{' or '.join(shortened(order) for order in possible)}.",
            ("Name them in their order: ", Option("classes", possible[0]), " or ", Option("classes", possible[1])),
        )
    if scores.foreign:
        raise InputError(
            f"{source}: the columns {shortened(scores.columns)} name other classes than the labels ({shortened(known)}).",
            ("Name the class of each column, in their order: ", Option("classes", known)),
        )
    raise InputError(
        f"{source}: {width} probabilities per row, but {len(known)} class{'es' * (len(known) != 1)} among the labels "
        f"({shortened(known)}).",
        ("Name all classes in the order of the probabilities: ", Option("classes", ("NAME", "NAME"))),
    )


def _possible_orders(known: tuple[str, ...], width: int) -> list[tuple[str, ...]]:
    if all(WHOLE_NUMBER.fullmatch(name) for name in known):
        counted = [tuple(str(place + first) for place in range(width)) for first in (0, 1)]
        found = [order for order in counted if set(known) <= set(order)]
        if found:
            return found
    if len(known) != width:
        return []
    natural = natural_order(known)
    return [known] if natural == known else [known, natural]


def _told_by(
    decisions: pl.Series,
    largest: NDArray[np.int64],
    possible: Sequence[tuple[str, ...]],
    known: Sequence[str],
    width: int,
) -> tuple[str, ...] | None:
    """The order that the predicted classes show; None if they show none."""
    pairs = pl.DataFrame([decisions.alias("name"), pl.Series("place", largest)]).drop_nulls().unique()
    for order in possible:
        if all(order[place] == name for name, place in pairs.iter_rows()):
            return order
    if pairs.height == pairs["place"].n_unique() == pairs["name"].n_unique() == width == len(known):
        return tuple(pairs.sort("place")["name"].to_list())
    return None


def _check_order(source: str, values: Floats, labels: pl.Series, classes: Sequence[str]) -> None:
    """Refuse an order if another one suits the labels better than chance explains.

    Numbers, and two classes of conventional names, have their usual order whatever the model does.
    """
    numbers = labels.replace_strict(
        {name: place for place, name in enumerate(classes)}, default=-1, return_dtype=pl.Int64
    )
    places = numbers.fill_null(-1).to_numpy()
    known = places >= 0
    rows = int(known.sum())
    usual = all(WHOLE_NUMBER.fullmatch(name) for name in classes) or conventional_positive(classes) == classes[-1]
    if rows == 0 or usual:
        return
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, (places[known], np.argmax(values, axis=1)[known]), 1)
    true, column = linear_sum_assignment(-counts)
    best, given = float(counts[true, column].sum()), float(np.trace(counts))
    if best - given <= SURE * math.sqrt(best + given):
        return
    order = tuple(classes[place] for place in true[np.argsort(column)])
    raise InputError(
        f"{source}: in the order of the sorted class names ({shortened(classes)}) the largest score is right in "
        f"{100 * given / rows:.1f} % of the rows, in the order {shortened(order)} in {100 * best / rows:.1f} %.",
        (
            "Name the classes in the order of the scores: ",
            Option("classes", order),
            " or ",
            Option("classes", tuple(classes)),
        ),
    )


def score_class(source: str, scores: Scores, options: ReadOptions, classes: tuple[str, ...]) -> str:
    """The class that one score is of: by its name, by the user's word, or by convention.

    The values do not tell: the score of a bad model leans the other way.

    Args:
        source: for messages.
        scores: one score per row.
        options: what the user said.
        classes: both classes; the second is meant if the user named them in their order.

    Raises:
        InputError: nothing tells.
    """
    name = scores.columns[0] if scores.columns else "the score"
    if scores.of_class is not None:
        return scores.of_class
    if options.positive is not None:
        return known_class(source, options.positive, classes, "positive")
    if options.classes is not None:
        return classes[1]
    conventional = conventional_positive(classes)
    if conventional is not None:
        return conventional
    raise InputError(
        f'{source}: "{name}" is one score per row, and nothing says whether it is that of "{classes[0]}" or of "{classes[1]}".',
        ("Name the class: ", Option("positive", classes[1]), " or ", Option("positive", classes[0])),
    )
