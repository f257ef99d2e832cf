"""How long it takes to decode the training images of Tiny ImageNet into the cache, to open it again, and to read from it.

    python benchmarks/image_reading.py --data tiny-imagenet-200.zip [--out docs/benchmarks.md]

The zip's pages are read once beforehand, so that the disk is not what is measured. Opening again checks every byte of the
cache against its checksums.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from classmark.data.images.cache import open_images
from classmark.data.sources.tiny_imagenet import read_tiny_imagenet
from classmark.system.machine import cores
from classmark.training.processor import processor_name
from page import wrapped, write_section

BATCH = 64
TITLE = "## Images, reading"
IN_WORDS = (
    "`python benchmarks/image_reading.py --data tiny-imagenet-200.zip --out docs/benchmarks.md`: the training images of Tiny "
    "ImageNet from the zip into the cache, by all cores, once; opened again, with every byte checked; and read once in random "
    f"batches of {BATCH}."
)


def measure(data: Path, count: int, side_px: int) -> dict[str, Any]:
    """Seconds of each part. The cache folder is what `CLASSMARK_CACHE` says."""
    if data.is_file():
        data.read_bytes()
    started = time.perf_counter()
    source = read_tiny_imagenet(str(data))
    assert source.files is not None
    files = source.files.chosen(source.train["row"].to_list()[:count])
    seconds = {"listing": time.perf_counter() - started}
    for name in ("decoding", "opening again"):
        started = time.perf_counter()
        images, _ = open_images(files, side_px)
        seconds[name] = time.perf_counter() - started
    order = np.random.default_rng(0).permutation(len(files))
    started = time.perf_counter()
    for start in range(0, len(order), BATCH):
        images.read(order[start : start + BATCH])
    seconds["reading in random batches"] = time.perf_counter() - started
    return {
        "images": len(files),
        "side_px": images.side_px,
        "seconds": seconds,
        "cores": cores(),
        "processor": processor_name(),
    }


def section(found: dict[str, Any]) -> str:
    """The measurement as a Markdown section."""
    facts = f"Machine: {found['processor']}, {found['cores']} cores."
    images = f"{found['images']:,} images of {found['side_px']} pixels a side."
    rows = [
        "| part | seconds | images/s |",
        "|---|---|---|",
        *(f"| {name} | {each:.1f} | {found['images'] / each:,.0f} |" for name, each in found["seconds"].items()),
    ]
    return "\n\n".join([TITLE, wrapped(IN_WORDS), wrapped(f"{facts} {images}"), "\n".join(rows)]) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="tiny-imagenet-200.zip, or the folder unpacked from it"
    )
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=64, help="the side of the stored square, in pixels")
    parser.add_argument("--out", type=Path, help="write the section into this page, such as docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLASSMARK_CACHE"] = folder
        result = measure(options.data, options.images, options.size)
    print(json.dumps(result, indent=1))
    if options.out is not None:
        write_section(options.out, section(result))
