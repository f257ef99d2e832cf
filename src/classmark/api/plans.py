"""How many labels or seeds an answer needs, before any is bought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from classmark.errors import InputError
from classmark.reading.options import ReadWords, read_options

if TYPE_CHECKING:
    from classmark.shown.plan import ShownPlan


def plan(
    *pilot: Any,
    metric: str | None = None,
    of_class: str | None = None,
    accuracy: float | None = None,
    recall: float | None = None,
    precision: float | None = None,
    roc_auc: float | None = None,
    prevalence: float | None = None,
    width: float | None = None,
    minimum: float | None = None,
    difference: float | None = None,
    disagreement: float | None = None,
    margin: float | None = None,
    not_worse_than: float | None = None,
    equivalent: float | None = None,
    deviation: float | None = None,
    pilot_seeds: int | None = None,
    group_size: float | None = None,
    icc: float | None = None,
    correlation: float | None = None,
    power: float = 0.8,
    level: float = 0.95,
    **options: Unpack[ReadWords],
) -> ShownPlan:
    """How many rows to label, or seeds to run, before a decision can be made.

    Say what you want to know (`width`, `minimum`, `difference`, `not_worse_than` or `equivalent`), and what you guess; or give
    a pilot's predictions instead of the guess. Shares and differences are fractions: 0.01 is one point.

    Args:
        pilot: predictions of one model, or of two on the same rows, as `judge` takes them.
        metric: of a pilot, what is to be known: `accuracy`, `recall`, `precision` or `roc_auc`.
        of_class: of a pilot, the class of recall, precision and ROC area.
        accuracy: what it is guessed to be.
        recall: of a class, likewise.
        precision: of a class, likewise.
        roc_auc: likewise.
        prevalence: the share of rows of the class; of precision the share of rows that are called so.
        width: wanted of the interval, from end to end.
        minimum: the lower end of the interval is to lie above this.
        difference: of two models, B − A, that is to be shown.
        disagreement: the share of rows that only one of the two gets right; without it, from `accuracy`, as if errors were
            independent, which is more than usual.
        margin: B is to be shown better by more than this.
        not_worse_than: B is to be shown not worse by more than this.
        equivalent: both are to be shown to differ by less than this.
        deviation: of the difference between runs of one seed; then seeds are planned.
        pilot_seeds: how many pairs of runs that deviation comes from; its upper 80 % limit is then used.
        group_size: rows per group, on average.
        icc: intra-class correlation: how alike rows of a group are, of what is averaged.
        correlation: of both models' scores within a class, for a difference of their ROC areas.
        power: how often the decision is to be reached.
        level: of the interval; tests use 1 − level.
        options: what the columns of a pilot mean, as in `judge`.

    Raises:
        InputError: nothing says what is wanted, or a figure is missing, out of range or contradicts another.

    Example:
        >>> import classmark
        >>> classmark.plan(accuracy=0.9, width=0.02).needed
        3461
        >>> classmark.plan(difference=0.01, disagreement=0.08).needed
        6268
    """
    from classmark.judging.planning.asked import read_question
    from classmark.judging.planning.pilot import pilot_of_one, pilot_of_two
    from classmark.judging.planning.plan import make_plan
    from classmark.judging.statistics.level import at_level
    from classmark.shown.plan import shown_plan

    guesses = {"accuracy": accuracy, "recall": recall, "precision": precision, "roc_auc": roc_auc}
    figures = {
        "prevalence": prevalence, "width": width, "minimum": minimum, "difference": difference,
        "disagreement": disagreement, "margin": margin, "not_worse_than": not_worse_than, "equivalent": equivalent,
        "deviation": deviation, "pilot_seeds": pilot_seeds, "group_size": group_size, "icc": icc,
        "correlation": correlation, "power": power,
    }  # fmt: skip
    question = read_question(guesses, figures, metric, pilots=len(pilot))
    if not pilot:
        if of_class is not None or options:
            name = "of_class" if of_class is not None else next(iter(options))
            raise InputError("it goes with a pilot file.", argument=name)
        with at_level(level):
            return shown_plan(make_plan(question))
    from classmark.reading.side import open_side

    said = read_options(options)
    sides = [open_side(one, said, letter) for one, letter in zip(pilot, "AB", strict=False)]
    if len(sides) == 1:
        asked, face_value = pilot_of_one(sides[0].table, question, of_class)
    else:
        asked, face_value = pilot_of_two((sides[0].table, sides[1].table), question, of_class)
    with at_level(level):
        return shown_plan(make_plan(asked, face_value, " and ".join(side.name for side in sides)))
