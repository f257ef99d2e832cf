"""`classmark judge` with goals, costs and slices, from files to judgement.json."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.cli.main import run


def written(path: Path, rows: int, seed: int, prefix: str) -> Path:
    rng = np.random.default_rng(seed)
    true = rng.uniform(size=rows) < 0.3
    frame = pl.DataFrame(
        {
            "id": [f"{prefix}{row}" for row in range(rows)],
            "label": np.where(true, "yes", "no"),
            "score": 1 / (1 + np.exp(-rng.normal(3.0 * true - 1.5, 1.2))),
            "source": rng.choice(["web", "mail"], rows),
            "other": rng.choice(["x", "y"], rows),
        }
    )
    frame.write_csv(path)
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return str(written(tmp_path / "test.csv", 300, 0, "t")), str(written(tmp_path / "validation.csv", 300, 1, "v"))


def test_goals_costs_and_slices(files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test, validation = files
    out = tmp_path / "judged"
    words = ["judge", test, "--validation", validation, "--at", "precision>=0.9", "--at", "f1", "--slice", "source"]
    assert run([*words, "--costs", "no:yes=1,yes:no=5", "--draws", "100", "--out", str(out)]) == 0
    found = json.loads((out / "judgement.json").read_text(encoding="utf-8"))
    points = found["thresholds"]["points"]
    assert [point["goal"] for point in points] == ["precision>=0.9", "f1", "cost"]
    assert points[0]["validation"]["precision"]["value"] >= 0.9
    assert found["thresholds"]["rows"] == 300
    assert found["costs"]["matrix"] == [[0, 1], [5, 0]]
    assert {one["column"] for one in found["slices"]} == {"source"}
    assert "Precision ≥ 0.9, at a threshold of" in " ".join(capsys.readouterr().out.split())


def test_a_confidence_is_kept_with_its_goals(files: tuple[str, str], tmp_path: Path) -> None:
    test, validation = files
    out = tmp_path / "judged"
    words = [
        "judge",
        test,
        "--validation",
        validation,
        "--at",
        "recall>=0.8",
        "--at",
        "error<=0.3",
        "--confidence",
        "0.9",
    ]
    assert run([*words, "--draws", "100", "--out", str(out)]) == 0
    found = json.loads((out / "judgement.json").read_text(encoding="utf-8"))
    (point,) = found["thresholds"]["points"]
    assert point["guarantee"]["confidence"] == 0.9
    assert point["guarantee"]["bound"] >= 0.8
    assert [one["error"] for one in found["selective"]["targets"] if one["asked"]] == [0.3]


@pytest.mark.parametrize(
    "options", [["--at", "f1"], ["--at", "f3"], ["--confidence", "0.9"], ["--costs", "no=1"], ["--slice", "nothing"]]
)
def test_what_cannot_be_done_writes_nothing(options: list[str], files: tuple[str, str], tmp_path: Path) -> None:
    assert run(["judge", files[0], *options, "--out", str(tmp_path / "judged")]) == 2
    assert not (tmp_path / "judged").exists()


def test_the_positive_class_may_be_spelt_as_the_file_spells_it(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text("label,p_0,p_1\n0.0,0.75,0.25\n1.0,0.25,0.75\n0.0,0.5,0.5\n")
    assert run(["judge", str(path), "--positive", "0.0", "--draws", "100", "--out", str(tmp_path / "judged")]) == 0
    assert json.loads((tmp_path / "judged" / "judgement.json").read_text(encoding="utf-8"))["positive"] == "0"
    words = ["compare", str(path), str(path), "--positive", "0.0"]
    assert run([*words, "--out", str(tmp_path / "compared")]) == 0


def test_a_matrix_takes_none_of_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["judge", "--confusion", "5,1,2,7", "--at", "f1", "--out", str(tmp_path / "judged")]) == 2
    assert capsys.readouterr().err == (
        "error: --at, --confidence, --costs and --slice go with a predictions file; a matrix has no rows.\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--label", "y"], ["--id", "x"], ["--group", "g"], ["--weights", "w"], ["--where", "a=b"], ["--by", "m"],
        ["--probabilities", "p"], ["--predicted", "p"], ["--missing-label", "x"], ["--labels", "truth.csv"],
        ["--validation", "v.csv"], ["--logits"], ["--labels-only"], ["--rescale"],
    ],
)  # fmt: skip
def test_a_matrix_takes_no_option_of_a_file(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["judge", "--confusion", "5,1,2,7", *words, "--out", str(tmp_path / "judged")]) == 2
    assert capsys.readouterr().err == f"error: {words[0]} goes with a predictions file; a matrix has no rows.\n"
    assert not (tmp_path / "judged").exists()


def test_a_column_is_named_once_in_where(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["judge", files[0], "--out", str(tmp_path / "judged"), "--where", "source=web"]
    assert run([*words, "--where", "source=mail"]) == 2
    assert capsys.readouterr().err == (
        'error: --where: "source" is named twice, and no row has both values. To judge each value, use the option by.\n'
    )
    assert run([*words, "--where", "other=x", "--draws", "100"]) == 0


def test_every_row_has_a_value_of_by(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "parts.csv"
    path.write_text("id,label,score,model\na,no,0.2,old\nb,yes,0.8,\nc,no,0.2,new\nd,yes,0.7, \n", encoding="utf-8")
    for command in ("judge", "compare"):
        assert run([command, str(path), "--by", "model", "--out", str(tmp_path / command)]) == 2
        assert capsys.readouterr().err == (
            'error: --by: 2 rows have no value in the column "model". Give each row one, or remove these rows.\n'
        )
