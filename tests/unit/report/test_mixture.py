"""What the page, the terminal and a notebook show of a mixture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.judging.parts.mixed_tables import MixedTables, mix_tables
from classmark.predictions import Predictions, build_predictions
from classmark.report.cell import judgement_cell
from classmark.report.mixture import beside, biases_sentence, part_rows, weights_sentence
from classmark.report.page import write_report
from classmark.report.screen import judgement_table
from classmark.report.words import verdict_sentence
from classmark.shown.page import as_text
from pages import text_of

ROWS = 240


def table(prefix: str, seed: int, classes: int) -> Predictions:
    labels = np.arange(ROWS) % classes
    logits = 2 * np.eye(classes)[labels] + np.random.default_rng((seed, len(prefix))).normal(0, 1.5, (ROWS, classes))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = tuple(f"class {index:02d}" for index in range(classes))
    ids = [f"{prefix}{row}" for row in range(ROWS)]
    return build_predictions(ids, [names[label] for label in labels], shares.astype(np.float32), names)


def mixing_of(names: tuple[str, ...], classes: int) -> MixedTables:
    tests, validations = ([table(prefix, seed, classes) for seed in range(len(names))] for prefix in ("t", "vv"))
    return mix_tables(tests, validations, names)


@pytest.fixture(scope="module")
def of_run() -> Judgement:
    mixing = mixing_of(("model", "linear"), 3)
    return judge(mixing.parts["model"], baselines={"linear": mixing.parts["linear"]}, mixing=mixing, draws=100)


@pytest.fixture(scope="module")
def of_mixture() -> tuple[Judgement, Predictions]:
    mixing = mixing_of(("<a>", "b"), 12)
    return judge(mixing.table, mixing=mixing, draws=100), mixing.table


def test_a_run_shows_the_mixture_beside_its_baselines(of_run: Judgement, tmp_path: Path) -> None:
    assert of_run.mixture is not None
    assert list(beside(of_run)) == ["linear baseline", "mixture"]
    assert weights_sentence(of_run.mixture).startswith("The mixture weighs the model by 0.")
    assert weights_sentence(of_run.mixture).endswith(", fitted on 240 validation rows.")
    screen = " ".join(as_text(judgement_table(of_run)).split())
    assert "value 95 % interval linear mixture" in screen
    assert weights_sentence(of_run.mixture) in screen
    assert of_run.mixture.sentence in screen
    page = text_of(write_report(tmp_path, of_run, None).read_text(encoding="utf-8"))
    value = of_run.mixture.others["mixture"]["accuracy"].value
    assert value is not None
    assert f"mixture {100 * value:.2f} %" in page
    assert "the model weight 0." in page
    assert "the other parts of this page are about the model alone" in page
    cell = text_of(judgement_cell(of_run))
    assert "linear baseline mixture" in cell


def test_a_mixture_shows_its_parts(of_mixture: tuple[Judgement, Predictions], tmp_path: Path) -> None:
    judgement, predictions = of_mixture
    mixed = judgement.mixture
    assert mixed is not None
    assert list(beside(judgement)) == ["<a>", "b"]
    assert verdict_sentence(judgement) == mixed.sentence
    rows = part_rows(mixed)
    assert [row.name for row in rows] == ["<a>", "b"]
    assert list(rows[0].differences)[:2] == ["accuracy", "log_loss"]
    content = write_report(tmp_path, judgement, predictions).read_text(encoding="utf-8")
    assert "<a>" not in content
    page = text_of(content)
    assert "mixture of <a> and b" in page
    assert mixed.sentence in page
    assert "about the model alone" not in page


def test_of_many_classes_the_largest_biases_are_named(of_mixture: tuple[Judgement, Predictions]) -> None:
    mixed = of_mixture[0].mixture
    assert mixed is not None
    said = biases_sentence(mixed)
    assert said.startswith("The largest biases: class ")
    assert said.count("class ") == 10
    least = min(zip(mixed.fit.classes, mixed.fit.biases, strict=True), key=lambda pair: abs(pair[1]))[0]
    assert least not in said


def test_of_few_classes_all_are(of_run: Judgement) -> None:
    assert of_run.mixture is not None
    assert biases_sentence(of_run.mixture).startswith("Biases: class 00 ")
