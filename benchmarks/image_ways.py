"""The ways of training on images that are compared. Each turn is an epoch in a process of its own.

    python benchmarks/image_ways.py WAY SETTING

`images.py` starts it, with a `Setting` as JSON, and reads the last line. Processes are apart because classmark sets its own
up (threads, denormals, kept memory), which must not reach the others. Every way trains the network of timm from random
weights, with Adam and cross-entropy, and waits for its loss at each step, as all of them do in earnest.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import timm
import torch
from timm.data import ImageDataset, create_loader, resolve_model_data_config
from timm.optim import create_optimizer_v2
from timm.utils import AverageMeter
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from classmark.recipes import load_recipe
from classmark.recipes.schema import Recipe
from classmark.runs import RunFiles
from classmark.training.inputs import load_inputs
from classmark.training.loop import Job, Pace, train_epoch
from classmark.training.prepare import build_job, open_folder, settle
from classmark.training.processor import prepare_processor
from classmark.training.state import TrainState
from classmark.training.watch import RunWatch, watched

WARM_UP_STEPS = 3
SHIFT_PX = 6


@dataclass(frozen=True)
class Setting:
    """What all ways have in common.

    Attributes:
        folder: holds `train/` and `test/`, each with a folder for each class.
        classes: C.
        workers: processes that load images, where a way has such.
        precision: classmark's `train.precision`.
        threads: of torch; None leaves each way its own choice.
        device: `cpu` or `cuda`.
    """

    folder: str
    classes: int
    backbone: str
    size_px: int
    batch: int
    workers: int
    precision: str
    threads: int | None
    device: str

    @property
    def train(self) -> Path:
        return Path(self.folder) / "train"


class Clock:
    """Counts images behind the first steps."""

    def __init__(self) -> None:
        self._steps = self._images = 0
        self._started = self._ended = 0.0

    def tick(self, images: int) -> None:
        """A step is done."""
        self._steps, self._ended = self._steps + 1, time.perf_counter()
        if self._steps == WARM_UP_STEPS:
            self._started = self._ended
        elif self._steps > WARM_UP_STEPS:
            self._images += images

    @property
    def rate(self) -> float:
        """Images per second."""
        return self._images / (self._ended - self._started)


@dataclass
class TimedWatch:
    """A run's own watch, and a clock beside it."""

    watch: RunWatch
    clock: Clock
    seen: int = 0

    @property
    def interrupted(self) -> bool:
        return self.watch.interrupted

    def stepped(self, state: TrainState, steps_in_epoch: int, pace: Pace) -> None:
        self.watch.stepped(state, steps_in_epoch, pace)
        self.clock.tick(pace.size - self.seen)
        self.seen = pace.size

    def evaluated(self, row: dict[str, Any], pace: Pace | None) -> None:
        self.watch.evaluated(row, pace)


def tutorial(setting: Setting) -> dict[str, float]:
    """`ImageFolder`, `DataLoader` and transforms on the processor; fp32."""
    device, clock = torch.device(setting.device), Clock()
    varied = transforms.Compose(
        [
            transforms.Resize((setting.size_px, setting.size_px)),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    images = ImageFolder(setting.train, varied)
    loader = DataLoader(images, setting.batch, shuffle=True, num_workers=setting.workers, drop_last=True)
    model = timm.create_model(setting.backbone, num_classes=setting.classes).to(device)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters())
    running_loss = 0.0
    model.train()
    for inputs, labels in loader:
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        clock.tick(len(labels))
    return {"tutorial": clock.rate}


def timm_train(setting: Setting) -> dict[str, float]:
    """The loader of timm and the step of its `train.py` with `--channels-last --amp --amp-dtype bfloat16 --opt adam`.

    Its variations are turned down to the mirror: a crop of the whole image, no colours.
    """
    device, clock = torch.device(setting.device), Clock()
    model = timm.create_model(setting.backbone, num_classes=setting.classes)
    facts = resolve_model_data_config(model)
    model.to(device=device, memory_format=torch.channels_last)
    loader = create_loader(
        ImageDataset(str(setting.train)),
        input_size=(3, setting.size_px, setting.size_px),
        batch_size=setting.batch,
        is_training=True,
        scale=(1.0, 1.0),
        ratio=(1.0, 1.0),
        color_jitter=None,
        interpolation=facts["interpolation"],
        mean=facts["mean"],
        std=facts["std"],
        num_workers=setting.workers,
        pin_memory=device.type == "cuda",
        device=device,
    )
    optimizer, loss_fn = create_optimizer_v2(model, opt="adam", lr=1e-3), nn.CrossEntropyLoss().to(device)
    losses = AverageMeter()
    model.train()
    for inputs, labels in loader:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            loss = loss_fn(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.update(loss.item(), len(labels))
        wait_for(device)
        clock.tick(len(labels))
    return {"timm": clock.rate}


def classmark(setting: Setting, *, compiled: bool = False) -> dict[str, Any]:
    """An epoch of an ordinary run, up to its last step; then the bare step of the same job."""
    recipe, run = opened(setting, compiled=compiled)
    with watched(run, 1) as watch:
        dataset, inputs = load_inputs(recipe)
        recipe = settle(run, recipe, inputs)
        job = build_job(run, recipe, dataset, inputs, watch)
        if compiled:
            rate, first_seconds = bare(job, setting, len(inputs.train) // setting.batch)
            return {"bare, compiled": rate, "compile_seconds": first_seconds - setting.batch / rate}
        clock, pace = Clock(), Pace(inputs.train.unit)
        train_epoch(replace(job, watch=TimedWatch(watch, clock)), TrainState(), pace, lambda: None)
        watch.close_bar()
        rate, _ = bare(job, setting, pace.steps)
    return {
        "classmark": clock.rate,
        "bare": rate,
        "waiting_share": pace.waiting_seconds / pace.seconds,
        "precision": recipe.train.precision,
    }


def opened(setting: Setting, *, compiled: bool) -> tuple[Recipe, RunFiles]:
    """The recipe and its run folder, the process set up for training."""
    content = {
        "name": "benchmark",
        "data": {"source": "image-folder", "path": setting.folder, "validation": setting.classes},
        "input": {"size_px": setting.size_px, "augmentation": {"flip": True, "shift_px": SHIFT_PX}},
        "model": {"backbone": setting.backbone},
        "train": {"epochs": 1, "batch_size": setting.batch, "precision": setting.precision, "compile": compiled},
    }
    threads = prepare_processor(setting.threads)
    run = open_folder(RunFiles(Path(setting.folder) / f"run-{os.getpid()}"), Recipe.model_validate(content), threads)
    return load_recipe(str(run.recipe)), run


def bare(job: Job, setting: Setting, steps: int) -> tuple[float, float]:
    """Images per second of forward, backward and optimiser on one made batch, and the seconds of the very first step."""
    device, generator = job.fabric.device, torch.Generator().manual_seed(0)
    shape = (setting.batch, 3, setting.size_px, setting.size_px)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8).to(device)
    labels = torch.randint(0, setting.classes, shape[:1], generator=generator).to(device)
    job.model.train()

    def step() -> None:
        loss: Tensor = nn.functional.cross_entropy(job.model(images), labels)
        job.optimizer.zero_grad()
        job.fabric.backward(loss)
        job.optimizer.step()

    seconds = []
    for count in (1, WARM_UP_STEPS - 1, steps - WARM_UP_STEPS):
        wait_for(device)
        started = time.perf_counter()
        for _ in range(count):
            step()
        wait_for(device)
        seconds.append(time.perf_counter() - started)
    return (steps - WARM_UP_STEPS) * setting.batch / seconds[-1], seconds[0]


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def turn(way: str, setting: Setting) -> dict[str, Any]:
    """What a way measures of itself: images per second by name, and facts beside them."""
    if setting.threads is not None:
        torch.set_num_threads(setting.threads)
    match way:
        case "tutorial":
            return tutorial(setting)
        case "timm":
            return timm_train(setting)
        case "classmark":
            return classmark(setting)
        case "compiled":
            return classmark(setting, compiled=True)
    raise SystemExit(f"{way}: there is no such way")


if __name__ == "__main__":
    print("\n" + json.dumps(turn(sys.argv[1], Setting(**json.loads(sys.argv[2])))))
