"""A table of runs: the same answers as of a study that ran them, and the folds of a cross-validation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.stats

import classmark
from classmark.cli.main import run
from classmark.judging.studies.answers import answer
from classmark.judging.studies.outcomes import Outcome, measure
from classmark.predictions import Predictions, build_predictions, write
from classmark.recipes.study_schema import Arm, Study

SEEDS = (3, 4, 8)
WRONG = "test43"  # its label is the other one, in the files of folds
GAINS = {"plain": 1.0, "new": 1.6}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def predictions(arm: str, seed: int, split: str = "test", rows: int = 120) -> Predictions:
    labels = np.random.default_rng(split == "test").integers(0, 2, rows)
    noise = np.random.default_rng((seed, len(arm))).normal(0, 1, rows)
    logits = np.column_stack([np.zeros(rows), noise + GAINS[arm] * (2 * labels - 1)]).astype(np.float32)
    shares = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(axis=1, keepdims=True)
    ids = [f"{split}{row}" for row in range(rows)]
    names = np.where(labels == 1, "yes", "no").tolist()
    return build_predictions(
        ids, names, shares.astype(np.float32), ("no", "yes"), logits=logits, metadata={"split": split}
    )


def write_runs() -> list[dict[str, Any]]:
    """The files of every run, and the rows of the table that lists them."""
    rows = []
    for seed in SEEDS:
        for arm in GAINS:
            files = {split: f"{arm}-{seed}-{split}.parquet" for split in ("test", "validation")}
            for split, file in files.items():
                write(predictions(arm, seed, split), Path(file))
            rows.append({"arm": arm, "seed": seed, "file": files["test"], "validation": files["validation"]})
    return rows


def numbers(content: Any, at: str = "") -> dict[str, Any]:
    """Every value of nested JSON under its path."""
    if isinstance(content, dict):
        return {key: one for name, value in content.items() for key, one in numbers(value, f"{at}.{name}").items()}
    if isinstance(content, list | tuple):
        return {key: one for place, value in enumerate(content) for key, one in numbers(value, f"{at}.{place}").items()}
    return {at: content}


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_it_is_the_study_that_ran_them(metric: str) -> None:
    pl.DataFrame(write_runs()).write_csv("runs.csv")
    recipe = {"name": "made", "data": {"source": "digits"}}
    arms = {arm: Arm(recipe=recipe | {"loss": {"gamma": gain}}) for arm, gain in GAINS.items()}
    direction: Any = "lower" if metric == "log_loss" else "higher"
    native = Study(
        name="runs", question="Is it so?", metric=metric, margin=0.02, direction=direction, arms=arms, seeds=list(SEEDS)
    )  # type: ignore[arg-type]
    outcomes = []
    for seed in SEEDS:
        for arm in GAINS:
            tables = [classmark.read(f"{arm}-{seed}-{split}.parquet").table for split in ("test", "validation")]
            outcomes.append(Outcome(arm, seed, "done", **measure(*tables)))
    wanted = numbers(json.loads(json.dumps(answer(native, outcomes).to_json())))
    found = classmark.study(table="runs.csv", metric=metric, margin=0.02, question="Is it so?")
    written = json.loads(Path("studies/runs/study.json").read_text())
    assert written == json.loads(json.dumps(found.to_json()))
    got = numbers(written)
    assert got.pop(".table") == "runs.csv"
    assert got.keys() == wanted.keys()
    for name, value in wanted.items():
        assert got[name] == (pytest.approx(value, abs=1e-12) if isinstance(value, float) else value), name
    assert ".comparisons.0.tempered.ece.value" in got


def test_the_command_line_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame(write_runs()).drop("validation").write_csv("runs.csv")
    words = ["metric=log_loss", "margin=0.01", "reference=new", "direction=higher"]
    assert run(["study", "--table", "runs.csv", *words, "--out", "o", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    python = classmark.study(table="runs.csv", metric="log_loss", margin=0.01, reference="new", direction="higher")
    assert found == json.loads(json.dumps(python.to_json()))
    assert found["comparisons"][0]["verdict"] == "supported"
    assert found["question"] == "Is log_loss higher in plain than in new?"
    assert found["arms"]["plain"]["tempered"] == {}
    page = Path("o/report.html").read_text()
    assert "2 arms, 3 seeds, paired by seed on the same test rows; runs of runs.csv" in page
    assert "Stated before the first run" not in page


def write_folds(repetitions: int = 2, folds: int = 4) -> list[dict[str, Any]]:
    rows = []
    for seed in range(1, repetitions + 1):
        order = np.random.default_rng(seed).permutation(120)
        for fold in range(folds):
            for arm in GAINS:
                table = predictions(arm, seed)
                other = pl.when(pl.col("label") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes"))
                wrong = pl.when(pl.col("id") == WRONG).then(other).otherwise(pl.col("label"))
                table = replace(table, frame=table.frame.with_columns(label=wrong))
                keep = np.isin(np.arange(120), order[fold::folds])
                file = f"{arm}-{seed}-{fold}.parquet"
                write(table.filter(keep), Path(file))
                rows.append({"arm": arm, "seed": seed, "fold": fold, "file": file})
    return rows


def test_folds_are_a_cross_validation() -> None:
    pl.DataFrame(write_folds()).write_csv("cv.csv")
    found = classmark.study(table="cv.csv", margin=0.01)
    values = {arm: np.array([one.metrics["accuracy"] for one in found.outcomes if one.arm == arm]) for arm in GAINS}
    gains = values["new"] - values["plain"]
    error = gains.std(ddof=1) * np.sqrt(1 / 8 + 1 / 3)
    low, high = scipy.stats.t.interval(0.95, 7, gains.mean(), error)
    primary = found.comparisons[0].primary
    assert (primary.pairs, primary.value) == (8, pytest.approx(gains.mean()))
    assert (primary.low, primary.high) == pytest.approx((low, high), rel=1e-9)
    error = values["plain"].std(ddof=1) * np.sqrt(1 / 8 + 1 / 3)
    estimate = found.arms["plain"].metrics["accuracy"]
    assert estimate.low == pytest.approx(values["plain"].mean() - scipy.stats.t.ppf(0.975, 7) * error, rel=1e-9)
    assert found.comparisons[0].rows == {}
    content = json.loads(Path("studies/cv/study.json").read_text())
    assert content["folds"] == {"folds": 4, "repetitions": 2, "test_rows": 30.0, "training_rows": 90.0}
    assert {(one["seed"], one["fold"]) for one in content["runs"]} == {(s, f) for s in (1, 2) for f in range(4)}
    assert [one["code"] for one in content["findings"]] == ["few_folds", "cross_validation"]
    assert content["findings"][1]["severity"] == "warning"
    assert content["findings"][1]["message"].endswith(
        " With 120 rows tested several times it can be too narrow: with nearest neighbours on 60 to 100 rows it found a "
        "difference that was not there in 9 to 10 of 100 cases. Trust one repetition, or ask for a smaller p."
    )
    page = Path("studies/cv/report.html").read_text()
    assert "4-fold cross-validation, 2 times, paired by fold" in page
    tables = [predictions(arm, seed) for arm in GAINS for seed in (1, 2)]
    means = np.mean([table.probabilities for table in tables], axis=0)
    listed = pl.read_csv("studies/cv/label-errors.csv")
    assert content["label_errors"]["audited"] == 120
    assert content["label_errors"]["count"] == listed.height
    assert f"disagree with the label of {listed.height} of 120 rows" in page
    found_wrong = listed.row(listed["id"].to_list().index(WRONG), named=True)
    assert found_wrong["confidence"] == pytest.approx(means[43].max(), abs=1e-6)


def test_one_repetition_needs_no_seed_and_a_failed_fold_no_file() -> None:
    rows = write_folds(repetitions=1)
    pl.DataFrame(rows).drop("seed").write_csv("cv.csv")
    assert classmark.study(table="cv.csv").comparisons[0].primary.pairs == 4
    rows[3]["file"] = None
    pl.DataFrame(rows).write_csv("cv.csv")
    found = classmark.study(table="cv.csv")
    assert (found.comparisons[0].missing, found.comparisons[0].verdict) == (1, "not settled")
    assert found.findings[0].message == ("1 of 8 runs failed: new seed 1 fold 1. There is no verdict without them.")


def test_rows_in_another_order_and_classes_in_another_order_are_the_same_rows() -> None:
    rows = write_runs()
    pl.DataFrame(rows).write_csv("runs.csv")
    wanted = classmark.study(table="runs.csv")
    for row in rows:
        if row["arm"] == "new":
            table = classmark.read(row["file"]).table
            shares = table.probabilities[::-1, ::-1]
            names = table.frame["label"].reverse()
            write(build_predictions(table.ids.reverse(), names, shares, ("yes", "no")), Path(row["file"]))
    pl.DataFrame(rows).drop("validation").write_csv("runs.csv")
    found = classmark.study(table="runs.csv", positive="yes")
    assert found.comparisons[0].rows["accuracy"] == wanted.comparisons[0].rows["accuracy"]
    assert found.comparisons[0].primary == wanted.comparisons[0].primary


CHANGES: dict[str, tuple[Any, list[str], str]] = {
    "no column": (
        lambda rows: pl.DataFrame(rows).rename({"file": "files"}), [],
        'runs.csv: there is no column "file"; the columns are arm, seed, files, validation. A table of runs has the columns arm, '
        'seed and file, and may have fold, validation and training_rows. Did you mean "files"?',
    ),
    "neither seed nor fold": (
        lambda rows: pl.DataFrame(rows).drop("seed"), [],
        'runs.csv: there is no column "seed"; the columns are arm, file, validation. A table of runs has the columns arm, seed '
        "and file, and may have fold, validation and training_rows.",
    ),
    "an unknown arm": (
        pl.DataFrame, ["reference=plan"],
        'reference: "plan" is no arm of runs.csv; the arms are plain, new. Did you mean "plain"?',
    ),
    "an unknown key": (
        pl.DataFrame, ["seeds=4"],
        'override "seeds=4": '
        "there is no such key for a table of runs; the keys are reference, name, question, metric, "
        "direction, margin, target_accuracy, choose_by, sequential, level.",
    ),
    "no file": (
        lambda rows: pl.DataFrame([*rows[:5], rows[5] | {"file": "gone.parquet"}]), [],
        "runs.csv, row 6: there is no file gone.parquet. Paths count from the folder of the table.",
    ),
    "a run twice": (
        lambda rows: pl.DataFrame([*rows, rows[1]]), [],
        "runs.csv, row 7: arm new, seed 3 stands in row 2 too. Give each run a row of its own.",
    ),
    "a run too few": (
        lambda rows: pl.DataFrame(rows[:5]), [],
        "runs.csv: new has no run of seed 8, as plain has. Add it; if that run failed, leave its file empty.",
    ),
    "one arm": (
        lambda rows: pl.DataFrame(rows[::2]), [],
        'runs.csv: "plain" is the only arm. Two or more are needed to compare.',
    ),
    "one seed": (
        lambda rows: pl.DataFrame(rows[:2]), [],
        "runs.csv: every run has the seed 3. An interval over seeds needs two at least; 5 or more tell more.",
    ),
    "no seed": (
        lambda rows: pl.DataFrame(rows).with_columns(seed=pl.lit("one")), [],
        'runs.csv, row 1: seed: "one" is no whole number. Give every run a seed such as 1.',
    ),
    "other rows": (
        lambda rows: pl.DataFrame([*rows[:5], rows[5] | {"file": rows[5]["validation"]}]).drop("validation"), [],
        "runs.csv, row 6: new was tested on other rows than plain in seed 8: 240 ids, such as \"test0\", are in one of them "
        "only. Pair runs that were tested on the same rows.",
    ),
    "no such metric": (
        pl.DataFrame, ["metric=top5_accuracy"],
        "metric: top5_accuracy is undefined for arm plain, seed 3; it has accuracy, average_precision, balanced_accuracy, brier, "
        "ece, f1, f1_macro, log_loss, mcc, precision, precision_macro, recall, recall_macro, roc_auc.",
    ),
    "folds that overlap": (
        lambda rows: pl.DataFrame([{**row, "fold": row["seed"], "seed": 1} for row in rows]), [],
        'runs.csv: the row "test0" is tested in fold 3 and in fold 4 of seed 1. In a cross-validation each row is tested once '
        "per repetition. For random splits leave the column fold out, and give each split a seed of its own.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_refusals(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    change, words, said = CHANGES[name]
    change(write_runs()).write_csv("runs.csv")
    assert run(["study", "--table", "runs.csv", *words]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"
    assert not Path("studies").exists()


def test_it_takes_no_study_and_no_folder_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame(write_runs()).write_csv("runs.csv")
    assert run(["study", "bilstm-pooling", "--table", "runs.csv"]) == 2
    Path("o").mkdir()
    Path("o/study.yaml").write_text("name: x\n")
    assert run(["study", "--table", "runs.csv", "--out", "o"]) == 2
    assert run(["study", "bilstm-pooling", "--label", "truth"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: --table: its runs are there already; leave out a study, resume and jobs.",
        "error: o: there is another study. Give another folder: --out FOLDER",
        "error: Options about columns go with --table FILE.",
    ]


def test_a_table_can_choose_by_validation(capsys: pytest.CaptureFixture[str]) -> None:
    rows = write_runs()
    pl.DataFrame(rows).write_csv("runs.csv")
    assert run(["study", "--table", "runs.csv", "choose_by=validation"]) == 0
    assert "Chosen by validation: new, with accuracy" in capsys.readouterr().out
    assert "Chosen by validation: new" in Path("studies/runs/report.html").read_text()
    assert json.loads(Path("studies/runs/study.json").read_text())["choice"]["arm"] == "new"
    pl.DataFrame(rows).drop("validation").write_csv("runs.csv")
    assert run(["study", "--table", "runs.csv", "choose_by=validation"]) == 2
    assert capsys.readouterr().err == (
        "error: choose_by: not every run has validation predictions; name them in the table's column validation.\n"
    )
