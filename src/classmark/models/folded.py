"""The fast way to the features of a frozen backbone: batch norms folded into convolutions, bf16, compiled."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from classmark.models.backbone import BackboneClassifier
from classmark.system.cache import measured_once

Way = Literal["fp32", "bf16", "bf16-compiled"]

BATCH, TRIALS = 64, 3
# bf16 rounds; it has to earn that.
LEAST_GAIN = 1.1
# Below it, trying to compile costs more than compiling can save.
LONG_SECONDS = 240.0
# Of the largest feature: folding reorders sums, no more.
TOLERANCE = 1e-4


def frozen_features(
    model: BackboneClassifier, batches: Iterable[Tensor], way: Way = "fp32"
) -> Iterator[NDArray[np.float32]]:
    """The features of each batch of images, float32 of shape (B, F).

    bf16 weights move them a little (a cosine of about 0.99), which a classifier trained on them does not notice; what
    is trained on the features of one way is to predict on those of the same.

    Args:
        model: left as it is.
        batches: uint8 images of the recipe's size, shape (B, 3, H, W), on the device of the model; none longer than
            the first.
        way: `fastest_way` measures which is best.
    """
    features, rows = frozen(model, way), 0
    for images in batches:
        # Always as many rows: a compiled model is compiled for them, and other numbers take other kernels.
        rows = rows or len(images)
        filled = torch.cat([images, images.new_zeros(rows - len(images), *images.shape[1:])])
        with torch.inference_mode():
            found: NDArray[np.float32] = features(filled)[: len(images)].float().cpu().numpy()
        yield found


def frozen(model: BackboneClassifier, way: Way) -> Callable[[Tensor], Tensor]:
    """From uint8 images to features, by folded weights of its own; for use in `torch.inference_mode`."""
    folded = fold(model)
    if way == "fp32":
        return folded.features
    folded.backbone.to(torch.bfloat16)
    if way == "bf16":
        return folded.features
    # Where CUDA is installed and no card is there, compiling would warn of it, which says nothing of these features.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    return torch.compile(folded.features, options={"freezing": True})


@torch.no_grad()  # not inference_mode: oneDNN asks weights in bf16 for a version, which tensors made there lack
def fold(model: BackboneClassifier) -> BackboneClassifier:
    """A copy in evaluation mode whose batch norms are folded into the convolutions that feed them.

    A norm is folded where its input is the very output of a convolution and the features stay the same, as random
    images show; others (DenseNet has most before its convolutions) stay.
    """
    plain = copy.deepcopy(model).eval().to(memory_format=torch.channels_last)
    folded = copy.deepcopy(plain)
    size, backbone = model.shape.size_px, folded.backbone
    images = torch.randint(0, 256, (2, 3, size, size), generator=torch.Generator().manual_seed(0)).to(model.mean.device)
    for conv, norm in conv_norm_pairs(folded, images):
        module = backbone.get_submodule(norm)
        backbone.set_submodule(conv, fuse_conv_bn_eval(backbone.get_submodule(conv), module))
        # timm's norms have the activation behind them in themselves.
        backbone.set_submodule(norm, getattr(module, "act", nn.Identity()))
    before, after = plain.features(images), folded.features(images)
    return folded if torch.allclose(before, after, rtol=0.0, atol=TOLERANCE * before.abs().max().item()) else plain


def conv_norm_pairs(model: BackboneClassifier, images: Tensor) -> list[tuple[str, str]]:
    """The names of convolutions whose output goes into a batch norm, and of that norm, on the way of these images."""
    makers: dict[int, str] = {}
    pairs: list[tuple[str, str]] = []
    kept: list[Tensor] = []  # so that no later tensor gets the address of one of these

    def hook(name: str, module: nn.Module) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def note(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if isinstance(module, nn.Conv2d):
                makers[id(output)] = name
                kept.append(output)
            elif id(inputs[0]) in makers:
                pairs.append((makers[id(inputs[0])], name))

        return note

    watched = (nn.Conv2d, nn.BatchNorm2d)
    modules = [(name, module) for name, module in model.backbone.named_modules() if isinstance(module, watched)]
    handles = [module.register_forward_hook(hook(name, module)) for name, module in modules]
    model.features(images)
    for handle in handles:
        handle.remove()
    return list(dict.fromkeys(pairs))  # with mirror images, the way is gone twice


def fastest_way(model: BackboneClassifier, machine: str, images: int) -> Way:
    """The way that gives the features of so many images soonest here, compilation included.

    Measured once a machine, version of torch, thread count, backbone and size; the figures are kept in the cache
    folder, so that later runs decide alike. Compiling is tried only where it can save more than it costs to try.

    Args:
        model: of the recipe's size.
        machine: names the processor, or the graphics card.
        images: how many will be asked for.
    """
    facts = [
        machine,
        torch.__version__,
        torch.get_num_threads(),
        str(model.backbone),
        model.shape.size_px,
        model.test_time_flip,
    ]
    found: dict[Way, dict[str, float] | None] = {}
    for way in get_args(Way):
        if way != "bf16-compiled" or min(seconds_for(images, found).values()) > LONG_SECONDS:
            found[way] = measured_once("features", [*facts, way], partial(measure, model, way))
    return soonest(seconds_for(images, found))


def soonest(seconds: Mapping[Way, float]) -> Way:
    """The way with the fewest seconds, if it earns its rounding against fp32."""
    best = min(seconds, key=seconds.__getitem__)
    return best if seconds["fp32"] > LEAST_GAIN * seconds[best] else "fp32"


def seconds_for(images: int, measured: Mapping[Way, Mapping[str, float] | None]) -> dict[Way, float]:
    """How long so many images take, the start included, in each way that works."""
    return {
        way: figures["start_seconds"] + images / figures["images_per_second"]
        for way, figures in measured.items()
        if figures is not None
    }


def measure(model: BackboneClassifier, way: Way) -> dict[str, float] | None:
    """`start_seconds` up to the first batch, and `images_per_second` of the best of the next few; None where torch
    cannot compile here.
    """
    from torch._dynamo.exc import TorchDynamoException

    size = model.shape.size_px
    images = torch.zeros(BATCH, 3, size, size, dtype=torch.uint8, device=model.mean.device)
    started = time.perf_counter()
    try:
        done = [time.perf_counter() for _ in frozen_features(model, [images] * (1 + TRIALS), way)]
    except TorchDynamoException:
        return None
    steps = np.diff([started, *done])
    return {"start_seconds": float(steps[0]), "images_per_second": BATCH / float(steps[1:].min())}
