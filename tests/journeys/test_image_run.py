"""A folder of images from training to prediction: the same bits after a kill, from any cache and any number of decoders."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

import classmark
from classmark.cli.main import run
from classmark.data.images import cache as pixel_cache
from classmark.data.images import pixels
from classmark.data.images.kinds import image_endings
from classmark.judging.parts.recalibration import fit_temperature, tempered
from classmark.predictions import Predictions, read
from classmark.training.watch import RunWatch

RECIPE = """\
name: photos
data: {source: image-folder}
input:
  size_px: 16
  grow_from_px: 12
  augmentation: {flip: true, shift_px: 1, crop_scale: [0.5, 1.0], erasing: 0.3, mixup: 0.3}
model: {backbone: test_resnet, layer_decay: 0.8, dropout: 0.1}
optimizer: {kind: adamw, learning_rate: 0.002}
train: {epochs: 4, batch_size: 5, average: 0.8, checkpoint_every_steps: 2, precision: fp32, threads: 1}
judge: {draws: 100, baselines: false}
"""
HEAD = """\
name: head
data: {source: image-folder, classes: [cat, dog]}
input: {size_px: 16, augmentation: {flip: true}}
model: {backbone: test_resnet, tune: head, features: fp32}
optimizer: {learning_rate: 0.05}
train: {epochs: 3, batch_size: 8, precision: fp32, threads: 1}
judge: {draws: 100, positive: cat, baselines: false}
"""
CLASSES = {"cat": (220, 60, 60), "dog": (60, 200, 60), "emu": (70, 70, 210)}
EACH = 20
TRAIN = importlib.import_module("classmark.training.train")  # the package has the function under this name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(autouse=True)
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One for all, so that runs share what is decoded."""
    monkeypatch.setenv("CLASSMARK_CACHE", str(folder / "cache"))
    return folder / "cache"


@pytest.fixture(scope="module")
def photos(folder: Path) -> Path:
    """Sixty noisy pictures of three colours, three of each in a wrong class; PNG and JPEG, of many sizes."""
    generator = np.random.default_rng(1)
    colours = list(CLASSES.values())
    for kind, name in enumerate(CLASSES):
        (folder / "photos" / name / "deeper").mkdir(parents=True)
        for number in range(EACH):
            height, width = generator.integers(18, 34, 2)
            colour = colours[(kind + (number in (3, 8, 13))) % 3]
            noisy = np.array(colour) + generator.normal(0, 60, (height, width, 3))
            image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
            place = folder / "photos" / name / ("deeper" if number % 5 == 0 else "")
            image.save(place / f"{number:02d}.{'jpg' if number % 2 else 'png'}")
    (folder / "photos.yaml").write_text(RECIPE)
    (folder / "head.yaml").write_text(HEAD)
    return folder / "photos"


def words(photos: Path, out: Path, *changes: str, recipe: str = "photos") -> list[str]:
    return ["train", str(photos.parent / f"{recipe}.yaml"), f"data.path={photos}", *changes, "--out", str(out)]


def same_bytes(one: Path, other: Path) -> None:
    names = ["model/weights.safetensors", "history.jsonl", "predictions/validation.parquet", "predictions/test.parquet"]
    for name in [*names, "recipe.yaml", "data.json", "model/model.json", "model/preprocessing.json"]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.fixture(scope="module")
def whole(photos: Path, folder: Path) -> Path:
    os.environ["CLASSMARK_CACHE"] = str(folder / "cache")  # before any fixture of a test
    assert run(words(photos, folder / "whole")) == 0
    return folder / "whole"


def test_a_run_holds_what_it_should(whole: Path, photos: Path) -> None:
    data = json.loads((whole / "data.json").read_text())
    assert data["splits"] == {"train": 36, "validation": 12, "test": 12}
    assert data["splits"]["train"] % 5 == 1  # one image would be left over
    assert (data["kind"], data["classes"]) == ("images", list(CLASSES))
    assert (data["input"]["size_px"], data["input"]["stored_px"]) == (16, 18)
    history = [json.loads(line) for line in (whole / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in history] == [7, 14, 21, 28]
    table = read(whole / "predictions/test.parquet")
    assert {"path", "thumbnail", "logits"} <= set(table.frame.columns)
    for path, thumbnail in table.frame.select("path", "thumbnail").rows():
        assert (photos / path).is_file()
        assert thumbnail[:2] == b"\xff\xd8"
    assert table.ids.to_list() == table.frame["path"].to_list()
    wrong = int((table.predicted != table.labels).sum())
    assert wrong > 0
    assert (whole / "report.html").read_text().count("data:image/jpeg;base64,") >= wrong
    assert "images_per_second" in json.loads((whole / "timings.jsonl").read_text().splitlines()[0])


def test_the_temperature_is_kept_and_applied_when_asked_for(whole: Path, photos: Path, tmp_path: Path) -> None:
    known, validation = (
        json.loads((whole / "model/calibration.json").read_text()),
        read(whole / "predictions/validation.parquet"),
    )
    assert validation.logits is not None
    temperature = fit_temperature(validation.logits, validation.labels)
    assert known == {
        "schema_version": 1,
        "method": "temperature",
        "temperature": pytest.approx(temperature, rel=1e-9),
        "fitted_on": {"split": "validation", "rows": 12},
    }
    plain = predicted(whole, photos, out=tmp_path / "plain.parquet")
    calibrated = predicted(whole / "model", photos, out=tmp_path / "calibrated.parquet", options=("--calibrated",))
    assert plain.logits is not None
    np.testing.assert_allclose(calibrated.probabilities, tempered(plain.logits, temperature), atol=1e-5)


def test_killed_and_resumed(photos: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "killed"
    command = [str(Path(sys.executable).with_name("classmark")), *words(photos, out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 600
    while not (inside := [path.parent.name for path in out.glob("checkpoints/0002-*/state.json")]) or inside == [
        "0002-000000"
    ]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert len((out / "history.jsonl").read_text().splitlines()) < 4
    assert not (out / "model").exists()
    assert run(["train", "--resume", str(out)]) == 0
    assert "resumed  at epoch" in capsys.readouterr().err
    same_bytes(whole, out)
    judgements = [json.loads((each / "judgement.json").read_text()) for each in (whole, out)]
    assert judgements[0]["metrics"] == judgements[1]["metrics"]
    assert (out / "report.html").stat().st_size > 50_000


@pytest.mark.parametrize("decoders", [1, 4])
def test_decoding_when_images_are_read(
    decoders: int, photos: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pixel_cache, "MOST_STORED_BYTES", 0)
    for module in (pixel_cache, pixels):
        monkeypatch.setattr(module, "cores", lambda: decoders)
    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)  # seconds that the bits do not depend on
    assert run(words(photos, tmp_path / "run")) == 0
    assert list((tmp_path / "cache").rglob("*.u8")) == []
    same_bytes(whole, tmp_path / "run")


MIXED = ("input.augmentation.randaugment=2", "input.augmentation.mixup=0", "input.augmentation.cutmix=1.0")


def test_resumed_with_another_number_of_decoders(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    assert run(words(photos, whole, *MIXED)) == 0  # from the cache
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setattr(pixel_cache, "MOST_STORED_BYTES", 0)
    started: list[int] = []

    class Threads(ThreadPoolExecutor):
        def __init__(self, threads: int, **named: Any) -> None:
            started.append(threads)
            super().__init__(threads, **named)

    monkeypatch.setattr(pixels, "ThreadPoolExecutor", Threads)
    stepped = RunWatch.stepped

    def interrupt(watch: RunWatch, state: Any, *rest: Any) -> None:
        stepped(watch, state, *rest)
        watch.signal_number = 2 * (state.epoch == 2 and state.step == 3)

    def decode_with(decoders: int) -> None:
        for module in (pixel_cache, pixels):
            monkeypatch.setattr(module, "cores", lambda: decoders)

    decode_with(1)
    with monkeypatch.context() as patched:
        patched.setattr(RunWatch, "stepped", interrupt)
        assert run(words(photos, begun, *MIXED)) == 130
    decode_with(4)
    assert run(["train", "--resume", str(begun)]) == 0
    assert list((tmp_path / "cache").rglob("*.u8")) == []
    assert "resumed  at epoch 2, step 3\n" in capsys.readouterr().err
    assert started == [1, 4]
    same_bytes(whole, begun)


def predicted(run_folder: Path, *inputs: Path, out: Path, options: tuple[str, ...] = ()) -> Predictions:
    assert run(["predict", str(run_folder), *map(str, inputs), "--out", str(out), *options]) == 0
    return read(out)


def agree(found: Predictions, own: Predictions, column: str = "id") -> None:
    """The rows found are at least the run's own, with the same probabilities."""
    places = {key: row for row, key in enumerate(found.frame[column].to_list())}
    rows = [places[key] for key in own.frame["path"].to_list()]
    np.testing.assert_allclose(found.probabilities[rows], own.probabilities, atol=1e-5)


def test_prediction_equals_the_runs_own(whole: Path, photos: Path, tmp_path: Path) -> None:
    own = read(whole / "predictions/test.parquet")
    folder = predicted(whole, photos, out=tmp_path / "folder.parquet")
    assert len(folder) == 3 * EACH
    assert folder.classes == own.classes
    assert folder.frame["path"].to_list() == [str(photos / name) for name in folder.ids]
    agree(folder, own)
    # As a table beside the folder, with absolute paths for some.
    table = own.frame.select(pl.col("path").alias("picture"), "label").with_row_index()
    far = pl.col("index") % 2 == 0
    prefix = pl.when(far).then(pl.lit(f"{photos}/")).otherwise(pl.lit("photos/"))
    listed = table.select(id="picture", picture=prefix + pl.col("picture"), label="label")
    listed.write_csv(photos.parent / "test.csv")
    options = ("--image", "picture", "--id", "id")
    from_table = predicted(whole, photos.parent / "test.csv", out=tmp_path / "table.parquet", options=options)
    assert from_table.ids.to_list() == own.ids.to_list()
    assert from_table.frame["label"].to_list() == own.frame["label"].to_list()
    agree(from_table, own)
    # Files one by one, and as JSON lines.
    paths = [photos / path for path in own.frame["path"]]
    files = predicted(whole, *paths, out=tmp_path / "files.parquet")
    assert files.ids.to_list() == [f"{number}-{path.name}" for number, path in enumerate(paths, 1)]
    np.testing.assert_allclose(files.probabilities, own.probabilities, atol=1e-5)
    assert run(["predict", str(whole), str(paths[0]), "--out", str(tmp_path / "one.jsonl")]) == 0
    (line,) = map(json.loads, (tmp_path / "one.jsonl").read_text().splitlines())
    assert line["id"] == paths[0].name
    assert [line[f"p_{name}"] for name in own.classes] == pytest.approx(own.probabilities[0].tolist(), abs=1e-5)
    found = classmark.load(whole).predict_proba(list(map(str, paths)))
    np.testing.assert_allclose(found, own.probabilities, atol=1e-5)


NO_IMAGES = {
    "half.png": "damaged or truncated (image file is truncated)",
    "flipped.png": "damaged or truncated (broken data stream when reading image file)",
    "empty.png": "the file is empty",
    "notes.jpg": "no image in a format that is read (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC)",
}


def no_image(name: str, good: bytes) -> bytes:
    """What is in the file of this name; it is made of a good PNG."""
    match name:
        case "half.png":
            return good[:300]
        case "flipped.png":
            place = good.index(b"IDAT") + 40
            return good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :]
        case "empty.png":
            return b""
        case _:
            return b"no image at all"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("name", NO_IMAGES)
def test_an_unreadable_image_is_named_and_nothing_written(
    name: str, ending: str, whole: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(photos / "dog", tmp_path / "new")
    bad = tmp_path / "new" / "deeper" / name
    bad.write_bytes(no_image(name, (photos / "dog/02.png").read_bytes()))
    remedy = "Correct or remove it, or leave such rows out: --skip-unreadable"
    said = f"error: {bad}: the image cannot be read ({NO_IMAGES[name]}). {remedy}\n"
    for given in (bad.parent.parent, bad):  # among others, and alone
        assert run(["predict", str(whole), str(given), "--out", str(tmp_path / f"p.{ending}")]) == 2
        assert capsys.readouterr() == ("", said)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


def test_inputs_of_prediction_that_are_none(
    whole: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("image\nno.png\n")
    (tmp_path / "text.csv").write_text("text\na\n")
    (tmp_path / "no.txt").touch()
    for name, said in {
        "empty": f": the folder holds no images ({', '.join(image_endings())}).",
        "no folder": ": there is no such file.",
        "no.jpg": ": there is no such file.",
        "no.txt": ": the file is empty.",
        "text.csv": ': there is no column "image"; its columns are text. Name the right one: --image COLUMN',
    }.items():
        assert run(["predict", str(whole), str(tmp_path / name), "--out", str(tmp_path / "p.csv")]) == 2
        assert capsys.readouterr().err == f"error: {tmp_path / name}{said}\n"
    assert run(["predict", str(whole), str(tmp_path / "t.csv"), "--out", str(tmp_path / "p.csv")]) == 2
    place = f"{tmp_path}/t.csv, row 1: {tmp_path}/no.png"
    said = f"error: {place}: the image cannot be read (there is no such file). Correct or remove it, "
    assert capsys.readouterr().err == f"{said}or leave such rows out: --skip-unreadable\n"
    assert not (tmp_path / "p.csv").exists()


def test_a_classifier_alone_on_two_classes(photos: Path, cache: Path, tmp_path: Path, monkeypatch: Any) -> None:
    out, begun = tmp_path / "whole", tmp_path / "begun"
    assert run(words(photos, out, recipe="head")) == 0
    assert len(list((cache / "features").glob("*.npy"))) == 3  # training plain and mirrored, validation plain
    judgement = json.loads((out / "judgement.json").read_text())
    assert (judgement["classes"], judgement["positive"]) == (["cat", "dog"], "cat")
    for metric in ("accuracy", "precision", "recall", "f1", "roc_auc"):
        assert judgement["metrics"][metric]["value"] > 0.7, metric
    table = read(out / "predictions/test.parquet")
    assert set(map(len, table.frame["logits"].to_list())) == {2}
    is_cat, said_cat = table.labels == 0, table.predicted == 0
    assert judgement["metrics"]["recall"]["value"] == pytest.approx(said_cat[is_cat].mean())
    assert judgement["metrics"]["precision"]["value"] == pytest.approx(is_cat[said_cat].mean())
    assert (out / "report.html").stat().st_size > 50_000

    stepped = RunWatch.stepped

    def interrupt(watch: RunWatch, state: Any, *rest: Any) -> None:
        stepped(watch, state, *rest)
        watch.signal_number = 2 * (state.epoch == 2)

    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)
    with monkeypatch.context() as patched:
        patched.setattr(RunWatch, "stepped", interrupt)
        assert run(words(photos, begun, recipe="head")) == 130
    assert not (begun / "model").exists()
    assert yaml.safe_load((begun / "recipe.yaml").read_text())["train"]["threads"] == 1
    shutil.rmtree(cache / "features")
    assert run(["train", "--resume", str(begun)]) == 0
    same_bytes(out, begun)
