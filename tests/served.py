"""A small trained run of texts, a model of images, and a client for services that run in this process."""

from __future__ import annotations

import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from fastapi.testclient import TestClient
from PIL import Image

import classmark
from classmark.inference.classifier import Classifier, save
from classmark.inputs.examples import ImageShape
from classmark.inputs.images import ImageEncoder
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import Backbone, Recipe
from classmark.serving.app import build_app
from classmark.serving.metrics import Metrics
from classmark.serving.models import Models
from classmark.serving.options import ServeOptions

WORDS = {"bad": ("dull", "weak", "awful", "empty"), "good": ("fine", "warm", "great", "clever")}
IMAGES = Recipe.model_validate(
    {"name": "small", "data": {"source": "digits"}, "input": {"size_px": 16}, "model": {"backbone": "test_resnet"}}
)


def reviews(rows: int, seed: int = 0) -> pl.DataFrame:
    """Texts whose words mostly fit their label."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(rows) % 2)
    names = tuple(WORDS)
    texts = []
    for row, label in enumerate(labels):
        sides = np.where(generator.random(4) < 0.8, label, 1 - label)
        texts.append(f"film {row} " + " ".join(WORDS[names[side]][generator.integers(4)] for side in sides))
    return pl.DataFrame({"text": texts, "label": [names[label] for label in labels]})


def train_run(folder: Path, seed: int = 1) -> Path:
    """A run of one epoch on 400 such texts, with validation and test rows."""
    folder.mkdir(parents=True)
    reviews(400).write_csv(folder / "reviews.csv")
    small = {"model__hidden_size": 8, "model__embedding_size": 8, "judge__draws": 100, "judge__baselines": False}
    few = {"train__epochs": 1, "train__threads": 1, "train__precision": "fp32", "seed": seed}
    rate = {"optimizer__learning_rate": 0.05}
    return classmark.train("text-csv", folder / "run", data__path=folder / "reviews.csv", **small, **few, **rate).path


def image_model(folder: Path) -> Path:
    """A model folder of images of ten classes, with random weights."""
    assert isinstance(IMAGES.model, Backbone)
    shape = ImageShape(16)
    built = build_model(IMAGES.model, shape, 12)
    initialise(built, 1)
    names = tuple(f"class {number}" for number in range(12))
    save(Classifier(built.eval(), ImageEncoder(18, 16, "bilinear"), names), IMAGES, shape, folder)
    return folder


def picture(seed: int = 0, side: int = 20) -> bytes:
    """A PNG of noise."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@contextmanager
def client_of(runs: dict[str, Path], **options: Any) -> Iterator[TestClient]:
    """A client of a service of these runs."""
    asked, metrics = ServeOptions(**options), Metrics()
    with TestClient(build_app(Models(runs, asked, metrics), asked, metrics)) as client:
        yield client


def linked(run: Path, link: Path) -> Path:
    """A link to a run, set in one step also where there is one."""
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(run)
    fresh.rename(link)
    return link


def copied(run: Path, to: Path) -> Path:
    """A copy of a run folder."""
    shutil.copytree(run, to)
    return to


@dataclass
class Service:
    """A service in a process of its own.

    Attributes:
        process: of `classmark serve`.
        host, port: where it listens.
    """

    process: subprocess.Popen[str]
    host: str
    port: int

    def connect(self, seconds: float = 20) -> socket.socket:
        """A connection to it."""
        return socket.create_connection((self.host, self.port), seconds)

    def send(self, method: str, path: str, content: Any = None) -> tuple[int, Any]:
        """Status and content of an answer."""
        client = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            client.request(method, path, json.dumps(content), {"Content-Type": "application/json"})
            answer = client.getresponse()
            body = answer.read().decode()
            return answer.status, json.loads(body) if "json" in answer.headers["Content-Type"] else body
        finally:
            client.close()


@contextmanager
def served(*words: str | Path, **environment: str) -> Iterator[Service]:
    """`classmark serve` with these words, once it answers."""
    command = [sys.executable, "-m", "classmark", "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), process.communicate()
        host, _, port = address.removeprefix("http://").rpartition(":")
        yield Service(process, host, int(port))
    finally:
        process.kill()
        process.communicate()
