"""The tables that well-known programs write."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from .columns import Column
from .shapes import Pen, Said, confidence, lone, probability_columns


def tidymodels(pen: Pen) -> Said:
    said = probability_columns(pen)
    names = pen.problem.classes.names
    columns = [
        replace(column, name=f".pred_{names[index]}")
        for index, column in zip(said.order, [one for one in said.columns if one.name != said.decided], strict=True)
    ]
    decisions = pen.problem.probabilities.argmax(axis=1).astype(np.int64)
    columns += [Column(".row", list(range(1, len(pen.problem) + 1))), pen.deciding(".pred_class", decisions)]
    return Said(
        "tidymodels", columns, decisions, said.probabilities, None, ".pred_class",
        tuple(column.name for column in columns[: pen.count]), said.order, True, truth=pen.pick(("Class", "obs", "outcome")),
    )  # fmt: skip


def rapidminer(pen: Pen) -> Said:
    rounded, names = pen.precision.rounded(pen.problem.probabilities), pen.problem.classes.names
    decisions = pen.problem.probabilities.argmax(axis=1).astype(np.int64)
    columns = [pen.deciding("prediction(label)", decisions)]
    columns += [pen.precision.column(f"confidence({name})", rounded[:, index]) for index, name in enumerate(names)]
    numbers = tuple(column.name for column in columns[1:])
    meant, order = pen.precision.meant(rounded), tuple(range(pen.count))
    return Said("RapidMiner", columns, decisions, meant, None, columns[0].name, numbers, order, True, truth="label")


def h2o(pen: Pen) -> Said:
    """`predict`, and one column per class: p0 and p1, or the names."""
    rounded, names = pen.precision.rounded(pen.problem.probabilities), pen.problem.classes.names
    decisions = pen.decisions()
    prefix = "p" if pen.problem.classes.kind == "int" else ""
    columns = [pen.deciding("predict", decisions)]
    columns += [pen.precision.column(f"{prefix}{name}", rounded[:, index]) for index, name in enumerate(names)]
    numbers = tuple(column.name for column in columns[1:])
    meant, order = pen.precision.meant(rounded), tuple(range(pen.count))
    return Said("H2O", columns, decisions, meant, None, "predict", numbers, order, True, truth="actual")


def weka(pen: Pen) -> Said:
    """Classes as 1:no and 2:yes, a plus sign at errors, and the confidence of the prediction."""
    said = confidence(pen, ("predicted", "prediction"), "Weka")
    assert said.decisions is not None
    wrong = ["+" if flag else None for flag in (said.decisions != pen.problem.labels).tolist()]
    numbered = {name: f"{index}:{name}" for index, name in enumerate(pen.problem.classes.names, start=1)}
    first = Column("predicted", [numbered[name] for name in said.columns[0].cells])
    columns = [Column("inst#", list(range(1, len(pen.problem) + 1))), first, Column("error", wrong), said.columns[1]]
    return replace(said, columns=columns, truth="actual", labels=numbered.__getitem__)


def one_hot_truth(pen: Pen) -> Said:
    """Labels as one column of 0 and 1 per class, beside columns of probabilities."""
    said = replace(probability_columns(pen), shape="one-hot labels", usual=False)
    hits = pen.problem.labels[:, None] == np.arange(pen.count)
    prefix = pen.pick(("label_", "true_", "y_", "is_"))
    columns = [
        Column(f"{prefix}{name}", hits[:, index].astype(int).tolist(), pl.Int64)
        for index, name in enumerate(pen.problem.classes.names)
    ]
    return replace(said, columns=[*columns, *said.columns], truth="")


def mlnet(pen: Pen) -> Said:
    """A margin called Score beside the probability of the second class."""
    said = lone(pen, "ML.NET", "Probability", 1)
    margin = np.round(pen.problem.logits[:, 1] - pen.problem.logits[:, 0], 4)
    decisions = (margin >= 0).astype(np.int64)
    columns = [pen.deciding("PredictedLabel", decisions), Column("Score", margin.tolist(), pl.Float64), *said.columns]
    return replace(said, columns=columns, decisions=decisions, decided="PredictedLabel", truth="Label")


def spark(pen: Pen) -> Said:
    """Raw scores, probabilities and decisions; the vectors as lists."""
    rounded = pen.precision.rounded(pen.problem.probabilities)
    decisions = pen.problem.probabilities.argmax(axis=1).astype(np.int64)
    columns = [
        Column("rawPrediction", np.round(pen.problem.logits, 6).tolist(), pl.List(pl.Float64)),
        Column("probability", rounded.tolist(), pl.List(pl.Float64)),
        pen.deciding("prediction", decisions),
    ]
    meant, order = pen.precision.meant(rounded), tuple(range(pen.count))
    return Said("Spark", columns, decisions, meant, None, "prediction", ("probability",), order, truth="label")


def pycaret(pen: Pen) -> Said:
    label, score = ("Label", "Score") if pen.likely(0.5) else ("prediction_label", "prediction_score")
    return replace(confidence(pen, (label, score), "PyCaret"), truth="target")


def hugging_face(pen: Pen) -> Said:
    return replace(confidence(pen, ("label", "score"), "Hugging Face pipeline"), truth="true_label")
