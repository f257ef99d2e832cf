"""Tables of image paths: where the files are, which ids the rows have, and what is said of bad ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from classmark.data import Dataset, load_dataset
from classmark.data.sources.image_table import read_image_table
from classmark.data.sources.source import Source
from classmark.errors import InputError
from classmark.recipes.schema import Data

Write = Callable[..., Path]
Make = Callable[[int], bytes]

ROWS = pl.DataFrame({"image": ["a.png", "b/c.png"], "label": ["x", "y"], "score": [1, 2]})


@pytest.fixture
def photos(as_folder: Write, png: Callable[[int], bytes]) -> Path:
    """A folder `photos` with `0.png` to `29.png`."""
    return as_folder({f"{number}.png": png(number) for number in range(30)})


def listed(folder: Path, rows: str, name: str = "t.csv") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(rows)
    return path


def read(path: Path, **options: str) -> Source:
    return read_image_table(Data(source="image-table", path=str(path), **options))  # type: ignore[arg-type]


def loaded(path: Path, **options: object) -> Dataset:
    return load_dataset(Data(source="image-table", path=str(path), **options), 1)  # type: ignore[arg-type]


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        loaded(path, **options)
    return str(caught.value)


def thirty(prefix: str = "photos/", header: str = "image,label", more: str = "") -> str:
    rows = "".join(f"{prefix}{number}.png,{'xy'[number % 2]}{more.format(number // 5)}\n" for number in range(30))
    return f"{header}\n{rows}"


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.parquet"])
def test_every_kind_of_table_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    path = tmp_path / name
    match path.suffix:
        case ".csv":
            ROWS.write_csv(path)
        case ".tsv":
            ROWS.write_csv(path, separator="\t")
        case ".parquet":
            ROWS.write_parquet(path)
        case _:
            ROWS.write_ndjson(path)
    source = read(path)
    assert source.name == str(path)
    assert source.train.to_dict(as_series=False) == {
        "id": ["a.png", "b/c.png"],
        "path": ["a.png", "b/c.png"],
        "label": ["x", "y"],
        "place": [f"{path}, row 1", f"{path}, row 2"],
        "score": [1, 2],
        "row": [0, 1],
    }
    assert source.files is not None
    assert (source.files.place, source.files.names) == (tmp_path, ("a.png", "b/c.png"))


@pytest.mark.parametrize("way", ["within", "out of the folder", "absolute", "spaced"])
def test_paths_count_from_the_folder_of_the_table(
    way: str, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    match way:
        case "within":
            path = listed(tmp_path, thirty())
        case "spaced":
            path = listed(tmp_path, thirty(" photos/"))
        case "absolute":
            path = listed(tmp_path, thirty(f"{photos}/"))
        case _:
            path = listed(tmp_path / "tables", thirty("../photos/"))
    dataset = loaded(Path(os.path.relpath(path)))
    assert dataset.description["splits"] == {"train": 18, "validation": 6, "test": 6}
    assert dataset.description["path"] == "t.csv"
    assert set(dataset.train["width"]) == {10}


def test_a_test_table_may_lie_in_another_folder(tmp_path: Path, photos: Path) -> None:
    train = listed(tmp_path, thirty())
    for folder, prefix in ((tmp_path, "photos/"), (photos, ""), (tmp_path / "tables", "../photos/")):
        test = listed(folder, f"image,label\n{prefix}4.png,x\n{prefix}7.png,y\n", "test.csv")
        dataset = loaded(train, test_path=str(test))
        assert dataset.test["id"].to_list() == [f"test-{prefix}4.png", f"test-{prefix}7.png"]
        assert dataset.test["path"].to_list() == [f"{prefix}4.png", f"{prefix}7.png"]
        assert dataset.test["leaked"].to_list() == [True, True]
        assert dataset.description["leaked_test_rows"] == 2
        assert dataset.description["splits"] == {"train": 24, "validation": 6, "test": 2}


def test_an_image_in_several_rows_has_an_id_for_each(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    path = listed(tmp_path, "image,label\na.png,x\n\nb.png,y\na.png,x\n")
    assert read(path).train["id"].to_list() == ["a.png#1", "b.png", "a.png#4"]


def test_ids_of_the_table_are_taken_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    path = listed(tmp_path, "key,file,kind\n007,a.png,01\n008,b.png,02\n")
    data = Data(
        source="image-table",
        path=str(path),
        test_path=str(listed(tmp_path, "key,file,kind\n009,a.png,01\n", "test.csv")),
        image_column="file",
        label_column="kind",
        id_column="key",
    )
    source = read_image_table(data)
    assert source.test is not None
    assert source.train.select("id", "path", "label").rows() == [("007", "a.png", "01"), ("008", "b.png", "02")]
    assert source.test.select("id", "path", "label", "row").rows() == [("009", "a.png", "01", 2)]


def test_further_columns_are_carried_along_but_for_those_that_mean_something_else(tmp_path: Path, photos: Path) -> None:
    taken = ("row", "sha256", "width", "height", "fault", "text", "path", "key", "thumbnail")
    path = listed(tmp_path, thirty(header=",".join(("image,label,site", *taken)), more=",{0}" + ",7" * len(taken)))
    dataset = loaded(path, group="site")
    assert dataset.train.columns == [
        *("id", "path", "label", "group", "site", *(f" {name}" for name in taken), "row", "sha256", "width", "height"),
    ]
    assert set(dataset.train["width"]) == {10}
    sites = [set(frame["group"]) for frame in (dataset.train, dataset.validation, dataset.test)]
    assert sum(map(len, sites)) == len(set().union(*sites))


def test_unreadable_images_are_named_with_their_rows(tmp_path: Path, photos: Path) -> None:
    (photos / "empty.png").write_bytes(b"")
    (photos / "named.jpg").write_text("text")
    os.mkfifo(photos / "pipe.png")
    bad = "photos/31.png,x\n,y\nphotos/empty.png,x\nphotos,y\nphotos/pipe.png,x\nphotos/named.jpg,y\n"
    path = listed(tmp_path, thirty() + bad)
    assert refusal(path) == (
        f"{path}: 6 images cannot be read: row 31, photos/31.png: there is no such file; row 32: no path is given; "
        "row 33, photos/empty.png: the file is empty; row 34, photos: it is a folder; "
        "row 35, photos/pipe.png: it is no file but a device or a pipe; and 1 more. "
        "Mend them or take them away, or leave them out: data.skip_unreadable=true"
    )
    dataset = loaded(path, skip_unreadable=True)
    assert dataset.description["skipped"] == 6
    assert dataset.description["unreadable"] == [
        {"path": "photos/31.png", "reason": "there is no such file"},
        {"path": "", "reason": "no path is given"},
        {"path": "photos/empty.png", "reason": "the file is empty"},
        {"path": "photos", "reason": "it is a folder"},
        {"path": "photos/pipe.png", "reason": "it is no file but a device or a pipe"},
        {
            "path": "photos/named.jpg",
            "reason": "no image in a format that is read (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC)",
        },
    ]
    assert dataset.description["splits"] == {"train": 18, "validation": 6, "test": 6}


def test_an_unreadable_test_image_is_named_with_its_own_table(tmp_path: Path, photos: Path) -> None:
    test = listed(photos, "image,label\n0.png,x\n99.png,y\n", "test.csv")
    path = listed(tmp_path, thirty())
    assert refusal(path, test_path=str(test)) == (
        f"{test}: 1 image cannot be read: row 2, 99.png: there is no such file. "
        "Mend them or take them away, or leave them out: data.skip_unreadable=true"
    )


def test_a_missing_label_is_named_with_its_row(tmp_path: Path, photos: Path) -> None:
    path = listed(tmp_path, thirty() + "photos/3.png,\n")
    assert refusal(path) == (
        f"{path}, row 31: the label is missing; rows like this: 1. "
        "Mend them, or leave them out: data.skip_unreadable=true"
    )


def test_a_class_of_which_no_image_can_be_read(tmp_path: Path, photos: Path) -> None:
    path = listed(tmp_path, thirty() + "photos/31.png,z\nphotos/32.png,z\n")
    assert refusal(path, skip_unreadable=True) == (
        f'{path}: no row of the class "z" can be read; rows of it: 2. '
        "Mend them, or name the classes to use: data.classes=[…]"
    )
    assert loaded(path, classes=("x", "y")).classes == ("x", "y")


def test_no_path() -> None:
    with pytest.raises(InputError) as caught:
        read_image_table(Data(source="image-table"))
    assert str(caught.value) == "data.path: this recipe reads a table of yours. Say which: data.path=images.csv"


@pytest.mark.parametrize("name", ["gone.png", "x" * 300, "zero\\u0000byte"])
def test_none_of_the_images_is_there(tmp_path: Path, name: str) -> None:
    path = listed(tmp_path, f'{{"image": null, "label": "y"}}\n{{"image": "{name}", "label": "x"}}\n', "t.jsonl")
    shown = name.replace("\\u0000", "\0")
    assert refusal(path) == (
        f"{path}: none of its images is there, such as {tmp_path}/{shown}. "
        'Paths in the column "image" count from the folder of the table on, or are absolute; '
        "data.image_folder=… names another folder."
    )


def test_a_recipe_says_where_the_images_are_and_how_they_end(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = listed(tmp_path / "tables", thirty("").replace(".png", ""))
    test = listed(tmp_path / "more", "image,label\n4,x\n7.png,y\n", "test.csv")
    for ending in (".png", "png"):
        dataset = loaded(path, image_folder="photos", image_ending=ending, test_path=str(test))
        assert dataset.description["splits"] == {"train": 24, "validation": 6, "test": 2}
        assert dataset.test["id"].to_list() == ["test-4", "test-7.png"]


@pytest.mark.parametrize("name", ["folder\\{}.png", ".\\folder\\{}.png", "folder/e\u0301{}.png"])
def test_backslashes_and_other_compositions_are_the_same_files(name: str, as_folder: Write, png: Make) -> None:
    start = "photos/folder/\u00e9" if "\u0301" in name else "photos/folder/"
    place = as_folder({f"{start}{number}.png": png(number) for number in range(30)}, "")
    rows = "".join(f"photos/{name.format(number)},{'xy'[number % 2]}\n" for number in range(30))
    assert loaded(listed(place, f"image,label\n{rows}")).description["splits"]["train"] == 18


# How the column names photos/0.png to photos/29.png (or photos/00.png …), and what is said.
ELSEWHERE = {
    "without the folder": (
        "{}.png",
        "none of its 30 images is there, such as {folder}/0.png. With data.image_folder=photos, 30 of 30 are found.",
    ),
    "without the ending": (
        "photos/{}",
        "none of its 30 images is there, such as {folder}/photos/0. With data.image_ending=.png, 30 of 30 are found.",
    ),
    "ids": (
        "{}",
        "none of its 30 images is there, such as {folder}/0. "
        "With data.image_folder=photos data.image_ending=.png, 30 of 30 are found.",
    ),
    "another machine": (
        "/home/ann/pictures/{}.png",
        "none of its 30 images is there, such as /home/ann/pictures/0.png. "
        "Take the folders away from the column; then, with data.image_folder=photos, 30 of 30 are found.",
    ),
    "Windows": (
        "C:\\data\\{}.png",
        "none of its 30 images is there, such as {folder}/C:\\data\\0.png. "
        "Take the folders away from the column; then, with data.image_folder=photos, 30 of 30 are found.",
    ),
    "case": (
        "Photos/{}.PNG",
        "none of its 30 images is there, such as {folder}/Photos/0.PNG. "
        "30 of 30 are there in another case, such as photos/0.png. Correct the column.",
    ),
    "addresses": (
        "https://example.org/{}.png",
        "none of its 30 images is there, such as https://example.org/0.png. 30 of 30 are web addresses, from which "
        "classmark fetches nothing. Download them, and name the files in the column.",
    ),
    "nothing helps": (
        "photos/{}.bmp",
        'none of its 30 images is there, such as {folder}/photos/0.bmp. Paths in the column "image" count from the folder '
        "of the table on, or are absolute; data.image_folder=… names another folder.",
    ),
}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_what_would_help_is_tried_before_it_is_said(
    kind: str, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, message = ELSEWHERE[kind]
    rows = "".join(f"{name.format(number)},{'xy'[number % 2]}\n" for number in range(30))
    path = listed(tmp_path, f"image,label\n{rows}")
    assert refusal(path) == f"{path}: {message.replace('{folder}', str(tmp_path))}"


def test_numbers_that_have_lost_their_zeros(tmp_path: Path, as_folder: Write, png: Make) -> None:
    as_folder({f"{number:03d}.png": png(number) for number in range(30)})
    path = listed(tmp_path, thirty("photos/").replace("photos/", "").replace(".png", ""))
    assert refusal(path) == (
        f"{path}: none of its 30 images is there, such as {tmp_path}/0. Write the numbers with 3 digits, such as 000; "
        f"then, with data.image_folder={tmp_path}/photos data.image_ending=.png, 30 of 30 are found."
    )


def test_most_are_missing_but_would_be_found(tmp_path: Path, photos: Path) -> None:
    path = listed(tmp_path, thirty().replace("9.png", "9"))
    assert refusal(path) == (
        f"{path}: 3 of its 30 images are not there, such as {tmp_path}/photos/9. "
        "With data.image_ending=.png, 30 of 30 are found."
    )
    assert loaded(path, skip_unreadable=True).description["skipped"] == 3


def test_a_missing_image_folder(tmp_path: Path, photos: Path) -> None:
    assert refusal(listed(tmp_path, thirty()), image_folder="nowhere") == (
        "data.image_folder: nowhere: there is no such folder. Name the one that holds the images."
    )


# Content of t.csv or the named file, and the message after its path.
BAD = {
    "empty": ("t.csv", "", ": the file is empty."),
    "no such column": (
        "t.csv",
        "img,label\na.png,x\n",
        ': there is no column "image"; its columns are img, label. Did you mean "img"? Name the right one: data.image_column=…',
    ),
    "a near label column": (
        "t.csv",
        "image,labels\na.png,x\n",
        ': there is no column "label"; its columns are image, labels. Did you mean "labels"? '
        "Name the right one: data.label_column=…",
    ),
    "no text": (
        "t.jsonl",
        '{"image": {"path": "a.png"}, "label": "x"}\n',
        ': the column "image" holds records, not text.',
    ),
    "another file": (
        "t.docx",
        "PK",
        ': a file ending in ".docx" is not read. Give a .csv, .tsv, .jsonl, .json, .parquet, .feather, .npz or .xlsx '
        "file; texts may be compressed (.csv.gz, .csv.zst).",
    ),
    "only blank rows": ("t.csv", "image,label\n,\n,\n", ": the file has no rows."),
    "no paths": (
        "t.csv",
        "image,label\n,x\n ,y\n",
        ": 2 images cannot be read: row 1: no path is given; row 2: no path is given. "
        "Mend them or take them away, or leave them out: data.skip_unreadable=true",
    ),
    "one class": (
        "t.csv",
        "image,label\na.png,x\nb.png,x\n",
        ': every row has the label "x"; a classifier needs two classes or more. Add rows of another class.',
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_bad_table_is_one_clear_sentence(name: str, tmp_path: Path) -> None:
    file, content, message = BAD[name]
    (tmp_path / "a.png").write_bytes(b"x")
    path = listed(tmp_path, content, file)
    assert refusal(path) == f"{path}{message}"


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"{tmp_path}: a folder without tables. Give a table file, or a folder that holds only parts of one table: "
        ".parquet, .csv, .tsv or .jsonl files."
    )


def test_an_id_of_both_tables(tmp_path: Path, photos: Path) -> None:
    path = listed(tmp_path, thirty())
    test = listed(tmp_path, "image,label\nphotos/3.png,x\n", "test.csv")
    assert refusal(path, test_path=str(test), id_column="image") == (
        f'{test}: the id "photos/3.png" stands in the training and in the test data; ids like this: 1. '
        "Give every row an id of its own, or leave out data.id_column."
    )
