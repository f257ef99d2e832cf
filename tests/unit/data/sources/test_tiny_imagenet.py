"""Tiny ImageNet in every form in which people have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from classmark.data import load_dataset
from classmark.data.sources import tiny_imagenet
from classmark.data.sources.source import Source
from classmark.data.sources.tiny_imagenet import class_names, read_tiny_imagenet
from classmark.errors import InputError
from classmark.recipes.schema import Data

Files = dict[str, bytes]
Write = Callable[[Mapping[str, bytes]], Path]

WNIDS = {"n01443537": "goldfish, Carassius auratus", "n02123045": "tabby, tabby cat", "n02124075": "Egyptian cat"}
NAMES = ("Egyptian cat", "goldfish", "tabby")
TRAIN, VAL = 12, 4  # images a class
ROOT = "tiny-imagenet-200/"


def archive(png: Callable[[int], bytes], root: str = ROOT, *, by_class: bool = False) -> Files:
    """The files of an archive of three classes; `by_class` as scripts sort them."""
    files, lines = {}, []
    for kind, wnid in enumerate(WNIDS):
        files[f"{root}train/{wnid}/{wnid}_boxes.txt"] = b"boxes"
        for number in range(TRAIN):
            files[f"{root}train/{wnid}/images/{wnid}_{number}.JPEG"] = png(100 * kind + number)
        for number in range(kind, 3 * VAL, 3):
            place = f"val/{wnid}" if by_class else "val"
            files[f"{root}{place}/images/val_{number}.JPEG"] = png(1_000 + number)
            lines.append(f"val_{number}.JPEG\t{wnid}\t0\t0\t9\t9\n")
    files[f"{root}test/images/test_0.JPEG"] = png(2_000)
    files[f"{root}wnids.txt"] = "\n".join(WNIDS).encode()
    files[f"{root}words.txt"] = "".join(f"{wnid}\t{words}\n" for wnid, words in WNIDS.items()).encode()
    if not by_class:
        files[f"{root}val/val_annotations.txt"] = "".join(lines).encode()
    return files


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="tiny-imagenet", path=str(path)), 1)
    return str(caught.value)


def labels_of_wnids(source: Source) -> dict[str, str]:
    return dict(source.train.select("wnid", "label").unique().sort("wnid").iter_rows())


def test_the_official_archive(png: Callable[[int], bytes], as_zip: Write) -> None:
    dataset = load_dataset(Data(source="tiny-imagenet", path=str(as_zip(archive(png)))), 1)
    assert dataset.classes == NAMES
    assert dataset.description["splits"] == {"train": 29, "validation": 7, "test": 12}
    assert dataset.description["class_counts"]["test"] == dict.fromkeys(NAMES, VAL)
    assert dataset.train.columns == ["id", "label", "wnid", "path", "row", "sha256", "width", "height"]
    test = dataset.test.row(10, named=True)
    assert (test["id"], test["label"], test["wnid"]) == ("val_10.JPEG", "tabby", "n02123045")
    assert test["path"] == "tiny-imagenet-200/val/images/val_10.JPEG"


def test_rows_are_ordered_by_number(png: Callable[[int], bytes], as_zip: Write) -> None:
    source = read_tiny_imagenet(str(as_zip(dict(reversed(archive(png).items())))))
    assert source.test is not None
    assert source.train["id"].to_list() == [f"{wnid}_{number}.JPEG" for wnid in WNIDS for number in range(TRAIN)]
    assert source.test["id"].to_list() == [f"val_{number}.JPEG" for number in range(3 * VAL)]


def test_archive_folder_its_parent_and_sorted_val_give_the_same(
    png: Callable[[int], bytes], as_folder: Write, as_zip: Write
) -> None:
    parent = as_folder(archive(png))
    forms = [
        as_zip(archive(png)),
        parent,
        parent / ROOT,
        as_folder(archive(png, "sorted/", by_class=True)) / "sorted",
        as_folder(archive(png, "both/") | archive(png, "both/", by_class=True)) / "both",
    ]
    fingerprints = set()
    for place in forms:
        fingerprints.add(load_dataset(Data(source="tiny-imagenet", path=str(place)), 1).fingerprint)
    assert len(fingerprints) == 1


def test_val_sorted_into_classes_without_a_folder_of_images(png: Callable[[int], bytes], as_zip: Write) -> None:
    files = {name.replace("/images/val", "/val"): content for name, content in archive(png, by_class=True).items()}
    source = read_tiny_imagenet(str(as_zip(files)))
    assert source.test is not None
    assert source.test["label"].value_counts().height == 3


def test_without_val_the_recipe_splits_the_training_images(png: Callable[[int], bytes], as_zip: Write) -> None:
    files = {name: content for name, content in archive(png).items() if "/val/" not in name}
    dataset = load_dataset(Data(source="tiny-imagenet", path=str(as_zip(files))), 1)
    assert dataset.description["splits"] == {"train": 22, "validation": 7, "test": 7}


def test_only_the_images_that_are_there_are_expected(png: Callable[[int], bytes], as_zip: Write) -> None:
    files = {name: content for name, content in archive(png).items() if not name.endswith("_7.JPEG")}
    dataset = load_dataset(Data(source="tiny-imagenet", path=str(as_zip(files))), 1)
    assert dataset.description["splits"] == {"train": 26, "validation": 7, "test": 11}


def test_without_words_the_classes_have_their_wordnet_ids(png: Callable[[int], bytes], as_zip: Write) -> None:
    files = {name: content for name, content in archive(png).items() if not name.endswith("words.txt")}
    assert labels_of_wnids(read_tiny_imagenet(str(as_zip(files)))) == {wnid: wnid for wnid in WNIDS}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("n1\tcrane\nn2\tcrane, bird\nn3\tox\n", {"n1": "crane", "n2": "crane, bird", "n3": "ox"}),
        ("n1\tcrane\nn2\tcrane\nn3\tox, bull\n", {"n1": "crane (n1)", "n2": "crane (n2)", "n3": "ox"}),
        ("n1\t a , b\r\nn9\ta\nno tab\n", {"n1": "a", "n2": "n2", "n3": "n3"}),
    ],
)
def test_names_of_classes_are_never_shared(words: str, names: dict[str, str]) -> None:
    assert class_names({"n1", "n2", "n3"}, words) == names


def test_val_without_annotations(png: Callable[[int], bytes], as_zip: Write) -> None:
    place = as_zip({name: content for name, content in archive(png).items() if "annotations" not in name})
    assert refusal(place) == (
        f"{place}: val/ holds images, but val/val_annotations.txt, which gives their classes, is missing or empty. "
        "Put it back, or take val/ away."
    )


def test_an_image_that_the_annotations_lack_has_no_label(png: Callable[[int], bytes], as_folder: Write) -> None:
    place = as_folder(archive(png)) / ROOT
    (place / "val/images/val_99.JPEG").write_bytes(png(1))
    assert refusal(place) == (
        f"{place}, val_99.JPEG: the label is missing; rows like this: 1. "
        "Mend them, or leave them out: data.skip_unreadable=true"
    )


def test_a_class_that_only_val_has(png: Callable[[int], bytes], as_zip: Write) -> None:
    place = as_zip({name: content for name, content in archive(png).items() if "/n02124075_" not in name})
    assert refusal(place) == (
        f'{place}, val_2.JPEG: the test label "Egyptian cat" is no class of the training rows. '
        "Rows like this: 4. Correct them, or leave them out."
    )
    data = Data(source="tiny-imagenet", path=str(place), classes=("goldfish", "tabby"))
    assert load_dataset(data, 1).description["splits"] == {"train": 19, "validation": 5, "test": 8}


def test_a_file_name_in_two_classes(png: Callable[[int], bytes], as_folder: Write) -> None:
    place = as_folder(archive(png, ""))
    (place / "train/n02123045/images/n01443537_0.JPEG").write_bytes(png(1))
    assert refusal(place) == (
        f"{place}: train/n01443537/images/n01443537_0.JPEG and train/n02123045/images/n01443537_0.JPEG have the same "
        "file name in two classes. Take one away."
    )


def test_a_missing_place(tmp_path: Path) -> None:
    assert refusal(tmp_path / "tiny.zip") == (
        f"data.path: {tmp_path}/tiny.zip: there is no such file or folder. Give the path of tiny-imagenet-200.zip or of "
        "the folder unpacked from it; without data.path it is fetched from "
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
    )


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_truncated_archive(share: float, png: Callable[[int], bytes], as_zip: Write) -> None:
    place = as_zip(archive(png))
    content = place.read_bytes()
    place.write_bytes(content[: int(len(content) * share)])
    assert refusal(place) == (
        f"{place}: truncated, damaged or no zip archive. Give the whole zip, or the folder unpacked from it."
    )


def test_another_folder(png: Callable[[int], bytes], as_folder: Write) -> None:
    place = as_folder({"cat/1.png": png(1), "dog/1.png": png(2)})
    assert refusal(place) == (
        f"{place}: no training images in it (train/<wnid>/images/*.JPEG). Is it the Tiny ImageNet archive?"
    )


def test_without_a_path_it_is_fetched(
    png: Callable[[int], bytes], as_zip: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    place = as_zip(archive(png))
    monkeypatch.setattr(tiny_imagenet, "fetch", lambda *call: asked.extend(call) or place)
    assert read_tiny_imagenet(None).name == str(place)
    assert asked == ["http://cs231n.stanford.edu/tiny-imagenet-200.zip", "90528d7ca1a48142e341f4ef8d21d0de"]
