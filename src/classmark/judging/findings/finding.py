"""A finding, and what to do about each kind of it."""

from __future__ import annotations

from dataclasses import dataclass

# One line a code; `docs/findings/CODE.md` says how each is detected, why it matters, and more of what to do.
ADVICE = {
    "worse_than_baseline": "Use the baseline, or find out what the model does not learn.",
    "not_better_than_baseline": "Prefer the baseline, which is cheaper, until more test rows or a better model decide.",
    "disagrees_with_baseline": "Decide which of these metrics your use depends on, and choose by that one.",
    "mixture_better": "Use the mixture if running all of its parts is no trouble.",
    "mixture_not_better": "Use its best part alone, which is cheaper, until more test rows decide.",
    "mixture_worse": "Use that part alone, and look for how validation rows differ from test rows.",
    "leaked_rows": "Quote the metrics without these rows, and repair the split.",
    "leaked_validation_rows": "Remove these rows from the validation file, and train again.",
    "test_read_again": "Choose among models on validation; keep new test rows for the last word.",
    "class_never_predicted": "Look at its rows in the confusion matrix; weigh classes or lower its threshold.",
    "absent_classes": "Add rows of these classes, or do not speak of them.",
    "too_few_rows": "Label more rows before anything is decided by these.",
    "small_classes": "Read these classes' intervals, not their values, or label more of them.",
    "few_groups": "Collect more groups; more rows of the same groups help little.",
    "unlabelled_rows": "Check that labels are not missing for a reason that also makes rows hard.",
    "unlabelled_differ": "Draw the rows to label at random from all, or judge the labelled rows alone.",
    "scores_left_out": "Save the probabilities too, and judge again.",
    "assumed": "Check it, and name the column or class if it is wrong.",
    "matched_by_number": "Give both tables ids, so that no row is compared with another.",
    "pretrained_on_these_classes": "Do not expect this score on images of another kind.",
    "many_unknown_tokens": "Try `input.tokens=characters` or a larger `input.vocabulary_size`, or add training texts.",
    "miscalibrated": "Divide the logits by the temperature that validation gives before probabilities are used.",
    "coverage_below_promise": "Fit the sets on rows that are drawn as the test rows are.",
    "threshold_far": "Use the chosen threshold for this goal instead of the largest probability.",
    "minimum_out_of_reach": "Label more validation rows, ask for less, or let people decide the rows in between.",
    "minimum_missed_on_test": "Ask for a confidence, and choose on validation rows that are drawn as the test rows are.",
    "validation_better": "Trust the test figure; look for leaks into validation and for how the two splits differ.",
    "worse_slice": "Look at errors of this slice; add training rows of it before the model is used there.",
    "own_decisions": "Check that the predicted classes in the file are the ones that you mean to judge.",
    "decisions_differ": "Check that predicted classes and probabilities are of one model, with the classes in the right order.",
    "below_chance": "Check which class the score speaks of, and that labels and predictions stand in the same rows.",
    "weighted": "Quote these figures together with what the weights mean.",
    "rows_left_out": "Label the missing rows, so that both models are compared on all rows.",
    "missing_words": "Rename the class if the word is one of your classes.",
    "look_alike_classes": "Spell each class in one way, in labels and in predictions.",
    "classes_matched": "Check the pairs, and write labels and predictions with the same names.",
    "many_classes": "Check that the column of labels holds classes, and name the right one.",
    "numeric_labels": "Check that the labels are classes; a regression is not judged here.",
    "unused_weights": "Name the column as weights if rows are to count by it.",
    "split_column": "Judge one split at a time: `--where split=test`.",
    "model_column": "Compare the models instead: `classmark compare FILE --by model`.",
    "fold_column": "Remember that out-of-fold predictions come from several models.",
    "cross_validation": "Decide between ways of training by it; keep a test split for the error of the one model that you use.",
    "repeated_rows": "Read the intervals as those of the distinct examples.",
    "rescaled": "Save probabilities that sum to 1, with more digits.",
    "confidence_only": "Save the probability of every class, and judge again.",
    "unused_decisions": "Name the column if it holds the predicted classes.",
    "missing_word_classes": "If these rows have no label, empty their labels and leave them out: data.skip_unreadable=true.",
    "invisible_characters": "Remove the characters from the labels, unless a script or an emoji needs them.",
    "several_labels": "Keep one label per row, or train one model for each label.",
    "odd_last_row": "Remove the last row if it is a total or a note.",
}


@dataclass(frozen=True)
class Finding:
    """Something a reader must know.

    Attributes:
        code: names the kind of finding.
        severity: `info`, `warning` or `problem`.
        message: what was found and what it means.
    """

    code: str
    severity: str
    message: str

    @property
    def advice(self) -> str:
        """What to do, in one sentence; empty for codes that a table brings with it."""
        return ADVICE.get(self.code, "")
