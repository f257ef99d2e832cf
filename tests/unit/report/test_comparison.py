"""The page of two models: what it says, as text, and what it leaves out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from classmark.cli.main import run as classmark
from classmark.judging.comparisons.multiple import Comparisons, compare_all
from classmark.judging.findings.judgement import Finding
from classmark.predictions import Predictions, read, write
from classmark.report.comparison import write_comparison
from classmark.shown.sides import build_sides
from pages import check_harmless, text_of
from two_runs import SCRIPT, image_runs, text_runs

Make = Callable[..., Predictions]


def page_of(out: Path, comparison: Comparisons, *tables: Predictions) -> str:
    a, b = tables
    return write_comparison(out, comparison, build_sides(comparison, (a, b))).read_text(encoding="utf-8")


def compared(out: Path, *paths: Path) -> str:
    """The page that the command writes."""
    assert classmark(["compare", *map(str, paths), "--out", str(out)]) == 0
    return (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def image_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Cross-entropy against focal loss, 200 classes, 1,000 rows."""
    folder = tmp_path_factory.mktemp("images")
    return compared(folder / "out", *image_runs(folder))


@pytest.fixture(scope="module")
def text_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("texts")
    return compared(folder / "out", *text_runs(folder))


def test_both_judgements_stand_side_by_side(tmp_path: Path, make_table: Make) -> None:
    a, b = make_table(), make_table(scores=(0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9))
    comparison = compare_all((a, b), names=(SCRIPT, "better"))
    page = page_of(tmp_path, comparison, a, b)
    check_harmless(page)
    words = text_of(page)
    assert f"A {SCRIPT} B better 10 rows, 2 classes (positive: yes), matched by id" in words
    assert comparison.sentence in words
    # Clopper and Pearson's intervals of 8 and of 10 in 10; Tango's of two rows gained.
    assert "Accuracy 80.00 % 44.39 to 97.48 % 100.00 % 69.15 to 100.00 % +20.00 -13.30 to +50.98 cannot tell" in words
    assert "By the paired intervals B is better in log loss; nothing can be told from" in words
    assert "Calibration error 0.2720 – 0.1000 – -0.1720 no interval" in words
    assert "Only A is right on 0 rows, only B on 2; both are right on 8 and both wrong on 0." in words
    assert "DeLong's test of equal ROC areas: p = " in words


def test_sentences_stand_apart(image_page: str, text_page: str, many_page: str) -> None:
    for page in (image_page, text_page, many_page):
        prose = re.findall(r"<p[ >].*?</p>", page, flags=re.DOTALL)
        assert len(prose) > 5
        assert [one for one in prose if re.search(r"\w\.[A-Z]", re.sub(r"<[^>]+>", "", one))] == []


def test_a_comparison_says_what_it_leaves_out(tmp_path: Path, make_table: Make) -> None:
    table = make_table()
    left_out = Finding("scores_left_out", "info", f"{SCRIPT} has predicted labels only")
    page = page_of(tmp_path, replace(compare_all((table, table)), findings=(left_out,)), table, table)
    check_harmless(page)
    words = text_of(page)
    assert left_out.message in words
    assert "A B warning Only 10 labelled rows" in words


def test_a_caveat_of_one_side_stands_with_its_letter(tmp_path: Path, make_table: Make) -> None:
    table = make_table()
    known = Predictions(table.frame, {**table.metadata, "caveats": {"seen": f"{SCRIPT} has seen these rows."}}, "b")
    page = page_of(tmp_path, compare_all((table, known)), table, known)
    check_harmless(page)
    assert f"B info {SCRIPT} has seen these rows." in text_of(page)


def test_what_is_undefined_is_a_dash(tmp_path: Path, make_table: Make) -> None:
    one = make_table(["yes"] * 4, [0.1, 0.6, 0.7, 0.8])
    assert "ROC area – – – – – no interval" in text_of(page_of(tmp_path, compare_all((one, one)), one, one))


def test_many_classes_are_compared_with_pictures_and_in_small(image_page: str) -> None:
    check_harmless(image_page)
    assert len(image_page.encode()) < 2_000_000
    for title in ("Accuracy per epoch", "Reliability", "ROC", "Precision and recall"):
        assert f'aria-label="{title}"' in image_page
    assert 'aria-label="Loss per epoch"' not in image_page
    assert image_page.count("data:image/jpeg;base64,") == 16
    words = text_of(image_page)
    assert "A minimises cross-entropy, B focal" in words
    assert "epoch (of 10 steps in A, 20 in B)" in words
    assert "200 classes are 200 comparisons" in words
    assert "corrected for all 200 by Holm's method" in words
    assert words.count("finds more of") == 2
    assert "tells the two apart" not in words  # epochs differ beside the loss
    assert "The recipes differ in loss and train at once" in words
    assert "loss.kind cross_entropy focal train.epochs 3 4" in words
    assert "Training data and split the same (fingerprint 0123456789ab)" in words
    assert "Initial weights the same: they follow from the seed and the names of the parameters" in words
    assert "epoch A B B − A, points 1 40.00 % 45.00 % +5.00" in words
    assert "4 – 66.00 % –" in words


def test_texts_are_compared_as_text(text_page: str) -> None:
    check_harmless(text_page)
    words = text_of(text_page)
    assert f"a review {SCRIPT}" in words
    assert 'aria-label="Loss per epoch"' in text_page  # both minimise the same
    assert "The losses are not drawn" not in words
    assert "finds more of" not in words
    assert "The recipes differ in seed and optimizer at once" in words
    assert "Seed differs: 1 in A, 2 in B" in words
    assert "Initial weights differ, as the seeds do, but for what is pretrained" in words
    assert "/somewhere/" not in text_page


def test_files_without_scores_say_so(tmp_path: Path) -> None:
    for name, said in (("a", "nyyn"), ("b", "nyyy")):
        rows = [f"{row},{label},{one}" for row, (label, one) in enumerate(zip("nyny", said, strict=True))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,label,predicted", *rows]) + "\n", encoding="utf-8")
    words = text_of(compared(tmp_path / "out", tmp_path / "a.csv", tmp_path / "b.csv"))
    assert "Neither side is a run folder, so nothing is known of how the models were made." in words
    assert "Training data and split not known, since A and B do not say" in words
    assert "Left out: A and B have no scores to draw curves from." in words
    assert "All 1, in the order of the table, since neither side has confidences." in words
    assert "While they were trained" not in words


def test_one_file_without_scores_is_named(tmp_path: Path, make_table: Make) -> None:
    a = make_table()
    labels = [a.classes[one] for one in a.predicted]
    frame = a.frame.drop("probabilities").with_columns(predicted=pl.Series(labels))
    b = Predictions(frame, a.metadata, "b")
    words = text_of(page_of(tmp_path, compare_all((a, b)), a, b))
    assert "Left out: B has no scores to draw curves from." in words


def test_the_json_keeps_its_contract_and_calls_runs_by_name(tmp_path: Path) -> None:
    compared(tmp_path / "out", *text_runs(tmp_path))
    content = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert (content["a"], content["b"]) == ("text-a", "text-b")
    assert {"a", "b", "rows", "metrics", "mcnemar", "delong", "sentence"} <= set(content)
    metrics = {"accuracy", "f1", "mcc", "log_loss", "roc_auc", "average_precision", "brier"}
    assert set(content["metrics"]) == metrics
    assert all({"a", "b", "difference", "low", "high", "method"} <= set(one) for one in content["metrics"].values())
    assert content["minimum_detectable_difference"] == pytest.approx(0.0913, abs=1e-4)  # Connor 1987: 43 of 200 rows


def test_runs_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    a, b = text_runs(tmp_path)
    (tmp_path / "other").mkdir()
    moved = b.rename(tmp_path / "other" / a.name)
    compared(tmp_path / "out", a, moved)
    content = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert (content["a"], content["b"]) == (str(a), str(moved))


def test_an_unfinished_run_is_not_compared_with_a_finished_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    table = read(Path("text-b/predictions/test.parquet"))
    Path("text-b/predictions/test.parquet").unlink()
    validation = Predictions(table.frame, {**table.metadata, "split": "validation"})
    write(validation, Path("text-b/predictions/validation.parquet"))
    for sides in (("text-a", "text-b"), ("text-b", "text-a")):
        assert classmark(["compare", *sides, "--out", "out"]) == 2
        assert capsys.readouterr().err.strip() == (
            "error: text-b: the run is unfinished and has no test predictions, as text-a has. "
            "Finish it: classmark train --resume text-b"
        )


@pytest.fixture(scope="module")
def many_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two runs and the second one's table as a file without training, 200 classes."""
    folder = tmp_path_factory.mktemp("many")
    a, b = image_runs(folder)
    shutil.copy(b / "predictions" / "test.parquet", folder / "third.parquet")
    return compared(folder / "out", a, b, folder / "third.parquet")


def test_three_models_stand_beside_each_other(many_page: str) -> None:
    check_harmless(many_page)
    assert len(many_page.encode()) < 2_000_000
    words = text_of(many_page)
    assert words.count("Three models on the same rows") == 1
    assert "Compared with A (tiny-ce) on the same 1,000 rows, in accuracy: B (tiny-focal) " in words
    assert "p is corrected by Holm's method over these 2 comparisons, each metric for itself" in words
    assert "p is corrected by Holm's method over all 3 pairs, from McNemar's mid-p." in words
    assert "nor is anything corrected for the number of metrics" in words
    for pair in ("B − A", "C − A", "C − B"):
        assert words.count(pair) > 7  # among the accuracies and each other metric
    assert "These data cannot tell tiny-focal (B) and" in words
    assert (
        "C is no run folder, so nothing is known of how it was made. The recipes differ in loss and train at once"
        in words
    )
    assert "loss.kind cross_entropy focal train.epochs 3 4" in words
    assert "C has no history of its training." in words
    for title in ("Accuracy per epoch", "Reliability", "ROC", "Precision and recall"):
        assert f'aria-label="{title}"' in many_page
    assert "Only A is right" in words
    assert "Only A is wrong" in words
    assert "Only C is right" not in words  # it says what B says
    ids = re.findall(r'\bid="([^"]+)"', many_page)
    assert len(ids) == len(set(ids))


def test_the_ids_of_svg_parts_differ_between_charts(image_page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', image_page)
    assert len(ids) == len(set(ids))
