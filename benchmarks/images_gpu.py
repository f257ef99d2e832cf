"""Training speed on images on this machine's graphics card, beside the tutorial way, timm, and the bare step of the model.

    python benchmarks/images_gpu.py --data tiny-imagenet-200.zip [--compile] [--out docs/benchmarks.md]
    python benchmarks/images_gpu.py --data tiny-imagenet-200.zip --train [CHANGE ...]

The second trains the recipe tiny-imagenet-scratch, with changes such as `train.batch_size=256`, and says how well and how
fast. Exit code 2 where there is no graphics card.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from classmark.judging.judgement import read_judgement
from classmark.recipes import load_recipe
from classmark.runs.history import read_timings
from classmark.runs.status import read_status
from classmark.training import train
from images import add_options, measure, section
from page import wrapped, write_section

RECIPE = "tiny-imagenet-scratch"
TRAINING = (
    f"`python benchmarks/images_gpu.py --data tiny-imagenet-200.zip --train` trains the recipe {RECIPE} and prints its accuracy, "
    "its seconds, images a second, and the share of the time in which the model waited for images."
)


def trained(data: Path, changes: Sequence[str]) -> dict[str, Any]:
    """How well and how fast the recipe trains; the run stays under `runs/`.

    `waiting_share` is the part of the epochs in which the model had no images: they were loaded, moved and varied. What
    varying them costs on the card itself is part of the step: for that, compare classmark with the bare step.
    """
    run = train(load_recipe(RECIPE, [f"data.path={data}", *changes]))
    epochs = read_timings(run)
    seconds = sum(epoch["seconds"] for epoch in epochs)
    accuracy = read_judgement(run.judgement).metrics["accuracy"]
    return {
        "run": str(run.path),
        "gpu": torch.cuda.get_device_name(),
        "changes": list(changes),
        "precision": load_recipe(str(run.recipe)).train.precision,
        "accuracy": [accuracy.value, accuracy.low, accuracy.high],
        "seconds": dict(read_status(run).seconds),
        "images_per_second": sum(epoch["images"] for epoch in epochs) / seconds,
        "waiting_share": sum(epoch["waiting_share"] * epoch["seconds"] for epoch in epochs) / seconds,
        "epochs": epochs,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, images=20_000, workers=8)
    parser.add_argument("--train", nargs="*", metavar="CHANGE", help=f"train {RECIPE} instead")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print(
            "images_gpu.py: torch finds no graphics card here (torch.cuda.is_available() is false). "
            "What a processor does is measured by images_cpu.py.",
            file=sys.stderr,
        )
        sys.exit(2)
    if options.train is not None:
        print(json.dumps(trained(options.data, options.train), indent=1))
        sys.exit()
    with tempfile.TemporaryDirectory() as name:
        result = measure(options, "cuda", Path(name))
    machine = f"{result['environment']['gpu']}, {result['environment']['cores']} cores"
    written = section("Images, training on a GPU", "images_gpu.py", result, machine) + f"\n{wrapped(TRAINING)}\n"
    print(json.dumps(result, indent=1))
    print("\n" + written)
    if options.out is not None:
        write_section(options.out, written)
