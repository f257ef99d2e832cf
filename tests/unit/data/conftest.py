from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLASSMARK_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def png() -> Callable[[int], bytes]:
    """A function from a number to a PNG file of 10 by 8 pixels, another one for each number."""

    def make(number: int) -> bytes:
        stream = io.BytesIO()
        pixels = np.random.default_rng(number).integers(0, 256, (8, 10, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(stream, "PNG")
        return stream.getvalue()

    return make


@pytest.fixture
def as_folder(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """A function that writes files (name → content; a name that ends in a slash is an empty folder)."""

    def write(files: Mapping[str, bytes], name: str = "photos") -> Path:
        for file, content in files.items():
            path = tmp_path / name / file
            if file.endswith("/"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return tmp_path / name

    return write


@pytest.fixture
def as_zip(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """The same as a zip."""

    def write(files: Mapping[str, bytes], name: str = "photos.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for file, content in files.items():
                archive.writestr(file, content)
        return tmp_path / name

    return write
