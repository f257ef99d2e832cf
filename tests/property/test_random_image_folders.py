"""A thousand odd folders and zips of images: the rows that their names mean, or one sentence."""

from __future__ import annotations

import json
import os
import shutil
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from classmark.cli.main import run
from classmark.data import Dataset, load_dataset
from classmark.errors import InputError
from classmark.recipes.schema import Data
from property.image_trees import Tree, draw_tree, write_folder, write_zip

TREES, LONGEST_SECONDS = 1_000, 5.0
MOSTLY_READ = 0.4


MEMORY = Path("/dev/shm")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for thousands of small files: in memory if there is such a place, as disks take minutes for them."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        monkeypatch.setenv("CLASSMARK_CACHE", f"{folder}/cache")
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nothing here has to outlive a power cut
        yield Path(folder)


def written(seed: int, folder: Path) -> tuple[Tree, Path]:
    tree, random = draw_tree(seed), Random(seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write = write_zip if random.random() < 0.5 else write_folder
    return tree, write(tree, folder / ("a.zip" if write is write_zip else "photos"), random)


def expected(tree: Tree) -> dict[str, dict[str, str]]:
    """Split → image → class. Without a test split the validation split is it; what is not there is drawn by the recipe."""
    found: dict[str, dict[str, str]] = {"train": {}, "validation": {}, "test": {}}
    for name, (split, label) in tree.truth.items():
        found[split][name] = unicodedata.normalize("NFC", label)
    if not found["test"]:
        found["validation"], found["test"] = {}, found["validation"]
    return found


def fault(tree: Tree, dataset: Dataset) -> str:
    """What is wrong with a data set; empty where nothing is."""
    frames = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    got = {split: dict(frame.select("path", "label").iter_rows()) for split, frame in frames.items()}
    want = expected(tree)
    drawn = {"train", *(split for split in want if not want[split])}
    got["train"] = {name: label for split in drawn for name, label in got[split].items()}
    return "; ".join(
        f"{split}: more {sorted(got[split].items() - rows.items())[:3]}, less {sorted(rows.items() - got[split].items())[:3]}"
        for split, rows in want.items()
        if (split == "train" or split not in drawn) and got[split] != rows
    )


def test_odd_folders_and_zips_are_read_as_their_names_say_or_refused_in_a_sentence(place: Path) -> None:
    read, faults = 0, []
    for seed in range(TREES):
        tree, path = written(seed, place / "tree")
        start, skip = time.monotonic(), seed % 3 > 0
        try:
            dataset = load_dataset(Data(source="image-folder", path=str(path), skip_unreadable=skip), seed)
        except InputError as error:
            message = error.spelt("command line")
            if "\n" in message or len(message) > 1_500:
                faults.append(f"{seed} ({tree.kind}): not one sentence: {message}")
        else:
            read += 1
            if wrong := fault(tree, dataset):
                faults.append(f"{seed} ({tree.kind}): {wrong[:600]}")
        if time.monotonic() - start > LONGEST_SECONDS:
            faults.append(f"{seed} ({tree.kind}): too slow")
    assert not faults, f"{len(faults)} of {TREES}:\n" + "\n".join(faults[:20])
    assert read > MOSTLY_READ * TREES


@pytest.mark.parametrize("seed", range(12))
def test_the_command_line_ends_with_a_table_or_a_sentence(
    seed: int, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree, path = written(seed, place / "tree")
    code = run(["audit", str(path), "--out", str(place / "audited"), "--json"])
    shown = capsys.readouterr()
    assert code in (0, 2)
    assert "Traceback" not in shown.err
    if code == 0:
        assert sum(json.loads(shown.out)["rows"].values()) >= len(tree.truth)
    else:
        assert shown.err.startswith("error: ")
