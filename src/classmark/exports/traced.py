"""The graphs of encoders and image backbones in ONNX, by torch's own exporter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from classmark.errors import RunError
from classmark.exports.graph import OPSET
from classmark.exports.resampling import resampling_weights
from classmark.inputs.images import ImageEncoder
from classmark.losses import two_sided
from classmark.models.backbone import BackboneClassifier
from classmark.models.encoder import EncoderClassifier
from classmark.system.packages import load_package

if TYPE_CHECKING:
    import onnx

SAMPLE_ROWS, SAMPLE_TOKENS = 3, 12  # unlike each other and 1, which the exporter would take for fixed


class Outputs(nn.Module):
    """Logits, their probabilities and, with a temperature, the calibrated ones, each of shape (B, C)."""

    def __init__(self, temperature: float | None) -> None:
        super().__init__()
        self.temperature = temperature

    @property
    def names(self) -> list[str]:
        return ["logits", "probabilities"] + ([] if self.temperature is None else ["calibrated_probabilities"])

    def forward(self, output: Tensor) -> tuple[Tensor, ...]:
        logits = two_sided(output)
        found = (logits, logits.softmax(dim=1))
        return found if self.temperature is None else (*found, (logits / self.temperature).softmax(dim=1))


class FromTokens(nn.Module):
    """An encoder of token ids of shape (B, T), filled up behind each text."""

    def __init__(self, model: EncoderClassifier, outputs: Outputs) -> None:
        super().__init__()
        self.model, self.outputs = model, outputs

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = self.outputs(self.model(tokens.t(), lengths))
        return found


class FromPixels(nn.Module):
    """A backbone of bytes of shape (B, S, S, 3), which become squares of its own size first.

    These are the bytes that `torch.nn.functional.interpolate` gives: sums of whole numbers, exact in 64 bits.
    """

    weights: Tensor

    def __init__(self, model: BackboneClassifier, encoder: ImageEncoder, outputs: Outputs) -> None:
        super().__init__()
        self.model, self.outputs, self.bits = model, outputs, 0
        if encoder.side_px != encoder.size_px:
            weights, self.bits = resampling_weights(encoder.side_px, encoder.size_px, encoder.interpolation)
            self.register_buffer("weights", torch.from_numpy(weights).double())

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        images = pixels.permute(0, 3, 1, 2).float()
        if self.bits:
            across = self._rounded(images.double() @ self.weights.t())
            images = self._rounded(self.weights @ across).float()
        found: tuple[Tensor, ...] = self.outputs(self.model(images))
        return found

    def _rounded(self, sums: Tensor) -> Tensor:
        return torch.floor((sums + 2 ** (self.bits - 1)) / 2**self.bits).clamp(0, 255)


def encoder_graph(model: EncoderClassifier, temperature: float | None) -> onnx.ModelProto:
    """The model from token ids and lengths to probabilities.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        RunError: torch cannot express it.
    """
    outputs = Outputs(temperature)
    tokens = torch.arange(SAMPLE_ROWS * SAMPLE_TOKENS).view(SAMPLE_ROWS, -1) % model.encoder.config.vocab_size
    lengths = torch.tensor([SAMPLE_TOKENS, 5, 7])
    shapes = {"tokens": {0: "batch", 1: "length"}, "lengths": {0: "batch"}}
    return _traced(FromTokens(model.cpu().float().eval(), outputs), (tokens, lengths), shapes, outputs.names)


def backbone_graph(model: BackboneClassifier, encoder: ImageEncoder, temperature: float | None) -> onnx.ModelProto:
    """The model from pixels to probabilities.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        RunError: torch cannot express it.
    """
    outputs = Outputs(temperature)
    pixels = torch.zeros(SAMPLE_ROWS, encoder.side_px, encoder.side_px, 3, dtype=torch.uint8)
    module = FromPixels(model.cpu().float().eval(), encoder, outputs)
    return _traced(module, (pixels,), {"pixels": {0: "batch"}}, outputs.names)


def _traced(
    module: nn.Module, sample: tuple[Tensor, ...], shapes: dict[str, dict[int, str]], outputs: list[str]
) -> onnx.ModelProto:
    load_package("onnxscript", "onnx", "Export")
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    dimensions = {name: dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for name, axes in shapes.items()}
    try:
        with quiet():
            program: Any = torch.onnx.export(
                module.eval(),
                sample,
                dynamo=True,
                dynamic_shapes=dimensions,
                input_names=list(shapes),
                output_names=outputs,
                opset_version=OPSET,
                verbose=False,
                external_data=False,
            )
    except Exception as error:  # whatever tracing raises about an architecture
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise RunError(f"ONNX cannot express this model: {reason}.", "Use it by classmark predict instead.") from None
    found: onnx.ModelProto = program.model_proto
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """In it exporters say nothing on screen; what matters is checked on the test rows."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
