"""Reading studies: what is resolved, and every refusal in whole sentences."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import yaml

from classmark.errors import RecipeError
from classmark.judging.metric import LOWER_IS_BETTER, METRICS
from classmark.recipes.study_load import (
    LOWER,
    differing_keys,
    dump_study,
    load_study,
    recipe_of,
    shipped_studies,
    study_text,
)
from classmark.recipes.study_schema import STEPS, Metric

GIVEN = """
name: rates
question: Which rate?
margin: 0.01
recipe: digits-quick
overrides:
  train: {epochs: 2}
arms:
  slow: {overrides: {optimizer.learning_rate: 0.001}}
  fast: {overrides: {optimizer: {learning_rate: 0.01}}}
"""


def written(tmp_path: Path, text: str = GIVEN) -> str:
    path = tmp_path / "rates.yaml"
    path.write_text(text)
    return str(path)


def refusal(tmp_path: Path, text: str, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_study(written(tmp_path, text), overrides)
    return str(caught.value).replace(str(tmp_path / "rates.yaml"), "rates.yaml")


def test_resolved(tmp_path: Path) -> None:
    study = load_study(written(tmp_path), ["train.batch_size=32", "seeds=3"])
    assert study.reference == "slow"
    assert study.seed_list == [1, 2, 3]
    assert study.direction == "higher"
    slow, fast = (recipe_of(study, arm, 7, threads=1) for arm in ("slow", "fast"))
    assert (slow.optimizer.learning_rate, fast.optimizer.learning_rate) == (0.001, 0.01)
    assert (slow.seed, slow.train.epochs, slow.train.batch_size, slow.train.threads) == (7, 2, 32, 1)
    assert differing_keys(study) == {"optimizer.learning_rate": [0.001, 0.01]}
    assert recipe_of(load_study(written(tmp_path), ["train.threads=2"]), "slow", 1, threads=1).train.threads == 2


def test_the_resolved_file_states_everything_and_reads_back(tmp_path: Path) -> None:
    study = load_study(written(tmp_path))
    text = dump_study(study)
    stated = yaml.safe_load(text)
    assert {"question", "metric", "direction", "margin", "seeds", "arms"} <= set(stated)
    assert load_study(written(tmp_path, text)) == study


def test_metrics_of_the_schema_are_those_that_are_judged() -> None:
    assert set(get_args(Metric)) == {STEPS, *METRICS}
    assert set(LOWER) == {STEPS, *LOWER_IS_BETTER}


def test_direction_follows_the_metric(tmp_path: Path) -> None:
    assert load_study(written(tmp_path), ["metric=log_loss"]).direction == "lower"
    assert load_study(written(tmp_path), ["metric=log_loss", "direction=higher"]).direction == "higher"
    assert load_study(written(tmp_path), ["metric=steps_to_target", "target_accuracy=0.5"]).direction == "lower"


def test_a_grid_expands_to_arms(tmp_path: Path) -> None:
    text = GIVEN[: GIVEN.index("arms:")] + "grid:\n  loss.kind: [cross_entropy]\n  train.epochs: [1, 2]\n"
    study = load_study(written(tmp_path, text + "  loss.label_smoothing: [0.0]\n"))
    assert list(study.arms) == [
        "kind=cross_entropy,epochs=1,label_smoothing=0.0",
        "kind=cross_entropy,epochs=2,label_smoothing=0.0",
    ]
    assert differing_keys(study) == {"train.epochs": [1, 2]}


def test_words_of_a_study_are_read_by_the_type_of_their_key(tmp_path: Path) -> None:
    text = GIVEN.replace("digits-quick", "text-csv").replace(
        "train: {epochs: 2}", "judge: {positive: 1}\n  data.classes: [yes, 1]"
    )
    study = load_study(
        written(tmp_path, text), ["seeds=3,1,2", "data.label_column=2020", "data.path=a # b.csv", "margin=1e-3"]
    )
    recipe = recipe_of(study, "slow", 1)
    assert (study.seed_list, study.margin) == ([3, 1, 2], 0.001)
    assert (recipe.judge.positive, recipe.data.classes, recipe.data.label_column) == ("1", ("yes", "1"), "2020")
    assert Path(recipe.data.path or "").name == "a # b.csv"
    assert load_study(written(tmp_path, dump_study(study))) == study


def test_long_names_read_back(tmp_path: Path) -> None:
    study = load_study(
        written(tmp_path, GIVEN.replace("name: rates", f"name: {'r' * 100}").replace("slow:", f"{'s' * 100}:"))
    )
    assert load_study(written(tmp_path, dump_study(study))) == study


def test_values_of_python_for_a_study(tmp_path: Path) -> None:
    given = {
        "seeds": np.arange(3),
        "train__epochs": np.int64(4),
        "optimizer__betas": (0.5, 0.6),
        "train__threads": None,
    }
    study = load_study(written(tmp_path), given)
    recipe = recipe_of(study, "fast", 1)
    assert (study.seed_list, recipe.train.epochs, recipe.optimizer.betas) == ([0, 1, 2], 4, (0.5, 0.6))


def test_a_grid_of_lists_and_of_nothing(tmp_path: Path) -> None:
    text = (
        GIVEN[: GIVEN.index("arms:")]
        + "grid:\n  optimizer.betas: [[0.9, 0.99], [0.8, 0.9]]\n  input.grow_from_px: [null, 8]\n"
    )
    study = load_study(written(tmp_path, text))
    assert list(study.arms) == [
        "betas=0.9+0.99,grow_from_px=null", "betas=0.9+0.99,grow_from_px=8",
        "betas=0.8+0.9,grow_from_px=null", "betas=0.8+0.9,grow_from_px=8",
    ]  # fmt: skip
    assert differing_keys(study)["input.grow_from_px"] == [None, 8, None, 8]


def test_an_arm_keeps_what_makes_it_one(tmp_path: Path) -> None:
    said = 'override "optimizer.learning_rate=0.5": the arm states this key itself; save the study (--show) and change it there'
    assert refusal(tmp_path, GIVEN, "optimizer.learning_rate=0.5") == f"arm slow: {said}\narm fast: {said}"


def test_a_recipe_beside_the_study(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\ndata: {source: digits}\n")
    study = load_study(written(tmp_path, GIVEN.replace("digits-quick", "mine.yaml")))
    assert recipe_of(study, "fast", 1).model.backbone == "densenet121"  # type: ignore[union-attr]


def test_a_path_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reviews.csv").write_text("text,label\n")
    monkeypatch.chdir(tmp_path)
    study = load_study(written(tmp_path, GIVEN.replace("digits-quick", "text-csv")), ["data.path=reviews.csv"])
    assert recipe_of(study, "slow", 1).data.path == str(tmp_path / "reviews.csv")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("margin: 0.01\n", ""), "rates.yaml: margin: this key is needed."),
        (("margin: 0.01", "margin: -1"), "rates.yaml, line 3: margin: -1: a number of at least 0 is expected."),
        (("margin: 0.01", "margin: 0.01\nmetric: steps_to_target"),
         "rates.yaml: target_accuracy: metric steps_to_target needs a validation accuracy to reach, such as 0.6."),
        (("margin: 0.01", "margin: .inf"),
         'rates.yaml, line 3: margin: ".inf": a number of at least 0 is expected, and a finite one.'),
        (("margin: 0.01", "margin: 0.01\nseeds: 1000000000"), "rates.yaml, line 4: seeds: 1000000000: a whole number from 0 to "
         "1,000 or a list of whole numbers of at least 0 is expected."),
        ((GIVEN[GIVEN.index("arms:") :],
          "grid: {judge.positive: [a b, a-b]}\n"),
         'grid: "positive=a-b" would be the name of an arm, and is that of another one. Write arms instead of a grid.'),
        ((GIVEN[GIVEN.index("arms:") :], "grid: {train.epochs: [1, 02]}\n"),
         "arm epochs=02: rates.yaml, line 7: train.epochs: 02: a whole number of at least 1 is expected, without zeros "
         "in front: 2."),
        (("train: {epochs: 2}", "train: {epochs: 010}"),
         "arm slow: rates.yaml, line 6: train.epochs: 010: a whole number of at least 1 is expected, without zeros "
         "in front: 10.\n"
         "arm fast: rates.yaml, line 6: train.epochs: 010: a whole number of at least 1 is expected, without zeros "
         "in front: 10."),
        (("fast: {overrides: {optimizer: {learning_rate: 0.01}}}", "fast: {overrides: {optimizer: {learning_rate: yes}}}"),
         'arm fast: rates.yaml, line 9: optimizer.learning_rate: "yes": a number above 0 and at most 1,000 is expected.'),
        (("margin: 0.01", "margin: 0.01\nseeds: 1"),
         "rates.yaml, line 4: seeds: 1: an interval over seeds needs 2 at least; 5 or more tell more."),
        (("margin: 0.01", "margin: 0.01\nseeds: [3, 3]"), "rates.yaml, line 4: seeds: [3, 3]: a seed stands here twice."),
        (("margin: 0.01", "margin: 0.01\nquestoin: x"),
         'rates.yaml, line 4: questoin: unknown key. Did you mean "question"?'),
        (("  fast: {overrides:", "  fast: {override:"),
         'rates.yaml, line 9: arms.fast.override: unknown key. Did you mean "overrides"?'),
        (("  fast: {overrides: {optimizer: {learning_rate: 0.01}}}\n", ""),
         "rates.yaml, line 7: arms: two or more are needed to compare."),
        (("  fast:", "  Slow:"), "rates.yaml, line 7: arms: two names differ in capitals alone, and so would their folders."),
        (("margin: 0.01", "margin: 0.01\ngrid: {train.epochs: [1, 2]}"), "rates.yaml, line 8: arms: give either arms or a grid."),
        (("recipe: digits-quick\n", ""),
         "arm slow: rates.yaml: arms.slow: no recipe; name one in the study or in the arm, such as recipe: digits-quick\n"
         "arm fast: rates.yaml: arms.fast: no recipe; name one in the study or in the arm, such as recipe: digits-quick"),
        (("{optimizer: {learning_rate: 0.01}}", "{loss.kind: focal}"),
         "arm fast: digits-quick, line 24: loss: label_smoothing goes with cross_entropy only; set it to 0 for the focal loss."),
        (("train: {epochs: 2}", "seed: 3"),
         "arm slow: rates.yaml: arms.slow: seed: runs take their seed from the study's seeds; leave it out\n"
         "arm fast: rates.yaml: arms.fast: seed: runs take their seed from the study's seeds; leave it out"),
        ((GIVEN.lstrip(), "- a\n- b\n"),
         "rates.yaml: a study is a mapping; see one: classmark study --show bilstm-pooling"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    text = GIVEN.lstrip()
    assert change[0] in text
    assert refusal(tmp_path, text.replace(*change)) == said


def test_no_such_study() -> None:
    with pytest.raises(
        RecipeError, match=r'^"focal-vs-cee" is neither a file nor a shipped study\. .*Did you mean "focal-vs-ce"'
    ):
        load_study("focal-vs-cee")
    shipped = r"bilstm-pooling, focal-vs-ce, text-few"
    with pytest.raises(RecipeError, match=rf'^"x\.yaml" is no shipped study\. Shipped: {shipped}\.$'):
        study_text("x.yaml")


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_shipped_studies_differ_in_what_they_ask_about(name: str) -> None:
    study = load_study(name)
    assert len(study.seed_list) >= 5
    keys = {
        "focal-vs-ce": ["loss.kind"],
        "bilstm-pooling": ["model.pooling"],
        "text-few": ["data.examples_per_class"],
    }
    assert list(differing_keys(study)) == keys[name]
    assert f"classmark study {name}" in study_text(name)


def test_the_study_in_the_docs_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "studies.md").read_text()
    text = page.split("```yaml\n")[1].split("```")[0]
    study = load_study(written(tmp_path, text))
    assert differing_keys(study) == {"loss.label_smoothing": [0.0, 0.1]}
    assert study.seed_list == [1, 2, 3, 4, 5, 6]
