"""Images by row: the same pixels from a folder, a zip and memory, kept in the cache, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classmark.data.images import cache as pixel_cache
from classmark.data.images.cache import open_images
from classmark.data.images.decode import decode
from classmark.data.images.files import ImageFiles
from classmark.data.images.listing import list_images
from classmark.data.images.pixels import thumbnails
from classmark.errors import InputError
from classmark.system.processes import in_processes

ROWS = 30


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    with warnings.catch_warnings():
        yield tmp_path / "cache" / "pixels"


@pytest.fixture
def contents() -> dict[str, bytes]:
    generator, found = np.random.default_rng(1), {}
    for number in range(ROWS):
        stream = io.BytesIO()
        Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(stream, "PNG")
        found[f"{'ab'[number % 2]}/{number:03d}.png"] = stream.getvalue()
    return dict(sorted(found.items()))


@pytest.fixture
def folder(contents: dict[str, bytes], tmp_path: Path) -> Path:
    for name, content in contents.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "images"


def of_folder(folder: Path) -> ImageFiles:
    return ImageFiles(folder, tuple(list_images(folder).images))


def expected(contents: dict[str, bytes], side_px: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.stack([decode(content, side_px).pixels for content in contents.values()])  # type: ignore[union-attr]


def test_folder_zip_and_memory_give_the_same(folder: Path, contents: dict[str, bytes], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    names, rows = tuple(contents), np.array([3, 0, 29, 3])
    sources = (
        of_folder(folder),
        ImageFiles(tmp_path / "images.zip", names),
        ImageFiles(Path("made"), names, tuple(contents.values())),
    )
    for files in sources:
        images, facts = open_images(files, 64)
        assert (files.names, images.side_px, len(images)) == (names, 16, ROWS)
        np.testing.assert_array_equal(images.read(rows), expected(contents, 16)[rows])
        assert facts.sha256 == [hashlib.sha256(content).hexdigest() for content in contents.values()]
        assert (set(facts.width), set(facts.height), facts.faults) == ({16}, {16}, {})


def test_hidden_files_and_others_are_no_images(folder: Path) -> None:
    for name in (".hidden.png", "notes.txt", "__MACOSX/a.png", ".git/b.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert len(list_images(folder).images) == ROWS


def test_large_images_are_made_smaller_and_small_ones_stay(folder: Path, contents: dict[str, bytes]) -> None:
    images, _ = open_images(of_folder(folder), 12)
    assert images.side_px == 12
    np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 12))


def test_what_is_not_stored_is_decoded_when_it_is_read(
    folder: Path, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr(pixel_cache, "MOST_STORED_BYTES", 100)
    images, facts = open_images(of_folder(folder), 16)
    assert images.stored is None
    np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 16))
    assert len(facts.sha256) == ROWS
    assert [path.suffix for path in cache.iterdir()] == [".json"]
    (folder / "a" / "000.png").unlink()
    with pytest.raises(InputError) as caught:
        images.read(np.array([0]))
    assert str(caught.value) == f"{folder}/a/000.png: the image cannot be read (there is no such file)."


def test_unreadable_files_have_their_reasons(folder: Path) -> None:
    (folder / "a" / "002.png").write_bytes(b"")
    (folder / "b" / "001.png").write_text("text")
    files = of_folder(folder)
    images, facts = open_images(files, 16)
    assert {files.names[row]: reason for row, reason in facts.faults.items()} == {
        "a/002.png": "the file is empty",
        "b/001.png": "no image in a format that is read (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC)",
    }
    assert images.read(np.array(list(facts.faults))).max() == 0


def test_the_cache_is_used_again_and_a_damaged_one_is_made_anew(
    folder: Path, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    open_images(of_folder(folder), 16)
    decoded: list[int] = []
    monkeypatch.setattr(pixel_cache, "decode", lambda content, side: decoded.append(1) or decode(content, side))
    open_images(of_folder(folder), 16)
    assert decoded == []
    pixels = next(cache.glob("*.u8"))
    whole = pixels.read_bytes()
    for damage in (whole[:-1], whole[:50] + b"\x00\x01\x02" + whole[53:], b""):
        pixels.write_bytes(damage)
        images, _ = open_images(of_folder(folder), 16)
        np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 16))
    assert len(decoded) == 3 * ROWS
    for path in cache.glob("*.json"):
        path.write_text("{")
    images, _ = open_images(of_folder(folder), 16)
    np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 16))


def test_changed_files_are_decoded_anew(folder: Path, contents: dict[str, bytes]) -> None:
    before, _ = open_images(of_folder(folder), 16)
    (folder / "a" / "000.png").write_bytes(contents["a/002.png"] + b"trailing")
    after, _ = open_images(of_folder(folder), 16)
    np.testing.assert_array_equal(after.read(np.array([0]))[0], before.read(np.array([1]))[0])


KILLED = """
import sys, time
from pathlib import Path
from classmark.data.images import cache as pixel_cache
from classmark.data.images.files import ImageFiles
from classmark.data.images.listing import list_images
slow = pixel_cache.decode
def decode(content, side):
    time.sleep(0.05)
    return slow(content, side)
pixel_cache.decode = decode
folder = Path(sys.argv[1])
pixel_cache.open_images(ImageFiles(folder, tuple(list_images(folder).images)), 16)
"""


def test_a_killed_writer_leaves_nothing_that_is_taken_for_whole(
    folder: Path, contents: dict[str, bytes], cache: Path
) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], env={**os.environ})
    deadline = time.monotonic() + 60
    while not list(cache.glob(".*.u8.*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [path.name for path in cache.iterdir() if not path.name.startswith(".")] == []
    images, _ = open_images(of_folder(folder), 16)
    np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 16))


HELD = """
import os, time
from pathlib import Path
from classmark.data.images import cache as pixel_cache
class HeldRows(pixel_cache._DecodeRows):
    def __call__(self, chunk):
        if chunk[0] >= 9:
            parent = os.getppid()
            Path(__file__).with_name(f"{os.getpid()}.held").touch()
            while os.getppid() == parent:
                time.sleep(0.01)
        return super().__call__(chunk)
"""
KILLED_WITH_HELPERS = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import held
from classmark.data.images import cache as pixel_cache
from classmark.data.images.files import ImageFiles
from classmark.data.images.listing import list_images
pixel_cache.FEW, pixel_cache.CHUNK_ROWS, pixel_cache.cores = 5, 3, lambda: 2
pixel_cache._DecodeRows = held.HeldRows
folder = Path(sys.argv[1])
pixel_cache.open_images(ImageFiles(folder, tuple(list_images(folder).images)), 16)
"""


def test_a_killed_writer_takes_its_helpers_along(
    folder: Path, contents: dict[str, bytes], cache: Path, tmp_path: Path
) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "held.py").write_text(HELD)
    command = [sys.executable, "-c", KILLED_WITH_HELPERS, str(folder), str(modules)]
    process = subprocess.Popen(command, env={**os.environ}, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while len(helpers := list(modules.glob("*.held"))) < 2 and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=60)  # until the helpers too, whose standard error this is, have ended
    assert (len(helpers), process.returncode) == (2, -signal.SIGKILL)
    assert "Error" not in said
    (partial,) = cache.iterdir()
    assert partial.name.startswith(".")
    assert set(partial.read_bytes()) != {0}  # the first chunks were there
    images, facts = open_images(of_folder(folder), 16)
    np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 16))
    assert facts.sha256 == [hashlib.sha256(content).hexdigest() for content in contents.values()]


def test_all_cores_give_the_same(
    folder: Path, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pixel_cache, "FEW", 5)
    monkeypatch.setattr(pixel_cache, "CHUNK_ROWS", 7)
    monkeypatch.setattr(pixel_cache, "cores", lambda: 2)
    images, facts = open_images(of_folder(folder), 16)
    np.testing.assert_array_equal(images.read(np.arange(ROWS)), expected(contents, 16))
    assert facts.sha256 == [hashlib.sha256(content).hexdigest() for content in contents.values()]


def test_what_a_process_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(in_processes(int, ["1", "2", "x", "4"], 2))
    assert list(in_processes(int, [str(number) for number in range(9)], 2)) == list(range(9))


def test_thumbnails(folder: Path) -> None:
    images, _ = open_images(of_folder(folder), 16)
    shown = thumbnails(images, np.array([2, 5]))
    sizes = []
    for content in shown:
        with Image.open(io.BytesIO(content)) as image:
            sizes.append(image.size)
    assert sizes == [(16, 16), (16, 16)]
