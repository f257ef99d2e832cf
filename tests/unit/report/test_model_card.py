"""The model card: front matter that the hub reads, figures that the judgement has, and no word of users as markup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from classmark.errors import RunError
from classmark.judging.judge import judge
from classmark.judging.judgement import write_judgement
from classmark.predictions import Predictions
from classmark.report.model_card import CardWords, model_card
from classmark.runs import RunFiles
from classmark.system.files import write_json, write_text

Make = Callable[..., Predictions]
HOSTILE = ("<img src=x onerror=alert(1)>", "a|b `c` [d](e)")
RECIPE = """\
name: x
description: "# Of *films*"
seed: 3
data: {source: table, path: /home/someone/films.csv}
input: {kind: subwords, max_tokens: 128}
model: {kind: encoder, weights: /home/someone/minilm}
"""


@pytest.fixture
def run(tmp_path: Path, make_table: Make) -> RunFiles:
    run = RunFiles(tmp_path / "films")
    write_text(run.recipe, RECIPE)
    data = {"source": "table", "path": "films.csv", "splits": {"train": 8_000, "test": 10}, "leaked_test_rows": 4}
    counts = {"train": dict.fromkeys(HOSTILE, 4_000)}
    write_json(run.data, data | {"class_counts": counts, "skipped": 12, "group": "film_id", "duplicates_moved": 3})
    write_json(run.model / "model.json", {"kind": "encoder", "parameters": 5_000_000})
    write_json(run.environment, {"processor": "a processor", "packages": {"torch": "2.14", "polars": "2"}})
    write_json(run.status, {"seconds": {"training": 200.0, "total": 3_900.0}})
    table = make_table([HOSTILE[index] for index in (0, 0, 0, 0, 1, 1, 1, 1, 1, 1)], classes=HOSTILE)
    write_judgement(run.judgement, judge(table, baselines={"linear": table}, draws=100))
    return run


def test_the_hub_reads_its_front_matter(run: RunFiles) -> None:
    card = ModelCard(model_card(run, CardWords(license="mit", language=("de",), library="transformers")))
    card.validate = None  # that asks the hub
    assert (card.data.license, card.data.language, card.data.library_name) == ("mit", ["de"], "transformers")
    assert card.data.pipeline_tag == "text-classification"
    assert card.data.tags == ["classmark", "text-classification", "encoder"]
    accuracy = card.data.eval_results[0]
    assert (accuracy.metric_type, accuracy.metric_value, accuracy.dataset_type) == ("accuracy", 0.8, "table")
    assert accuracy.metric_name == "Accuracy, 95 % interval 44.39 to 97.48 %"  # Clopper and Pearson's of 8 in 10


def test_it_says_what_the_run_knows(run: RunFiles) -> None:
    card = model_card(run)
    for line in (
        "license: unknown",
        "A classifier of texts into 2 classes: encoder with 5,000,000 parameters, from the weights minilm, trained with "
        r"classmark. # Of \*films\*",
        "classmark predict films new.csv --out predictions.csv",
        "| Accuracy | 80.00 % | 44.39 to 97.48 % | 80.00 % |",
        "- Rows: train 8,000, test 10",
        "- Rows belong to groups by the column film\\_id; a group is in one split only.",
        "- Test rows that also stand in the training or validation data: 4",
        "- Rows that could not be read and were left out: 12",
        "- Packages: torch 2.14",
        "- Time: 3 min 20 s of training, 65 min 0 s in all",
        "- Texts are cut to 128 tokens.",
        "  weights: minilm",
    ):
        assert f"{line}\n" in card, line
    assert "language" not in card
    assert "(too\\_few\\_rows): " in card


def test_what_users_wrote_is_no_markup(run: RunFiles) -> None:
    body = model_card(run).split("\n---\n", 1)[1]
    assert "\\<img src=x onerror=alert(1)\\>" in body
    assert "<img" not in body.replace("\\<img", "")
    assert r"a\|b \`c\` \[d\](e)" in body
    assert "/home/someone" not in model_card(run)


def test_a_run_without_a_judgement_has_none(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        model_card(RunFiles(tmp_path))
    assert str(caught.value).endswith("judgement.json: the file is missing, so the run is unfinished or incomplete.")
