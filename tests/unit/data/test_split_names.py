"""Names of splits as people write them, and names that only look like one."""

from __future__ import annotations

from itertools import product

import pytest

from classmark.data.split_names import SplitName, is_wrapping, split_of

NAMES: dict[SplitName | None, list[str]] = {
    "train": [
        *("train", "training", "train_images", "images_train", "trainset", "training_set", "train_set", "seg_train"),
        *(
            "train2017",
            "train_data",
            "TrainImages",
            "Train Images",
            "TRAINING-SET",
            "train.1",
            "data-train",
            "trainsets",
        ),
        *("dataset_train", "train_photos", "imgs-train", "train_split", "01_train", "training_data_2020", "train "),
    ],
    "validation": [
        *("val", "valid", "validation", "dev", "val_images", "val2017", "validation_set", "valset", "VALID", "devset"),
        *("images_val", "Validation Data", "dev-images", "validset"),
    ],
    "test": ["test", "testing", "test_set", "testset", "test_images", "seg_test", "test2017", "test1", "Test Data"],
    "unlabelled": ["seg_pred", "pred", "unlabeled", "unlabelled", "unsup", "unlabeled2017", "predict", "predictions"],
    None: [
        *(
            "test_tube",
            "dev_board",
            "trainer",
            "steam_train",
            "train_station",
            "validator",
            "value",
            "device",
            "contest",
        ),
        *(
            "training_shoes",
            "latest",
            "testament",
            "predator",
            "cat",
            "images",
            "data",
            "2017",
            "",
            "pretrain",
            "protest",
        ),
        *("devil", "development", "strain", "test_car", "set", "trainers", "interval", "oval", "pets"),
    ],
}


@pytest.mark.parametrize(("split", "name"), [(split, name) for split, names in NAMES.items() for name in names])
def test_a_name_means_a_split_only_with_usual_affixes(split: SplitName | None, name: str) -> None:
    assert split_of(name) == split


def test_all_joins_on_both_sides() -> None:
    for word, join, affix in product(
        ("train", "Val", "TEST"), ("", "_", "-", " ", "."), ("set", "images", "2", "DATA")
    ):
        expected = {"train": "train", "Val": "validation", "TEST": "test"}[word]
        assert split_of(word + join + affix) == expected
        assert split_of(affix + join + word) == expected


def test_names_that_only_wrap() -> None:
    assert all(map(is_wrapping, ("images", "data", "Photos", "image_data", "dataset2")))
    assert not any(map(is_wrapping, ("cats", "", "train", "images of cats", "0", "2017")))


def test_a_long_name_is_looked_at_once() -> None:
    for start in ("1" * 60_000, "dataset" * 9_000, "train" + "set " * 9_000):
        assert split_of(start + "x") is None
