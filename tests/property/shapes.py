"""The shapes in which people write what a model says: columns, and what their author means by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.random import Generator

from . import names as n
from .columns import Column, Precision
from .problem import Floats, Indices, Problem, softmax

USUAL_LISTS = ("probabilities", "probs")


@dataclass(frozen=True)
class Said:
    """What a file says of the model, and what its author means by it.

    Attributes:
        shape: what the shape is called in the report of a run.
        columns: those that hold what the model says.
        decisions: class index of each row, shape (N,), where the file names decisions; else None.
        probabilities: shape (N, C), from the numbers as written; None where the file does not give all of them.
        ranks: shape (N, C), what orders rows by class where probabilities are too coarse for it; else None.
        decided: name of the column of decisions.
        numbers: names of the columns that hold `probabilities`, as --probabilities takes them.
        order: class indices in the order of `numbers`, or of the numbers in a list.
        named: whether the columns say which class is which.
        logits: whether the numbers are logits, so that --logits is right.
        scored: index of the class that a lone score is about; None where there is none.
        usual: whether the names of the columns are the usual ones.
        truth: name of the column of labels that goes with this shape; None for any.
    """

    shape: str
    columns: list[Column]
    decisions: Indices | None = None
    probabilities: Floats | None = None
    ranks: Floats | None = None
    decided: str | None = None
    numbers: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    named: bool = False
    logits: bool = False
    scored: int | None = None
    usual: bool = False
    truth: str | None = None
    labels: Callable[[str], str] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Pen:
    """What the shapes draw from: the problem, how numbers are written, and whether columns have the usual names only."""

    rng: Generator
    problem: Problem
    precision: Precision
    usual: bool = False

    def pick(self, options: tuple[str, ...], usual: tuple[str, ...] = ()) -> str:
        """One of the names, of the usual ones where only these are wanted."""
        names = usual if usual and self.usual else options
        return names[self.rng.integers(len(names))]

    def likely(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    @property
    def count(self) -> int:
        return len(self.problem.classes.names)

    def names_of(self, indices: Indices) -> list[str]:
        return [self.problem.classes.names[index] for index in indices.tolist()]

    @property
    def positive(self) -> int:
        """The class that a lone score is about: the natural one, else either."""
        known = self.problem.classes.positive
        return int(self.rng.integers(2)) if known is None else known

    def decisions(self) -> Indices:
        """The model's decisions; for two classes sometimes by a threshold of its own, which is not one half."""
        values = self.problem.probabilities
        if self.count == 2 and self.likely(0.4):
            return (values[:, 1] >= self.rng.uniform(0.2, 0.8)).astype(np.int64)
        return values.argmax(axis=1).astype(np.int64)

    def deciding(self, name: str, indices: Indices) -> Column:
        return Column(name, self.names_of(indices))


def probability_columns(pen: Pen) -> Said:
    """One column per class, in any order, sometimes with the decisions beside them."""
    style = pen.pick(n.STYLES, n.USUAL_STYLES)
    order = tuple(range(pen.count)) if pen.likely(0.6) else tuple(pen.rng.permutation(pen.count).tolist())
    rounded = pen.precision.rounded(pen.problem.probabilities)
    names = tuple(style.format(pen.problem.classes.names[index]) for index in order)
    columns = [pen.precision.column(name, rounded[:, index]) for name, index in zip(names, order, strict=True)]
    said = Said(
        f"columns {style.format('X')}", columns, None, pen.precision.meant(rounded), None, None, names, order, True
    )
    return with_decisions(pen, replace(said, usual=style in n.USUAL_STYLES), 0.4)


def with_decisions(pen: Pen, said: Said, share: float) -> Said:
    """The same, sometimes with a column of decisions before or behind the numbers."""
    if not pen.likely(share):
        return said
    name, decisions = pen.pick(n.DECISIONS, n.USUAL_DECISIONS), pen.decisions()
    column = pen.deciding(name, decisions)
    columns = [column, *said.columns] if pen.likely(0.5) else [*said.columns, column]
    usual = said.usual and name in n.USUAL_DECISIONS
    return replace(
        said, shape=f"{said.shape} + decisions", columns=columns, decisions=decisions, decided=name, usual=usual
    )


def decisions_only(pen: Pen) -> Said:
    name, decisions = pen.pick(n.DECISIONS, n.USUAL_DECISIONS), pen.decisions()
    usual = name in n.USUAL_DECISIONS
    return Said("decisions only", [pen.deciding(name, decisions)], decisions, decided=name, usual=usual)


def one_list(pen: Pen) -> Said:
    """A list of numbers per row, in the order of the class names."""
    rounded = pen.precision.rounded(pen.problem.probabilities)
    name, order = pen.pick(n.LISTED, USUAL_LISTS), tuple(range(pen.count))
    column = Column(name, rounded.tolist(), pl.List(pl.Float32 if pen.precision.single else pl.Float64))
    said = Said("list column", [column], None, pen.precision.meant(rounded), None, None, (name,), order)
    return with_decisions(pen, replace(said, usual=name in USUAL_LISTS), 0.3)


def one_dictionary(pen: Pen) -> Said:
    """A dictionary from class name to probability."""
    rounded = pen.precision.rounded(pen.problem.probabilities)
    names, order = pen.problem.classes.names, tuple(pen.rng.permutation(pen.count).tolist())
    cells = [{names[index]: row[index] for index in order} for row in rounded.tolist()]
    name = pen.pick(n.LISTED)
    said = Said("dictionary column", [Column(name, cells)], None, pen.precision.meant(rounded), None, None, (name,))
    return with_decisions(pen, replace(said, order=order, named=True), 0.4)


def scored_labels(pen: Pen) -> Said:
    """A list of {label, score} per row, the likeliest first; sometimes of the first few classes only."""
    fine = replace(pen.precision, digits=max(pen.precision.digits, 10))  # equal scores would have no order
    rounded, names = fine.rounded(pen.problem.probabilities), pen.problem.classes.names
    cut = pen.count > 2 and pen.likely(0.25)
    kept = int(pen.rng.integers(1, pen.count)) if cut else pen.count
    ranked = np.argsort(-pen.problem.probabilities, axis=1, kind="stable")
    cells = [
        [{"label": names[index], "score": row[index]} for index in order[:kept]]
        for row, order in zip(rounded.tolist(), ranked.tolist(), strict=True)
    ]
    name = pen.pick(("predictions", "prediction", "scores", "output", "pred"))
    shape = "list of the likeliest labels" if cut else "list of labels with scores"
    decisions = ranked[:, 0].astype(np.int64)
    meant = None if cut else pen.precision.meant(rounded)
    return Said(shape, [Column(name, cells)], decisions, meant, None, None, (name,), tuple(range(pen.count)), True)


def one_score(pen: Pen) -> Said:
    """The probability of one of two classes, which the name of the column does not say."""
    name = pen.pick(n.SCORES, n.USUAL_SCORES)
    natural = pen.problem.classes.positive is not None
    said = lone(pen, "one score" if natural else "one score of either class", name, pen.positive)
    usual = name in n.USUAL_SCORES and pen.problem.classes.kind in ("int", "bool")
    return with_decisions(pen, replace(said, usual=usual), 0.35)


def one_named_score(pen: Pen) -> Said:
    """The probability of one of two classes, which the column names."""
    scored = pen.positive if pen.likely(0.7) else int(pen.rng.integers(2))
    style = pen.pick(n.STYLES)
    said = lone(pen, "one score named after its class", style.format(pen.problem.classes.names[scored]), scored)
    return with_decisions(pen, replace(said, named=True), 0.3)


def scores_as_predictions(pen: Pen) -> Said:
    """A probability in the column that elsewhere holds decisions."""
    return lone(pen, "probability called a prediction", pen.pick(n.USUAL_DECISIONS), pen.positive)


def lone(pen: Pen, shape: str, name: str, scored: int) -> Said:
    """One column of the probability of one of two classes."""
    rounded = pen.precision.rounded(pen.problem.probabilities[:, scored])
    meant = pen.precision.meant(rounded)
    both = np.column_stack([1 - meant, meant] if scored == 1 else [meant, 1 - meant])
    order = (1 - scored, scored)
    return Said(shape, [pen.precision.column(name, rounded)], None, both, None, None, (name,), order, scored=scored)


def confidence(pen: Pen, names: tuple[str, str] | None = None, shape: str = "decisions with confidence") -> Said:
    """Decisions, and how sure the model is of each; for two classes that says all."""
    decided, score = names or (pen.pick(n.DECISIONS), pen.pick(n.CONFIDENCES))
    values = pen.problem.probabilities
    decisions = values.argmax(axis=1).astype(np.int64)
    rounded = pen.precision.rounded(values.max(axis=1))
    meant = None
    if pen.count == 2:
        sure = pen.precision.meant(rounded)
        meant = np.where(decisions[:, None] == np.arange(2), sure[:, None], 1 - sure[:, None])
    columns = [pen.deciding(decided, decisions), pen.precision.column(score, rounded)]
    return Said(shape, columns, decisions, meant, decided=decided)


def logit_columns(pen: Pen) -> Said:
    """One logit per class, in columns or in a list."""
    logits = np.round(pen.problem.logits, max(3, min(pen.precision.digits, 12)))
    names = pen.problem.classes.names
    rank = None if pen.count > 2 else np.column_stack([logits[:, 0] - logits[:, 1], logits[:, 1] - logits[:, 0]])
    if pen.likely(0.4):
        name = pen.pick(("logits", "scores", "output"))
        columns = [Column(name, logits.tolist(), pl.List(pl.Float64))]
        said = Said("list of logits", columns, None, softmax(logits), rank, None, (name,))
        return replace(said, order=tuple(range(pen.count)), logits=True)
    style, order = pen.pick(("logit_{}", "logits_{}", "{}", "score_{}")), tuple(pen.rng.permutation(pen.count).tolist())
    columns = [Column(style.format(names[index]), logits[:, index].tolist(), pl.Float64) for index in order]
    numbers = tuple(column.name for column in columns)
    said = Said("logit columns", columns, None, softmax(logits), rank, None, numbers, order, named=True, logits=True)
    return with_decisions(pen, said, 0.2)


def one_logit(pen: Pen) -> Said:
    """The logit of one of two classes, sometimes far beyond where its sigmoid is 1."""
    scored = pen.positive
    scale = 30 if pen.likely(0.3) else 1
    margin = np.round((pen.problem.logits[:, scored] - pen.problem.logits[:, 1 - scored]) * scale, 6)
    both = np.column_stack([-margin, margin] if scored == 1 else [margin, -margin])
    probabilities = softmax(np.where(np.arange(2) == scored, margin[:, None], 0.0))
    name = pen.pick(("logit", "logits", "score", "margin", "z"))
    said = Said("one logit", [Column(name, margin.tolist(), pl.Float64)], None, probabilities, both, None, (name,))
    return replace(said, order=(1 - scored, scored), logits=True, scored=scored)
