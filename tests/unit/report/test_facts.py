"""What is said of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classmark.report.facts import augmentation_text, fastest_epoch, run_facts, sizes_text
from classmark.runs import RunFiles
from classmark.system.files import write_json

OFF = {
    "flip": False,
    "shift_px": 0,
    "crop_scale": None,
    "randaugment": 0,
    "magnitude": 9.0,
    "erasing": 0.0,
    "mixup": 0.0,
}


def test_an_empty_folder_says_nothing(tmp_path: Path) -> None:
    facts = run_facts(RunFiles(tmp_path))
    assert facts.pop("kind") == "text"
    assert facts.pop("augmentation") == "none"
    assert not any(facts.values())


def test_images_are_told_from_texts(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    write_json(
        run.data, {"kind": "images", "input": {"augmentation": OFF | {"flip": True}, "pixels": {"min_width": 64}}}
    )
    facts = run_facts(run)
    assert (facts["kind"], facts["augmentation"], facts["sizes"]) == ("images", "flip", "64 pixels wide")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "none"),
        ({"flip": True, "shift_px": 6}, "flip, shift_px 6"),
        ({"randaugment": 2, "mixup": 0.2}, "randaugment 2, magnitude 9.0, mixup 0.2"),
        ({"crop_scale": [0.35, 1.0]}, "crop_scale [0.35, 1.0]"),
    ],
)
def test_augmentation_is_what_is_switched_on(changes: dict[str, Any], expected: str) -> None:
    assert augmentation_text(OFF | changes) == expected


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ({}, ""),
        ({"min_width": 64, "max_width": 64, "min_height": 64, "max_height": 64}, "64 pixels wide and 64 pixels high"),
        (
            {"min_width": 32, "max_width": 1_500, "min_height": 8, "max_height": 9},
            "32 to 1,500 pixels wide and 8 to 9 pixels high",
        ),
    ],
)
def test_sizes(pixels: dict[str, int], expected: str) -> None:
    assert sizes_text(pixels) == expected


def test_the_fastest_epoch_counts() -> None:
    assert fastest_epoch([]) == ""
    assert fastest_epoch([{"images_per_second": 140.4}, {"images_per_second": 99.0}]) == "140 images/s"
