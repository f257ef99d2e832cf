"""What `classmark predict` decides is what the judgement of the run says of its validation rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import classmark
from classmark.cli.main import run
from classmark.inference.decisions import load_deciding
from served import reviews


@pytest.fixture
def table() -> Path:
    reviews(60, seed=9).write_csv("new.csv")
    return Path("new.csv")


def test_the_threshold_is_that_of_the_judgement(text_run: Path, table: Path) -> None:
    points = {point.goal: point.threshold for point in classmark.Run(text_run).judgement.thresholds.points}
    assert load_deciding(text_run, at="f1").decisions.threshold == points["f1"] != 0.5
    classmark.predict(text_run, table, "p.csv", at="f1")
    found = pl.read_csv("p.csv")
    called = np.where(found["p_good"].to_numpy() >= np.float32(points["f1"]), "good", "bad")
    assert found["predicted"].to_list() == called.tolist()
    plain = classmark.load(text_run).predict(reviews(60, seed=9)["text"])
    assert (plain != called).any()
    classmark.predict(text_run, table, "p.parquet", at="f1")
    judged = classmark.judge("p.parquet", draws=100)
    assert judged.metrics["accuracy"].value == np.mean(called == found["label"].to_numpy())


def test_the_sets_are_those_of_the_judgement(text_run: Path, table: Path) -> None:
    promised = next(s for s in classmark.Run(text_run).judgement.conformal.sets if (s.method, s.level) == ("lac", 0.9))
    assert load_deciding(text_run, sets=0.9).decisions.set_threshold == promised.threshold
    classmark.predict(text_run, table, "p.jsonl", sets=0.9)
    classmark.predict(text_run, table, "p.csv", sets=0.9)
    held = pl.read_ndjson("p.jsonl")["set"].to_list()
    rows = pl.read_csv("p.csv")
    for names, line, bad, good in zip(held, rows["set"], rows["p_bad"], rows["p_good"], strict=True):
        assert set(names) == {n for n, p in (("bad", bad), ("good", good)) if 1 - np.float32(p) <= promised.threshold}
        assert (line or "") == ",".join(names)
    assert {len(names) for names in held} == {1, 2}


def test_calibrated_thresholds_are_on_calibrated_probabilities(text_run: Path, table: Path) -> None:
    plain, tempered = (load_deciding(text_run, calibrated=warm, at="f1") for warm in (False, True))
    texts = reviews(60, seed=9)["text"]
    found = [one.decisions.indices(one.classifier.predict_proba(texts)) for one in (plain, tempered)]
    assert plain.decisions.threshold != tempered.decisions.threshold
    assert found[0].tolist() == found[1].tolist()  # a temperature moves no row past another


def test_rows_that_are_not_sure_enough(text_run: Path, table: Path) -> None:
    classmark.predict(text_run, table, "p.jsonl", at="error<=0.15")
    rows = pl.read_ndjson("p.jsonl")
    least = load_deciding(text_run, at="error<=0.15").decisions.least_confidence
    sure = rows.select(pl.max_horizontal("p_bad", "p_good") >= np.float32(least)).to_series()
    assert rows["answered"].to_list() == sure.to_list()
    assert 0 < rows["answered"].sum() < 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "f2"], '--at: "f2": f1, mcc, balanced_accuracy, accuracy, youden can be maximised. '
                         "Write for instance --at f1 or --at 'precision>=0.95'"),
        (["--at", "precision>=0.999"], "--at: no threshold for precision>=0.999: there are at most 80 validation rows "
                                       "called positive, and a minimum of 0.999 must be seen on 1,000. Ask for less, or "
                                       "leave it out."),
        (["--sets", "1"], "--sets: 1 is not a share above 0 and below 1. Write for instance 0.9."),
        (["--sets", "0.9", "--mixture"], "Use either --mixture or --sets, not both. A run keeps no predictions of its "
                                         "mixture on validation rows."),
    ],
)  # fmt: skip
def test_what_cannot_be_decided(
    words: list[str], said: str, text_run: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", str(text_run), "new.csv", "--out", "p.csv", *words]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_a_model_alone_has_no_validation_rows(text_run: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(text_run / "model"), "new.csv", "--out", "p.csv", "--sets", "0.9"]) == 2
    assert capsys.readouterr().err == (
        f"error: {text_run / 'model'}: it holds no predictions of validation rows, on which thresholds and sets are chosen. "
        "Name the run folder, not its model/ folder, or leave out --sets.\n"
    )
