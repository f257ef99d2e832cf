"""Bad archives and odd tables, from the file to the message."""

from __future__ import annotations

import random
import tarfile
from pathlib import Path

import pytest

from classmark.data import load_dataset
from classmark.errors import InputError
from classmark.recipes.schema import Data
from made import make_tar


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))


def imdb_archive(path: Path, extra: tarfile.TarInfo | None = None) -> Path:
    words = random.Random(1)
    reviews = {
        f"aclImdb/{split}/{kind}/{number}_{stars}.txt": " ".join(str(words.random()) for _ in range(50)).encode()
        for split in ("train", "test")
        for kind, stars in (("neg", 2), ("pos", 9))
        for number in range(20)
    }
    return make_tar(path, reviews, extra=extra)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="imdb", path=str(path)), 1)
    return str(caught.value)


def test_the_archive_whole_is_fine(tmp_path: Path) -> None:
    dataset = load_dataset(Data(source="imdb", path=str(imdb_archive(tmp_path / "imdb.tar.gz"))), 1)
    assert dataset.description["splits"] == {"train": 32, "validation": 8, "test": 40}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_truncated_archive_is_refused_and_leaves_nothing_in_the_cache(tmp_path: Path, share: float) -> None:
    path = imdb_archive(tmp_path / "imdb.tar.gz")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    message = refusal(path)
    assert message.startswith(f"{path}: truncated, damaged or no archive (")
    assert message.endswith("). Fetch it again.")
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_archive_that_reaches_out_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    path = imdb_archive(tmp_path / "imdb.tar.gz", tarfile.TarInfo("../escaped.txt"))
    assert refusal(path) == f"{path}: ../escaped.txt leads out of the archive. The archive is refused."
    assert [found.name for found in tmp_path.iterdir()] == ["imdb.tar.gz"]


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("aclImdb/train/pos/99_9.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    path = imdb_archive(tmp_path / "imdb.tar.gz", link)
    assert refusal(path) == (
        f"{path}: aclImdb/train/pos/99_9.txt is a link, a device or a sparse file; a data set has none. "
        "The archive is refused."
    )


def test_a_training_part_alone_is_split_in_three_and_a_test_part_alone_is_refused(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for kind in ("neg", "pos"):
            for number in range(10):
                path = tmp_path / split / "aclImdb" / split / kind / f"{number}_5.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{split} {kind} {number}")
    dataset = load_dataset(Data(source="imdb", path=str(tmp_path / "train" / "aclImdb")), 1)
    assert dataset.description["splits"] == {"train": 12, "validation": 4, "test": 4}
    place = tmp_path / "test" / "aclImdb"
    assert refusal(place) == (
        f"{place}: no training reviews in it (train/pos/*.txt, train/neg/*.txt). Is it the IMDB archive?"
    )
