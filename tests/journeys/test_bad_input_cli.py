"""The mistakes a newcomer makes, through the command line: one clear message, exit code 2, nothing half-written."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from classmark.cli.main import run
from made import make_tar

GOOD = "text,label\n" + "".join(
    f"a {word} text {i},{label}\n" for i in range(20) for word, label in (("good", "yes"), ("bad", "no"))
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))


def train_error(capsys: pytest.CaptureFixture[str], *changes: str, recipe: str = "text-csv") -> str:
    code = run(["train", recipe, "train.precision=fp32", "train.threads=1", *changes, "--out", "out"])
    captured = capsys.readouterr()
    assert code == 2, captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert not Path("out/model").exists()
    assert not Path("out/predictions").exists()
    return captured.err[captured.err.index("error: ") :].strip()


TABLES = {
    "empty": (b"", "error: {path}: the file is empty."),
    "no rows": (b"text,label\n", "error: {path}: the file has no rows."),
    "missing column": (
        b"text,lable\na,b\n",
        'error: {path}: there is no column "label"; its columns are text, lable. Did you mean "lable"? '
        "Name the right one: data.label_column=…",
    ),
    "one class": (
        b"text,label\na,yes\nb,yes\n",
        'error: {path}: every row has the label "yes"; a classifier needs two classes or more. Add rows of another class.',
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_bad_tables(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    content, expected = TABLES[name]
    path = Path("reviews.csv").resolve()
    path.write_bytes(content)
    assert train_error(capsys, "data.path=reviews.csv") == expected.format(path=path)


def test_unreadable_encoding(capsys: pytest.CaptureFixture[str]) -> None:
    Path("reviews.csv").write_bytes(GOOD.encode() + "un caf\xe9,yes\n".encode("latin-1"))
    said = train_error(capsys, "data.path=reviews.csv")
    assert "reviews.csv, line 42: byte 7 (0xe9) is not valid UTF-8" in said
    assert "iconv" in said


def test_empty_text(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("reviews.csv").resolve()
    path.write_text(GOOD + '" ",yes\n')
    assert train_error(capsys, "data.path=reviews.csv") == (
        f"error: {path}, row 41: the text is empty; rows like this: 1. Mend them, or leave them out: data.skip_unreadable=true"
    )


def test_a_label_in_test_that_train_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("reviews.csv").resolve()
    path.write_text(GOOD)
    Path("test.csv").write_text("text,label\nx,maybe\ny,yes\n")
    assert train_error(capsys, "data.path=reviews.csv", "data.test_path=test.csv") == (
        f'error: {path.with_name("test.csv")}, row 1: the test label "maybe" is no class of the training rows in {path}. '
        "Rows like this: 1. Correct them, or leave them out."
    )


def test_more_than_the_data_has(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("reviews.csv").resolve()
    path.write_text(GOOD)
    assert train_error(capsys, "data.path=reviews.csv", "data.limit=500") == (
        f"error: data.limit: 500 rows, but {path} has 40 for training and validation. Ask for no more than that."
    )


def test_vectors_of_another_width(capsys: pytest.CaptureFixture[str]) -> None:
    Path("reviews.csv").write_text(GOOD)
    path = Path("v.txt").resolve()
    path.write_text("good 1 2 3\nbad 1 2 3\n")
    assert train_error(capsys, "data.path=reviews.csv", "input.vectors=v.txt", "model.embedding_size=50") == (
        f"error: model.embedding_size: 50, but {path} has vectors of width 3. Leave embedding_size out, or set it to 3."
    )


def test_a_truncated_archive(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("aclImdb_v1.tar.gz").resolve()
    texts = {f"aclImdb/train/pos/{i}_9.txt": random.Random(i).randbytes(500).hex().encode() for i in range(50)}
    make_tar(path, texts)
    path.write_bytes(path.read_bytes()[:9_000])
    said = train_error(capsys, f"data.path={path.name}", recipe="imdb-bilstm")
    assert said.startswith(f"error: {path}: ")
    assert said.endswith("Fetch it again.")


def test_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    said = train_error(capsys)
    assert said.startswith("error: data.path: ")


def test_a_folder_that_is_not_empty(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/notes.txt").write_text("mine")
    assert train_error(capsys, "data.path=x.csv") == (
        "error: out: the folder is not empty. Give a new folder to --out, or name another"
    )


COMMANDS = {
    ("judge",): ("error: Name a predictions file or a run folder, or give a matrix: --confusion 10805,1695,1099,11401"),
    ("judge", "--confusion", "1,2,3"): (
        "error: --confusion: 3 counts make no square matrix. Write it row by row, one row per true class: 10,2,3,15"
    ),
    ("judge", "--confusion", "99999999999999999999,1,1,1"): (
        "error: published confusion matrix: its counts sum to 1e+20; at most 9.01e+15 rows are judged."
    ),
    ("judge", "--confusion", "5,0,0,5", "--classes", "a,a"): ("error: --classes: a class is named twice in a, a."),
    ("judge", "pyproject.toml", "--label-errors", "pyproject.toml"): (
        "error: --label-errors: pyproject.toml would be written over what is judged. Name a new file."
    ),
    ("judge", "nothing.csv"): "error: nothing.csv: there is no such file.",
    ("train",): (
        "error: Name a recipe, for instance: classmark train reviews-quick — or a run: classmark train --resume RUN"
    ),
    ("train", "--resume", "nowhere"): (
        "error: nowhere: this is not a run folder (it has no recipe.yaml). `classmark runs` lists the runs."
    ),
    ("recipes", "show", "quick"): (
        'error: There is no shipped recipe "quick"; there are digits-quick, image-csv, image-folder, images-quick, '
        "imdb-best, imdb-bilstm, imdb-bilstm-best, reviews-bilstm, reviews-quick, text-csv, text-encoder, text-few, "
        "tiny-imagenet-densenet121, "
        "tiny-imagenet-densenet121-focal, tiny-imagenet-lite, tiny-imagenet-lite-tuned, "
        "tiny-imagenet-scratch."
    ),
    ("predict", "nowhere", "a.csv", "--out", "p.txt"): ('error: --out: "p.txt" must end in .parquet, .csv, .jsonl.'),
    ("nonsense",): "error: No such command 'nonsense'. See classmark --help.",
}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_wrong_words(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(list(words)) == 2
    assert capsys.readouterr().err.strip() == COMMANDS[words]


@pytest.mark.parametrize(("second", "code"), [(0.2, 1), (0.8, 0), (0.95, 0)])
def test_fail_if_worse(second: float, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    for name, right in (("a.csv", 0.9), ("b.csv", second)):
        lines = [
            f"{i},{('yes', 'no')[i % 2]},{1 - right if i % 2 else right},{right if i % 2 else 1 - right}"
            for i in range(200)
        ]
        Path(name).write_text("id,label,yes,no\n" + "\n".join(lines) + "\n")
    assert run(["compare", "a.csv", "b.csv", "--out", "o", "--fail-if-worse", "accuracy"]) == code
    assert Path("o/comparison.json").exists()
    assert Path("o/report.html").exists()


def test_fail_if_any_of_many_is_worse_in_any_of_some_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    for name, right in (("a.csv", 0.9), ("b.csv", 0.8), ("c.csv", 0.2)):
        lines = [
            f"{i},{('no', 'yes')[i % 2]},{1 - right if i % 2 else right},{right if i % 2 else 1 - right}"
            for i in range(40)
        ]
        Path(name).write_text("id,label,no,yes\n" + "\n".join(lines) + "\n")
    words = ["compare", "a.csv", "b.csv", "c.csv", "--out", "o", "--fail-if-worse"]
    assert run([*words, "accuracy", "--fail-if-worse", "f1"]) == 1
    assert [line for line in capsys.readouterr().err.splitlines() if "worse" in line] == [
        "C is worse in accuracy: the interval of the difference lies wholly against it.",
        "C is worse in f1, and the difference has no interval (none: the same in every draw).",
    ]
    assert run(["compare", "b.csv", "a.csv", "b.csv", "--out", "o", "--fail-if-worse", "accuracy"]) == 0
    assert run([*words, "acuracy"]) == 2
    assert 'Did you mean "accuracy"?' in capsys.readouterr().err


def test_a_check_does_not_pass_what_it_cannot_decide(capsys: pytest.CaptureFixture[str]) -> None:
    for name, right in (("right.csv", 1.0), ("wrong.csv", 0.0)):
        lines = [
            f"{i},{('no', 'yes')[i % 2]},{1 - right if i % 2 else right},{right if i % 2 else 1 - right}"
            for i in range(40)
        ]
        Path(name).write_text("id,label,prob_no,prob_yes\n" + "\n".join(lines) + "\n")
    words = ["compare", "right.csv", "wrong.csv", "--out", "o", "--fail-if-worse", "log_loss"]
    assert run(words) == 1
    assert "B is worse in log_loss, and the difference has no interval" in capsys.readouterr().err
    assert run(["compare", "wrong.csv", "right.csv", *words[3:]]) == 0
    assert run(["compare", "right.csv", "right.csv", *words[3:]]) == 0


def test_a_check_needs_its_metric_in_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{i},{('no', 'yes')[i % 2]},{0.3 + 0.4 * (i % 2)}" for i in range(20)]
    for name in ("a.csv", "b.csv"):
        Path(name).write_text("id,label,score\n" + "\n".join(rows) + "\n")
    Path("c.csv").write_text("id,label,predicted\n" + "\n".join(row[: row.rindex(",")] + ",no" for row in rows) + "\n")
    assert run(["compare", "a.csv", "b.csv", "c.csv", "--out", "o", "--fail-if-worse", "log_loss"]) == 2
    assert '"log_loss" is not compared between a.csv and c.csv' in capsys.readouterr().err
    assert not Path("o").exists()


def test_one_file_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "a.csv"]) == 2
    assert capsys.readouterr().err.strip() == (
        "error: compare: name two files or runs, or more, on the same rows: classmark compare A B"
    )


@pytest.mark.parametrize(("metric", "code"), [("accuracy", 0), ("log_loss", 1), ("brier", 1), ("roc_auc", 0)])
def test_fail_if_worse_in_one_metric_alone(metric: str, code: int) -> None:
    for name, drop in (("a.csv", 0.0), ("b.csv", 0.1)):  # B is as often right as A, but less sure of it
        rights = [0.9 - drop * (1 + i % 3) for i in range(200)]
        lines = [
            f"{i},{('yes', 'no')[i % 2]},{1 - right if i % 2 == 0 else right:.3f},{right if i % 2 == 0 else 1 - right:.3f}"
            for i, right in enumerate(rights)
        ]
        Path(name).write_text("id,label,no,yes\n" + "\n".join(lines) + "\n")
    assert run(["compare", "a.csv", "b.csv", "--out", "o", "--fail-if-worse", metric]) == code
