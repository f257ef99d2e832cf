"""A trained model with all it needs to take raw texts; `model/` of a run folder, and nothing else, makes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from classmark.errors import RunError
from classmark.inputs.batches import evaluation_batches, text_batch
from classmark.inputs.tokens import Tokens, encode, load_tokenizer, save_tokenizer
from classmark.losses import two_sided
from classmark.models.build import build_model
from classmark.models.weights import read_tensors, write_tensors
from classmark.recipes.schema import BiLSTM, Recipe, TextInput
from classmark.runs import read_json, write_json


@dataclass(frozen=True)
class Classifier:
    """A model that takes texts.

    Attributes:
        model: in evaluation mode.
        tokenizer: fitted on the run's training split.
        input: the recipe's `input`: how long texts are cut.
        classes: C class names, in the order of the probabilities.
        precision: `fp32` or `bf16`, of the forward pass.
    """

    model: nn.Module
    tokenizer: Tokenizer
    input: TextInput
    classes: tuple[str, ...]
    precision: Literal["fp32", "bf16"] = "fp32"

    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits of shape (N, C); a model with one logit z gives [0, z]."""
        if not texts:
            return np.empty((0, len(self.classes)), np.float32)
        return self.token_logits(encode(self.tokenizer, texts).cut(self.input.max_tokens, self.input.keep))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities of shape (N, C); rows sum to one."""
        return softmax(self.predict_logits(texts))

    @torch.no_grad()
    def token_logits(self, tokens: Tokens) -> NDArray[np.float32]:
        """Logits of shape (N, C) of texts that are token ids already."""
        device = next(self.model.parameters()).device
        logits = np.empty((len(tokens), len(self.classes)), np.float32)
        self.model.eval()
        for rows in evaluation_batches(tokens.lengths):
            batch = text_batch(tokens, rows)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
                output = self.model(batch.tokens.to(device), batch.lengths.to(device))
            logits[rows] = two_sided(output).cpu().numpy()
        return logits


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities from logits of shape (N, C), computed in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    probabilities: NDArray[np.float32] = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def save(classifier: Classifier, recipe: Recipe, folder: Path) -> None:
    """Write `model/`: weights, tokenizer, and `model.json` last, which makes it complete."""
    weights = classifier.model.state_dict()
    vocabulary_size, embedding_size = weights["embedding.weight"].shape
    write_tensors(folder / "weights.safetensors", weights)
    save_tokenizer(classifier.tokenizer, folder / "tokenizer.json")
    description = {
        "schema_version": 1,
        "kind": recipe.model.kind,
        "classes": list(classifier.classes),
        "vocabulary_size": vocabulary_size,
        "embedding_size": embedding_size,
        "parameters": sum(parameter.numel() for parameter in classifier.model.parameters()),
        "printout": str(classifier.model),
        "predict_precision": classifier.precision,
        "model": recipe.model.model_dump(mode="json"),
        "input": recipe.input.model_dump(mode="json"),
    }
    write_json(folder / "model.json", description)


def load(path: Path | str, precision: Literal["fp32", "bf16"] | None = None) -> Classifier:
    """The classifier of a run folder, or of its `model/` folder alone.

    Args:
        path: the folder.
        precision: of the forward pass; without it, what the run's recipe says.

    Raises:
        RunError: there is no finished model in the folder, or it is damaged.
    """
    folder = Path(path) / "model" if (Path(path) / "model").is_dir() else Path(path)
    if not (folder / "model.json").is_file():
        raise RunError(
            f"{path}: there is no trained model in this folder. Finish the run: classmark train --resume {path}"
        )
    description = read_json(folder / "model.json")
    try:
        section = BiLSTM.model_validate(description["model"])
        size = (description["vocabulary_size"], description["embedding_size"])
        model = build_model(section, *size, len(description["classes"]))
        model.load_state_dict(read_tensors(folder / "weights.safetensors"))
        entries: dict[str, Any] = {
            "input": TextInput.model_validate(description["input"]),
            "classes": tuple(description["classes"]),
            "precision": precision or description["predict_precision"],
        }
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"{folder}: the model cannot be loaded ({reason}). Copy the run's model folder anew.") from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Classifier(model.to(device).eval(), load_tokenizer(folder / "tokenizer.json"), **entries)
