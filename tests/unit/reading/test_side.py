"""One side: whatever holds the predictions of one model."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import classmark
from classmark.errors import InputError, RunError
from classmark.predictions import Predictions, build_predictions, write
from classmark.reading.options import read_options
from classmark.reading.side import Side, open_side, part_values, side_parts
from classmark.reading.values import Values
from classmark.run import Run
from classmark.runs import RunFiles
from unit.reading.tables import BOTH, LABELS, NEGATIVE, POSITIVE, refused

COLUMNS: dict[str, Any] = {"id": list("abcd"), "label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE}
FRAME = pl.DataFrame(COLUMNS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.csv"
    FRAME.write_csv(path)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a finished run of four test rows, four validation rows and a baseline."""
    path = tmp_path / "reviews-1"
    (path / "predictions").mkdir(parents=True)
    (path / "recipe.yaml").write_text("name: reviews\n", encoding="utf-8")
    for split, first in (("test", "t"), ("validation", "v")):
        table = build_predictions(
            [f"{first}{row}" for row in range(4)], LABELS, BOTH, ("neg", "pos"), metadata={"split": split}
        )
        write(table, RunFiles(path).predictions(split))
        write(table, RunFiles(path).predictions(split, "majority"))
    return path


def check(table: Predictions) -> None:
    assert table.classes == ("neg", "pos")
    np.testing.assert_allclose(table.probabilities, BOTH, atol=1e-7)  # a run's are 32-bit floats


def test_a_file_by_text_and_by_path(file: Path) -> None:
    for given in (file, str(file)):
        side = open_side(given)
        check(side.table)
        assert (side.name, side.run, side.validation, side.baselines) == (str(file), None, None, {})


def test_a_folder_of_parts(tmp_path: Path) -> None:
    folder = tmp_path / "parts.parquet"
    folder.mkdir()
    FRAME[:2].write_parquet(folder / "part-0.parquet")
    FRAME[2:].write_parquet(folder / "part-1.parquet")
    check(open_side(folder).table)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(FRAME.write_csv().encode())))
    side = open_side("-")
    check(side.table)
    assert side.table.source == "standard input"


def test_a_frame_and_a_dictionary() -> None:
    for given in (FRAME, COLUMNS, pd.DataFrame(COLUMNS)):
        check(open_side(given, source="mine").table)
        assert open_side(given, source="mine").name == "mine"


def test_values() -> None:
    side = open_side(Values(LABELS, BOTH), source="validation")
    check(side.table)
    assert side.table.source == "validation"


def test_a_run_has_its_baselines_and_its_validation_rows(run: Path) -> None:
    for given in (run, str(run), RunFiles(run), Run(run)):
        side = open_side(given)
        check(side.table)
        assert (side.name, side.table.split) == ("reviews-1", "test")
        assert list(side.baselines) == ["majority"]
        assert side.run is not None
        assert side.run.path == run
        assert side.validation is not None
        assert side.validation.ids.to_list() == ["v0", "v1", "v2", "v3"]


def test_labels_only_leaves_the_predicted_classes_of_a_run_its_baselines_and_its_tables(run: Path) -> None:
    options = read_options({"labels_only": True})
    side = open_side(run, options)
    table = open_side(RunFiles(run).predictions("test"), options).table
    for one in (side.table, side.baselines["majority"], side.validation, table, open_side(table, options).table):
        assert one is not None
        assert not one.has_probabilities
        assert one.predicted.tolist() == np.argmax(BOTH, axis=1).tolist()
    judged = classmark.judge(run, labels_only=True, draws=20)
    assert "log_loss" not in judged.metrics
    assert judged.metrics["accuracy"].value == np.mean(side.table.labels == np.argmax(BOTH, axis=1))


def test_labels_only_needs_predicted_classes_in_a_file_of_another_tool() -> None:
    frame = FRAME.select("id", "label", pl.Series("probabilities", BOTH))
    with pytest.raises(InputError) as caught:
        open_side(frame, read_options({"labels_only": True}), source="mine")
    assert str(caught.value) == (
        "mine: no column of predicted classes is found; the columns are label, id, probabilities. Name it: "
        'predicted="COLUMN", or leave out labels_only=True.'
    )


def test_an_interrupted_run_is_its_validation_rows(run: Path) -> None:
    (run / "predictions" / "test.parquet").unlink()
    side = open_side(run)
    assert (side.table.split, side.validation) == ("validation", None)
    (run / "predictions" / "validation.parquet").unlink()
    with pytest.raises(RunError) as caught:
        open_side(run)
    assert str(caught.value) == (f"{run}: the run has no predictions yet. Finish it: classmark train --resume {run}")


def test_an_empty_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"^{tmp_path}: "):
        open_side(tmp_path)


def test_a_judgement_is_the_table_that_it_is_of(file: Path) -> None:
    judgement = classmark.judge(file, draws=20)
    side = open_side(judgement)
    assert side.table is judgement.predictions
    assert side.name == str(file)


def test_a_table_and_a_side_are_themselves(file: Path) -> None:
    side = open_side(file)
    assert open_side(side) == side
    assert open_side(side.table).table == side.table


def test_a_table_that_is_read_takes_the_positive_class_only(file: Path) -> None:
    side = open_side(file)
    for given in (side, side.table):
        assert open_side(given, read_options({"positive": "neg"})).table.positive == "neg"
        with pytest.raises(InputError) as caught:
            open_side(given, read_options({"label": "label"}))
        assert str(caught.value) == (
            f"{file}: this table is read already, so nothing can be said about its columns. Give the file or the values instead."
        )


@pytest.mark.parametrize(("given", "kind"), [(3, "int"), ([1, 2], "list"), (None, "NoneType"), (BOTH, "ndarray")])
def test_other_things(given: Any, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        open_side(given)
    assert str(caught.value) == (
        f"predictions: a {kind} does not hold predictions. Give a file, a run, a judgement or a frame; values in memory go "
        "through classmark.judge(labels, probabilities)."
    )


MODELS: dict[str, Any] = {"label": LABELS * 2, "score": [*POSITIVE, *NEGATIVE], "model": ["new"] * 4 + ["old"] * 4}


def test_parts_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "models.csv"
    pl.DataFrame(MODELS).write_csv(path)
    for given in (MODELS, pl.DataFrame(MODELS), pd.DataFrame(MODELS), path):
        assert part_values(given, "model") == ["new", "old"]
        sides = side_parts(given, "model", read_options({"positive": "pos"}))
        assert [(value, side.name, len(side.table)) for value, side in sides.items()] == [
            ("new", "new", 4),
            ("old", "old", 4),
        ]
        np.testing.assert_allclose(sides["old"].table.probabilities, 1 - BOTH, atol=1e-15)


@pytest.mark.parametrize(
    ("given", "by", "message"),
    [
        (MODELS, "modle", 'predictions: there is no column "modle"; the columns are label, score, model.'),
        ({**MODELS, "model": ["new"] * 8}, "model", 'the column "model" has one value only (new). Leave it out.'),
        ("-", "model", "standard input can be read once only. Save it as a file first."),
        ([1], "model", "a list has no columns. Give a file or a frame."),
        (
            {**MODELS, "model": [["new"]] * 8},
            "model",
            'the column "model" holds lists of text, not one value per row.',
        ),
        (
            {**MODELS, "model": [None, " ", *["new"] * 3, *["old"] * 3]},
            "model",
            '2 rows have no value in the column "model". Give each row one, or remove these rows.',
        ),
    ],
)
def test_parts_that_there_are_not(given: Any, by: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        part_values(given, by)
    assert str(caught.value) == f"by: {message}"
    assert caught.value.spelt("command line") == f"--by: {message}"


def test_a_side_is_refused_with_its_own_name(file: Path) -> None:
    file.write_text("label\na\n", encoding="utf-8")
    assert str(refused(file)).startswith(f"{file}: neither probabilities nor predicted classes are found;")
    assert isinstance(open_side(FRAME), Side)
