"""The cache folder: where it is, also without a home, and work goes on without it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from classmark.errors import OutsideError
from classmark.system import cache, notes
from classmark.system.cache import cache_folder, measured_once


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache is named, temporary files are in a folder of the test, and every note is new."""
    monkeypatch.delenv("CLASSMARK_CACHE", raising=False)
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(notes, "_said", set())


def without_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)


def test_named_or_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "classmark"
    monkeypatch.setenv("CLASSMARK_CACHE", "/some/where")
    assert cache_folder() == Path("/some/where")


def test_without_a_home_it_is_temporary_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_home(monkeypatch)
    expected = tmp_path / f"classmark-{os.getuid()}"
    assert (cache_folder(), cache_folder()) == (expected, expected)
    assert expected.stat().st_mode & 0o777 == 0o700
    assert capsys.readouterr().err == (
        f"note: there is no home folder, so the cache is in {expected}. Name a folder for it: CLASSMARK_CACHE=FOLDER\n"
    )


def test_a_home_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", "/proc/1")  # not even for root
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cache_folder() == tmp_path / f"classmark-{os.getuid()}"
    assert "note: /proc/1/.cache/classmark cannot be written, so the cache is in " in capsys.readouterr().err


def test_a_home_that_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "relative")
    assert cache_folder() == tmp_path / f"classmark-{os.getuid()}"


def test_neither_home_nor_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_home(monkeypatch)
    (tmp_path / f"classmark-{os.getuid()}").write_text("in the way")
    with pytest.raises(OutsideError) as caught:
        cache_folder()
    assert str(caught.value) == (
        "neither the home folder nor a temporary one can be written. Name a folder for it: CLASSMARK_CACHE=FOLDER"
    )


def test_what_is_measured_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    answers = iter([{"precision": "bf16"}, {"precision": "fp32"}])
    for _ in range(2):
        assert measured_once("precision", ["here"], lambda: next(answers)) == {"precision": "bf16"}
    assert list(json.loads((tmp_path / "precision.json").read_text()).values()) == [{"precision": "bf16"}]


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_damaged_cache_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    (tmp_path / "precision.json").write_text(content)
    assert measured_once("precision", ["here"], lambda: "fp32") == "fp32"
    assert measured_once("precision", ["here"], lambda: "bf16") == "fp32"


def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "file"))
    assert measured_once("precision", ["here"], lambda: "fp32") == "fp32"
    assert capsys.readouterr().err == (
        f"note: {tmp_path}/file: this is a file, and a folder is needed, so precision.json is not kept there and is made "
        "again next time. Name a folder for it: CLASSMARK_CACHE=FOLDER\n"
    )
