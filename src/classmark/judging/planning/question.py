"""What is asked of a plan, and whether it can be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from classmark.errors import InputError, Option
from classmark.judging.planning.grouping import Grouping, design_effect

PlanMetric = Literal["accuracy", "recall", "precision", "roc_auc"]
Kind = Literal["width", "minimum", "difference", "seeds"]
SHARES = (
    "value",
    "prevalence",
    "width",
    "minimum",
    "disagreement",
    "margin",
    "not_worse_than",
    "equivalent",
    "icc",
    "power",
)
DIFFERENCES = ("difference", "not_worse_than", "equivalent")  # each of which asks about two models
POWER = 0.8


@dataclass(frozen=True)
class Question:
    """The figures of a plan; what is None was not said.

    Attributes:
        metric: what is to be known.
        value: what it is guessed to be.
        prevalence: the share of rows of the class, for recall, precision and ROC area.
        width: of the interval, from its lower to its upper end.
        minimum: what the lower end of the interval is to lie above.
        difference: of two models, B − A, that is to be shown.
        disagreement: the share of rows that only one of the two gets right.
        independent_errors: that disagreement follows from the accuracies alone.
        margin: B is to be better by more than this.
        not_worse_than: B is to be not worse by more than this.
        equivalent: both are to differ by less than this.
        deviation: of the difference between pairs of runs of one seed; then seeds are planned.
        pilot_seeds: how many pairs of runs that deviation comes from.
        group_size: mean number of rows per group.
        icc: intra-class correlation within groups.
        effect: the design effect, where a pilot measured it.
        area_rows: of a pilot, rows × the variance of its ROC area, or of the difference of two.
        correlation: of the scores of two models within a class, for a difference of ROC areas.
        power: how often the difference, or the value above the minimum, is to be shown.
    """

    metric: PlanMetric = "accuracy"
    value: float | None = None
    prevalence: float | None = None
    width: float | None = None
    minimum: float | None = None
    difference: float | None = None
    disagreement: float | None = None
    independent_errors: bool = False
    margin: float | None = None
    not_worse_than: float | None = None
    equivalent: float | None = None
    deviation: float | None = None
    pilot_seeds: int | None = None
    group_size: float | None = None
    icc: float | None = None
    effect: float | None = None
    area_rows: float | None = None
    correlation: float | None = None
    power: float = POWER

    @property
    def kind(self) -> Kind:
        """What is planned."""
        if self.width is not None:
            return "width"
        if self.minimum is not None:
            return "minimum"
        return "difference" if self.deviation is None else "seeds"

    @property
    def bound(self) -> float:
        """What the interval of a difference is to lie above."""
        return self.margin or 0.0 if self.not_worse_than is None else -self.not_worse_than or 0.0

    @property
    def grouping(self) -> Grouping | None:
        """How rows belong together; None if they are independent."""
        if self.group_size is None:
            return None
        effect = design_effect(self.group_size, self.icc or 0.0) if self.effect is None else self.effect
        return Grouping(self.group_size, effect)


def check(question: Question) -> Question:
    """The same question, if one of its kind can be answered.

    Raises:
        InputError: a figure is out of range, is missing, or contradicts another.
    """
    _check_ranges(question)
    wanted = [name for name in ("width", "minimum") if getattr(question, name) is not None]
    wanted += [name for name in DIFFERENCES if getattr(question, name) is not None][:1]
    if not wanted and question.margin is not None:
        raise InputError(
            "it needs the true difference beside it.",
            ("Give ", Option("difference", 2 * question.margin), "."),
            argument="margin",
        )
    if not wanted:
        raise InputError(
            "plan: nothing says what is wanted.",
            ("Give a width (", Option("width", 0.02), "), a value to stay above (", Option("minimum", 0.9), ") or a difference (",
             Option("difference", 0.01), ")."),
        )  # fmt: skip
    if len(wanted) > 1:
        raise InputError(f"it asks another question than {wanted[1]}.", "Give one of them.", argument=wanted[0])
    bounds = [name for name in ("margin", "not_worse_than", "equivalent") if getattr(question, name) is not None]
    if len(bounds) > 1:
        raise InputError(f"it contradicts {bounds[1]}.", "Give one of them.", argument=bounds[0])
    match wanted[0]:
        case "width" | "minimum":
            _check_single(question, wanted[0])
        case _:
            _check_difference(question)
    return question


def _check_ranges(question: Question) -> None:
    for name in SHARES:
        value = getattr(question, name)
        shown = question.metric if name == "value" else name
        if name in ("margin", "not_worse_than", "equivalent") and question.deviation is not None:
            continue  # of a study's metric, whatever that is
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{value:g} is not a share from 0 to 1.", "Write 0.05 for 5 %.", argument=shown)
    for name in ("width", "prevalence", "power", "disagreement", "equivalent"):
        if getattr(question, name) == 0 or (name in ("prevalence", "power") and getattr(question, name) == 1):
            raise InputError(f"{getattr(question, name):g} leaves nothing to plan.", argument=name)
    if question.difference is not None and not abs(question.difference) <= 1 and question.deviation is None:
        raise InputError(
            f"{question.difference:g} is not a difference of shares.", "Write 0.05 for 5 points.", argument="difference"
        )
    if question.pilot_seeds is not None and question.deviation is None:
        raise InputError(
            "it goes with the deviation of these pairs of runs.",
            ("Give ", Option("deviation", 0.01), "."),
            argument="pilot_seeds",
        )
    if question.deviation is not None and not question.deviation > 0:
        raise InputError(f"{question.deviation:g} is not above 0.", argument="deviation")
    if question.pilot_seeds is not None and question.pilot_seeds < 2:
        raise InputError(f"{question.pilot_seeds} has no deviation.", "Give at least 2.", argument="pilot_seeds")
    if question.group_size is not None and question.group_size < 1:
        raise InputError(f"{question.group_size:g} is not at least 1.", argument="group_size")
    if (question.icc is None) != (question.group_size is None) and question.effect is None:
        missing, there = ("icc", "group_size") if question.icc is None else ("group_size", "icc")
        raise InputError(
            f"it needs {missing} beside it.",
            ("Give ", Option(missing, 0.1 if missing == "icc" else 5.0), "."),
            argument=there,
        )


def _check_single(question: Question, wanted: str) -> None:
    for name in ("disagreement", "margin", "deviation", "correlation"):
        if getattr(question, name) is not None:
            raise InputError(f"it is about two models, {wanted} about one.", "Leave one of them out.", argument=name)
    if question.value is None:
        raise InputError(
            f"plan: {wanted} needs a guess of the metric, or a pilot file.",
            ("Give for instance ", Option(question.metric, 0.9), "."),
        )
    if question.metric != "accuracy" and question.prevalence is None:
        raise InputError(
            "it needs the share of rows of the class.",
            ("Give ", Option("prevalence", 0.1), "."),
            argument=question.metric,
        )
    if question.metric == "accuracy" and question.prevalence is not None:
        raise InputError(
            "accuracy is of all rows.", "Leave it out, or plan recall or precision.", argument="prevalence"
        )
    if question.metric == "roc_auc":
        if wanted == "minimum":
            raise InputError("it is planned for accuracy, recall and precision.", "Give a width.", argument="minimum")
        if question.grouping is not None:
            raise InputError("a ROC area is planned for independent rows only.", argument="group_size")
        if not 0 < question.value < 1:
            raise InputError(f"{question.value:g} leaves nothing to plan.", "Give an area below 1.", argument="roc_auc")
    if question.minimum is not None and question.minimum >= question.value:
        raise InputError(
            f"{question.minimum:g} is not below the {question.value:.3g} that is expected, so no number of rows shows it.",
            argument="minimum",
        )


def _check_difference(question: Question) -> None:
    difference, bound = question.difference or 0.0, question.bound
    if question.equivalent is not None:
        if abs(difference) >= question.equivalent:
            raise InputError(
                f"a difference of {difference:g} is not within ± {question.equivalent:g}, so no number shows that it is.",
                argument="equivalent",
            )
    elif difference <= bound:
        what = next(
            (name for name in ("margin", "not_worse_than") if getattr(question, name) is not None), "difference"
        )
        raise InputError(
            f"a difference of {difference:g} is not above {bound:g}, so no number shows that it is.", argument=what
        )
    if question.metric == "roc_auc" and question.deviation is None:
        _check_areas(question)
        return
    if question.prevalence is not None or question.metric != "accuracy":
        raise InputError("a difference of two models is planned in accuracy or ROC area.", argument="difference")
    if question.correlation is not None:
        raise InputError("it is of the scores whose ROC areas differ.", "Guess roc_auc too.", argument="correlation")
    if question.deviation is not None:
        if question.disagreement is not None or question.group_size is not None:
            raise InputError(
                "it plans seeds, the disagreement and groups of rows.", "Give one of them.", argument="deviation"
            )
        return
    if question.disagreement is None:
        raise InputError(
            "plan: a difference of two models needs a guess of how many rows only one of them gets right, or their accuracy, "
            "or a pilot file of each.",
            ("Give for instance ", Option("disagreement", 0.08), "."),
        )
    if question.disagreement < abs(difference):
        raise InputError(
            f"{question.disagreement:g} is below the difference of {abs(difference):g}, which it cannot be.",
            argument="disagreement",
        )


def _check_areas(question: Question) -> None:
    """Of the difference of two ROC areas on the same rows."""
    if question.grouping is not None:
        raise InputError("a ROC area is planned for independent rows only.", argument="group_size")
    if question.disagreement is not None:
        raise InputError("it is about accuracy, not about ROC areas.", "Give correlation.", argument="disagreement")
    if question.area_rows is not None:
        return
    for name, example in (("prevalence", 0.1), ("correlation", 0.5)):
        if getattr(question, name) is None:
            what = (
                "the share of rows of the class" if name == "prevalence" else "how the scores of both models correlate"
            )
            raise InputError(
                f"plan: a difference of ROC areas needs {what}, or a pilot file of each.",
                ("Give ", Option(name, example), "."),
            )
    if not -1 < (question.correlation or 0.0) < 1:
        raise InputError(f"{question.correlation:g} is not between -1 and 1.", argument="correlation")
    for area in (question.value or 0.0, (question.value or 0.0) + (question.difference or 0.0)):
        if not 0 < area < 1:
            raise InputError(
                f"an area of {area:.3g} leaves nothing to plan.", "Give areas below 1.", argument="roc_auc"
            )
