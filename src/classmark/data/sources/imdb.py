"""The Large Movie Review Dataset (Maas et al. 2011): its official archive, or the folder unpacked from it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from classmark.data.archives import read_members
from classmark.data.sources.fetch import fetch
from classmark.data.sources.source import Source
from classmark.errors import InputError
from classmark.system.cache import cache_folder, is_kept, kept_if_possible
from classmark.system.files import atomic_path

ADDRESS = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"

# A review is aclImdb/<split>/<class>/<number>_<stars>.txt; line <number>, from 0, of urls_<class>.txt is its film.
REVIEW = re.compile(r"(?:^|/)(train|test)/(pos|neg)/((\d+)_(\d+))\.txt$")
UNLABELLED = re.compile(r"(?:^|/)train/unsup/(\d+)_\d+\.txt$")
URLS = re.compile(r"(?:^|/)(train|test)/urls_(pos|neg)\.txt$")
FILM = re.compile(r"/title/(tt\d+)")
CACHE_VERSION = 2  # of the columns that are made here
CLASS_NAMES = {"neg": "negative", "pos": "positive"}


def read_imdb(path: str | None, *, skip_unreadable: bool = False) -> Source:
    """The labelled reviews, each with its `film` and `stars`; `read_unlabelled` gives the others.

    Only what is there is expected. The parsed archive is kept in the cache folder.

    Args:
        path: of the archive or its unpacked folder; None fetches the archive from its official address.
        skip_unreadable: give a review that is not UTF-8 no text instead of stopping.

    Raises:
        InputError: the archive cannot be read or holds no reviews, or one of them is not UTF-8.
    """
    place = _place(path)
    frame = _kept(place, "imdb", lambda: _parse(_files(place, (REVIEW, URLS)), place))
    faults = frame["fault"].drop_nulls()
    if len(faults) and not skip_unreadable:
        raise InputError(
            f"{place}, {faults[0]}; reviews like this: {len(faults):,}. "
            "Fetch the archive again, or leave them out: data.skip_unreadable=true"
        )
    train, test = (frame.filter(split=split).drop("split") for split in ("train", "test"))
    if train.height == 0:
        raise InputError(
            f"{place}: no training reviews in it (train/pos/*.txt, train/neg/*.txt). Is it the IMDB archive?"
        )
    return Source(str(place), train, test if test.height else None)


def read_unlabelled(path: str | None) -> pl.Series:
    """The reviews without a label, in the order of their numbers; a byte that is not UTF-8 becomes a replacement character.

    Args:
        path: of the archive or its unpacked folder; None fetches the archive from its official address.

    Raises:
        InputError: the archive cannot be read, or has none.
    """
    place = _place(path)

    def parse() -> pl.DataFrame:
        found = [(UNLABELLED.search(f"/{name}"), content) for name, content in _files(place, (UNLABELLED,))]
        numbered = sorted(
            (int(match[1]), content.decode("utf-8", errors="replace")) for match, content in found if match
        )
        return pl.DataFrame({"text": [text for _, text in numbered]}, schema={"text": pl.String})

    texts = _kept(place, "imdb-unlabelled", parse)["text"]
    if len(texts) == 0:
        raise InputError(
            f"data.unlabelled: {place}: no unlabelled reviews in it (train/unsup/*.txt). Leave the key out."
        )
    return texts


def _place(path: str | None) -> Path:
    place = Path(path) if path else fetch(ADDRESS, MD5)
    if not place.exists():
        raise InputError(
            f"data.path: {place}: there is no such file or folder. Give the path of aclImdb_v1.tar.gz or of the "
            f"folder unpacked from it; without data.path it is fetched from {ADDRESS}"
        )
    return place


def _kept(place: Path, name: str, parse: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """What is parsed of an archive, from the cache folder where it has been parsed before; a folder is read each time."""
    if place.is_dir():
        return parse()
    status = place.stat()
    identity = json.dumps([CACHE_VERSION, str(place.resolve()), status.st_size, status.st_mtime_ns])
    cached = cache_folder() / "data" / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:24]}.parquet"
    if is_kept(cached):
        try:
            return pl.read_parquet(cached)
        except (pl.exceptions.PolarsError, OSError):
            pass  # damaged: it is made again
    frame = parse()
    with kept_if_possible(cached), atomic_path(cached) as temporary:
        frame.write_parquet(temporary)
    return frame


def _files(place: Path, wanted: tuple[re.Pattern[str], ...]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files that one of the patterns finds, of an archive or its unpacked folder."""

    def is_wanted(name: str) -> bool:
        return any(pattern.search(f"/{name}") for pattern in wanted)

    if not place.is_dir():
        yield from read_members(place, is_wanted)
        return
    for path in sorted(place.rglob("*.txt")):
        name = path.relative_to(place).as_posix()
        if is_wanted(name):
            yield name, path.read_bytes()


def _parse(files: Iterator[tuple[str, bytes]], place: Path) -> pl.DataFrame:
    """One row a review, sorted by split, class and number; one that is not UTF-8 has a `fault` instead of its text."""
    films: dict[tuple[str, str], list[str]] = {}
    rows: list[tuple[str, str, int, int, str, str | None, str | None]] = []
    for name, content in files:
        if (urls := URLS.search(f"/{name}")) is not None:
            lines = content.decode("utf-8", errors="replace").splitlines()
            films[urls[1], urls[2]] = [match[1] if (match := FILM.search(line)) else line for line in lines]
        elif (review := REVIEW.search(f"/{name}")) is not None:
            split, kind, stem, number, stars = review.groups()
            text, fault = None, None
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError as error:
                fault = f"{name}: byte {error.start + 1} is not valid UTF-8"
            rows.append((split, kind, int(number), int(stars), f"{split}/{kind}/{stem}", text, fault))
    if not rows:
        raise InputError(f"{place}: no reviews in it (train/pos/*.txt, …). Is it the IMDB archive?")
    rows.sort(key=lambda row: row[:5])
    film = [films.get((split, kind), [])[number : number + 1] for split, kind, number, *_ in rows]
    frame = pl.DataFrame(
        {
            "split": [row[0] for row in rows],
            "id": [row[4] for row in rows],
            "text": [row[5] for row in rows],
            "fault": [row[6] for row in rows],
            "label": [CLASS_NAMES[row[1]] for row in rows],
            "film": [found[0] if found else None for found in film],
            "stars": pl.Series([row[3] for row in rows], dtype=pl.Int8),
        },
        schema_overrides={"text": pl.String, "fault": pl.String, "film": pl.String},
    )
    return frame if films else frame.drop("film")
