"""What is said about several models on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from classmark.api.judgements import judge
from classmark.api.sides import check_same_split, names_of, several_sides
from classmark.reading.options import ReadWords, read_options

if TYPE_CHECKING:
    from classmark.shown.answers import ShownAnswers
    from classmark.shown.comparisons import ShownComparisons
    from classmark.shown.judgement import ShownJudgement


def compare(
    first: Any,
    /,
    *others: Any,
    by: str | None = None,
    names: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    fail_if_worse: str | Sequence[str] = (),
    not_worse_than: Mapping[str, float] | str | Sequence[str] = (),
    equivalent: Mapping[str, float] | str | Sequence[str] = (),
    **options: Unpack[ReadWords],
) -> ShownComparisons:
    """The paired comparison of two or more models on the same rows, matched by id; differences are the later − the earlier.

    Args:
        first: the baseline: a file, a run or its folder, a judgement that `judge` made, what `read` gave, or a frame.
            Judgements without ids are matched by row number.
        others: the other models. To read one of them with options of its own, give `read(file, label="truth")`.
        by: the column that says which model a row of the first is of, if one file holds them all.
        names: what the models are called; without these, as files, runs or letters.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of all intervals; tests use 1 − level.
        fail_if_worse: metrics; a check fails where a model is shown to be worse than the first.
        not_worse_than: metric → margin, such as `{"accuracy": 0.01}` or `"accuracy:0.01"`; a check passes where a model is
            shown to be worse by less than that, if at all.
        equivalent: metric → margin; a check passes where the difference is shown to lie within it on both sides.
        options: what the columns of all files mean, as in `judge`.

    Raises:
        PredictionsError: they are not about the same rows.
        InputError: something else than these is given.

    Example:
        >>> import classmark
        >>> labels = ["no", "yes"] * 50
        >>> a = classmark.judge(labels, [0.4, 0.6] * 50)
        >>> b = classmark.judge(labels, [0.6, 0.6] * 50)
        >>> classmark.compare(a, b, names=["old", "new"]).sentence
        'old is better than new by 50.0 points (40.4 to 59.6) of accuracy on 100 rows.'
    """
    from classmark.judging.checks import read_margins
    from classmark.judging.comparisons.multiple import compare_all, with_costs
    from classmark.judging.comparisons.not_worse import Asked
    from classmark.judging.statistics.level import at_level, checked_level
    from classmark.runs.prediction_cost import read_prediction_cost
    from classmark.shown.comparisons import shown_comparisons

    level = checked_level(level)
    asked = Asked(
        (fail_if_worse,) if isinstance(fail_if_worse, str) else fail_if_worse,
        read_margins(not_worse_than, "not_worse_than"),
        read_margins(equivalent, "equivalent"),
    )
    sides = several_sides("compare", (first, *others), by, read_options(options))
    check_same_split(sides)
    called = names_of(sides, names)
    with at_level(level):
        comparisons = compare_all([side.table for side in sides], names=called, draws=draws, seed=seed, asked=asked)
    costs = [read_prediction_cost(side.run) if side.run else None for side in sides]
    return shown_comparisons(with_costs(comparisons, costs), sides)


def judge_estimator(
    estimator: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    *,
    training: tuple[Any, Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    cv: Any = 5,
    repeats: int = 1,
    groups: Any = None,
    ids: Any = None,
    columns: Any = None,
    baselines: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
    seed: int = 0,
    **arguments: Any,
) -> ShownJudgement:
    """The judgement of a scikit-learn classifier on rows that it did not learn from.

    Without further arguments X and y are put into folds, and each row is predicted by a copy of the estimator that was fitted
    on the other folds. With `training`, a copy is fitted on these rows and judged on X and y. With `cv="prefit"`, the
    estimator is fitted already, on other rows than these.

    Args:
        estimator: a classifier, a pipeline or a search.
        X: N rows.
        y: N labels.
        training: (X, y) to fit on. Temperature, thresholds and prediction sets then come from out-of-fold predictions of them.
        validation: (X, y) of further rows, from which these come instead.
        cv: a number of folds, a splitter of scikit-learn, or `prefit`.
        repeats: how often rows are put into folds; the judgement is of the first, the accuracy over folds of all.
        groups: N names of what rows belong to; whole groups are in one fold.
        ids: N unique names of rows.
        columns: further columns by name, for the page and for slices.
        baselines: further estimators by name, fitted on the same rows, beside the shares of the classes (`majority`).
        n_jobs: folds at the same time.
        seed: of the folds and of the bootstrap.
        arguments: `positive`, `at`, `confidence`, `costs`, `slices`, `draws` and `require`, as of `judge`.

    Raises:
        ClassmarkError: the arguments do not go together.
        ValueError: rows or labels cannot be used.

    Example:
        >>> import classmark
        >>> from sklearn.linear_model import LogisticRegression
        >>> X, y = [[0.1], [0.3], [0.7], [0.9]] * 25, ["no", "no", "yes", "yes"] * 25
        >>> classmark.judge_estimator(LogisticRegression(), X, y).metrics["accuracy"].value
        1.0
    """
    from classmark.estimators.folds import Resampling
    from classmark.estimators.judged import Apart, estimator_side, read_rows

    rows = read_rows(X, y, ids, groups, columns)
    side = estimator_side(
        estimator, rows, Apart(training, validation), Resampling(cv, repeats, seed, n_jobs), baselines
    )
    return judge(side, seed=seed, **arguments)


def compare_estimators(
    estimators: Mapping[str, Any],
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    *,
    cv: Any = 5,
    repeats: int = 1,
    groups: Any = None,
    metric: str = "accuracy",
    margin: float = 0.0,
    direction: str | None = None,
    reference: str | None = None,
    positive: Any = None,
    n_jobs: int | None = None,
    seed: int = 0,
) -> ShownAnswers:
    """Which of several scikit-learn classifiers is better on rows like these, by cross-validation on the same folds.

    Intervals and verdicts are those of the corrected resampled t test, as of `study` with a table of folds.

    Args:
        estimators: name → classifier; the first is the one to compare with.
        X: N rows.
        y: N labels.
        cv: a number of folds, or a splitter of scikit-learn in which each row is tested once per repetition.
        repeats: how often rows are put into folds; ten times ten folds are usual.
        groups: N names of what rows belong to; whole groups are in one fold.
        metric: by which verdicts are given.
        margin: the smallest difference that matters, in units of the metric.
        direction: what is claimed of the others, `higher` or `lower`; without it, the better one.
        reference: the estimator to compare with, if it is not the first.
        positive: the positive class of two; without it, the second.
        n_jobs: folds at the same time.
        seed: of the folds.

    Raises:
        ClassmarkError: the estimators, the folds or the question cannot be used.
        ValueError: rows or labels cannot be used.

    Example:
        >>> import classmark
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.linear_model import LogisticRegression
        >>> X, y = [[row % 7, row % 2] for row in range(100)], [row % 2 if row % 9 else 1 for row in range(100)]
        >>> models = {"shares": DummyClassifier(), "linear": LogisticRegression()}
        >>> classmark.compare_estimators(models, X, y).comparisons[0].verdict
        'supported'

    Source: Nadeau & Bengio 2003; for repeated folds Bouckaert & Frank 2004.
    """
    from classmark.estimators.compared import answer_estimators
    from classmark.estimators.folds import Resampling
    from classmark.estimators.judged import read_rows
    from classmark.shown.answers import shown_answers

    asked = {"metric": metric, "margin": margin, "direction": direction, "reference": reference}
    answers = answer_estimators(
        estimators,
        read_rows(X, y, groups=groups),
        Resampling(cv, repeats, seed, n_jobs),
        {name: value for name, value in asked.items() if value is not None},
        None if positive is None else str(positive),
    )
    return shown_answers(answers)
