"""The same table gives the same numbers, however it comes in."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

import classmark
from classmark.cli.main import run
from classmark.errors import Option
from unit.cli.files import content_of, leave_out_pages, scored, write_files

DRAWS = {"draws": 100}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    leave_out_pages(monkeypatch)


def values_of(metrics: dict[str, Any], side: str = "value") -> dict[str, float]:
    return {name: found[side] for name, found in metrics.items() if found.get(side) is not None}


def shapes() -> dict[str, tuple[str, dict[str, Any]]]:
    """The same predictions as several tools write them: the text of a file, and the options that it needs."""
    frame = scored(1)
    other = (1 - frame["score"]).round(3)
    both = frame.select("id", "label").with_columns(prob_no=other, prob_yes=frame["score"])
    predicted = pl.Series(np.where(frame["score"] > other, "yes", "no"))
    return {
        "one score": (frame.write_csv(), {}),
        "two columns": (both.write_csv(), {}),
        "two columns in another order": (both.select("prob_yes", "label", "prob_no", "id").write_csv(), {"positive": "yes"}),
        "predictions beside them": (both.with_columns(predicted=predicted).write_csv(), {}),
        "other names": (
            both.rename({"label": "y", "prob_no": "n, 1", "prob_yes": 'y "2"'}).write_csv(),
            {"label": "y", "probabilities": ["n, 1", 'y "2"'], "classes": ["no", "yes"]},
        ),
        "percent": (
            frame.with_columns((pl.col("score") * 100).round(1).cast(pl.String) + "%").write_csv(), {},
        ),
        "semicolons and decimal commas": (
            frame.with_columns(pl.col("score").cast(pl.String).str.replace(".", ",", literal=True)).write_csv(separator=";"), {},
        ),
        "lists": (
            frame.select("id", "label", prob=pl.format("[{}, {}]", other, "score")).write_csv(), {},
        ),
    }  # fmt: skip


def words_of(options: dict[str, Any]) -> list[str]:
    spelt = [Option(name, tuple(value) if isinstance(value, list) else value) for name, value in options.items()]
    return [word for option in spelt for word in shlex.split(option.spelt("command line"))]


@pytest.mark.parametrize("name", shapes())
def test_judge_compare_validation_and_python_agree(name: str) -> None:
    text, options = shapes()[name]
    Path("theirs.csv").write_text(text, encoding="utf-8")
    words = words_of(options)
    judged = content_of(Path("judged"), "judge", "theirs.csv", *words)
    frame = scored(1)
    truth, score = (frame["label"] == "yes").to_numpy(), frame["score"].to_numpy()
    assert judged["metrics"]["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-12)
    assert judged["metrics"]["log_loss"]["value"] == pytest.approx(sk.log_loss(truth, score), abs=1e-12)
    assert judged["metrics"]["accuracy"]["value"] == pytest.approx(((score > 0.5) == truth).mean(), abs=1e-12)

    compared = content_of(Path("compared"), "compare", "theirs.csv", "theirs.csv", *words)
    wanted = values_of(judged["metrics"])
    for side in ("a", "b"):
        found = values_of(compared["metrics"], side)
        assert found == pytest.approx({metric: wanted[metric] for metric in found}, abs=1e-12)
    assert set(values_of(compared["metrics"], "difference").values()) == {0.0}

    python = classmark.judge("theirs.csv", **options, **DRAWS)
    assert json.loads(json.dumps(python.to_json()["metrics"])) == judged["metrics"]

    test_rows = frame.with_columns(id=pl.concat_str(pl.lit("t"), "id"))
    held_out = classmark.judge(test_rows, validation=classmark.read("theirs.csv", **options), at="f1", **DRAWS)
    plain = classmark.judge(test_rows, validation=frame, at="f1", **DRAWS)
    assert held_out.thresholds is not None
    assert plain.thresholds is not None
    assert held_out.thresholds.points[0].threshold == pytest.approx(plain.thresholds.points[0].threshold, abs=1e-12)


def test_options_apply_to_the_validation_file_too() -> None:
    frame = scored(1).rename({"label": "y", "score": "p"})
    frame.write_csv("t.csv")
    frame.with_columns(id=pl.concat_str(pl.lit("v"), "id")).write_csv("w.csv")
    words = ["judge", "t.csv", "--validation", "w.csv", "--label", "y", "--probabilities", "p", "--at", "f1"]
    found = content_of(Path("o"), *words)
    assert found["validation_rows"] == 120
    assert len(found["thresholds"]["points"]) == 1


def test_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = content_of(Path("o"), "judge", "a.csv")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(Path("a.csv").read_bytes())))
    assert content_of(Path("p"), "judge", "-")["metrics"] == wanted["metrics"]


def test_each_value_of_a_column_is_judged_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    found = content_of(Path("o"), "judge", "models.csv", "--by", "model")
    assert found["by"] == "model"
    assert list(found["parts"]) == ["old", "new"]
    for name, file in (("old", "a.csv"), ("new", "b.csv")):
        alone = content_of(Path(f"alone-{name}"), "judge", file)
        where = content_of(Path(f"where-{name}"), "judge", "models.csv", "--where", f"model={name}")
        assert found["parts"][name]["metrics"] == alone["metrics"] == where["metrics"]
        assert (Path("o") / name / "judgement.json").is_file()
    assert "model = old" in capsys.readouterr().out


def test_json_is_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    for words, file in ((["judge", "a.csv"], "judgement.json"), (["compare", "a.csv", "b.csv"], "comparison.json")):
        assert run([*words, "--json", "--draws", "100", "--out", words[0]]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads((Path(words[0]) / file).read_text(encoding="utf-8"))


def test_the_plan_is_said_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    content_of(Path("o"), "judge", "a.csv")
    assert "label ← label; P(yes) ← score; id ← id" in capsys.readouterr().out
    content_of(Path("p"), "compare", "a.csv", "b.csv")
    out = capsys.readouterr().out
    assert out.count("label ← label; P(yes) ← score; id ← id") == 2


REFUSALS = {
    "a sum": ("id,label,no,yes\na,no,0.811,0.111\nb,yes,0.2,0.8\n", (), "{path}, row 1: the probabilities sum to 0.922, not to 1 "
              "(tolerance 0.001); 1 such rows. To divide each row by its sum: --rescale"),
    "an empty cell": ("id,label,score\na,no,0.1\nb,yes,0.5\nc,yes,\n", (), '{path}, row 3: "score" is empty. Fix or remove this '
                      "row. To judge the predicted classes alone, if there are any: --labels-only"),
    "another label": ("id,label,score\na,no,0.1\nb,yes,0.3\n", ("--classes", "no,maybe"),
                      '{path}, row 2: the label "yes" is none of the classes no, maybe.'),
    "equal ids": ("id,label,score\na,no,0.1\na,yes,0.3\n", (),
                  '{path}: the id "a" stands in rows 1, 2; 2 rows share an id with another. Give each row an id of its own.'),
    "one class": ("id,label,score\na,no,0.1\nb,no,0.3\n", (),
                  "{path}: one score per row is for two classes, but there is 1 (no). Name both classes: --classes no,OTHER "
                  "or in the other order."),
    "empty": ("", (), "{path}: the file is empty."),
    "no rows": ("id,label,score\n", (), "{path}: the file has no rows."),
    "no labels": ("id,label,score\na,,0.2\nb,,0.3\n", ("--classes", "no,yes"),
                  "{path}: no row has a label, so there is nothing to judge against. Give the table a column with the true "
                  "classes."),
    "a score of either class": ("label,score\ncat,0.25\ndog,0.75\n", (),
                                '{path}: "score" is one score per row, and nothing says whether it is that of "cat" or of "dog". '
                                "Name the class: --positive dog or --positive cat"),
    "quotes in a name": ('label,"score ""a""","score ""b"""\nno,0.25,0.5\nyes,0.75,0.5\n', (),
                         "{path}: neither probabilities nor predicted classes are found; the columns are label, score \"a\", "
                         'score "b". Name them: --probabilities COLUMN,COLUMN or --predicted COLUMN'),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_the_command_line_refuses_in_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    content, words, message = REFUSALS[name]
    path = Path("theirs.csv").resolve()
    path.write_text(content, encoding="utf-8")
    assert run(["judge", str(path), "--out", "o", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"error: {message.format(path=path)}\n"
    assert not Path("o").exists()


def test_the_words_of_a_refusal_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("theirs.csv").write_text(
        'label,"v1, no","v1, yes","v2, no","v2, yes"\nno,0.75,0.25,0.5,0.5\nyes,0.25,0.75,0.5,0.5\n', encoding="utf-8"
    )
    assert run(["judge", "theirs.csv", "--out", "o"]) == 2
    said = capsys.readouterr().err
    words = shlex.split(said[said.index("--probabilities") :])
    assert words == ["--probabilities", '"v1, no","v1, yes"']
    assert content_of(Path("o"), "judge", "theirs.csv", *words)["metrics"]["accuracy"]["value"] == 1.0
