"""Bad sets of images through the command line: one clear message, exit code 2, nothing trained, nothing half-written."""

from __future__ import annotations

import io
import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classmark.cli.main import run
from classmark.predictions import Predictions, read

RECIPE = """\
name: photos
data: {{source: {source}}}
input: {{size_px: 32}}
model: {{backbone: resnet18, stem: small}}
train: {{epochs: 1, precision: fp32, threads: 1}}
judge: {{draws: 100, baselines: false}}
"""
MEND = "Mend them or take them away, or leave them out: data.skip_unreadable=true"


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fifteen images of two classes each, in the folder `photos` of the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    for source in ("image-folder", "image-table", "tiny-imagenet"):
        Path(f"{source}.yaml").write_text(RECIPE.format(source=source))
    generator = np.random.default_rng(1)
    for kind in ("cat", "dog"):
        Path("photos", kind).mkdir(parents=True)
        for number in range(15):
            pixels = generator.integers(0, 256, (10, 10, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"photos/{kind}/{number:02d}.png")
    return (tmp_path / "photos").resolve()


def train_error(capsys: pytest.CaptureFixture[str], *changes: str, source: str = "image-folder") -> str:
    code = run(["train", f"{source}.yaml", *changes, "--out", "out"])
    captured = capsys.readouterr()
    assert code == 2, captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err.count("error: ") == 1
    for part in ("data.json", "model", "checkpoints", "predictions", "report.html"):
        assert not Path("out", part).exists(), part
    assert [path.name for path in Path().rglob(".*")] == []  # files are written whole under such names
    return captured.err[captured.err.index("error: ") :].strip()


def bomb() -> bytes:
    """A PNG of a few bytes that promises 400 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0"))


def flipped(png: bytes) -> bytes:
    """The PNG with one bit of its pixels' data turned over, so that its checksums no longer hold."""
    content = bytearray(png)
    content[content.index(b"IDAT") + 40] ^= 0x10
    return bytes(content)


def empty_class(photos: Path) -> None:
    (photos / "emu").mkdir()


def one_class(photos: Path) -> None:
    shutil.rmtree(photos / "dog")


def no_class_folders(photos: Path) -> None:
    for folder in sorted(photos.iterdir()):
        for path in sorted(folder.iterdir()):
            path.rename(photos / f"{folder.name}{path.name}")
        folder.rmdir()


def no_images(photos: Path) -> None:
    for path in photos.glob("*/*.png"):
        path.rename(path.with_suffix(".txt"))


def gone(photos: Path) -> None:
    shutil.rmtree(photos)


def a_class_in_test_alone(photos: Path) -> None:
    photos.rename("train")
    photos.mkdir()
    Path("train").rename(photos / "train")
    shutil.copytree(photos / "train", photos / "test")
    (photos / "test/dog").rename(photos / "test/emu")


def a_test_set_without_labels(photos: Path) -> None:
    a_class_in_test_alone(photos)
    no_class_folders(photos / "test")


def a_stray_image(photos: Path) -> None:
    shutil.copy(photos / "cat/00.png", photos / "cover.png")


def a_class_of_one_picture(photos: Path) -> None:
    for path in photos.glob("dog/*.png"):
        shutil.copy(photos / "cat/00.png", path)


def an_empty_file(photos: Path) -> None:
    (photos / "cat/05.png").write_bytes(b"")


def a_truncated_file(photos: Path) -> None:
    path = photos / "cat/05.png"
    path.write_bytes(path.read_bytes()[:200])


def a_flipped_bit(photos: Path) -> None:
    path = photos / "cat/05.png"
    path.write_bytes(flipped(path.read_bytes()))


def text_named_as_an_image(photos: Path) -> None:
    (photos / "dog/notes.jpg").write_text("no image at all")


def a_decompression_bomb(photos: Path) -> None:
    (photos / "dog/huge.png").write_bytes(bomb())


def seven_bad_files(photos: Path) -> None:
    for number in range(7):
        (photos / f"cat/{number:02d}.png").write_bytes(b"")


# What is done to the good folder, and the message after `error: PATH`.
FOLDERS: dict[Callable[[Path], None], str] = {
    gone: ": there is no such folder or zip. Give the folder that holds the class folders.",
    no_images: ": no images in it: 30 files end in .txt.",
    no_class_folders: (
        ": its images lie in no class folders. Their names seem to begin with the class (cat, dog). Put the images of each "
        "class into a folder of its own (cat/, dog/). Or list them in a table: classmark recipes show image-csv"
    ),
    one_class: (
        ": cat/ is its only class folder; a classifier needs two classes or more. Give the folder that holds all of them."
    ),
    empty_class: ": the class folder emu/ holds no images. Put some in, or take it away.",
    a_class_in_test_alone: (
        ', test/emu/00.png: the test label "emu" is no class of the training rows. Rows like this: 15. '
        "Correct them, or leave them out."
    ),
    a_test_set_without_labels: (
        ": test/ holds no class folders. Their names seem to begin with the class (cat, emu). Put the images of each class "
        "into a folder of its own (test/cat/, test/emu/). Or list them in a table: classmark recipes show image-csv"
    ),
    a_stray_image: (
        ", cover.png: the label is missing; rows like this: 1. "
        "Mend them, or leave them out: data.skip_unreadable=true"
    ),
    a_class_of_one_picture: (
        ': the class "dog" has 1 different image, too few for 3 splits. Add some, or name the classes to use: data.classes=[…]'
    ),
    an_empty_file: f": 1 image cannot be read: cat/05.png: the file is empty. {MEND}",
    a_truncated_file: (
        f": 1 image cannot be read: cat/05.png: damaged or truncated (image file is truncated). {MEND}"
    ),
    a_flipped_bit: (
        ": 1 image cannot be read: cat/05.png: "
        f"damaged or truncated (broken data stream when reading image file). {MEND}"
    ),
    text_named_as_an_image: (
        ": 1 image cannot be read: dog/notes.jpg: no image in a format that is read "
        f"(JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC). {MEND}"
    ),
    a_decompression_bomb: (
        f": 1 image cannot be read: dog/huge.png: more than the 120,000,000 pixels that are read. {MEND}"
    ),
    seven_bad_files: (
        ": 7 images cannot be read: cat/00.png: the file is empty; cat/01.png: the file is empty; "
        "cat/02.png: the file is empty; cat/03.png: the file is empty; cat/04.png: the file is empty; and 2 more. "
        f"{MEND}"
    ),
}  # fmt: skip


@pytest.mark.parametrize("spoil", FOLDERS, ids=lambda spoil: spoil.__name__)
def test_bad_folders(spoil: Callable[[Path], None], photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(photos)
    assert train_error(capsys, "data.path=photos") == f"error: {photos}{FOLDERS[spoil]}"


def test_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert train_error(capsys) == (
        "error: data.path: this recipe reads a folder of images of yours. Say which: data.path=photos"
    )


def zipped(photos: Path) -> Path:
    with zipfile.ZipFile("photos.zip", "w") as archive:
        for path in sorted(photos.glob("*/*.png")):
            archive.write(path, path.relative_to(photos.parent))
    return Path("photos.zip").resolve()


@pytest.mark.parametrize("share", [0.3, 0.99])
def test_a_truncated_zip(share: float, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = zipped(photos)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    for source in ("image-folder", "tiny-imagenet"):
        assert train_error(capsys, "data.path=photos.zip", source=source) == (
            f"error: {path}: truncated, damaged or no zip archive. Give the whole zip, or the folder unpacked from it."
        )
        shutil.rmtree("out")


def test_a_zip_that_reaches_out(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = zipped(photos)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../escaped.png", b"x")
    assert train_error(capsys, "data.path=photos.zip") == (
        f"error: {path}: ../escaped.png leads out of the archive. The archive is refused."
    )
    assert not Path("../escaped.png").exists()


def test_a_zip_whose_member_is_damaged(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = zipped(photos)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 40] ^= 0xFF
    path.write_bytes(content)
    assert train_error(capsys, "data.path=photos.zip") == (
        f"error: {path}: 1 image cannot be read: cat/00.png: "
        f"damaged in the archive (Bad CRC-32 for file 'photos/cat/00.png'). {MEND}"
    )


def listed(rows: str = "") -> Path:
    good = "".join(f"photos/{kind}/{number:02d}.png,{kind}\n" for kind in ("cat", "dog") for number in range(15))
    Path("t.csv").write_text(f"image,label\n{good}{rows}")
    return Path("t.csv").resolve()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "photos/cat/99.png,cat\n",
            f": 1 image cannot be read: row 31, photos/cat/99.png: there is no such file. {MEND}",
        ),
        (",cat\n", f": 1 image cannot be read: row 31: no path is given. {MEND}"),
        ("photos/cat,cat\n", f": 1 image cannot be read: row 31, photos/cat: it is a folder. {MEND}"),
        (
            "photos/cat/00.png,\n",
            ", row 31: the label is missing; rows like this: 1. Mend them, or leave them out: data.skip_unreadable=true",
        ),
    ],
)
def test_bad_rows_of_a_table(rows: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(rows)
    assert train_error(capsys, "data.path=t.csv", source="image-table") == f"error: {path}{message}"


def test_a_table_far_from_its_images(capsys: pytest.CaptureFixture[str]) -> None:
    path = listed()
    Path("tables").mkdir()
    moved = path.rename(path.parent / "tables/t.csv")
    assert train_error(capsys, "data.path=tables/t.csv", source="image-table") == (
        f"error: {moved}: none of its 30 images is there, such as {moved.parent}/photos/cat/00.png. "
        "With data.image_folder=., 30 of 30 are found."
    )


def folds(photos: Path) -> None:
    for fold in ("fold1", "fold2"):
        shutil.copytree(photos, photos.parent / "folds" / fold)


def test_which_folders_are_the_classes_is_asked_and_told(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folds(photos)
    place = photos.parent / "folds"
    assert train_error(capsys, "data.path=folds") == (
        f"error: {place}: fold1/ and fold2/ hold folders of the same names, cat/ and dog/. Which are the classes? "
        "For cat/ and dog/: data.label_level=inner. For fold1/ and fold2/: data.label_level=outer. "
        "If they are splits, name them train/ and test/."
    )


def test_what_is_left_out_and_not_read_is_said_and_written_down(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folds(photos)
    for fold, split in (("fold1", "seg_train/seg_train"), ("fold2", "seg_test/seg_test")):
        Path(split).parent.mkdir()
        Path("folds", fold).rename(split)
    Path("intel").mkdir()
    for split in ("seg_train", "seg_test"):
        Path(split).rename(f"intel/{split}")
    Path("intel/seg_pred").mkdir()
    shutil.copy("photos/cat/00.png", "intel/seg_pred/1.png")
    Path("intel/notes.txt").touch()
    assert run(["train", "image-folder.yaml", "data.path=intel", "--out", "out"]) == 0
    shown = capsys.readouterr().err
    notes = [
        "seg_pred/ with 1 image is left out: by its name its images have no labels.",
        "not read: 1 file ends in .txt.",
    ]
    assert all(note in shown for note in notes)
    data = json.loads(Path("out/data.json").read_text())
    assert data["splits"] == {"train": 24, "validation": 6, "test": 30}
    assert (data["classes"], data["notes"], data["not_read"]) == (["cat", "dog"], notes, {".txt": 1})


def test_a_class_of_which_no_image_can_be_read(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(15):
        (photos / f"dog/{number:02d}.png").write_bytes(b"")
    shutil.copytree(photos / "cat", photos / "emu")
    assert train_error(capsys, "data.path=photos", "data.skip_unreadable=true") == (
        f'error: {photos}: no row of the class "dog" can be read; rows of it: 15. '
        "Mend them, or name the classes to use: data.classes=[…]"
    )


def test_a_class_that_there_is_not(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_error(capsys, "data.path=photos", "data.classes=[cat,dogs]") == (
        f'error: data.classes: {photos} has no class "dogs". Did you mean "dog"?'
    )


def test_unreadable_images_are_left_out_where_the_recipe_says_so(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "cat/99.png").write_bytes(b"")
    changes = ["data.path=photos", "data.skip_unreadable=true"]
    assert run(["train", "image-folder.yaml", *changes, "--out", "out"]) == 0
    assert "1 row was left out, as data.skip_unreadable says: cat/99.png: the file is empty." in capsys.readouterr().err
    data = json.loads(Path("out/data.json").read_text())
    assert (data["skipped"], data["unreadable"]) == (1, [{"path": "cat/99.png", "reason": "the file is empty"}])
    assert data["splits"] == {"train": 18, "validation": 6, "test": 6}


def stripes(*colours: Any) -> Image.Image:
    """Three of these colours side by side, 30 × 20 pixels."""
    return Image.fromarray(np.array(colours, np.uint8).repeat(10, axis=0)[None].repeat(20, axis=0))


def content_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def odd_images() -> dict[str, tuple[bytes, Image.Image]]:
    """By name, files of kinds that are easily misread, and what each of them shows."""
    drawn = np.random.default_rng(7).integers(0, 256, (8, 3, 3)).tolist()
    inks, few, lying, later, (left, hidden, right), *moving = ([tuple(colour) for colour in three] for three in drawn)
    fine = {"quality": 100, "subsampling": 0}
    found = {
        "cmyk.jpg": (content_of(stripes(*inks).convert("CMYK"), "JPEG", **fine), stripes(*inks)),
        "palette.png": (content_of(stripes(*few).quantize(3), "PNG"), stripes(*few)),
    }
    levels = np.array([35, 155, 233])
    deep = Image.fromarray((257 * levels).astype(np.uint16).repeat(10)[None].repeat(20, axis=0))
    found["deep.png"] = content_of(deep, "PNG"), stripes(*np.stack([levels] * 3, axis=1))
    clear = stripes((*left, 255), (*hidden, 0), (*right, 255))
    found["clear.png"] = content_of(clear, "PNG"), stripes(left, (255, 255, 255), right)
    for kind, three in zip(("GIF", "WEBP", "PNG"), moving, strict=True):
        lossless = {"lossless": True} if kind == "WEBP" else {}
        content = content_of(stripes(*three), kind, save_all=True, append_images=[stripes(*later)], **lossless)
        found[f"moving.{kind.lower()}"] = content, stripes(*three)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown after a quarter turn clockwise
    upright = stripes(*lying).transpose(Image.Transpose.ROTATE_270)
    found["lying.jpg"] = content_of(stripes(*lying), "JPEG", exif=exif, **fine), upright
    return found


def predicted(folder: str) -> Predictions:
    assert run(["predict", "out", folder, "--out", f"{folder}.parquet"]) == 0
    return read(Path(f"{folder}.parquet"))


def test_odd_images_are_trained_on_and_predicted_as_what_they_show(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = odd_images()
    for folder in ("odd", "shown"):
        Path(folder).mkdir()
    for number, (name, (content, shown)) in enumerate(odd.items()):
        for place in (photos / ("cat", "dog")[number % 2], Path("odd")):
            (place / name).write_bytes(content)
        shown.save(f"shown/{name}.png")
    changes = ["data.path=photos", "input.size_px=16", "model.backbone=test_resnet", "model.stem=standard"]
    assert run(["train", "image-folder.yaml", *changes, "--out", "out"]) == 0, capsys.readouterr().err
    data = json.loads(Path("out/data.json").read_text())
    assert (data["skipped"], data["unreadable"]) == (0, [])
    assert sum(data["splits"].values()) == 30 + len(odd)
    found, plain = predicted("odd"), predicted("shown")
    assert found.ids.to_list() == sorted(odd)
    assert plain.ids.to_list() == [f"{name}.png" for name in sorted(odd)]
    assert found.logits is not None
    assert plain.logits is not None
    np.testing.assert_allclose(found.logits, plain.logits, atol=0.006)
