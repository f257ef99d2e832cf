"""A cross-validation of a recipe, with runs that are made in place of trained: one table of all folds, and what follows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import classmark
from classmark.cli.main import run
from classmark.data import load_dataset
from classmark.errors import RecipeError, RunError
from classmark.predictions import build_predictions, read, write
from classmark.recipes import load_recipe, write_recipe
from classmark.recipes.study_load import recipe_of
from classmark.runs import RunFiles
from classmark.runs.status import DONE, FAILED, Status, read_status, write_status
from classmark.studies.cross_validation import as_study
from classmark.studies.runs import Runner
from classmark.system.files import write_jsonl

WRONG = "digit-0470"
WORDS = ["data.folds=3", "data.limit=120", "judge.draws=100", "train.threads=1"]


def make_run(runner: Runner, number: int) -> None:
    """What training would leave of a run: predictions that are right but for chance and one label."""
    place = runner.every[number]
    recipe = recipe_of(runner.study, place.arm, place.seed, fold=place.fold)
    write_recipe(place.run.recipe, recipe)
    dataset = load_dataset(recipe.data, recipe.seed)
    generator = np.random.default_rng(number)
    for split, frame in (("validation", dataset.validation), ("test", dataset.test)):
        labels = [dataset.classes.index(label) for label in frame["label"]]
        logits = generator.normal(0, 1, (len(labels), 10)) + 3 * np.eye(10)[labels]
        if WRONG in (ids := frame["id"].to_list()):
            logits[ids.index(WRONG)] = 9.0 * (np.arange(10) == 1)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        for baseline in (None, "majority"):
            table = build_predictions(ids, frame["label"], shares, dataset.classes, metadata={"split": split})
            write(table, place.run.predictions(split, baseline))
    write_jsonl(place.run.history, [{"step": 1, "validation_accuracy": 0.5}])
    write_status(place.run, Status(state=DONE))


@pytest.fixture(autouse=True)
def _made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Runner, "work", lambda self: [make_run(self, number) for number in range(len(self.every))])


def test_all_folds_make_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "digits-quick", *WORDS, "--out", "cv"]) == 0
    assert capsys.readouterr().out.strip().endswith("cv")
    table = read(Path("cv/predictions/test.parquet"))
    assert len(set(table.ids)) == len(table) == 120
    assert table.frame["fold"].value_counts().sort("fold")["count"].to_list() == [40, 40, 40]
    content = json.loads(Path("cv/cross-validation.json").read_text())
    assert content["folds"] == {"folds": 3, "repetitions": 1, "test_rows": 40.0, "training_rows": 80.0}
    shares = [one["metrics"]["accuracy"] for one in content["runs"]]
    assert content["metrics"]["accuracy"]["value"] == pytest.approx(np.mean(shares))
    half = 4.302652729749464 * np.std(shares, ddof=1) * np.sqrt(1 / 3 + 1 / 2)
    assert content["metrics"]["accuracy"]["low"] == pytest.approx(np.mean(shares) - half)
    found = classmark.judge("cv", draws=100)
    assert found.metrics["accuracy"].value == pytest.approx(np.mean(shares))
    sentence = next(one.message for one in found.findings if one.code == "cross_validation")
    assert sentence.startswith(
        "Out-of-fold predictions: each row is predicted by one of 3 models, which did not learn from it. The intervals here take "
        "these models as one and their rows as independent; another sample of training rows is not in them. Over 3 folds, with "
        "the corrected resampled t test, accuracy is "
    )
    written = json.loads(Path("cv/judgement.json").read_text())
    assert (written["label_errors"]["audited"], written["rows"]) == (120, 120)
    assert list(written["baselines"]) == ["majority"]
    assert WRONG in pl.read_csv("cv/label-errors.csv")["id"].to_list()
    assert "120 out-of-fold rows" in Path("cv/report.html").read_text()
    assert read_status(RunFiles(Path("cv"))).state == DONE
    with pytest.raises(RunError) as caught:
        classmark.load("cv")
    assert str(caught.value) == (
        "cv: a cross-validation has a model for each fold, in runs/, and none of its own. Train one on all rows: classmark train "
        "cv/recipe.yaml data.folds=null data.fold_repeats=1"
    )
    assert load_recipe("cv/recipe.yaml", ["data.folds=null", "data.fold_repeats=1"]).data.folds is None
    before = Path("cv/judgement.json").stat().st_mtime_ns
    assert run(["train", "--resume", "cv"]) == 0
    assert Path("cv/judgement.json").stat().st_mtime_ns == before


def test_repeats_draw_other_folds_and_the_audit_takes_all_of_them() -> None:
    words = {"data__folds": 3, "data__fold_repeats": 2, "data__limit": 120, "judge__draws": 100, "train__threads": 1}
    found = classmark.train("digits-quick", "cv", **words)
    runs = sorted(path.name for path in (found.path / "runs").iterdir() if path.is_dir())
    assert runs == [f"fold-{fold}-seed-1" for fold in range(1, 7)]
    content = json.loads(Path("cv/cross-validation.json").read_text())
    assert content["folds"]["repetitions"] == 2
    folds = [set(read(Path(f"cv/runs/fold-{fold}-seed-1/predictions/test.parquet")).ids) for fold in (1, 4)]
    assert folds[0] != folds[1]
    first = read(Path("cv/predictions/test.parquet"))
    assert set(first.frame.filter(fold="1")["id"]) == folds[0]
    errors = pl.read_csv("cv/label-errors.csv").filter(id=WRONG)
    sides = [read(path) for path in Path("cv/runs").glob("*/predictions/test.parquet")]
    shares = [table.probabilities[table.ids.to_list().index(WRONG), 1] for table in sides if WRONG in set(table.ids)]
    assert len(shares) == 2
    assert errors["confidence"].item() == pytest.approx(np.mean(shares))


def test_folds_take_the_place_of_arms() -> None:
    study = as_study(load_recipe("digits-quick", ["data.folds=2", "data.fold_repeats=3", "seed=5"]))
    assert (list(study.arms), study.seed_list) == ([f"fold-{fold}" for fold in range(1, 7)], [5])
    one = recipe_of(study, "fold-5", 5)
    assert (one.data.folds, one.data.fold, one.data.fold_repeats, one.seed) == (2, 5, 3, 5)


def test_a_fold_that_failed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(runner: Runner) -> None:
        for place in runner.every:
            place.run.path.mkdir(parents=True)
            write_status(place.run, Status(state=FAILED, message="out of memory"))

    monkeypatch.setattr(Runner, "work", fail)
    with pytest.raises(RunError) as caught:
        classmark.train("digits-quick", "cv", data__folds=3)
    assert str(caught.value) == "cv: fold-1 seed 1 failed: out of memory"
    assert read_status(RunFiles(Path("cv"))).state == FAILED
    with pytest.raises(RunError) as caught:
        classmark.train("digits-quick", "cv", data__folds=3)
    assert "go on with it: classmark train --resume cv" in str(caught.value)


def test_two_cross_validations_are_compared_by_their_folders() -> None:
    for name in ("one", "other"):
        classmark.train(
            "digits-quick",
            name,
            **{word.replace(".", "__").partition("=")[0]: int(word.partition("=")[2]) for word in WORDS},
        )
    Path("runs.csv").write_text("arm,file\none,one\nother,other\n")
    found = classmark.study(table="runs.csv", margin=0.01)
    assert [(one.arm, one.seed, one.fold) for one in found.outcomes] == [
        (arm, 1, fold) for arm in ("one", "other") for fold in (1, 2, 3)
    ]
    content = json.loads(Path("one/cross-validation.json").read_text())
    assert found.arms["one"].metrics["accuracy"].low == pytest.approx(content["metrics"]["accuracy"]["low"])
    assert found.comparisons[0].primary.value == 0.0
    assert found.findings[0].message == (
        "other and one gave the same figures in every fold: what tells them apart had no effect."
    )


STUDY = """
name: rates
question: Does the larger rate help?
margin: 0.01
recipe: digits-quick
overrides: {data: {folds: 3, limit: 120}, train.threads: 1}
arms:
  slow: {overrides: {optimizer.learning_rate: 0.001}}
  fast: {overrides: {optimizer.learning_rate: 0.01}}
seeds: [1, 4]
"""


def test_a_study_of_recipes_with_folds_says_what_tables_of_its_runs_say() -> None:
    Path("study.yaml").write_text(STUDY)
    native = classmark.study("study.yaml").to_json()
    assert native["folds"] == {"folds": 3, "repetitions": 2, "test_rows": 40.0, "training_rows": 80.0}
    assert native["comparisons"][0]["primary"]["method"].startswith("corrected resampled t over 6 folds (2 × 3)")
    assert native["comparisons"][0]["verdict"] in ("not settled", "not by the margin")
    assert native["label_errors"]["audited"] == 120
    assert WRONG in pl.read_csv("studies/rates/label-errors.csv")["id"].to_list()
    assert "2 arms, 3-fold cross-validation, 2 times, paired by fold<" in Path("studies/rates/report.html").read_text()
    rows = [
        {"arm": one["arm"], "seed": one["seed"], "fold": one["fold"]}
        | {"file": "studies/rates/runs/{arm}-seed-{seed}-fold-{fold}".format_map(one)}
        for one in native["runs"]
    ]
    assert len({tuple(read(Path(row["file"]) / "predictions/test.parquet").ids) for row in rows}) == 6
    pl.DataFrame(rows).write_csv("folders.csv")
    files = [
        {
            **row,
            "file": f"{row['file']}/predictions/test.parquet",
            "validation": f"{row['file']}/predictions/validation.parquet",
        }
        for row in rows
    ]
    pl.DataFrame(files).write_csv("files.csv")
    for name, parts in (
        ("folders", list(native)),
        ("files", ["comparisons", "arms", "folds", "label_errors", "findings"]),
    ):
        found = classmark.study(table=f"{name}.csv", margin=0.01).to_json()
        for part in set(parts) - {"name", "question"}:
            assert found[part] == native[part], part


def test_a_study_with_folds_waits_for_every_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("study.yaml").write_text(STUDY.replace("seeds: [1, 4]", "seeds: [4]"))
    monkeypatch.setattr(Runner, "work", lambda self: [make_run(self, number) for number in range(5)])
    found = classmark.study("study.yaml")
    (one,) = found.comparisons
    assert (one.missing, one.waiting, one.verdict, one.primary.pairs) == (1, 1, "not settled", 2)
    assert found.findings[0].message == "1 of 6 runs are still to come. There is no verdict before the last."
    assert found.label_errors is None
    monkeypatch.setattr(Runner, "work", lambda self: None)
    assert classmark.study("study.yaml", out="none").comparisons[0].primary.pairs == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("learning_rate: 0.01}", "learning_rate: 0.01, data.folds: 4}"),
         "study.yaml: data.folds: slow has 3, fast has 4. Give all arms the same folds."),
        (("limit: 120", "limit: 120, fold_repeats: 2"),
         "study.yaml: data.fold_repeats: each seed of a study puts the rows into folds anew. Leave it out, and give as many "
         "seeds as repetitions."),
        (("margin: 0.01", "margin: 0.01\nsequential: true"),
         "study.yaml, line 5: sequential: folds of one data set are judged together; leave it out."),
    ],
)  # fmt: skip
def test_what_goes_with_folds(change: tuple[str, str], message: str) -> None:
    Path("study.yaml").write_text(STUDY.replace(*change))
    with pytest.raises(RecipeError) as caught:
        classmark.study("study.yaml")
    assert str(caught.value) == message
