"""The report of a run on images of two hundred classes."""

from __future__ import annotations

import io
import json
import re
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions, build_predictions
from classmark.report.page import write_report
from classmark.runs import RunFiles
from classmark.system.files import write_json, write_jsonl, write_text
from pages import check_harmless, text_of

KINDS = ("gold", "silver", "tiger", "hammer", "river", "sea", "mud", "fire", "ice", "rock", "tree", "sand", "moon", "sun",
         "storm", "cloud", "black", "grey", "brown", "snow")  # fmt: skip
ANIMALS = ("fish", "shark", "ray", "hen", "jay", "owl", "newt", "frog", "turtle", "lizard")
CLASSES = tuple(f"{kind}{animal}" for kind in KINDS for animal in ANIMALS)  # taken for another of the same animal
ROWS = 5_000


def thumbnail(shade: int, rng: np.random.Generator) -> bytes:
    """A noisy picture of 64 pixels, about as large as a photograph's."""
    soft = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((64, 64), Image.Resampling.BICUBIC)
    noisy = np.asarray(soft, dtype=float) / 2 + shade / 2 + rng.normal(0, 8, (64, 64, 1))
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


@pytest.fixture(scope="module")
def table() -> Predictions:
    rng = np.random.default_rng(0)
    labels = np.arange(ROWS) % len(CLASSES)
    animals = np.arange(len(CLASSES)) % len(ANIMALS)
    logits = rng.normal(0, 1, (ROWS, len(CLASSES))) + 2.0 * (animals[labels][:, None] == animals)
    logits[np.arange(ROWS), labels] += 2.0
    scores = np.exp(1.5 * logits)
    names = [CLASSES[index] for index in labels]
    pictures = [thumbnail(int(index), rng) for index in labels]
    columns = {"path": [f"val/{name}.JPEG" for name in names], "thumbnail": pictures, "width": [64] * ROWS}
    return build_predictions(
        [f"val_{row}.JPEG" for row in range(ROWS)],
        names,
        scores / scores.sum(axis=1, keepdims=True),
        CLASSES,
        columns=pl.DataFrame(columns),
        metadata={"split": "test"},
    )


@pytest.fixture(scope="module")
def judgement(table: Predictions) -> Judgement:
    return judge(table, draws=200)


@pytest.fixture(scope="module")
def out(table: Predictions, judgement: Judgement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = RunFiles(tmp_path_factory.mktemp("many") / "run")
    write_text(run.recipe, "name: tiny\n")
    augmentation = {"flip": True, "shift_px": 6, "mixup": 0.0}
    sizes = {"min_width": 64, "max_width": 64, "min_height": 64, "max_height": 64}
    unreadable = [{"path": f"<b>{number}</b>.JPEG", "reason": "the file ends too early"} for number in range(23)]
    write_json(
        run.data,
        {
            "source": "tiny-imagenet", "kind": "images", "path": "tiny-imagenet-200.zip", "splits": {"train": 90_000},
            "duplicates_moved": 20, "leaked_test_rows": 7, "skipped": 23, "fingerprint": "0123456789abcdef" * 4,
            "input": {"size_px": 64, "augmentation": augmentation, "pixels": sizes}, "unreadable": unreadable,
        },
    )  # fmt: skip
    model = {
        "kind": "backbone",
        "parameters": 7_158_856,
        "printout": "DenseNet()",
        "model": {"backbone": "densenet121"},
    }
    write_json(run.model / "model.json", model)
    shares = {"train_accuracy": 0.3, "validation_accuracy": 0.35, "train_loss": 3.0, "validation_loss": 2.9}
    write_jsonl(run.history, [{"epoch": epoch, "step": 700 * epoch, **shares} for epoch in (1, 2, 3)])
    write_report(run.path, judgement, table, run)
    return run.path


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def words(page: str) -> str:
    return text_of(page)


def test_the_page_stays_small(out: Path) -> None:
    assert 300_000 < (out / "report.html").stat().st_size < 2_000_000
    assert 50_000 < (out / "figures" / "confusion-matrix.svg").stat().st_size < 400_000


def test_judging_and_the_report_are_fast(table: Predictions, tmp_path: Path) -> None:
    started = time.process_time()
    write_report(tmp_path, judge(table), table)
    assert time.process_time() - started < 15


def test_nothing_is_loaded(page: str) -> None:
    script = re.findall(r"<script>.*?</script>", page, re.S)
    assert len(script) == 1
    check_harmless(page.replace(script[0], ""))
    assert not re.findall(r"\b(fetch|import|XMLHttpRequest|eval|innerHTML|document\.write)\b", script[0])


def test_the_cards_have_top_1_and_top_5(words: str, judgement: Judgement) -> None:
    for title, name in (("Accuracy (top-1)", "accuracy"), ("Top-5 accuracy", "top5_accuracy")):
        found = judgement.metrics[name]
        assert None not in (found.value, found.low, found.high)
        interval = f"{100 * (found.low or 0):.2f} to {100 * (found.high or 0):.2f} %"
        assert f"{title} {100 * (found.value or 0):.2f} % 95 % interval {interval}" in words


def test_the_order_puts_the_animals_together(page: str) -> None:
    order = re.search(r"in the order of the map</summary><p>(.*?)</p>", page)
    assert order
    names = order.group(1).split(" · ")
    assert sorted(names) == sorted(CLASSES)
    animals = [re.sub(rf"^({'|'.join(KINDS)})", "", name) for name in names]
    assert sum(one != other for one, other in pairwise(animals)) == len(ANIMALS) - 1


def test_twenty_pairs_stand_with_counts_shares_and_thumbnails(page: str, judgement: Judgement) -> None:
    pairs = re.search(r'<ol class="pairs">.*?</ol>', page, re.S)
    assert pairs
    parts = pairs.group().split("<h3>")[1:]
    assert len(parts) == 20
    found = [
        re.findall(r"<b>(\d+)</b> \(([\d.]+)&nbsp;%\) of <span[^>]*>(\w+)<.*?>(\w+)</span>", part) for part in parts
    ]
    rows = [sum(int(count) for count, *_ in ways) for ways in found]
    matrix = np.array(judgement.confusion)
    np.fill_diagonal(matrix, 0)
    assert rows == sorted((matrix + matrix.T)[np.triu_indices(200, 1)].tolist(), reverse=True)[:20]
    for part, ways in zip(parts, found, strict=True):
        for count, share, true, predicted in ways:
            assert int(count) == matrix[CLASSES.index(true), CLASSES.index(predicted)]
            assert float(share) == 100 * int(count) / 25
        seen = re.findall(r'<img src="data:image/jpeg;base64,[\w+/=]+" alt="(\w+), taken for (\w+)"', part)
        assert 2 <= len(seen) <= 3
        assert {frozenset(names) for names in seen} == {frozenset(ways[0][2:])}


def test_the_most_confident_errors_show_their_images(page: str) -> None:
    errors = page.split("Most confident errors</h2>")[1].split("</ol>")[0]
    assert len(re.findall(r'<li><img src="data:image/jpeg;base64,[\w+/=]+" alt="\w+, taken for \w+">', errors)) == 12


def test_the_table_of_classes_can_be_searched_and_sorted(page: str) -> None:
    table = page.split("Per class</h2>")[1].split("</table>")[0]
    assert '<label for="find-class">' in table
    assert 'id="find-class"' in table
    assert table.count("<tr><th") == 201
    values = [float(value) for value in re.findall(r'data-value="([\d.]+)"', table)]
    assert len(values) == 800
    assert values[::4] == [25] * 200
    assert "<button" not in page  # without the script it is a plain table


def test_what_was_run_speaks_of_images(words: str) -> None:
    for part in (
        "tiny-imagenet (tiny-imagenet-200.zip), train 90,000",
        "20 rows, so that no image stands in two splits",
        "23 images that could not be read",
        "Images seen at 64 × 64 pixels; as they come, 64 pixels wide and 64 pixels high",
        "Augmentation flip, shift_px 6",
        "backbone densenet121, 7,158,856 parameters",
        "Files that could not be read: 23",
        "<b>19</b>.JPEG: the file ends too early … and 3 more",
    ):
        assert part in words, part
    assert "vocabulary" not in words
    assert "<b>20</b>" not in words


def test_no_table_of_forty_thousand_cells_is_printed(words: str) -> None:
    assert "The confusion matrix as a table" not in words


def test_the_judgement_read_back_has_the_same_order(judgement: Judgement) -> None:
    from classmark.judging.judgement import judgement_from_json
    from classmark.report.heat_map import shown_order

    assert shown_order(judgement_from_json(json.loads(json.dumps(judgement.to_json())))) == shown_order(judgement)
