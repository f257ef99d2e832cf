"""The column names that tools write, by what the column holds; `make docs` lists them in docs/what-classmark-reads.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The true class, by names that mean nothing else.
TRUTH = _words(
    """
    true_label y_true true truth gold gold_label ground_truth groundtruth gt true_class actual actuals
    actual_label actual_class actual_value observed obs reference y_test gold_standard label_ids correct_label
    true_y label_true class_true expected expected_label expected_class human human_label
    manual_label annotation gold_answer reference_label reference_answer
    """
)
# The true class, by names that tools use for predictions too.
LABEL = _words(
    """
    label labels target targets class y outcome category response_true
    """
)
# The predicted class.
PREDICTED = _words(
    """
    predicted prediction predicted_label pred_label y_pred pred preds predictions predict predicted_class
    pred_class class_pred label_pred y_hat yhat prediction_label predictedlabel scored_labels predicted_value
    y_predicted response estimate _into_ classification decision predicted_labels prediction_class
    output model_output model_answer ypred completion guess inferred predictedclass pred_y hypothesis top_label predicted_category
    """
)
# One score per row.
SCORE = _words(
    """
    score probability prob proba y_score y_prob y_proba p y_pred_proba y_pred_prob pred_prob pred_proba
    prediction_prob predicted_prob predicted_proba predicted_probability prediction_probability pred_probability
    scored_probabilities scores pred_score predicted_score phat p_hat prob_pos proba_pos positive_probability
    positive_prob prob_positive positive_score proba_positive probability_positive prediction_score confidence
    likelihood y_scores y_probs probs probas model_score class_probability class_prob prob_1 proba_1 probability_1 p_1 p1 pr
    y_prob_1
    """
)
# One logit per row, with the option `logits`.
LOGIT = _words(
    """
    logit logits score margin raw_score decision_function rawformulaval raw log_odds z
    """
)
# A column of lists with a probability per class.
LISTS = _words(
    """
    probabilities probs proba probas y_proba scores probability y_prob y_score prediction predictions prob
    class_probabilities y_pred_proba predict_proba pred_probs softmax
    """
)
# A column of lists with a logit per class.
LOGIT_LISTS = _words(
    """
    logits logit rawprediction raw_prediction scores raw_scores decision_function
    """
)
# The name of the row.
ID = _words(
    """
    id row_id example_id index sample_id sampleid doc_id row_ids rowid row inst uid uuid instance_id record_id
    image_id text_id document_id case_id item_id key unnamed_0 filename file_name passengerid question_id row_names rownames
    observation_id
    """
)
# How much a row counts.
WEIGHTS = _words(
    """
    sample_weight sample_weights weight weights case_weight case_weights wt wts sw sampling_weight survey_weight
    count counts freq frequency frequencies n proportion row_weight instance_weight importance_weight _weight_
    """
)
# The split that a row is of.
SPLIT = _words(
    """
    split subset partition dataset set data_split dataset_split sample phase stage _role_
    """
)
# What such a column says.
SPLIT_WORDS = frozenset(
    _words(
        """
    dev eval fit hold-out holdout oot test testing train training val valid validation
    """
    )
)
# The model that a row is of.
MODEL = _words(
    """
    model model_name model_id classifier algorithm learner learner_id system estimator method run run_id
    wflow_id experiment approach model_version
    """
)
# The fold or the repetition that a row is of.
FOLD = _words(
    """
    fold folds cv_fold fold_id kfold resample repeat rep repetition iteration iter cv id2 split_id fold_number
    cv_id _fold_ round bag seed
    """
)
# Words around a class name in the name of a column of probabilities.
PROBABILITY_WORDS = frozenset(
    _words(
        """
    class classes conf confidence confidences for hat label labels likelihood of output p posterior pr pred
    predict predicted prediction predictions prob proba probabilities probability probas probs score scored
    scores sigmoid softmax target value y
    """
    )
)
# The same for logits.
LOGIT_WORDS = PROBABILITY_WORDS | frozenset(
    _words(
        """
    decision function log logit logits loglik logprob logprobs margin odds raw rawformulaval
    """
    )
)
# Words that logits alone have.
ONLY_LOGIT_WORDS = frozenset(
    _words(
        """
    logit logits loglik logprob logprobs margin rawformulaval rawprediction
    """
    )
)
# Words around a class name in the name of a column of a one-hot truth.
TRUTH_WORDS = frozenset(
    _words(
        """
    actual class expected gold ground gt hot is label labels observed one onehot reference target targets test
    true truth y
    """
    )
)
# Words that say a score, not just a class.
SCORING_WORDS = PROBABILITY_WORDS - frozenset(_words("class classes for label labels of output target value y"))


def plain(name: str) -> str:
    """A column name in small letters with `_` for everything else: `.pred_class` is `pred_class`, `inst#` is `inst`."""
    found = re.sub(r"[\W_]+", "_", _apart(name).casefold())
    stripped = found.strip("_")
    return found if found in ("_into_", "_fold_", "_weight_", "_role_") else stripped


def words_in(text: str) -> list[str]:
    """The words of a part of a column name: "Scored Probabilities for Class" has four, `predProb` two."""
    return [word for word in re.split(r"[\W_]+", _apart(text).casefold()) if word]


def _apart(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def is_named(name: str, usual: Sequence[str]) -> bool:
    """Whether a column has one of the usual names, capitals and punctuation aside."""
    found = plain(name)
    return found in usual or found.replace("_", "") in _compact(tuple(usual))


@cache
def _compact(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.replace("_", "") for name in names)


def numbered(name: str, stem: str) -> bool:
    """Whether a column is called by a stem and a number, as SPSS's PRE_1."""
    return re.fullmatch(rf"{stem}_?[0-9]+", plain(name)) is not None
