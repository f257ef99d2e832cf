"""A model on files of a user, through the command line: labels that can be judged, rows left out, and nothing written over."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

import classmark
from classmark.cli.main import run
from classmark.inference.classifier import Classifier, save
from classmark.inputs.examples import ImageShape, TextShape
from classmark.inputs.images import ImageEncoder
from classmark.inputs.text import TextEncoder
from classmark.inputs.tokens import fit_tokenizer
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import Backbone, BiLSTM, Recipe

ENDINGS = ("csv", "jsonl", "parquet")
TEXTS = [f"{word} text number {number}" for number in range(30) for word in ("good", "bad")]
TEXT = Recipe.model_validate(
    {"name": "small", "data": {"source": "table"}, "model": {"hidden_size": 8, "embedding_size": 6}}
)
IMAGES = Recipe.model_validate(
    {"name": "small", "data": {"source": "digits"}, "input": {"size_px": 16}, "model": {"backbone": "test_resnet"}}
)


def text_model(folder: Path, classes: tuple[str, ...]) -> Path:
    """A model folder with random weights, as a run has it."""
    assert isinstance(TEXT.model, BiLSTM)
    tokenizer = fit_tokenizer(TEXTS, 100)
    shape = TextShape(tokenizer.get_vocab_size(), 6)
    model = build_model(TEXT.model, shape, len(classes))
    initialise(model, 1)
    save(Classifier(model.eval(), TextEncoder(tokenizer, TEXT.input), classes), TEXT, shape, folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return text_model(tmp_path_factory.mktemp("text") / "model", ("neg", "pos"))


@pytest.fixture(scope="module")
def image_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert isinstance(IMAGES.model, Backbone)
    shape = ImageShape(16)
    built = build_model(IMAGES.model, shape, 2)
    initialise(built, 1)
    folder = tmp_path_factory.mktemp("images") / "model"
    save(Classifier(built.eval(), ImageEncoder(18, 16, "bilinear"), ("cat", "dog")), IMAGES, shape, folder)
    return folder


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))


# The model's classes, and a label as it is written in new files, of each.
LABELS: dict[str, tuple[tuple[str, ...], list[Any]]] = {
    "floats": (("0", "1"), [0.0, 1.0]),
    "decimals in a CSV": (("0", "1"), ["0.0", "1"]),
    "truth values": (("False", "True"), [False, True]),
    "truth words": (("False", "True"), ["false", "TRUE "]),
    "numbers for truth values": (("False", "True"), [0, 1]),
    "blanks": (("neg", "pos"), [" neg", "pos\u00a0"]),
    "decomposed": (("café", "thé"), [unicodedata.normalize("NFD", "café"), "thé"]),
    "commas": (("a, b", "c"), ["a, b", "c"]),
    "quotes": (('say "no"', "'x'"), ['say "no"', "'x'"]),
    "line ends": (("a\nb", "a\rb"), ["a\nb", "a\rb"]),
    "other letters": (("猫", "犬", "👍"), ["猫", "犬", "👍"]),
    "words for nothing": (("NA", "none", "?"), ["NA", "none", "?"]),
    "names of columns": (("label", "id", "predicted"), ["label", "id", "predicted"]),
    "prefixes": (("p_a", "p_b"), ["p_a", "p_b"]),
    "capitals": (("A", "a"), ["A", "a"]),
    "zeros": (("01", "1.50"), ["01", "1.50"]),
    "ten": (tuple(map(str, range(10))), list(range(10))),
}


@pytest.mark.parametrize("name", LABELS)
def test_the_output_can_be_judged(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes, written = LABELS[name]
    folder = text_model(tmp_path / "model", classes)
    labels = [written[number % len(written)] for number in range(len(TEXTS))]
    found = classmark.load(folder).predict(TEXTS)
    hits = float(np.mean([found[number] == classes[number % len(classes)] for number in range(len(TEXTS))]))
    table = pl.DataFrame({"text": TEXTS, "label": labels})
    table.write_parquet("new.parquet")
    table.write_csv("new.csv")
    for given in ("new.parquet", "new.csv"):
        for ending in ENDINGS:
            out = f"{Path(given).suffix[1:]}-out.{ending}"
            assert run(["predict", "model", given, "--out", out]) == 0
            assert capsys.readouterr() == (f"{out}\n", "60 rows\n")
            judgement = classmark.judge(out, draws=10).to_json()
            assert judgement["rows"] == len(TEXTS)
            assert judgement["metrics"]["accuracy"]["value"] == pytest.approx(hits, abs=1e-12)


def test_labels_of_a_trained_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = [label for _ in range(15) for label in (" pos", "neg ", "pos", "neg")]
    pl.DataFrame({"text": TEXTS, "label": labels}).write_csv("new.csv")
    small = ["model.hidden_size=8", "model.embedding_size=8", "judge.draws=100", "train.precision=fp32"]
    few = ["train.epochs=1", "train.threads=1", "judge.baselines=false"]
    assert run(["train", "text-csv", "data.path=new.csv", *small, *few, "--out", "run"]) == 0
    hits = float(np.mean(classmark.load("run").predict(TEXTS) == [label.strip() for label in labels]))
    for ending in ENDINGS:
        assert run(["predict", "run", "new.csv", "--out", f"p.{ending}"]) == 0
        judged = classmark.judge(f"p.{ending}", draws=10).to_json()
        assert (judged["rows"], judged["metrics"]["accuracy"]["value"]) == (60, pytest.approx(hits, abs=1e-12))
    capsys.readouterr()


@pytest.mark.parametrize("ending", ENDINGS)
def test_unknown_labels_are_refused_alike(ending: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.csv").write_text("text,label\na,pos\nb,maybe\nc,POS\n")
    words = ["predict", str(model), "new.csv", "--out", f"p.{ending}"]
    assert run(words) == 2
    said = (
        'error: new.csv, row 2: the label "maybe" is none of the model\'s classes neg, pos. Correct it, leave such rows out '
        "with --skip-unknown-labels, or predict without labels: --no-labels\n"
    )
    assert capsys.readouterr() == ("", said)
    assert not Path(f"p.{ending}").exists()
    assert run([*words, "--skip-unknown-labels"]) == 0
    assert capsys.readouterr().err == (
        'left out: 1 row, the label "maybe" is no class of the model: new.csv, row 2\n'
        'left out: 1 row, the label "POS" is no class of the model: new.csv, row 3\n'
        "1 row\n"
    )
    assert run([*words, "--no-labels"]) == 0
    assert capsys.readouterr().err == "3 rows\n"


def test_rows_that_cannot_be_read(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.csv").write_text('text,label\na film,pos\n\n,neg\n" ",neg\n,\nlast,neg\n')
    words = ["predict", str(model), "new.csv", "--out", "p.jsonl"]
    assert run(words) == 2
    said = "error: new.csv, row 3: the text is missing. Correct it, or leave such rows out: --skip-unreadable\n"
    assert capsys.readouterr() == ("", said)
    assert run([*words, "--skip-unreadable"]) == 0
    assert capsys.readouterr() == (
        "p.jsonl\n",
        "left out: 1 row, the text is missing: new.csv, row 3\n"
        "left out: 1 row, the text is empty: new.csv, row 4\n"
        "2 rows\n",
    )
    assert [json.loads(line)["id"] for line in Path("p.jsonl").read_text().splitlines()] == ["1", "6"]
    assert classmark.predict(model, "new.csv", "p.csv", skip_unreadable=True) == Path("p.csv")
    assert capsys.readouterr().err.count("left out: ") == 2


def test_a_table_is_read_whatever_separates_it(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.csv").write_text("text;label\ngood;pos\nbad;neg\n")
    assert run(["predict", str(model), "new.csv", "--out", "p.csv"]) == 0
    note = "new.csv: The columns are separated by semicolons, not by commas."
    assert capsys.readouterr() == ("p.csv\n", f"{note}\n2 rows\n")


def test_the_input_is_never_written_over(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.csv").write_text("text,label\na,pos\n")
    Path("link.csv").symlink_to("new.csv")
    for out in ("new.csv", "link.csv"):
        assert run(["predict", str(model), "new.csv", "--out", out]) == 2
        assert capsys.readouterr().err == (
            f"error: --out: {out}: it would overwrite an input, new.csv, or be read as a part of it next time. "
            "Name another file.\n"
        )
    assert Path("new.csv").read_text() == "text,label\na,pos\n"


def make_photos(folder: Path) -> Path:
    generator = np.random.default_rng(1)
    for name in ("cat/1.png", "cat/2.PNG", "dog/1.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (20, 22, 3), dtype=np.uint8)).save(folder / name)
    (folder / "cat/bad.png").write_bytes((folder / "cat/1.png").read_bytes()[:100])
    (folder / "dog/page.jpg").write_text("<html>")
    (folder / "dog/._1.jpg").write_text("no")
    (folder / "notes.txt").write_text("no")
    return folder


@pytest.mark.parametrize("place", ["photos", "photos.zip", "photos.csv"])
def test_damaged_images(place: str, image_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_photos(Path("photos"))
    shutil.make_archive("photos", "zip", "photos")
    names = ["cat/1.png", "cat/2.PNG", "cat/bad.png", "dog/1.jpg", "dog/page.jpg"]
    listed = [f"photos/{name}" for name in names]
    pl.DataFrame({"image": listed, "nr": names}).write_csv("photos.csv")
    words = ["predict", str(image_model), place, "--out", "p.csv", *(["--id", "nr"] if place == "photos.csv" else [])]
    start = "photos.csv, row 3: photos" if place == "photos.csv" else place
    assert run(words) == 2
    fault = "the image cannot be read (damaged or truncated (image file is truncated))"
    assert capsys.readouterr() == (
        "",
        f"error: {start}/cat/bad.png: {fault}. Correct or remove it, or leave such rows out: --skip-unreadable\n",
    )
    assert not Path("p.csv").exists()
    assert run([*words, "--skip-unreadable"]) == 0
    said = capsys.readouterr()
    assert said.out == "p.csv\n"
    unread = [] if place == "photos.csv" else [f"{place}: not read: 1 file ends in .txt."]
    lines = said.err.splitlines()
    assert lines[: len(unread) + 1] == [*unread, f"left out: 1 row, {fault}: {start}/cat/bad.png"]
    assert lines[-1] == "3 rows"
    found = pl.read_csv("p.csv")
    assert found["id"].to_list() == ["cat/1.png", "cat/2.PNG", "dog/1.jpg"]
    expected = classmark.load(image_model).predict_proba([f"photos/{name}" for name in found["id"]])
    np.testing.assert_allclose(found.select("p_cat", "p_dog").to_numpy(), expected, atol=1e-5)
