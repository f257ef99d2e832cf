"""Folders of images as people have them, and what is said of those that cannot be used."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

from classmark.data import load_dataset
from classmark.data.images import kinds, listing
from classmark.data.sources.image_folder import read_image_folder
from classmark.data.sources.image_layout import LabelLevel
from classmark.errors import InputError
from classmark.recipes.schema import Data

Write = Callable[[Mapping[str, bytes]], Path]


def files(*names: str) -> dict[str, bytes]:
    """Files that nobody opens."""
    return dict.fromkeys(names, b"x")


def refusal(path: Path | None) -> str:
    with pytest.raises(InputError) as caught:
        read_image_folder(None if path is None else str(path))
    return str(caught.value)


def labels(frame: pl.DataFrame | None) -> dict[str, str | None]:
    assert frame is not None
    return dict(frame.select("id", "label").iter_rows())


def test_class_folders_are_rows_in_the_order_of_their_names(as_folder: Write) -> None:
    place = as_folder(files("dog/b.JPG", "dog/deep/er/a.png", "cat/2.webp", "cat/10.tif"))
    source = read_image_folder(str(place))
    assert source.name == str(place)
    assert source.test is None
    assert source.files is not None
    assert source.train.columns == ["id", "label", "path", "row"]
    assert labels(source.train) == {
        "cat/10.tif": "cat",
        "cat/2.webp": "cat",
        "dog/b.JPG": "dog",
        "dog/deep/er/a.png": "dog",
    }
    assert source.train["path"].equals(source.train["id"])
    assert [source.files.names[row] for row in source.train["row"]] == source.train["id"].to_list()


# Folders with a cat and a dog each → those of the training, of the validation and of the test rows.
LAYOUTS: dict[tuple[str, ...], tuple[list[str], list[str], list[str]]] = {
    ("train", "test"): (["train"], [], ["test"]),
    ("train", "val"): (["train"], [], ["val"]),
    ("train", "valid"): (["train"], [], ["valid"]),
    ("train", "validation"): (["train"], [], ["validation"]),
    ("train", "test", "val"): (["train"], ["val"], ["test"]),
    ("Training", "Testing"): (["Training"], [], ["Testing"]),
    ("TRAIN", "TEST", "Valid"): (["TRAIN"], ["Valid"], ["TEST"]),
    ("train/train", "test/test"): (["train/train"], [], ["test/test"]),
    ("train",): (["train"], [], []),
    ("train", "test", "more"): (["train"], [], ["test"]),
    ("photos/train", "photos/test"): (["train"], [], ["test"]),
    ("training_set", "test_set"): (["training_set"], [], ["test_set"]),
    ("training_set/training_set", "test_set/test_set"): (["training_set/training_set"], [], ["test_set/test_set"]),
    ("train_images", "test_images", "dev-images"): (["train_images"], ["dev-images"], ["test_images"]),
    ("train2017", "val2017"): (["train2017"], [], ["val2017"]),
    ("images_train", "images_val"): (["images_train"], [], ["images_val"]),
    ("seg_train/seg_train", "seg_test/seg_test"): (["seg_train/seg_train"], [], ["seg_test/seg_test"]),
    ("images/TrainImages", "images/TestImages"): (["TrainImages"], [], ["TestImages"]),
    ("train/images", "val/images"): (["train/images"], [], ["val/images"]),
    ("train_1", "train_2", "test"): (["train_1", "train_2"], [], ["test"]),
}


@pytest.mark.parametrize("parts", LAYOUTS, ids=" ".join)
def test_splits_by_their_folders(parts: tuple[str, ...], as_folder: Write) -> None:
    source = read_image_folder(
        str(as_folder(files(*(f"{part}/{kind}/1.png" for part in parts for kind in ("a", "b")))))
    )
    for frame, places in zip((source.train, source.validation, source.test), LAYOUTS[parts], strict=True):
        expected = {f"{part}/{kind}/1.png": kind for part in places for kind in ("a", "b")}
        assert ({} if frame is None else labels(frame)) == expected


def test_an_empty_folder_does_not_hide_that_a_split_is_wrapped(as_folder: Write) -> None:
    source = read_image_folder(str(as_folder(files("train/train/a/1.png", "train/train/b/1.png", "train/odd/"))))
    assert labels(source.train) == {"train/train/a/1.png": "a", "train/train/b/1.png": "b"}


# Files → what is said of those that are left out.
LEFT_OUT = {
    (
        "seg_train/seg_train/a/1.png",
        "seg_train/seg_train/b/1.png",
        "seg_pred/seg_pred/1.jpg",
        "seg_pred/seg_pred/2.jpg",
    ): ["seg_pred/ with 2 images is left out: by its name its images have no labels."],
    ("train/a/1.png", "train/b/1.png", "test/a/1.png", "more/a/1.png", "cover.png"): [
        "more/ with 1 image is left out: its name is that of no split.",
        "1 image beside train/ left out: it lies in no split.",
    ],
    ("cat/1.png", "dog/1.png", "unlabeled/1.png"): [
        "unlabeled/ with 1 image is left out: by its name its images have no labels."
    ],
    ("animals/cat/1.png", "animals/dog/1.png", "plants/1.png"): [
        "all images under animals/ have the label animals, also those in cat/ and dog/."
    ],
    ("animals/cat/1.png", "animals/dog/1.png", "plants/rose/1.png"): [
        "all images under animals/ have the label animals, also those in cat/ and dog/. "
        "If the inner folders are the classes: data.label_level=inner"
    ],
    ("prey/1.png", "pred/1.png"): [],
    ("cat/deep/1.png", "dog/1.png"): [],
}


@pytest.mark.parametrize("names", LEFT_OUT, ids=" ".join)
def test_what_is_left_out_or_guessed_is_said(names: tuple[str, ...], as_folder: Write) -> None:
    source = read_image_folder(str(as_folder(files(*names))))
    assert list(source.notes) == LEFT_OUT[names]


def test_files_that_are_not_read_are_counted(as_folder: Write, as_zip: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "image_endings", lambda: kinds.ENDINGS)
    content = files("cat/1.png", "dog/1.jpg", "dog/1.HEIC", "dog/2.heic", "notes.TXT", "cat/README", ".hidden")
    for place in (as_folder(content), as_zip(content)):
        source = read_image_folder(str(place))
        assert source.unread == {".heic": 2, "": 1, ".txt": 1}


def test_images_without_an_ending_are_known_by_their_first_bytes(
    as_folder: Write, as_zip: Write, png: Callable[[int], bytes]
) -> None:
    content = {
        "cat/0001": png(1),
        "cat/photo.2020": png(2),
        "dog/1.png": png(3),
        "dog/LICENSE": b"MIT",
        "dog/x.dat": png(4),
    }
    for place in (as_folder(content), as_zip(content)):
        source = read_image_folder(str(place))
        assert labels(source.train) == {"cat/0001": "cat", "cat/photo.2020": "cat", "dog/1.png": "dog"}
        assert source.unread == {"": 1, ".dat": 1}


@pytest.mark.parametrize(
    ("label_level", "expected"),
    [
        ("inner", {"fold1/a/1.png": "a", "fold1/b/1.png": "b", "fold2/a/1.png": "a", "fold2/b/1.png": "b"}),
        (
            "outer",
            {"fold1/a/1.png": "fold1", "fold1/b/1.png": "fold1", "fold2/a/1.png": "fold2", "fold2/b/1.png": "fold2"},
        ),
    ],
)
def test_a_recipe_may_say_which_folders_are_the_classes(
    label_level: LabelLevel, expected: dict[str, str], as_folder: Write
) -> None:
    place = as_folder(files("fold1/a/1.png", "fold1/b/1.png", "fold2/a/1.png", "fold2/b/1.png"))
    assert labels(read_image_folder(str(place), label_level).train) == expected


def test_inner_class_folders_must_be_there(as_folder: Write) -> None:
    place = as_folder(files("a/x/1.png", "b/1.png"))
    with pytest.raises(InputError) as caught:
        read_image_folder(str(place), "inner")
    assert str(caught.value) == (
        f"data.label_level: {place}: b/ holds images but no folders. "
        "Put them into class folders, or take the outer ones as classes: data.label_level=outer"
    )


def test_labels_are_composed(as_folder: Write) -> None:
    place = as_folder(files("train/cafe\u0301/1.png", "train/tea/1.png", "test/caf\u00e9/1.png", "test/tea/1.png"))
    source = read_image_folder(str(place))
    assert set(labels(source.train).values()) == set(labels(source.test).values()) == {"caf\u00e9", "tea"}


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("train/1.png", "bus/1.png"), {"train", "bus"}),
        (("valid/1.png", "invalid/1.png"), {"valid", "invalid"}),
        (("test/1.png", "test/2.png", "exam/1.png"), {"test", "exam"}),
        (("test_tube/1.png", "beaker/1.png", "flask/1.png"), {"test_tube", "beaker", "flask"}),
        (("dev_board/1.png", "dev_kit/1.png"), {"dev_board", "dev_kit"}),
    ],
)
def test_a_class_may_be_called_as_a_split_is(names: tuple[str, ...], classes: set[str], as_folder: Write) -> None:
    source = read_image_folder(str(as_folder(files(*names))))
    assert set(source.train["label"]) == classes
    assert source.test is None


def test_what_programs_leave_and_what_is_no_image_is_passed_over(as_folder: Write, as_zip: Write) -> None:
    content = files(
        "cat/1.png", "cat/Thumbs.db", "cat/.DS_Store", "cat/._1.png", "cat/notes.txt", "dog/1.png", "readme.md",
        "__MACOSX/cat/1.png", "cat/__MACOSX/2.png", ".git/a.png", ".ipynb_checkpoints/b.png",
    )  # fmt: skip
    for place in (as_folder(content), as_zip(content)):
        assert labels(read_image_folder(str(place)).train) == {"cat/1.png": "cat", "dog/1.png": "dog"}


@pytest.mark.parametrize("wrapping", ["", "photos/", "photos/photos/", "./", "./photos//"])
def test_a_zip_gives_what_its_folder_gives(
    wrapping: str, as_folder: Write, as_zip: Write, png: Callable[[int], bytes]
) -> None:
    content = {f"{kind}/{number}.png": png(number + 50 * (kind == "b")) for number in range(12) for kind in "ba"}
    folder = Data(source="image-folder", path=str(as_folder(content)))
    archive = Data(source="image-folder", path=str(as_zip({f"{wrapping}{name}": png for name, png in content.items()})))
    first, second = load_dataset(folder, 1), load_dataset(archive, 1, side_px=5)
    assert first.fingerprint == second.fingerprint
    assert first.test["path"].equals(second.test["path"])
    assert (first.images.side_px, second.images.side_px) == (8, 5)  # type: ignore[union-attr]


def test_links_are_followed_but_not_round_in_circles(as_folder: Write, tmp_path: Path) -> None:
    place = as_folder(files("cat/1.png", "dog/1.png"))
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool/1.png").write_bytes(b"x")
    (place / "emu").symlink_to(tmp_path / "pool")
    (place / "fox").symlink_to(tmp_path / "pool")
    (place / "cat/all").symlink_to(place)
    assert labels(read_image_folder(str(place)).train) == {
        f"{kind}/1.png": kind for kind in ("cat", "dog", "emu", "fox")
    }


def test_an_image_beside_the_class_folders_has_no_label(as_folder: Write, png: Callable[[int], bytes]) -> None:
    content = {f"{kind}/{number}.png": png(number + 50 * (kind == "b")) for number in range(12) for kind in "ab"}
    place = as_folder({**content, "cover.png": png(200)})
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="image-folder", path=str(place)), 1)
    assert str(caught.value) == (
        f"{place}, cover.png: the label is missing; rows like this: 1. "
        "Mend them, or leave them out: data.skip_unreadable=true"
    )
    dataset = load_dataset(Data(source="image-folder", path=str(place), skip_unreadable=True), 1)
    assert dataset.description["skipped"] == 1
    assert dataset.description["unreadable"] == []


def test_no_path() -> None:
    assert refusal(None) == "data.path: this recipe reads a folder of images of yours. Say which: data.path=photos"


def test_a_missing_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "photo") == (
        f"{tmp_path}/photo: there is no such folder or zip. Give the folder that holds the class folders."
    )


# Files, and the message after the place.
BAD = {
    "no images": (("cat/", "dog/"), ": no images in it (files that end in .jpg, .png and the like)."),
    "other files": (("cat/1.txt", "cat/2.txt", "a.zip"), ": no images in it: 2 files end in .txt, 1 in .zip."),
    "no class folders": (
        ("1.png", "2.png"),
        ": its images lie in no class folders. Put the images of each class into a folder of its own.",
    ),
    "classes in file names": (
        ("cat.1.jpg", "cat.2.jpg", "dog (1).jpg", "dog_2.jpg"),
        ": its images lie in no class folders. Their names seem to begin with the class (cat, dog). Put the images of "
        "each class into a folder of its own (cat/, dog/). Or list them in a table: classmark recipes show image-csv",
    ),
    "Dogs vs. Cats": (
        ("train/cat.1.jpg", "train/cat.2.jpg", "train/dog.1.jpg", "train/dog.2.jpg", "test1/1.jpg"),
        ": train/ holds no class folders. Their names seem to begin with the class (cat, dog). Put the images of each "
        "class into a folder of its own (train/cat/, train/dog/). Or list them in a table: classmark recipes show image-csv",
    ),
    "flat splits and more": (
        ("train/1.jpg", "test/1.jpg", "extra/1.jpg"),
        ": train/ holds no class folders. Put the images of each class into a folder of its own, or take it away.",
    ),
    "folds": (
        tuple(f"fold{fold}/{kind}/1.png" for fold in (1, 2, 3) for kind in ("cats", "dogs")),
        ": fold1/, fold2/, fold3/ hold folders of the same names, cats/ and dogs/. Which are the classes? "
        "For cats/ and dogs/: data.label_level=inner. For fold1/, fold2/, fold3/: data.label_level=outer. "
        "If they are splits, name them train/ and test/.",
    ),
    "splits in the classes": (
        tuple(f"{kind}/{split}/1.png" for kind in ("cat", "dog") for split in ("train", "test")),
        ": the class folders cat/ and dog/ hold the splits test/ and train/. Put the classes into the splits: test/cat/ "
        "instead of cat/test/. To split all images anew: data.label_level=outer",
    ),
    "one class": (
        ("cat/1.png", "cat/2.png"),
        ": cat/ is its only class folder; a classifier needs two classes or more. Give the folder that holds all of them.",
    ),
    "one class in training": (
        ("train/cat/1.png", "test/cat/2.png", "test/dog/2.png"),
        ": cat/ is its only class folder; a classifier needs two classes or more. Give the folder that holds all of them.",
    ),
    "an empty class": (
        ("cat/1.png", "dog/1.png", "emu/"),
        ": the class folder emu/ holds no images. Put some in, or take it away.",
    ),
    "a class without images": (
        ("train/cat/1.png", "train/dog/1.txt", "train/emu/deep/", "test/cat/1.png"),
        ": the class folder train/dog/ holds no images (and 1 more): 1 file ends in .txt. Put some in, or take it away.",
    ),
    "an empty class in test": (
        ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/"),
        ": the class folder test/dog/ holds no images. Put some in, or take it away.",
    ),
    "no training part": (
        ("test/cat/1.png", "test/dog/1.png", "val/cat/1.png"),
        ": there is test/ but no train/. Put the training images there.",
    ),
    "images in train": (
        ("train/1.png", "train/2.png", "test/1.png"),
        ": train/ holds no class folders. Put the images of each class into a folder of its own, or take it away.",
    ),
    "a test set without labels": (
        ("train/cat/1.png", "train/dog/2.png", "test/1.png"),
        ": test/ holds no class folders. Put the images of each class into a folder of its own, or take it away.",
    ),
    "split or class": (
        ("Train/steam/1.png", "Train/diesel/1.png", "bus/1.png"),
        ": beside Train/ there is no test/, but bus/. If that is a split, name it test/ or val/. "
        "If both are classes: data.label_level=outer. Else take bus/ away.",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_each_bad_folder_is_one_clear_sentence(name: str, kind: str, as_folder: Write, as_zip: Write) -> None:
    names, message = BAD[name]
    place = (as_folder if kind == "folder" else as_zip)(files(*names))
    assert refusal(place) == f"{place}{message}"


def test_a_class_in_the_test_set_alone_is_found_before_anything_is_decoded(as_folder: Write, cache: Path) -> None:
    place = as_folder(files("train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/emu/1.png", "test/emu/2.png"))
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="image-folder", path=str(place)), 1)
    assert str(caught.value) == (
        f'{place}, test/emu/1.png: the test label "emu" is no class of the training rows. Rows like this: 2. '
        "Correct them, or leave them out."
    )
    assert not cache.exists()


# A file, and the message after its path.
NO_ZIPS = {
    "photos": ": truncated, damaged or no zip archive. Give the whole zip, or the folder unpacked from it.",
    "photos.csv": ": a table. For images that a table lists there is: classmark recipes show image-csv",
    "photos.TAR.gz": ": of archives only zips are read. Unpack it, and give the folder.",
}


@pytest.mark.parametrize("name", NO_ZIPS)
def test_a_file_that_is_no_zip(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("image,label\n")
    assert refusal(path) == f"{path}{NO_ZIPS[name]}"


def test_a_truncated_zip(as_zip: Write, png: Callable[[int], bytes]) -> None:
    place = as_zip({"cat/1.png": png(1), "dog/1.png": png(2)})
    place.write_bytes(place.read_bytes()[:-40])
    assert refusal(place) == (
        f"{place}: truncated, damaged or no zip archive. Give the whole zip, or the folder unpacked from it."
    )


TAR = bytes(257) + b"ustar" + bytes(250)
LOOK_ALIKES = {
    b"": "the file is empty. Fetch it again.",
    TAR: "of archives only zips are read. Unpack it, and give the folder.",
    b"Rar!\x1a\x07\x01": "of archives only zips are read. Unpack it, and give the folder.",
    b"\n<!DOCTYPE html>": "a web page and no zip. Fetch the zip anew; the page may say what went wrong.",
    b"\xff\xd8\xff\xe0": "one image. Give the folder that holds the class folders.",
}


@pytest.mark.parametrize("content", LOOK_ALIKES)
def test_what_is_called_a_zip_and_is_something_else(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(content)
    assert refusal(path) == f"{path}: {LOOK_ALIKES[content]}"


def test_a_zip_that_is_compressed_in_a_way_that_is_not_read(as_zip: Write) -> None:
    place = as_zip(files("cat/1.png", "dog/1.png"))
    content = place.read_bytes()
    start = content.index(b"PK\x01\x02") + 10
    place.write_bytes(content[:start] + b"\x09\x00" + content[start + 2 :])
    assert refusal(place) == (
        f"{place}: cat/1.png is compressed with Deflate64, which is not read. Unpack the zip, and give the folder."
    )


def test_the_last_part_of_a_zip(as_zip: Write) -> None:
    place = as_zip(files("cat/1.png", "dog/1.png"))
    first = place.with_suffix(".z01")
    first.write_bytes(b"PK")
    assert refusal(place) == (
        f"{place}: the last part of a zip that begins in {first.name}. Unpack all parts together, and give the folder."
    )


def test_classes_that_are_splits_by_their_names(as_folder: Write) -> None:
    place = as_folder(files("signs_train/1.png", "signs_train/a/2.png", "signs_test/3.png", "other/4.png"))
    assert refusal(place) == (
        f"{place}: by their names signs_test/ and signs_train/ are splits and no classes. Name the splits train/ and "
        "test/, with a folder for each class in them. If both are classes: data.label_level=outer"
    )
    read_image_folder(str(place), "outer")


@pytest.mark.parametrize("name", ["../cat/1.png", "/cat/1.png", "C:/cat/1.png", "dog/../../1.png"])
def test_a_zip_that_reaches_out_is_refused(name: str, as_zip: Write) -> None:
    place = as_zip(files("dog/1.png", name))
    assert refusal(place) == f"{place}: {name} leads out of the archive. The archive is refused."


def test_a_zip_of_absurdly_many_members_is_refused(as_zip: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_MEMBERS", 2)
    place = as_zip(files("cat/1.png", "dog/1.png", "dog/2.png"))
    assert refusal(place) == f"{place}: more than 2 members. The archive is refused."


def test_a_name_that_stands_twice_in_a_zip_is_one_image(as_zip: Write) -> None:
    place = as_zip(files("cat/1.png", "dog/1.png"))
    with zipfile.ZipFile(place, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("cat/1.png", b"y")
    assert labels(read_image_folder(str(place)).train) == {"cat/1.png": "cat", "dog/1.png": "dog"}


def test_a_name_that_is_not_utf_8(as_folder: Write) -> None:
    place = as_folder(files("cat/1.png", "dog/1.png"))
    Path(os.fsdecode(os.fsencode(place) + b"/cat/caf\xe9.png")).write_bytes(b"x")
    assert refusal(place) == f"{place}: the file name cat/caf\ufffd.png is not valid UTF-8. Rename the file."


def test_a_folder_that_cannot_be_opened_is_named(as_folder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    place, scandir = as_folder(files("cat/1.png", "dog/1.png")), os.scandir

    def closed(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("dog"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert refusal(place) == (
        f"{place}/dog: the folder cannot be opened (Permission denied). Make it readable, or take it away."
    )
