"""The page of scikit-learn's checks lists what this scikit-learn checks, and some of them are run."""

from __future__ import annotations

import re

import pytest
import sklearn
from sklearn.utils.estimator_checks import estimator_checks_generator

from classmark.sklearn import ImageClassifier, TextClassifier
from make_estimator_checks import EXPECTED, PAGE, TINY, NumbersAsTexts

RUN = (
    *("check_no_attributes_set_in_init", "check_get_params_invariance", "check_set_params", "check_estimators_pickle"),
    *("check_dict_unchanged", "check_fit_idempotent", "check_supervised_y_2d", "check_requires_y_none"),
    *("check_methods_sample_order_invariance", "check_classifiers_one_label", "check_fit_score_takes_y"),
)


def checks() -> list[tuple[str, object]]:
    found = estimator_checks_generator(NumbersAsTexts(TINY), legacy=True)
    return [(getattr(check, "func", check).__name__, lambda one=one, check=check: check(one)) for one, check in found]


@pytest.mark.filterwarnings("ignore")
def test_the_page_lists_the_checks_of_this_version() -> None:
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", page, re.MULTILINE)
    assert f"scikit-learn {sklearn.__version__} runs {len(listed)} checks" in page
    assert [name for name, _ in listed] == [name for name, _ in checks()]
    assert [name for name, result in listed if result == "fails"] == list(EXPECTED)
    assert all(reason in page for reason in EXPECTED.values())


@pytest.mark.filterwarnings("ignore")
def test_checks_of_parameters_labels_and_pickles_pass() -> None:
    ran = [(name, check()) for name, check in checks() if name in RUN]  # type: ignore[operator]
    assert {name for name, _ in ran} == set(RUN)


def test_the_estimators_say_that_they_take_no_numbers() -> None:
    for kind in (TextClassifier, ImageClassifier):
        tags = kind().__sklearn_tags__()
        assert tags.input_tags.string
        assert not tags.input_tags.two_d_array
        assert tags.estimator_type == "classifier"
