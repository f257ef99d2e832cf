"""What the image benchmarks share: the same images for every way, turns in rounds, and the section that is written.

    python benchmarks/images_cpu.py
    python benchmarks/images_gpu.py

run it; the ways themselves are in `image_ways.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from classmark.data.sources.tiny_imagenet import read_tiny_imagenet
from classmark.training.processor import describe_environment
from image_ways import SHIFT_PX, WARM_UP_STEPS, Setting
from page import wrapped

CLASSES, IMAGES_A_CLASS = 200, 10  # of the first, fewer where the images do not suffice for so many of each
RATES = ("tutorial", "timm", "classmark", "bare", "bare, compiled")
IN_WORDS = (
    f"`{{command}}`: images of Tiny ImageNet, the same for all. A turn is an epoch behind its first {WARM_UP_STEPS} steps, in "
    "a process of its own; the ways take turns in rounds, so that a machine that drifts slows all of them down. The network "
    "is timm's, without pretrained weights; all train it with Adam.",
    "- **tutorial**: `ImageFolder` and `DataLoader` with {workers} workers, mirrored and normalised by torchvision's "
    "transforms; fp32.",
    "- **timm**: its loader with {workers} workers, its variations turned down to the mirror, and the step of its `train.py` "
    "with channels-last and bf16.",
    "- **classmark**: `train_epoch` of an ordinary run, images from the cache, mirrored and shifted by up to "
    f"{SHIFT_PX} pixels.",
    "- **bare**: forward, backward and Adam of classmark's model in its precision on one made batch, right behind "
    "classmark's turn in the same process; no data.",
)


def add_options(parser: argparse.ArgumentParser, *, images: int, workers: int) -> None:
    """The options of both benchmarks."""
    parser.add_argument(
        "--data", type=Path, required=True, help="tiny-imagenet-200.zip, or the folder unpacked from it"
    )
    parser.add_argument("--images", type=int, default=images, help="of an epoch, which is a turn")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=64, help="the side of the square, in pixels")
    parser.add_argument("--backbone", default="densenet121", help="a name of timm")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=workers, help="of the loaders of the tutorial and of timm")
    parser.add_argument("--precision", default="auto", help="classmark's train.precision")
    parser.add_argument("--threads", type=int, help="of torch; without it, what each way takes by itself")
    parser.add_argument("--compile", action="store_true", help="measure the bare step of the compiled model too")
    parser.add_argument("--out", type=Path, help="write the section into this page, such as docs/benchmarks.md")


def measure(options: argparse.Namespace, device: str, folder: Path) -> dict[str, Any]:
    """All that was measured: each way's images per second in each round, facts, and the machine."""
    images = options.images - options.images % options.batch
    if images <= WARM_UP_STEPS * options.batch:
        raise SystemExit(f"--images: {options.images} are too few; the first {WARM_UP_STEPS} steps are not counted")
    setting = Setting(
        folder=str(folder / "images"),
        classes=unpack_images(options.data, images, folder / "images"),
        backbone=options.backbone,
        size_px=options.size,
        batch=options.batch,
        workers=options.workers,
        precision=options.precision,
        threads=options.threads,
        device=device,
    )
    ways = ["tutorial", "timm", "classmark"] + ["compiled"] * options.compile
    found: dict[str, list[Any]] = {}
    for number in range(options.rounds):
        for way in ways:
            print(f"round {number + 1} of {options.rounds}: {way}", file=sys.stderr)
            for name, value in turn(way, setting, folder).items():
                found.setdefault(name, []).append(value)
    rates = {name: found.pop(name) for name in RATES if name in found}
    facts = {"images": images, "environment": describe_environment(options.threads or len(os.sched_getaffinity(0)))}
    return {**asdict(setting), **facts, "rates": rates, **found}


def turn(way: str, setting: Setting, folder: Path) -> dict[str, Any]:
    """What a way says of its turn."""
    environment = os.environ | {
        "CLASSMARK_CACHE": str(folder / "cache"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),  # so that the first round really compiles
    }
    if setting.device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    script = Path(__file__).with_name("image_ways.py")
    command = [sys.executable, str(script), way, json.dumps(asdict(setting))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way}: {done.stderr[-2_000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def unpack_images(data: Path, count: int, folder: Path) -> int:
    """The number of classes in the folder, after writing `train/` and `test/` for `count` training images.

    In `train/` there is one more of each class, for validation, and in `test/` there is one.
    """
    source = read_tiny_imagenet(str(data))
    assert source.files is not None
    classes = max(2, min(CLASSES, count // IMAGES_A_CLASS))
    content = source.files.reader()
    found = source.train.partition_by("wnid", maintain_order=True)[:classes]
    for place, rows in enumerate(found):
        wanted = count // classes + (place < count % classes) + 1
        if rows.height <= wanted or len(found) < classes:
            raise SystemExit(f"{data}: there are not enough images in it for so many; lower --images")
        _write(rows[:wanted], folder / "train", content)
        _write(rows[wanted : wanted + 1], folder / "test", content)
    return classes


def _write(rows: pl.DataFrame, folder: Path, content: Any) -> None:
    for name, wnid, row in rows.select("id", "wnid", "row").iter_rows():
        path = folder / wnid / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(row))


def ratio(found: dict[str, Any], name: str, other: str) -> float:
    """The median over the rounds of one way's speed by another's: what slows a whole round down falls out."""
    rates = found["rates"]
    return median(a / b for a, b in zip(rates[name], rates[other], strict=True))


def in_words(script: str, found: dict[str, Any]) -> str:
    """What is measured, in Markdown, with the command that measures it."""
    size = f"--images {found['images']} --rounds {len(found['rates']['bare'])}"
    options = f"{size}{' --compile' * ('compile_seconds' in found)} --out docs/benchmarks.md"
    command = f"python benchmarks/{script} --data tiny-imagenet-200.zip {options}"
    parts = [wrapped(part.format(command=command, workers=found["workers"])) for part in IN_WORDS]
    return "\n\n".join([parts[0], "\n".join(parts[1:])])


def results(found: dict[str, Any], machine: str) -> str:
    """What was found, in Markdown."""
    rates = found["rates"]
    size = f"{found['size_px']} × {found['size_px']} pixels, batch {found['batch']}, {found['images']:,} images"
    rounds = f"{len(rates['bare'])} rounds; classmark in {found['precision'][-1]}"
    setting = f"Machine: {machine}. {found['backbone']}, {size}, {rounds}."
    rows = ["| way | images/s, best | median | classmark is faster by |", "|---|---|---|---|"]
    for name, values in rates.items():
        faster = "" if "bare" in name else f"{ratio(found, 'classmark', name):.2f} ×"
        rows.append(f"| {name} | {max(values):,.0f} | {median(values):,.0f} | {faster} |")
    end = (
        f"classmark reaches {ratio(found, 'classmark', 'bare'):.1%} of the bare step; "
        f"{median(found['waiting_share']):.1%} of its time goes into waiting for images and varying them."
    )
    if "bare, compiled" in rates:
        gain = ratio(found, "bare, compiled", "bare")
        end += (
            f" Compiled, the bare step runs at {gain:.2f} times the rate, after {max(found['compile_seconds']):.0f} s."
        )
    return "\n\n".join([wrapped(setting), "\n".join(rows), wrapped(end)])


def section(title: str, script: str, found: dict[str, Any], machine: str) -> str:
    """The measurement as a Markdown section."""
    return "\n\n".join([f"## {title}", in_words(script, found), results(found, machine)]) + "\n"
