"""`classmark mix`: its words, its files, and the same numbers as in Python."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import classmark
from classmark.cli.main import run
from classmark.predictions import read
from unit.cli.files import content_of, leave_out_pages, scored


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """a.csv, b.csv and c.csv of one test split, va.csv, vb.csv and vc.csv of one of validation; and each all in one."""
    monkeypatch.chdir(tmp_path)
    leave_out_pages(monkeypatch)
    for prefix in ("", "v"):
        frames = {name: scored(seed, prefix or "t") for seed, name in enumerate("abc", start=1)}
        for name, frame in frames.items():
            frame.write_csv(f"{prefix}{name}.csv")
        both = [frames[name].with_columns(model=pl.lit(name)) for name in "ab"]
        pl.concat(both).write_csv(f"{prefix}all.csv")
        frames["a"].select("id", "label", predicted="label").write_csv(f"{prefix}p.csv")
        frames["b"].rename({"label": "truth", "score": "yes"}).with_columns(no=(1 - pl.col("yes")).round(3)).write_csv(
            f"{prefix}other.csv"
        )
    yes = pl.col("score") * 0.9
    three = scored(1, "t").select("id", "label", yes=yes, no=0.9 - yes, maybe=pl.lit(0.1))
    three.write_csv("three.csv")


def mixed(*words: str, out: str = "o") -> dict[str, Any]:
    return content_of(Path(out), "mix", *words)


def test_the_command_and_python_agree(capsys: pytest.CaptureFixture[str]) -> None:
    found = mixed("a.csv", "b.csv", "--validation", "va.csv", "vb.csv")
    assert list(found["mixture"]["weights"]) == ["a.csv", "b.csv"]
    assert found["mixture"]["is_judged"]
    assert found["mixture"]["sentence"] in " ".join(capsys.readouterr().out.split())
    python = classmark.mix("a.csv", "b.csv", validation=["va.csv", "vb.csv"], draws=100)
    assert json.loads(json.dumps(python.to_json())) == found
    table = read(Path("o/predictions.parquet"))
    assert python.predictions is not None
    assert table.frame.equals(python.predictions.frame)
    judged = content_of(Path("j"), "judge", "o/predictions.parquet")
    assert judged["metrics"] == found["metrics"]
    for name in ("a.csv", "b.csv"):
        compared = content_of(Path(f"with-{name}"), "compare", name, "o/predictions.parquet")
        differences = found["mixture"]["comparisons"][name]["metrics"]
        assert {key: compared["metrics"][key] for key in differences} == differences


SAME = {
    "the option once per file": ("a.csv", "b.csv", "--validation", "va.csv", "--validation", "vb.csv"),
    "the validation files first": ("--validation", "va.csv", "vb.csv", "--draws", "100", "a.csv", "b.csv"),
    "names": ("a.csv", "b.csv", "--validation", "va.csv", "vb.csv", "--names", "x,y"),
    "columns of one model": (
        *("a.csv", "other.csv", "--validation", "va.csv", "vother.csv"),
        *("--set", "B.label=truth", "--set", "B.probabilities=no,yes"),
    ),
    "one file with all models": ("all.csv", "--by", "model", "--validation", "vall.csv"),
}


@pytest.mark.parametrize("name", SAME)
def test_words_that_mean_the_same_give_the_same_numbers(name: str) -> None:
    wanted = mixed("a.csv", "b.csv", "--validation", "va.csv", "vb.csv", out="plain")
    found = mixed(*SAME[name], out="other")
    assert list(found["mixture"]["weights"].values()) == pytest.approx(
        list(wanted["mixture"]["weights"].values()), abs=1e-6
    )
    assert found["metrics"]["log_loss"]["value"] == pytest.approx(wanted["metrics"]["log_loss"]["value"], abs=1e-6)


def test_the_order_of_three_models_does_not_matter() -> None:
    one = mixed("a.csv", "b.csv", "c.csv", "--validation", "va.csv", "vb.csv", "vc.csv")["mixture"]["weights"]
    other = mixed("c.csv", "a.csv", "b.csv", "--validation", "vc.csv", "va.csv", "vb.csv", out="p")["mixture"][
        "weights"
    ]
    assert {name: other[name] for name in one} == pytest.approx(one, abs=1e-9)


def test_json_is_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mix", "a.csv", "b.csv", "--validation", "va.csv", "vb.csv", "--json", "--out", "o"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(Path("o/judgement.json").read_text(encoding="utf-8"))


def test_judgements_bring_their_validation_rows() -> None:
    sides = [classmark.judge(f"{name}.csv", validation=f"v{name}.csv", draws=100) for name in "ab"]
    found = classmark.mix(*sides, names=["a.csv", "b.csv"], draws=100)
    plain = classmark.mix("a.csv", "b.csv", validation=["va.csv", "vb.csv"], draws=100)
    assert found.mixture == plain.mixture
    half = classmark.mix(sides[0], "b.csv", validation="vb.csv", names=["a.csv", "b.csv"], draws=100)
    assert half.mixture == plain.mixture


def test_the_example_of_the_docstring() -> None:
    example = doctest.DocTestParser().get_doctest(classmark.mix.__doc__ or "", {}, "mix", None, None)
    assert doctest.DocTestRunner().run(example) == (0, 6)


REFUSALS = {
    ("a.csv", "b.csv"): (
        "--validation: a.csv has none to fit a mixture on. Give one per model, in their order; runs bring their own."
    ),
    ("a.csv", "b.csv", "--validation", "va.csv"): (
        "--validation: 1 for 2 models. Give one per model, in their order; runs bring their own."
    ),
    ("a.csv", "b.csv", "--validation", "va.csv", "vb.csv", "vc.csv"): (
        "--validation: 3 for 2 models. Give one per model, in their order; runs bring their own."
    ),
    ("a.csv", "b.csv", "--validation"): "Option '--validation' requires an argument. See classmark --help.",
    ("a.csv", "--validation", "va.csv"): (
        "mix: name two files or runs, or more, on the same rows: classmark mix A B --validation VA VB"
    ),
    ("a.csv", "b.csv", "--validation", "va.csv", "b.csv"): (
        'b.csv: 120 rows stand in b.csv too (for instance "t0", "t1", "t2", …). Nothing is fitted on test rows: give '
        "validation rows that the test set does not have."
    ),
    ("a.csv", "p.csv", "--validation", "va.csv", "vb.csv"): (
        "p.csv: it has predicted labels only, and a mixture is one of probabilities. Give predictions with the probability "
        "of each class."
    ),
    ("a.csv", "b.csv", "--validation", "va.csv", "vp.csv"): (
        "vp.csv: it has predicted labels only, and a mixture is one of probabilities. Give predictions with the probability "
        "of each class."
    ),
    ("a.csv", "three.csv", "--validation", "va.csv", "vb.csv"): (
        'a.csv and three.csv do not have the same classes: "maybe" is in one of them only. Compare predictions over the same '
        "classes."
    ),
    ("a.csv", "b.csv", "--validation", "va.csv", "vb.csv", "--names", "x"): (
        "--names: 1 name for 2 models. Give one name per model."
    ),
    ("a.csv", "b.csv", "--validation", "va.csv", "vb.csv", "--names", "x,x"): (
        '--names: "x" is named twice. Give each model a name of its own.'
    ),
    ("all.csv", "--by", "model"): (
        "--validation: a has none to fit a mixture on. Give one per model, in their order; runs bring their own."
    ),
    ("all.csv", "--by", "model", "--validation", "va.csv"): (
        '--by: va.csv: there is no column "model"; the columns are id, label, score.'
    ),
    ("all.csv", "--by", "model", "--validation", "vall.csv", "va.csv"): (
        "--validation: one file holds all models. Give one with their validation rows."
    ),
    ("all.csv", "--by", "model", "--validation", "vall.csv", "--set", "B.label=x"): (
        "--set goes with several files; with --by there is one."
    ),
}


@pytest.mark.parametrize("words", REFUSALS, ids=" ".join)
def test_refusals(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mix", *words, "--out", "o"]) == 2
    assert capsys.readouterr().err == f"error: {REFUSALS[words]}\n"
    assert not Path("o").exists()
