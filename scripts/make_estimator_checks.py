"""Write docs/estimator-checks.md: every check of scikit-learn's `check_estimator` and what came of it.

    python scripts/make_estimator_checks.py

The checks make matrices of numbers, and `TextClassifier` takes texts. `NumbersAsTexts` stands between: it lets scikit-learn
check the matrix, and writes each row as a text. All else, from the labels to the pickle, is `TextClassifier`.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from classmark.sklearn import TextClassifier

PAGE = Path(__file__).parents[1] / "docs" / "estimator-checks.md"
TINY = {
    "model": {"hidden_size": 2, "embedding_size": 2},
    "train": {"epochs": 1, "threads": 1, "precision": "fp32", "batch_size": 64},
}
# Check → why it fails; the page repeats it.
EXPECTED = {
    "check_do_not_raise_errors_in_init_or_set_params": (
        "An unknown parameter is refused where it is written, as by any Python function: `TextClassifier(epochs=3)` is a "
        "TypeError that names train__epochs. The check gives the keyword `changes` itself."
    )
}
HEAD = """# scikit-learn's checks of the estimators

`check_estimator` of scikit-learn {version} runs {count} checks on a classifier. They make matrices of numbers.
`TextClassifier` and `ImageClassifier` take texts and images and say so in their tags (`input_tags.string`, no
`two_d_array`), so `check_estimator` called with one of them warns that it cannot test it, and does nothing.

Here the checks run all the same. Between them and `TextClassifier` stands a class of forty lines that lets scikit-learn check
the matrix and writes each row as a text (`scripts/make_estimator_checks.py`, which wrote this page; a test compares the
list of checks). What a check says of matrices (sparse, complex, NaN, number of features) is therefore said of that class;
what it says of labels, parameters, clones, pickles, repeated fits and single rows is said of `TextClassifier`.
`ImageClassifier` shares all of that code with it.

"""


class NumbersAsTexts(TextClassifier):
    """`TextClassifier` of matrices: a row is the text of its numbers."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = True, False, False
        tags.classifier_tags.poor_score = True  # of two cells and one epoch
        return tags

    def fit(self, X: Any, y: Any) -> NumbersAsTexts:  # noqa: N803
        if y is None:
            return super().fit(X, y)
        super().fit(validate_data(self, X), y)
        return self

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(validate_data(self, X, reset=False))

    def _rows(self, given: Any) -> list[str]:
        words = [
            [(f"c{column}is{value:.0f}", f"{value:.6g}") for column, value in enumerate(row)]
            for row in np.asarray(given)
        ]
        return [" ".join(word for pair in row for word in pair) for row in words]


def results() -> list[dict[str, Any]]:
    """What came of each check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: list[dict[str, Any]] = check_estimator(
            NumbersAsTexts(TINY), expected_failed_checks=EXPECTED, on_skip=None, on_fail=None
        )
    return found


def page(found: list[dict[str, Any]]) -> str:
    """The page."""
    lines = ["| check | result | why |", "|---|---|---|"]
    for name, status, why in rows(found):
        lines.append(f"| `{name}` | {status} | {why} |")
    counts = {
        status: sum(one["status"] == status for one in found) for status in ("passed", "skipped", "xfail", "failed")
    }
    fail = counts["xfail"] + counts["failed"]
    summary = f"**{counts['passed']} passed, {counts['skipped']} not applicable, {fail} failed.**\n\n"
    return HEAD.format(version=sklearn.__version__, count=len(found)) + summary + "\n".join(lines) + "\n"


def rows(found: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Name, result and reason of each check."""
    words = {"passed": "passed", "skipped": "not applicable", "xfail": "fails", "failed": "**fails**"}
    for one in found:
        name, exception = one["check_name"], str(one["exception"] or "")
        yield name, words[one["status"]], EXPECTED.get(name, re.sub(r"\s+", " ", exception)[:200])


def main() -> None:
    """Run the checks; the exit code is 1 if one fails that is not expected to."""
    found = results()
    failed = [one for one in found if one["status"] == "failed"]
    for one in failed:
        print(one["check_name"], repr(one["exception"])[:600], file=sys.stderr)
    PAGE.write_text(page(found), encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
