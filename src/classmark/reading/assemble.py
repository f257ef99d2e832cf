"""From what the columns mean to a checked predictions table: classes in their order, probabilities, decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from classmark.errors import InputError, Message, Option, PredictionsError, shortened
from classmark.predictions import SCHEMA_VERSION, Predictions, Remark, Severity, build_predictions, check
from classmark.reading.classes import in_order
from classmark.reading.columns import Floats
from classmark.reading.options import ReadOptions
from classmark.reading.order import check_classes, known_class, list_order, score_class
from classmark.reading.scores import MOST_TOLERANCE, Kind, Scores

LARGEST_LOGIT = 1e30
ENOUGH_ROWS = 20
FLOAT_ERROR = 1e-6  # how far below zero a share may be by the rounding of floats alone


@dataclass(frozen=True)
class Parts:
    """What a table is made of, N rows.

    Attributes:
        source: named in messages.
        place: a row index from 0 → how messages call the row.
        options: what the user said.
        ids: unique names.
        numbered: the ids are row numbers.
        labels: true classes, null where unknown.
        decisions: predicted classes; None without them.
        scores: the model's scores; None without them.
        is_confidence: the one score is that of the predicted class.
        others: columns that are carried along, `group` and `weight` among them.
        order: class names in their order, if the table says so.
        remarks: what a reader must know.
        plan: which column became what, one entry each: (role, columns).
    """

    source: str
    place: Callable[[int], str]
    options: ReadOptions
    ids: pl.Series
    numbered: bool
    labels: pl.Series
    decisions: pl.Series | None
    scores: Scores | None
    is_confidence: bool
    others: pl.DataFrame
    order: tuple[str, ...] | None = None
    remarks: tuple[Remark, ...] = ()
    plan: dict[str, str] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        """The classes that labels and predictions name, in their order."""
        said = self.labels.drop_nulls().unique().to_list()
        said += [] if self.decisions is None else self.decisions.drop_nulls().unique().to_list()
        return in_order(dict.fromkeys(said))


def assemble(parts: Parts) -> Predictions:
    """The checked predictions table.

    Raises:
        InputError: the scores are no probabilities, or nothing says which class they are of.
        PredictionsError: the table breaks its contract.
    """
    if not len(parts.labels):
        raise InputError(f"{parts.source}: there are no rows.", "Give at least one label with its prediction.")
    if parts.scores is None:
        return _finished(parts, _labels_only(parts), {})
    if parts.labels.null_count() == len(parts.labels):
        raise InputError(
            f"{parts.source}: no row has a label, so there is nothing to judge against.",
            "Give the table a column with the true classes.",
        )
    check_classes(parts.source, parts.scores, parts.options)
    classes, scores, said = _by_class(parts)
    logits = scores.values if parts.options.logits else None
    if logits is not None:
        _check_logits(parts, scores)
        values, tolerance, remarks = softmax(logits), scores.tolerance, tuple[Remark, ...]()
    else:
        values, tolerance, remarks = _as_shares(parts, scores)
    table = build_predictions(
        parts.ids,
        parts.labels,
        values,
        classes,
        logits=logits,
        columns=parts.others if parts.others.width else None,
        source=parts.source,
        tolerance=tolerance,
    )
    table = _with_decisions(parts, table, tolerance)
    return _finished(replace(parts, remarks=parts.remarks + remarks), table, said)


def _finished(parts: Parts, table: Predictions, said: dict[str, str]) -> Predictions:
    """With the plan, the remarks and the positive class."""
    positive = None
    if parts.options.positive is not None:
        if len(table.classes) > 2:
            raise InputError(
                f"{parts.source}: a positive class is for two classes; this table has {len(table.classes)}.",
                "Leave it out.",
                argument="positive",
            )
        positive = known_class(parts.source, parts.options.positive, table.classes, "positive")
    plan = {"label": parts.plan.get("label", ""), **said, **{k: v for k, v in parts.plan.items() if k != "label"}}
    metadata = {**table.metadata, "numbered": True} if parts.numbered else table.metadata
    shown = "; ".join(f"{role} ← {columns}" for role, columns in plan.items() if columns)
    return replace(table, metadata=metadata, remarks=parts.remarks, plan=shown or None, positive=positive)


def _labels_only(parts: Parts) -> Predictions:
    assert parts.decisions is not None
    classes = list(parts.options.classes or parts.known)
    if parts.options.classes is None and parts.order and set(parts.known) <= set(parts.order):
        classes = list(parts.order)
    if not classes:
        raise InputError(f"{parts.source}: neither a label nor a predicted class in any row.")
    columns = [parts.ids, parts.labels.alias("label"), parts.decisions.alias("predicted")]
    metadata = {"schema_version": SCHEMA_VERSION, "classes": classes, "split": None}
    return check(Predictions(pl.DataFrame(columns).hstack(parts.others), metadata, parts.source))


def _by_class(parts: Parts) -> tuple[tuple[str, ...], Scores, dict[str, str]]:
    """The classes in their order, a score for each, and what the plan says about them."""
    scores, options = parts.scores, parts.options
    assert scores is not None
    if scores.is_single:
        return _both_classes(parts, scores)
    if scores.classes and not scores.indexed:
        classes = scores.classes
        return classes, scores, _paired(classes, scores.columns)
    classes = list_order(parts.source, scores, options, parts.labels, parts.decisions, parts.order)
    if len(scores.columns) > 1:
        return classes, scores, _paired(classes, scores.columns)
    shown = shortened([f"P({name})" for name in classes])
    return classes, scores, {shown: scores.columns[0] if scores.columns else ""}


def _paired(classes: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, str]:
    if len(classes) <= 4:
        return {f"P({name})": column for name, column in zip(classes, columns, strict=True)}
    return {f"P({classes[0]}), …, P({classes[-1]})": f"{columns[0]}, …, {columns[-1]} ({len(columns)} columns)"}


def _both_classes(parts: Parts, scores: Scores) -> tuple[tuple[str, ...], Scores, dict[str, str]]:
    """Both classes, the one that the score is of second unless an order is given, and scores of shape (N, 2)."""
    options = parts.options
    order = options.classes or (parts.order if parts.order and len(parts.order) == 2 else None)
    classes = order or parts.known
    if len(classes) != 2:
        raise InputError(
            f"{parts.source}: one score per row is for two classes, but there {'is' if len(classes) == 1 else 'are'} "
            f"{len(classes)} ({shortened(classes)}).",
            _name_both(classes),
        )
    column = scores.columns[0] if scores.columns else ""
    _check_one_score(parts, scores)
    score = scores.values[:, 0]
    if not options.logits:
        score = np.clip(score, 0.0, 1.0)  # what a float exceeds them by
    other = np.zeros_like(score) if options.logits else 1.0 - score
    if parts.is_confidence:
        assert parts.decisions is not None
        second = (parts.decisions == classes[1]).fill_null(False).to_numpy()
        values = np.where(second[:, None], np.column_stack([other, score]), np.column_stack([score, other]))
        return classes, replace(scores, values=values), {"P(predicted class)": column}
    of_class = score_class(parts.source, scores, options, classes)
    if options.classes is not None and of_class != classes[1]:
        raise InputError(
            f'{parts.source}: "{column or "the score"}" is the score of "{of_class}", but the second class is "{classes[1]}".',
            ("Name that of the score second: ", Option("classes", (classes[1], classes[0]))),
            argument="classes",
        )
    if scores.of_class is None or not order:
        classes = order or (next(name for name in classes if name != of_class), of_class)
    pair = [other, score] if of_class == classes[1] else [score, other]
    what = "logit" if options.logits else "P"
    return classes, replace(scores, values=np.column_stack(pair)), {f"{what}({of_class})": column}


def _name_both(classes: tuple[str, ...]) -> Message:
    """How to name both classes, of which one is known at most."""
    if len(classes) > 1:
        return "One score can be judged for two classes only."
    known = classes[0] if classes else "NAME"
    return ("Name both classes: ", Option("classes", (known, "OTHER")), " or ", Option("classes", ("OTHER", known)))


def _check_one_score(parts: Parts, scores: Scores) -> None:
    """Refuse one score that is no probability, or a probability that is called a logit."""
    name = scores.columns[0] if scores.columns else "the score"
    if parts.options.logits:
        if scores.kind is Kind.SHARES and len(scores.values) >= ENOUGH_ROWS:
            raise InputError(
                f'{parts.source}: all values of "{name}" lie between 0 and 1: these are probabilities.',
                ("Leave out ", Option("logits", True), "."),
            )
        return
    if scores.kind is Kind.OUTSIDE:
        values = scores.values[:, 0]
        row = int(np.argmax((values < 0) | (values > 1 + 1e-4)))
        raise _outside(parts, row, f'{values[row]:.6g} in "{name}" is no probability from 0 to 1', values)


def _outside(parts: Parts, row: int, what: str, values: Floats) -> InputError:
    count = int(((values < 0) | (values > 1 + 1e-4)).reshape(len(parts.labels), -1).any(axis=1).sum())
    problem = f"{parts.place(row)}: {what}; {count:,} such rows."
    if values.min() >= 0 and values.max() <= 100 and (values > 1 + 1e-4).mean() > 0.5:
        return InputError(problem, "If they are percentages, divide them by 100.")
    if count * 10 < len(parts.labels):
        return InputError(problem, "Fix or remove these rows.")
    return InputError(problem, ("If they are logits, say so: ", Option("logits", True)))


def _as_shares(parts: Parts, scores: Scores) -> tuple[Floats, float, tuple[Remark, ...]]:
    """Probabilities, the tolerance of their sums, and what was done to them."""
    values, tolerance = scores.values, scores.tolerance
    kind = Kind.SHARES if parts.is_confidence else scores.kind
    names = ", ".join(f'"{name}"' for name in scores.columns[:3]) + (", …" if len(scores.columns) > 3 else "")
    match kind:
        case Kind.PERCENT:
            message = f"The columns {names} hold percentages: they are divided by 100."
            digits = None if scores.decimals is None else scores.decimals + 2
            shares = replace(scores, values=values / 100, decimals=digits)
            return shares.values, shares.tolerance, (Remark("rescaled", "info", message),)
        case Kind.UNEVEN:
            return _rescaled(parts, scores, tolerance)
        case Kind.LOGARITHMS:
            raise InputError(
                f"{parts.source}: {names} hold logarithms of probabilities.", ("Say so: ", Option("logits", True))
            )
        case Kind.OUTSIDE if parts.options.rescale and (values >= 0).all() and (values.sum(axis=1) > 0).all():
            return _rescaled(parts, scores, tolerance)
        case Kind.OUTSIDE if values.min() >= -FLOAT_ERROR and (np.abs(values.sum(axis=1) - 1) <= tolerance).all():
            return np.maximum(values, 0.0), tolerance, ()
        case Kind.OUTSIDE:
            outside = ((values < 0) | (values > 1 + tolerance)).any(axis=1)
            row = int(np.argmax(outside))
            raise _outside(parts, row, f"{_shown(values[row])} are not probabilities from 0 to 1", values)
    if parts.options.rescale:
        return _rescaled(parts, scores, tolerance)
    return values, tolerance, ()


def _rescaled(parts: Parts, scores: Scores, tolerance: float) -> tuple[Floats, float, tuple[Remark, ...]]:
    """The probabilities divided by their sums, if the user asked for that and the sums are near one."""
    values, sums = scores.values, scores.values.sum(axis=1)
    off = np.abs(sums - 1) > tolerance
    if off.any() and not (parts.options.rescale and (sums > 0).all()):
        row = int(np.argmax(off))
        problem = (
            f"{parts.place(row)}: the probabilities sum to {sums[row]:.6g}, not to 1 (tolerance {tolerance:g}); "
            f"{int(off.sum()):,} such rows."
        )
        if (np.abs(sums - 1) <= MOST_TOLERANCE).all():
            raise PredictionsError(problem, ("To divide each row by its sum: ", Option("rescale", True)))
        raise PredictionsError(problem, "Give probabilities of classes that exclude each other.")
    moved = int((np.abs(sums - 1) > 1e-12).sum())
    most = np.abs(sums - 1).max()
    message = f"The probabilities of {moved:,} rows are divided by their sum, which was off by up to {most:.2g}."
    severity: Severity = "warning" if most > MOST_TOLERANCE else "info"
    remarks = (Remark("rescaled", severity, message),) if moved else ()
    return values / sums[:, None], tolerance, remarks


def _check_logits(parts: Parts, scores: Scores) -> None:
    logits = scores.values
    given = parts.scores
    if given is not None and given.kind is Kind.SHARES and not given.is_single:
        raise InputError(
            f"{parts.source}: the columns {shortened(given.columns)} hold probabilities: all lie between 0 and 1, and rows "
            "sum to one.",
            ("Leave out ", Option("logits", True), "."),
        )
    bad = ~np.isfinite(logits).all(axis=1)
    if bad.any():
        raise InputError(
            f"{parts.place(int(np.argmax(bad)))}: a logit is missing or not finite; {int(bad.sum()):,} such rows.",
            "Fix or remove these rows.",
        )
    large = (np.abs(logits) > LARGEST_LOGIT).any(axis=1)
    if large.any():
        raise InputError(
            f"{parts.place(int(np.argmax(large)))}: a logit is beyond ±{LARGEST_LOGIT:g}; {int(large.sum()):,} such rows.",
            "Logits are stored as 32-bit floats: fix or remove these rows.",
        )


def _with_decisions(parts: Parts, table: Predictions, tolerance: float) -> Predictions:
    """With the predicted classes, if they are not those of the largest probability in every row."""
    if parts.decisions is None:
        return table
    largest = pl.Series([table.classes[place] for place in table.largest.tolist()], dtype=pl.String)
    if largest.equals(parts.decisions):
        return table
    frame = table.frame.with_columns(parts.decisions.alias("predicted"))
    return check(replace(table, frame=frame), tolerance)


def softmax(logits: Floats) -> Floats:
    """Probabilities of shape (N, C)."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _shown(values: Floats) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in values[:4]) + (", …]" if len(values) > 4 else "]")
