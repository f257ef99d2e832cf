"""The rows of the audit of labels that a page shows, and the file that the command line writes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from classmark.cli.main import run
from classmark.judging.judge import judge
from classmark.predictions import Predictions
from classmark.report.label_errors import likely_label_errors
from classmark.report.page import write_report

Make = Callable[..., Predictions]
# Confident rows of both classes, and one of each that looks like the other.
LABELS = ["no"] * 6 + ["yes"] * 6
SCORES = [0.05, 0.1, 0.08, 0.04, 0.97, 0.1, 0.9, 0.95, 0.92, 0.02, 0.9, 0.94]


@pytest.fixture
def tables(make_table: Make) -> tuple[Predictions, Predictions]:
    texts = [f"<b>text</b> {row}" for row in range(12)]
    validation = make_table(LABELS, SCORES, texts=texts, ids=[f"v-{row}" for row in range(12)])
    return make_table(LABELS, SCORES), replace(validation, source="held-out.parquet")


def test_the_page_shows_the_audited_rows(tables: tuple[Predictions, Predictions], tmp_path: Path) -> None:
    test, validation = tables
    judgement = judge(test, validation=validation, draws=20)
    first, second = likely_label_errors(judgement, validation)
    assert (first.id, first.true, first.predicted, first.start) == ("v-9", "yes", "no", "<b>text</b> 9")
    assert (second.id, second.true, second.predicted) == ("v-4", "no", "yes")
    assert [row.start for row in likely_label_errors(judgement, None)] == ["", ""]
    page = write_report(tmp_path, judgement, test, None, validation).read_text(encoding="utf-8")
    assert "2 of 12 validation rows (16.7 %)" in page
    assert "&lt;b&gt;text&lt;/b&gt; 9" in page
    assert likely_label_errors(judge(test, draws=20), validation) == []


@pytest.mark.parametrize("name", ["odd.csv", "odd.parquet"])
def test_the_command_line_writes_all_of_them(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "theirs.csv", tmp_path / name
    rows = zip(range(12), LABELS, SCORES, strict=True)
    path.write_text("id,label,score,text\n" + "".join(f"{i},{a},{b},t{i}\n" for i, a, b in rows), encoding="utf-8")
    assert run(["judge", str(path), "--out", str(tmp_path / "judged"), "--label-errors", str(out)]) == 0
    assert f"The model disagrees with 2 of 12 labels of {path}; they are in {out}" in capsys.readouterr().err
    frame = pl.read_csv(out, schema_overrides={"id": pl.String}) if name.endswith("csv") else pl.read_parquet(out)
    assert frame.columns == ["id", "label", "suggested", "confidence", "label_probability", "text"]
    assert frame.select("id", "label", "suggested", "text").rows() == [
        ("9", "yes", "no", "t9"),
        ("4", "no", "yes", "t4"),
    ]


def test_what_cannot_be_audited_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,label,score\na,no,0.1\nb,yes,0.8\n", encoding="utf-8")
    out = tmp_path / "judged"
    assert run(["judge", str(path), "--out", str(out), "--label-errors", str(tmp_path / "odd.txt")]) == 2
    assert 'End the name in ".csv" or ".parquet".' in capsys.readouterr().err
    path.write_text("id,label,predicted\na,no,no\nb,yes,no\n", encoding="utf-8")
    assert run(["judge", str(path), "--out", str(out), "--label-errors", str(tmp_path / "odd.csv")]) == 2
    assert "predicted labels only; an audit of labels needs probabilities" in capsys.readouterr().err
    assert run(["judge", "--confusion", "3,1,1,3", "--out", str(out), "--label-errors", str(tmp_path / "odd.csv")]) == 2
    assert "a matrix has no rows" in capsys.readouterr().err
    assert not out.exists()
