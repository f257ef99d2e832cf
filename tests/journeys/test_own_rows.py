"""Rows of one's own, from a table with odd columns and labels to a judgement, through the command line."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classmark.cli.main import run

TINY = (
    *("train.epochs=1", "train.threads=1", "train.precision=fp32", "train.batch_size=16", "judge.draws=100"),
    *("model.hidden_size=8", "model.embedding_size=8", "model.layers=1"),
)
NAMES = (
    "sha256",
    "place",
    "row",
    "path",
    "fault",
    "id",
    "key",
    "leaked",
    "group",
    "weight",
    "length",
    "unit",
    "predicted",
    "",
)


def rows(count: int, seed: int) -> pl.DataFrame:
    draw = random.Random(seed)
    good, bad = ("fine warm kind", "poor cold rude")
    labels = [float(row % 2) for row in range(count)]
    texts = [
        " ".join(draw.choice([*(good if label else bad).split(), "the", "a", "film"]) for _ in range(8))
        + f" {seed} {row}"
        for row, label in enumerate(labels)
    ]
    return pl.DataFrame({"text": texts, "label": labels})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of odd columns, and a run that was trained on it."""
    place = tmp_path_factory.mktemp("rows")
    frame = rows(60, 1).with_columns(
        pl.when(pl.int_range(60) == 0).then(pl.lit("0")).otherwise(pl.col("label").cast(pl.String)).alias("label"),
        *(pl.Series(name, [f"{name}{row % 3}" for row in range(60)]) for name in NAMES),
        set=pl.Series(["training"] * 36 + ["VAL"] * 12 + ["Test"] * 12),
        customer=pl.Series([("007", "7", "7.0")[row // 12 % 3] + f"-{row // 12}" for row in range(60)]),
        arabic=pl.lit("٣"),
        long=pl.lit("1" * 45),
    )
    frame.write_csv(place / "odd.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("CLASSMARK_CACHE", str(place / "cache"))
        words = ["data.path=odd.csv", "data.split_column=set", "data.group=customer", *TINY]
        assert run(["train", "text-csv", *words, "--out", "run"]) == 0
    return place


@pytest.fixture(autouse=True)
def _in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CLASSMARK_CACHE", str(folder / "cache"))


def content(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def test_columns_have_their_names_in_the_predictions() -> None:
    facts, table = content("run/data.json"), pl.read_parquet("run/predictions/test.parquet")
    assert facts["classes"] == ["0", "1"]
    assert facts["splits"] == {"train": 36, "validation": 12, "test": 12}
    assert facts["notes"] == ['Labels count as the class "0" though they are written as "0.0".']
    assert set(facts["renamed_columns"]) == {"id", "path", "leaked", "group", "weight", "length", "predicted"}
    for name in NAMES:
        assert str(table[facts["renamed_columns"].get(name, name)][0]).startswith(name)
    assert set(table["group"]) == {"7-4"}
    messages = [one["message"] for one in content("run/judgement.json")["findings"] if one["code"] == "assumed"]
    assert messages == facts["notes"]


@pytest.mark.parametrize(("ending", "labels"), [("parquet", "1.0"), ("csv", "True"), ("jsonl", " 1 ")])
def test_what_predict_writes_is_judged(ending: str, labels: str) -> None:
    other = {"1.0": "0.0", " 1 ": "0 ", "True": "False"}[labels]
    frame = rows(20, 2).with_columns(label=pl.Series([labels if row % 2 else other for row in range(20)]))
    frame.write_csv("new.csv")
    out = f"new-{ending}-{labels.strip()}"
    assert run(["predict", "run", "new.csv", "--out", f"{out}.{ending}"]) == 0
    assert run(["judge", f"{out}.{ending}", "--draws", "100", "--out", out]) == 0
    judgement = content(f"{out}/judgement.json")
    assert (judgement["rows"], judgement["classes"]) == (20, ["0", "1"])
    assert sum(map(sum, judgement["confusion"])) == 20


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    shutil.rmtree("refused", ignore_errors=True)
    code = run(["train", "text-csv", *words, *TINY, "--out", "refused"])
    error = capsys.readouterr().err
    assert code == 2, error
    assert not Path("refused/model").exists()
    return error[error.index("error: ") + len("error: ") :].strip()


def test_a_table_that_a_quote_has_joined_names_the_key(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    lines = [f"{label:.0f}\t{text}" for text, label in rows(60, 3).iter_rows()]
    lines[5] = lines[5].replace("\t", '\t"')
    lines[9] += '"'
    Path("sms.tsv").write_text("label\ttext\n" + "\n".join(lines) + "\n")
    assert run(["audit", "sms.tsv", "--out", "audited"]) == 0
    note = content("audited/audit.json")["notes"][0]
    assert note.startswith("sms.tsv: Row 6 spans 5 lines and holds tabs; a quote may have joined 5 rows.")
    assert note.endswith("Or, if quotes are ordinary characters here: data.quoting=none")
    recipe = ["text-csv", "data.path=sms.tsv", "data.quoting=none", "data.source=table"]
    for out, words in (("by-recipe", recipe), ("by-option", ["sms.tsv", "--quoting", "none"])):
        assert run(["audit", *words, "--out", out]) == 0
        whole = content(f"{out}/audit.json")
        assert whole["rows"] == {"all": 60}
        assert not any("joined" in note for note in whole["notes"])


def test_files_of_ones_own_are_compared_with_each_other() -> None:
    for name, frame in {"a": rows(40, 4), "b": rows(40, 4)[30:], "c": rows(20, 5)}.items():
        frame.write_csv(f"{name}.csv")
    words = ["text-csv", "data.path=a.csv", "data.validation_path=b.csv", "data.test_path=c.csv"]
    assert run(["audit", *words, "--out", "audited-parts"]) == 0
    audit = content("audited-parts/audit.json")
    assert audit["rows"] == {"train": 40, "validation": 10, "test": 20}
    assert {leak["of"]: leak["exact"] for leak in audit["leaks"]} == {"test": 0, "validation": 10}


def test_a_run_on_all_rows_is_judged_on_validation(capsys: pytest.CaptureFixture[str]) -> None:
    rows(60, 7).write_csv("all.csv")
    words = ["data.path=all.csv", "data.test=0", "judge.mixture=true", *TINY]
    assert run(["train", "text-csv", *words, "--out", "all"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "There is no mixture, as there are no test rows: it is one with the linear baseline." in said
    assert content("all/data.json")["splits"] == {"train": 48, "validation": 12, "test": 0}
    judgement = content("all/judgement.json")
    assert (judgement["split"], judgement["rows"], judgement["baselines"]) == ("validation", 12, {})
    assert [path.name for path in Path("all/predictions").iterdir()] == ["validation.parquet"]


def test_mistakes_name_the_file_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    frame = rows(60, 6).with_columns(label=pl.Series(["pos", "neg"] * 30))
    frame.write_csv("tr.csv")
    frame.with_columns(label=pl.Series(["Pos", "Neg"] * 30)).write_csv("te.csv")
    frame.with_columns(label=pl.Series([f"c{row % 20}" for row in range(60)])).write_csv("c20.csv")
    frame.with_columns(label=pl.int_range(60) / 8).write_csv("regress.csv")
    here = Path.cwd()
    assert refused(capsys, "data.path=tr.csv", "data.test_path=te.csv") == (
        f'{here}/te.csv, row 1: the test label "Pos" is no class of the training rows in {here}/tr.csv. '
        'The class "pos" differs in case alone. Rows like this: 60. Correct them, or leave them out.'
    )
    assert refused(capsys, "data.path=c20.csv", "data.limit=10").startswith(
        f"data.limit: of 20 rows of {here}/c20.csv "
    )
    assert "holds 60 different numbers, as measured values are" in refused(capsys, "data.path=regress.csv")
    assert refused(capsys, "data.path=tr.csv", "data.group=place") == (
        f'data.group: {here}/tr.csv has no column "place". Its further columns: none.'
    )
    assert refused(capsys, "data.path=tr.csv", "data.group=label").startswith(
        'data.group: "label" is the column of the labels'
    )
