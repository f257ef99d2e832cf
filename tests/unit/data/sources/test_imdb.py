from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from classmark.data import load_dataset
from classmark.data.sources import imdb
from classmark.data.sources.imdb import read_imdb, read_unlabelled
from classmark.errors import InputError
from classmark.recipes.schema import Data
from made import make_tar

URL = "http://www.imdb.com/title/tt{film:07d}/usercomments\n"


def reviews(train: int = 12, test: int = 4) -> dict[str, bytes]:
    """Name → content of a small archive: three reviews a film, some unlabelled ones, two in number order 2, 10."""
    files = {"aclImdb/README": b"read me", "aclImdb/imdb.vocab": b"the\n"}
    for split, count in (("train", train), ("test", test)):
        for kind, stars in (("pos", 8), ("neg", 3)):
            for number in range(count):
                text = f"{split} {kind} review {number} is <br /><br />{'fine' if kind == 'pos' else 'dull'} é"
                files[f"aclImdb/{split}/{kind}/{number}_{stars}.txt"] = text.encode()
            films = "".join(URL.format(film=number // 3) for number in range(count))
            files[f"aclImdb/{split}/urls_{kind}.txt"] = films.encode()
    files["aclImdb/train/unsup/0_0.txt"] = b"nobody knows"
    files["aclImdb/train/urls_unsup.txt"] = URL.format(film=1).encode()
    return files


def archive(folder: Path, files: dict[str, bytes]) -> Path:
    return make_tar(folder / "aclImdb_v1.tar.gz", files)


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "aclImdb"


Make = Callable[[Path, dict[str, bytes]], Path]


@pytest.mark.parametrize("make", [archive, unpacked])
def test_labelled_reviews_are_read_and_the_others_left_aside(tmp_path: Path, make: Make) -> None:
    source = read_imdb(str(make(tmp_path, reviews())))
    assert source.test is not None
    assert (source.train.height, source.test.height) == (24, 8)
    row = source.train.filter(id="train/pos/4_8").row(0, named=True)
    assert row == {
        "id": "train/pos/4_8",
        "text": "train pos review 4 is <br /><br />fine é",
        "label": "positive",
        "fault": None,
        "film": "tt0000001",
        "stars": 8,
    }
    assert source.train["id"].to_list()[:3] == ["train/neg/0_3", "train/neg/1_3", "train/neg/2_3"]
    assert source.train["id"][11] == "train/neg/11_3"


def test_archive_and_folder_give_the_same_data_set(tmp_path: Path) -> None:
    files = reviews()
    backwards = dict(reversed(files.items()))
    data = Data(source="imdb", path=str(archive(tmp_path, backwards)), validation=0.25)
    packed = load_dataset(data, 3)
    loose = load_dataset(data.model_copy(update={"path": str(unpacked(tmp_path, files))}), 3)
    assert packed.fingerprint == loose.fingerprint
    assert packed.train.equals(loose.train)


def test_the_official_test_set_is_the_test_set(tmp_path: Path) -> None:
    dataset = load_dataset(Data(source="imdb", path=str(archive(tmp_path, reviews())), validation=0.25), 1)
    assert dataset.classes == ("negative", "positive")
    assert dataset.description["splits"] == {"train": 18, "validation": 6, "test": 8}
    assert dataset.description["path"] == "aclImdb_v1.tar.gz"
    assert dataset.test["id"].str.starts_with("test/").all()
    assert "group" not in dataset.test.columns
    assert dataset.test["film"].null_count() == 0


def test_films_stay_on_one_side_where_the_recipe_says_so(tmp_path: Path) -> None:
    data = Data(source="imdb", path=str(archive(tmp_path, reviews())), validation=0.25, group="film")
    for seed in range(5):
        dataset = load_dataset(data, seed)
        assert not set(dataset.train["group"]) & set(dataset.validation["group"])
        assert dataset.validation["group"].equals(dataset.validation["film"], null_equal=True)


def test_reviews_without_films_have_no_such_column(tmp_path: Path) -> None:
    files = {name: content for name, content in reviews().items() if "urls" not in name}
    path = archive(tmp_path, files)
    assert "film" not in read_imdb(str(path)).train.columns
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="imdb", path=str(path), group="film"), 1)
    assert str(caught.value) == f'data.group: {path} has no column "film". Its further columns: stars.'


def test_the_parsed_archive_is_kept_until_the_archive_changes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path, reviews())
    first = read_imdb(str(path))
    with monkeypatch.context() as patch:
        patch.setattr(imdb, "read_members", None)  # what is in the cache needs no archive
        assert read_imdb(str(path)).train.equals(first.train)
    archive(tmp_path, reviews(train=13))
    assert read_imdb(str(path)).train.height == 26


def test_a_damaged_cache_is_made_again(tmp_path: Path, cache: Path) -> None:
    path = archive(tmp_path, reviews())
    first = read_imdb(str(path))
    (cached,) = (cache / "data").iterdir()
    cached.write_bytes(b"PAR1")
    assert read_imdb(str(path)).train.equals(first.train)
    assert pl.read_parquet(cached).height == 32


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert read_imdb(str(archive(tmp_path, reviews()))).train.height == 24


def test_without_a_path_the_official_archive_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetched(address: str, md5: str) -> Path:
        asked.append((address, md5))
        return archive(tmp_path, reviews())

    monkeypatch.setattr(imdb, "fetch", fetched)
    assert read_imdb(None).train.height == 24
    assert asked == [
        ("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz", "7c2ac02c03563afcf9b574c7e56c153a")
    ]


def test_a_wrong_path_says_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_imdb(str(tmp_path / "nowhere"))
    assert str(caught.value) == (
        f"data.path: {tmp_path}/nowhere: there is no such file or folder. Give the path of aclImdb_v1.tar.gz or of "
        "the folder unpacked from it; without data.path it is fetched from "
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
    )


@pytest.mark.parametrize("make", [archive, unpacked])
def test_a_review_that_is_not_utf8_is_named(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path, {**reviews(), "aclImdb/train/neg/99_1.txt": b"caf\xe9"})
    with pytest.raises(InputError) as caught:
        read_imdb(str(path))
    name = "aclImdb/train/neg/99_1.txt" if make is archive else "train/neg/99_1.txt"
    assert str(caught.value) == (
        f"{path}, {name}: byte 4 is not valid UTF-8; reviews like this: 1. "
        "Fetch the archive again, or leave them out: data.skip_unreadable=true"
    )


@pytest.mark.parametrize("make", [archive, unpacked])
@pytest.mark.parametrize("skipped_first", [False, True])
def test_what_the_cache_keeps_depends_on_no_option(tmp_path: Path, make: Make, skipped_first: bool) -> None:
    """Left out and counted where the recipe says so, refused where it does not, whichever came first."""
    damaged = {"aclImdb/train/neg/99_1.txt": b"caf\xe9", "aclImdb/test/pos/3_8.txt": b"\xff"}
    path = str(make(tmp_path, {**reviews(), **damaged}))
    data = Data(source="imdb", path=path, validation=0.25, skip_unreadable=True)
    for skip in (skipped_first, not skipped_first, skipped_first):
        if skip:
            dataset = load_dataset(data, 1)
            assert dataset.description["skipped"] == 2
            assert dataset.description["splits"] == {"train": 18, "validation": 6, "test": 7}
            assert "fault" not in dataset.train.columns
        else:
            with pytest.raises(InputError) as caught:
                load_dataset(data.model_copy(update={"skip_unreadable": False}), 1)
            assert str(caught.value).endswith(
                "test/pos/3_8.txt: byte 1 is not valid UTF-8; reviews like this: 2. "
                "Fetch the archive again, or leave them out: data.skip_unreadable=true"
            )


def test_another_archive_is_told_apart(tmp_path: Path) -> None:
    path = archive(tmp_path, {"tiny-imagenet-200/words.txt": b"n0001 cat"})
    with pytest.raises(InputError) as caught:
        read_imdb(str(path))
    assert str(caught.value) == f"{path}: no reviews in it (train/pos/*.txt, …). Is it the IMDB archive?"


@pytest.mark.parametrize("make", [archive, unpacked])
def test_unlabelled_reviews_come_in_the_order_of_their_numbers(tmp_path: Path, make: Make) -> None:
    files = reviews()
    for number in (10, 9, 2):
        files[f"aclImdb/train/unsup/{number}_0.txt"] = f"unlabelled {number}".encode()
    files["aclImdb/train/unsup/3_0.txt"] = b"a broken \xff byte"
    path = str(make(tmp_path, files))
    expected = [
        "nobody knows",
        "unlabelled 2",
        "a broken \N{REPLACEMENT CHARACTER} byte",
        "unlabelled 9",
        "unlabelled 10",
    ]
    assert read_unlabelled(path).to_list() == expected
    assert read_unlabelled(path).to_list() == expected  # from the cache


def test_unlabelled_reviews_change_no_split_and_copies_of_judged_ones_are_left_out(tmp_path: Path) -> None:
    files = reviews()
    files["aclImdb/train/unsup/1_0.txt"] = b"Test pos REVIEW 1 is fine \xc3\xa9!"
    data = Data(source="imdb", path=str(archive(tmp_path, files)), validation=0.25)
    plain, more = load_dataset(data, 1), load_dataset(data.model_copy(update={"unlabelled": True}), 1)
    assert plain.unlabelled is None
    assert more.unlabelled is not None
    assert more.unlabelled.to_list() == ["nobody knows"]
    assert {**more.description["unlabelled"], "fingerprint": ""} == {"texts": 1, "left_out": 1, "fingerprint": ""}
    assert more.fingerprint == plain.fingerprint


def test_an_archive_without_unlabelled_reviews_is_refused(tmp_path: Path) -> None:
    files = {name: content for name, content in reviews().items() if "unsup" not in name}
    path = archive(tmp_path, files)
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="imdb", path=str(path), unlabelled=True), 1)
    assert str(caught.value) == (
        f"data.unlabelled: {path}: no unlabelled reviews in it (train/unsup/*.txt). Leave the key out."
    )
