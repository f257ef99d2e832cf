"""`classmark compare` with options for all files, for one of them, and for one file with all models."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.cli.main import run
from unit.cli.files import ROWS, content_of, leave_out_pages, write_files

OF_C = ("--set", "B.label=truth of it", "--set", "B.id=key", "--set", 'B.probabilities="no, not","yes, so"')


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    leave_out_pages(monkeypatch)


SAME = {
    "nothing to say": ("a.csv", "b.csv"),
    "options that say what is known": ("a.csv", "b.csv", "--label", "label", "--id", "id", "--probabilities", "score"),
    "the positive class": ("a.csv", "b.csv", "--positive", "Yes"),
    "classes": ("a.csv", "b.csv", "--classes", "no,yes"),
    "options for one file": ("a.csv", "c.csv", *OF_C),
    "options for one file in small letters": ("a.csv", "c.csv", *(word.replace("B.", " b.") for word in OF_C)),
    "one file with all models": ("models.csv", "--by", "model"),
}


@pytest.mark.parametrize("name", SAME)
def test_options_that_mean_the_same_give_the_same_numbers(name: str) -> None:
    wanted = content_of(Path("plain"), "compare", "a.csv", "b.csv")
    found = content_of(Path("other"), "compare", *SAME[name])
    for metric, difference in wanted["metrics"].items():
        assert found["metrics"][metric] == pytest.approx(difference, abs=1e-12)
    assert [pair["letters"] for pair in found["pairs"]] == [["A", "B"]]
    assert found["rows"] == ROWS


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    found = content_of(Path("o"), "compare", "a.csv", "b.csv", "--names", 'old,"new, not old"')
    assert found["models"] == {"A": "old", "B": "new, not old"}
    assert "A = old" in capsys.readouterr().out
    assert content_of(Path("p"), "compare", "models.csv", "--by", "model")["models"] == {"A": "old", "B": "new"}


def test_three_models_and_what_is_set_for_each() -> None:
    words = [*("compare", "a.csv", "b.csv", "c.csv"), *(word.replace("B.", "C.") for word in OF_C)]
    found = content_of(Path("o"), *words, "--draws", "200")
    assert [pair["letters"] for pair in found["pairs"]] == [["A", "B"], ["A", "C"], ["B", "C"]]
    assert found["pairs"][2]["metrics"]["accuracy"]["difference"] == 0
    assert found["draws"] == 100  # the last word counts


def test_flags_and_conditions_for_one_file() -> None:
    predicted = "id,label,predicted,part\n" + "".join(
        f"r{row},{'no' if row % 2 else 'yes'},yes,x\n" for row in range(20)
    )
    Path("p.csv").write_text(predicted + "r0,no,no,y\n", encoding="utf-8")
    words = [
        "compare",
        "p.csv",
        "p.csv",
        "--set",
        "A.where=part=x",
        "--set",
        "B.where=part=x",
        "--set",
        "B.labels-only=true",
    ]
    assert content_of(Path("o"), *words)["rows"] == 20


REFUSALS = {
    ("a.csv", "b.csv", "--set", "B.lable=truth"): (
        '--set: there is no option "lable"; classes, group, id, label, labels, labels_only, logits, missing_label, positive, '
        'predicted, probabilities, rescale, weights, where are. Did you mean "label"?'
    ),
    ("a.csv", "b.csv", "--set", "C.label=truth"): (
        '--set: "C.label=truth" is not a letter from A to B, an option and its value. Write for instance: --set B.label=truth'
    ),
    ("a.csv", "b.csv", "--set", "label=truth"): (
        '--set: "label=truth" is not a letter from A to B, an option and its value. Write for instance: --set B.label=truth'
    ),
    ("a.csv", "b.csv", "--set", "B.label"): (
        '--set: "B.label" is not a letter from A to B, an option and its value. Write for instance: --set B.label=truth'
    ),
    ("a.csv", "b.csv", "--set", "B.logits=yes"): "--set: logits=yes: write true or false.",
    ("a.csv", "c.csv", "--set", "B.label=truth"): (
        'c.csv: there is no column "truth" (--label); the columns are key, truth of it, no, not, yes, so, part. Did you '
        'mean "truth of it"?'
    ),
    ("a.csv", "b.csv", "--names", "old"): "--names: 1 name for 2 models. Give one name per model.",
    ("a.csv",): "compare: name two files or runs, or more, on the same rows: classmark compare A B",
    ("models.csv", "a.csv", "--by", "model"): "--by: it names the models of one file, but several are given. Give one.",
    ("models.csv", "--by", "model", "--set", "A.label=x"): "--set goes with several files; with --by there is one.",
    ("models.csv", "--by", "modle"): (
        '--by: models.csv: there is no column "modle"; the columns are id, label, score, model.'
    ),
    ("a.csv", "b.csv", "--label", "truth"): 'a.csv: there is no column "truth" (--label); the columns are id, label, score.',
    ("a.csv", "b.csv", "--classes", "no,no"): "--classes: a class is named twice in no, no.",
    ("a.csv", "b.csv", "--where", "label"): '--where: "label" is not COLUMN=VALUE, such as split=test.',
    ("models.csv", "a.csv"): (
        'models.csv: each "id" stands in several rows, once per "model". Read one of them: --where model=old, or each by '
        "itself: --by model"
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSALS, ids=" ".join)
def test_refusals(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *words, "--out", "o"]) == 2
    assert capsys.readouterr().err == f"error: {REFUSALS[words]}\n"
    assert not Path("o").exists()
