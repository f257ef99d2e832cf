"""A finding, and what to do about each kind of it."""

from __future__ import annotations

from dataclasses import dataclass

# One line a code; `docs/findings/CODE.md` says how each is detected, why it matters, and more of what to do.
ADVICE = {
    "worse_than_floor": "Use the baseline, or find out what the model does not learn.",
    "not_better_than_floor": "Prefer the baseline, which is cheaper, until more test rows or a better model decide.",
    "leaked_rows": "Quote the metrics without these rows, and repair the split.",
    "test_read_again": "Choose among models on validation; keep new test rows for the last word.",
    "class_never_predicted": "Look at its rows in the confusion matrix; weigh classes or lower its threshold.",
    "absent_classes": "Add rows of these classes, or do not speak of them.",
    "too_few_rows": "Label more rows before anything is decided by these.",
    "small_classes": "Read these classes' intervals, not their values, or label more of them.",
    "few_groups": "Collect more groups; more rows of the same groups help little.",
    "unlabelled_rows": "Check that labels are not missing for a reason that also makes rows hard.",
    "scores_left_out": "Save the probabilities too, and judge again.",
    "assumed": "Check it, and name the column or class if it is wrong.",
    "matched_by_number": "Give both tables ids, so that no row is compared with another.",
    "pretrained_on_these_classes": "Do not expect this score on images of another kind.",
    "miscalibrated": "Divide the logits by the temperature that validation gives before probabilities are used.",
    "coverage_below_promise": "Fit the sets on rows that are drawn as the test rows are.",
    "threshold_far": "Use the chosen threshold for this goal instead of the largest probability.",
    "floor_out_of_reach": "Lower the floor, improve the model, or let people decide the rows in between.",
    "floor_missed_on_test": "Ask for a higher floor on validation, or choose on more rows that are like the test rows.",
    "validation_better": "Trust the test figure; look for leaks into validation and for how the two splits differ.",
    "worse_slice": "Look at errors of this slice; add training rows of it before the model is used there.",
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
