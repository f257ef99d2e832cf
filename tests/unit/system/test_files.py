"""A file is written whole or not at all, and what keeps it from being written is said with its name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import polars as pl
import pytest

from classmark.errors import OutsideError
from classmark.system.files import atomic_path, write_text


def test_what_was_there_stays_if_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "status.json"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutsideError) as caught:
        write_text(path, "new")
    assert str(caught.value) == f"{path}: the disk is full. Free some space there, or name a folder on another disk."
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["status.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_polars_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    table = pl.DataFrame({"text": [f"{row} words" for row in range(20_000)]})
    for write in (pl.DataFrame.write_parquet, pl.DataFrame.write_csv):
        with pytest.raises(OutsideError) as caught, atomic_path(path):
            write(table, "/dev/full")  # type: ignore[operator]
        assert str(caught.value).startswith(f"{path}: the disk is full. ")


def test_a_file_in_the_way(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "")
    with pytest.raises(OutsideError) as caught:
        write_text(tmp_path / "file" / "a.json", "")
    assert str(caught.value) == f"{tmp_path}/file: this is a file, and a folder is needed. Name another place."
    with pytest.raises(OutsideError) as caught:
        write_text(tmp_path / "file" / "deeper" / "a.json", "")
    assert "part of this path is a file, and a folder is needed" in str(caught.value)


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutsideError) as caught:
        write_text(tmp_path / "a.json", "")
    assert str(caught.value) == f"{tmp_path}/a.json: this is a folder, and a file is needed. Name a file."


@pytest.mark.parametrize("name", ["a" * 255, "好" * 85])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "content")
    assert (tmp_path / name).read_text() == "content"
    with pytest.raises(OutsideError, match=r"the name is too long for the file system\. Choose a shorter one\."):
        write_text(tmp_path / f"{name}b", "")
    assert len(list(tmp_path.iterdir())) == 1


def test_an_error_of_something_else_passes(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), atomic_path(tmp_path / "a"):
        raise ConnectionResetError(errno.ECONNRESET, "reset by peer")
    assert list(tmp_path.iterdir()) == []


def test_another_file_that_is_at_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match=r"^/elsewhere/image\.png: you may not read"), atomic_path(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/image.png")
