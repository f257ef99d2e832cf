"""The column names that tools write, by what the column holds. `docs/what-classmark-reads.md` is generated from here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What the true class is called: names that can mean nothing else, and names that tools use for predictions too.
TRUTH = (
    *("true_label", "y_true", "true", "truth", "gold", "gold_label", "ground_truth", "groundtruth", "gt", "true_class"),
    *("actual", "actuals", "actual_label", "actual_class", "actual_value", "observed", "obs", "reference", "y_test"),
    *(
        "gold_standard",
        "label_ids",
        "correct_label",
        "true_y",
        "label_true",
        "class_true",
        "expected",
        "expected_label",
        "expected_class",
    ),
)
LABEL = ("label", "labels", "target", "targets", "class", "y", "outcome", "answer", "category", "response_true")
PREDICTED = (
    *("predicted", "prediction", "predicted_label", "pred_label", "y_pred", "pred", "preds", "predictions", "predict"),
    *(
        "predicted_class",
        "pred_class",
        "class_pred",
        "label_pred",
        "y_hat",
        "yhat",
        "prediction_label",
        "predictedlabel",
    ),
    *(
        "scored_labels",
        "predicted_value",
        "y_predicted",
        "response",
        "estimate",
        "_into_",
        "classification",
        "decision",
    ),
    *(
        "predicted_labels",
        "prediction_class",
        "predictedclass",
        "pred_y",
        "hypothesis",
        "top_label",
        "predicted_category",
    ),
)
SCORE = (
    *("score", "probability", "prob", "proba", "y_score", "y_prob", "y_proba", "p", "y_pred_proba", "y_pred_prob"),
    *("pred_prob", "pred_proba", "prediction_prob", "predicted_prob", "predicted_proba", "predicted_probability"),
    *("prediction_probability", "pred_probability", "scored_probabilities", "scores", "pred_score", "predicted_score"),
    *(
        "phat",
        "p_hat",
        "prob_pos",
        "proba_pos",
        "positive_probability",
        "positive_prob",
        "prob_positive",
        "positive_score",
    ),
    *("proba_positive", "probability_positive", "prediction_score", "confidence", "likelihood", "y_scores", "y_probs"),
    *(
        "model_score",
        "class_probability",
        "class_prob",
        "prob_1",
        "proba_1",
        "probability_1",
        "p_1",
        "p1",
        "pr",
        "y_prob_1",
    ),
)
CONFIDENCE = ("confidence", "prediction_score", "max_prob", "max_probability", "top_score", "conf", "certainty")
LOGIT = (
    "logit",
    "logits",
    "score",
    "margin",
    "raw_score",
    "decision_function",
    "rawformulaval",
    "raw",
    "log_odds",
    "z",
)
LISTS = (
    *(
        "probabilities",
        "probs",
        "proba",
        "probas",
        "y_proba",
        "scores",
        "probability",
        "y_prob",
        "y_score",
        "prediction",
    ),
    *("predictions", "prob", "class_probabilities", "y_pred_proba", "predict_proba", "pred_probs", "softmax"),
)
LOGIT_LISTS = ("logits", "logit", "rawprediction", "raw_prediction", "scores", "raw_scores", "decision_function")
ID = (
    *("id", "row_id", "example_id", "index", "sample_id", "sampleid", "doc_id", "row_ids", "rowid", "row", "inst"),
    *("uid", "uuid", "instance_id", "record_id", "image_id", "text_id", "document_id", "case_id", "item_id", "key"),
    *("unnamed_0", "passengerid", "question_id", "row_names", "rownames", "observation_id"),
)
WEIGHTS = (
    *("sample_weight", "sample_weights", "weight", "weights", "case_weight", "case_weights", "wt", "wts", "sw"),
    *("sampling_weight", "survey_weight", "row_weight", "instance_weight", "importance_weight", "_weight_"),
)
SPLIT = (
    "split",
    "subset",
    "partition",
    "dataset",
    "set",
    "data_split",
    "dataset_split",
    "sample",
    "phase",
    "stage",
    "_role_",
)
SPLIT_WORDS = frozenset(
    {
        "train",
        "training",
        "test",
        "testing",
        "val",
        "valid",
        "validation",
        "dev",
        "holdout",
        "hold-out",
        "eval",
        "fit",
        "oot",
    }
)
MODEL = (
    *("model", "model_name", "model_id", "classifier", "algorithm", "learner", "learner_id", "system", "estimator"),
    *("method", "run", "run_id", "wflow_id", "experiment", "approach", "model_version"),
)
FOLD = (
    *(
        "fold",
        "folds",
        "cv_fold",
        "fold_id",
        "kfold",
        "resample",
        "repeat",
        "rep",
        "repetition",
        "iteration",
        "iter",
        "cv",
    ),
    *("id2", "split_id", "fold_number", "cv_id", "_fold_", "round", "bag", "seed"),
)
PROBABILITY_WORDS = frozenset(
    {
        "prob",
        "probs",
        "proba",
        "probas",
        "probability",
        "probabilities",
        "p",
        "pr",
        "score",
        "scores",
        "pred",
        "prediction",
    }
    | {
        "predictions",
        "predicted",
        "predict",
        "confidence",
        "confidences",
        "conf",
        "softmax",
        "sigmoid",
        "class",
        "label",
    }
    | {"y", "of", "for", "scored", "target", "output", "likelihood", "posterior", "hat", "labels", "classes", "value"}
)
LOGIT_WORDS = PROBABILITY_WORDS | {
    "logit",
    "logits",
    "raw",
    "margin",
    "decision",
    "function",
    "rawformulaval",
    "logprob",
    "logprobs",
    "loglik",
    "log",
    "odds",
}
ONLY_LOGIT_WORDS = frozenset(
    {"logit", "logits", "margin", "rawformulaval", "rawprediction", "logprob", "logprobs", "loglik"}
)
TRUTH_WORDS = frozenset(
    {"label", "labels", "true", "truth", "target", "targets", "y", "actual", "gt", "gold", "class", "is"}
)
TRUTH_WORDS = TRUTH_WORDS | {"ground", "onehot", "one", "hot", "reference", "observed", "test", "expected"}
SCORING_WORDS = PROBABILITY_WORDS - {
    "class",
    "label",
    "labels",
    "y",
    "of",
    "for",
    "target",
    "classes",
    "value",
    "output",
}


def plain(name: str) -> str:
    """A column name in small letters with `_` for everything else: `.pred_class` is `pred_class`, `inst#` is `inst`."""
    found = re.sub(r"[^0-9a-z]+", "_", _apart(name).casefold())
    stripped = found.strip("_")
    return found if found in ("_into_", "_fold_", "_weight_", "_role_") else stripped


def words_in(text: str) -> list[str]:
    """The words of a part of a column name: "Scored Probabilities for Class" has four, `predProb` two."""
    return [word for word in re.split(r"[^0-9a-z]+", _apart(text).casefold()) if word]


def _apart(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def named(columns: Iterable[str], usual: Sequence[str]) -> list[str]:
    """The columns with one of the usual names: those that are written exactly so, else those in other letters."""
    every = list(columns)
    exact = [name for name in every if name in usual]
    return exact or [name for name in every if is_named(name, usual)]


def is_named(name: str, usual: Sequence[str]) -> bool:
    """Whether a column has one of the usual names, capitals and punctuation aside."""
    found = plain(name)
    return found in usual or found.replace("_", "") in {one.replace("_", "") for one in usual}


def numbered(name: str, stem: str) -> bool:
    """Whether a column is called by a stem and a number, as SPSS's PRE_1."""
    return re.fullmatch(rf"{stem}_?[0-9]+", plain(name)) is not None
