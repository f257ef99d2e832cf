"""A plan in sentences: what to do, what it gives, and what is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classmark.judging.statistics.level import percent

if TYPE_CHECKING:
    from classmark.judging.planning.plan import Plan
    from classmark.judging.planning.question import Question

TITLES = {"accuracy": "accuracy", "recall": "the recall", "precision": "the precision", "roc_auc": "the ROC area"}
NEVER = "No number up to a thousand million is enough"


def plan_sentence(plan: Plan) -> str:
    """What to do, and what that gives: two sentences, or three with a pilot."""
    asked, metric = plan.question, TITLES[plan.question.metric]
    match plan.kind:
        case "width":
            gives = f"the {percent(plan.level)} interval of {metric} is about {points(asked.width, asked)} wide"
        case "minimum":
            gives = (
                f"the lower end of the {percent(plan.level)} interval of {metric} lies above {share(asked.minimum)} in "
                f"{_of_100(asked.power)} test sets"
            )
        case "difference":
            gives = f"{_shown(asked, asked.metric)} in {_of_100(asked.power)} test sets"
        case "seeds":
            gives = f"{_shown(asked, '')} in {_of_100(asked.power)} studies"
    if plan.needed is None:
        return f"{NEVER}: {gives} only with more."
    return f"{_do(plan)} Then {gives}, if {_guess(asked)}.{_face_value(plan)}"


def _do(plan: Plan) -> str:
    asked, needed = plan.question, plan.needed
    if plan.kind == "seeds":
        return f"Run {needed:,} seeds of both arms."
    groups = "" if plan.groups is None else f" in {plan.groups:,} groups"
    if asked.metric in ("recall", "precision"):
        which = "have the class" if asked.metric == "recall" else "are called so"
        inside = f" (in {plan.groups:,} groups)" if groups else ""
        return f"Label {needed:,} rows, of which about {plan.rows_of_class:,} {which}{inside}."
    models = " and let both models predict them" if plan.kind == "difference" else ""
    return f"Label {needed:,} rows{groups}{models}."


def _shown(asked: Question, unit: str) -> str:
    """What a test shows about a difference."""
    if asked.equivalent is not None:
        return f"A and B are shown to differ by less than {_amount(asked.equivalent, unit)}"
    if asked.not_worse_than is not None:
        return f"B is shown to be not worse by more than {_amount(asked.not_worse_than, unit)}"
    if asked.margin is not None:
        return f"B is shown to be better by more than {_amount(asked.margin, unit)}"
    return "B is shown to be better"


def _guess(asked: Question) -> str:
    """What the plan takes as true."""
    if asked.kind in ("width", "minimum"):
        value = f"{asked.value:.3g}" if asked.metric == "roc_auc" else share(asked.value)
        of = "" if asked.metric == "accuracy" else f" and {_part(asked)}"
        return f"{'it' if asked.kind == 'width' else TITLES[asked.metric]} is {value}{of}"
    unit = asked.metric if asked.kind == "difference" else ""
    who = "it" if asked.equivalent is None else "B"
    ahead = "better" if (asked.difference or 0.0) > 0 else "worse"
    truth = (
        f"{who} is {ahead} by {_amount(abs(asked.difference), unit)}" if asked.difference else "both are equally good"
    )
    if asked.kind == "seeds":
        return f"{truth} and the differences between runs of one seed have a deviation of {asked.deviation:.3g}"
    if asked.metric == "roc_auc":
        like = (
            ""
            if asked.correlation is None
            else f", the scores of both correlate at {asked.correlation:.3g} within a class"
        )
        return f"{truth}, A has an area of {asked.value:.3g}{like} and {_part(asked)}"
    return f"{truth} and only one of the two is right on {share(asked.disagreement)} of the rows"


def _part(asked: Question) -> str:
    if asked.metric == "precision":
        return f"{share(asked.prevalence)} of the rows are called so"
    return f"{share(asked.prevalence)} of the rows have the class"


def _face_value(plan: Plan) -> str:
    if plan.pilot is None or plan.at_face_value in (None, plan.needed):
        return ""
    return f" At the pilot's own figures {plan.at_face_value:,} would do."


def plan_assumptions(plan: Plan) -> tuple[str, ...]:
    """What has to hold, a sentence each."""
    asked = plan.question
    if plan.kind == "seeds":
        first = "The differences between runs of one seed are normal, and pairs of runs are independent of each other."
    elif asked.grouping is not None:
        effect = asked.grouping.effect
        first = (
            f"Groups are independent, with {asked.group_size:.3g} rows on average; {effect:.3g} rows of groups tell as much "
            "as one independent row."
        )
    else:
        first = "Rows are drawn independently from what the model will meet."
    told = [first]
    if plan.kind == "width" and asked.metric != "roc_auc":
        told.append("The interval of the labelled rows is a little wider in about half of all draws.")
    if asked.independent_errors:
        told.append("The two err independently; models mostly err on the same rows, and then fewer are needed.")
    if asked.metric == "roc_auc" and asked.area_rows is None:
        models = " in both models" if plan.kind == "difference" else ""
        told.append(f"The scores of both classes are normal with the same spread{models}.")
    if plan.pilot is not None:
        told.append(_limit(plan))
    return tuple(told)


def _limit(plan: Plan) -> str:
    """What was taken of the pilot."""
    if plan.question.metric == "roc_auc" and plan.kind == "difference":
        return (
            f"The variance of the difference is the unfavourable 80 % limit from {plan.pilot}; A's area and the shares of the "
            "classes are those seen there."
        )
    if plan.question.metric == "roc_auc":
        return f"The area, its variance and the shares of the classes are those of {plan.pilot}."
    what = {"width": "value", "minimum": "value", "difference": "disagreement", "seeds": "deviation"}[plan.kind]
    return (
        f"The {what} is the unfavourable 80 % limit from {plan.pilot}, since a pilot's own figure is too good in half of "
        "all cases."
    )


def points(value: float | None, asked: Question) -> str:
    """A width: in points, of a ROC area as it is."""
    if value is None:
        return "–"
    return f"{value:.3g}" if asked.metric == "roc_auc" or asked.kind == "seeds" else _points(value)


def share(value: float | None) -> str:
    """A share in percent."""
    return "–" if value is None else f"{100 * value:.3g} %"


def _amount(value: float, unit: str) -> str:
    if unit == "roc_auc":
        return f"{value:.3g} of ROC area"
    return f"{_points(value)} of accuracy" if unit else f"{value:.3g}"


def _points(value: float) -> str:
    text = f"{100 * value:.3g}"
    return f"{text} point" if text == "1" else f"{text} points"


def _of_100(power: float) -> str:
    return f"{100 * power:.3g} of 100"
