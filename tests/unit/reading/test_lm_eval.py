"""The samples that lm-evaluation-harness logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classmark.reading.lm_eval import is_lm_eval
from unit.reading.tables import read, refused


def logged(path: Path, column: str, responses: list[Any], targets: list[Any]) -> Path:
    lines = [
        json.dumps({"doc_id": row, "doc": {"question": "?"}, "target": target, "acc": 0.5 * row, column: response})
        for row, (response, target) in enumerate(zip(responses, targets, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


MULTIPLE = [[[-1.0, False], [-0.5, True]], [[-0.25, True], [-3.0, False]], [[-2.0, False], [-1.0, False]]]


@pytest.mark.parametrize(
    "responses",
    [MULTIPLE, [[row] for row in MULTIPLE], [[[str(one), str(two)] for one, two in row] for row in MULTIPLE]],
)
@pytest.mark.parametrize("column", ["filtered_resps", "resps"])
def test_the_choice_with_the_largest_log_likelihood(tmp_path: Path, column: str, responses: list[Any]) -> None:
    table = read(logged(tmp_path / "samples.jsonl", column, responses, [1, 0, 0]))
    assert table.ids.to_list() == ["0", "1", "2"]
    assert table.frame["label"].to_list() == ["1", "0", "0"]
    assert table.frame["predicted"].to_list() == ["1", "0", "1"]
    assert table.frame.columns == ["id", "label", "predicted", "acc"]
    assert [one.message for one in table.remarks] == [
        "The file is a sample log of lm-evaluation-harness: the prediction is the choice with the largest log-likelihood in "
        f'"{column}".'
    ]


@pytest.mark.parametrize(
    "responses", [["yes", " no\n", "yes"], [["yes"], ["no"], ["yes"]], [[["yes"]], [["no"]], [["yes"]]]]
)
def test_a_generated_answer_as_it_is(tmp_path: Path, responses: list[Any]) -> None:
    table = read(logged(tmp_path / "samples.jsonl", "filtered_resps", responses, ["yes", "no ", "no"]))
    assert table.frame["label"].to_list() == ["yes", "no", "no"]
    assert table.frame["predicted"].to_list() == ["yes", "no", "yes"]


def test_filtered_answers_come_first(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    rows = [
        {"doc_id": 0, "target": "a", "resps": [["The answer is a"]], "filtered_resps": ["a"]},
        {"doc_id": 1, "target": "b", "resps": [["It must be a"]], "filtered_resps": ["a"]},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read(path).frame["predicted"].to_list() == ["a", "a"]


def test_a_row_without_an_answer(tmp_path: Path) -> None:
    path = logged(tmp_path / "samples.jsonl", "filtered_resps", [["a"], []], ["a", "b"])
    assert str(refused(path)) == (
        f'{path}, row 2: "filtered_resps" holds no answer. Log the samples again, or leave out this row.'
    )


def test_other_tables() -> None:
    assert not is_lm_eval(pl.DataFrame({"doc_id": [1], "target": ["a"], "pred": ["a"]}))
    assert not is_lm_eval(pl.DataFrame({"target": ["a"], "resps": ["a"]}))
