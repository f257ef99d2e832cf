"""Pretrained weights into an encoder, and whether the encoder is one that classmark can train."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from classmark.errors import RecipeError
from classmark.models.dropout import drawing_from
from classmark.models.encoder import EncoderClassifier, configuration, quiet
from classmark.models.encoder_files import EncoderFiles
from classmark.models.pretrained import Loaded, first_of

# A check on weights as they come: rounding is far below it, a token that is seen or not far above.
TOLERANCE = 1e-3


@torch.no_grad()
def load_encoder_weights(model: EncoderClassifier, files: EncoderFiles) -> Loaded:
    """Put pretrained weights into a model's encoder, by the rules that `transformers` has for old and prefixed names.

    Heads of other tasks are left out.

    Args:
        model: changed in place.
        files: of the encoder.

    Raises:
        InputError: a file is damaged.
        RecipeError: they lack a part of the encoder, or have it in another shape.
    """
    tensors = files.tensors()
    with quiet():
        loaded, facts = type(model.encoder).from_pretrained(
            None,
            config=configuration(files.config),
            state_dict=tensors,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    own, found = model.encoder.state_dict(), loaded.state_dict()
    missing = sorted(set(facts["missing_keys"]) & own.keys())
    unfit = sorted({entry[0] for entry in facts["mismatched_keys"]} & own.keys())
    for problem, names in (("lacks", missing), ("has in another shape", unfit)):
        if names:
            raise RecipeError(
                f"model.weights: the weights of {files.reference} are not for its config.json: the file {problem} "
                f"{first_of(names)}. Copy or fetch both anew."
            )
    for name, tensor in own.items():
        tensor.copy_(found[name])
    return Loaded(files.reference, len(own), (), headless=True)


def check_encoder(model: EncoderClassifier, reference: str) -> None:
    """Try a few tokens: whether the encoder takes them, heeds padding, and draws nothing on its own.

    What has no part in the result is not trained.

    Raises:
        RecipeError: it cannot be trained here.
    """
    tokens = torch.arange(1, 9).view(4, 2) % model.encoder.config.vocab_size
    lengths = torch.tensor([4, 2])
    try:
        with torch.no_grad():
            model.eval()
            both, alone = model.features(tokens, lengths), model.features(tokens[:2, 1:], lengths[1:])
        model.train()
        outputs = [_drawn(model, tokens, lengths, seed) for seed in (1, 2)]
        _leave_out_unused(model, outputs[0])
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise RecipeError(
            f"model.weights: the architecture of {reference} cannot be given plain texts ({reason}). Take another encoder."
        ) from None
    if not torch.allclose(both[1], alone[0], rtol=0.0, atol=TOLERANCE * alone.abs().max().item()):
        raise RecipeError(
            f"model.weights: the architecture of {reference} computes other features for a text beside a longer one. "
            "Take another encoder."
        )
    if not torch.equal(*outputs):
        raise RecipeError(
            f"model.weights: the architecture of {reference} draws dropout by itself, which no resumed run could repeat. "
            "Switch it off: model.encoder_dropout=0"
        )


def _drawn(model: EncoderClassifier, tokens: Tensor, lengths: Tensor, seed: int) -> Tensor:
    with torch.random.fork_rng(devices=[]), drawing_from(0):
        torch.manual_seed(seed)
        output: Tensor = model(tokens, lengths)
    return output


def _leave_out_unused(model: nn.Module, output: Tensor) -> None:
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter, gradient in zip(trained, torch.autograd.grad(output.sum(), trained, allow_unused=True), strict=True):
        parameter.requires_grad_(gradient is not None)
