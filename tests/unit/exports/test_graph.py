"""The graph of a BiLSTM, whatever its shape, and the resizing of bytes, against torch."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional

from classmark.exports.graph import bilstm_graph
from classmark.exports.resampling import resampling_weights
from classmark.losses import two_sided
from classmark.models.bilstm import BiLSTMClassifier
from classmark.recipes.schema import BiLSTM

POOLINGS = ("last", "max", "mean", "concat", "attention")
SHAPES = [(1, 1), (1, 7), (3, 5), (4, 12)]


@pytest.mark.parametrize(("pooling", "layers", "outputs"), [*product(POOLINGS, (1, 2), (1, 3))])
def test_a_bilstm(pooling: Any, layers: int, outputs: int) -> None:
    torch.manual_seed(3)
    section = BiLSTM(hidden_size=6, layers=layers, pooling=pooling)
    model = BiLSTMClassifier(section, vocabulary_size=30, embedding_size=5, outputs=outputs).eval()
    classes = max(2, outputs)
    session = onnxruntime.InferenceSession(bilstm_graph(model, classes, temperature=0.7).SerializeToString())
    for batch, longest in SHAPES:
        lengths = torch.randint(1, longest + 1, (batch,))
        lengths[0] = longest
        tokens = torch.randint(2, 30, (batch, longest))
        tokens[torch.arange(longest) >= lengths[:, None]] = 1
        with torch.no_grad():
            logits = two_sided(model(tokens.t(), lengths))
        expected = (logits, logits.softmax(1), (logits / 0.7).softmax(1))
        names = ["logits", "probabilities", "calibrated_probabilities"]
        found = session.run(names, {"tokens": tokens.numpy(), "lengths": lengths.numpy()})
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other.numpy(), atol=1e-6)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("size", "new_size"), [(64, 128), (73, 64), (256, 224), (18, 16), (100, 9)])
def test_resizing_gives_the_bytes_that_torch_gives(size: int, new_size: int, mode: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, size, size), dtype=np.uint8)
    weights, bits = resampling_weights(size, new_size, mode)

    def rounded(sums: Any) -> Any:
        return np.clip((sums + 2 ** (bits - 1)) >> bits, 0, 255)

    found = rounded(weights @ rounded(images.astype(np.int64) @ weights.T))
    expected = functional.interpolate(torch.from_numpy(images), (new_size, new_size), mode=mode, antialias=True)
    np.testing.assert_array_equal(found, expected.numpy())
