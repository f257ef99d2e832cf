"""A pretrained encoder of texts with a new classifier: one of the architectures that `transformers` has code for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from classmark.errors import InputError, RecipeError, nearest
from classmark.inputs.examples import EncoderShape
from classmark.models.dropout import Dropout, same_draws
from classmark.models.pooling import AdditiveAttention, inside, max_states, mean_states
from classmark.models.stages import first_tuned, hold_still, layer_numbers
from classmark.recipes.schema import Encoder
from classmark.system.packages import load_package


class EncoderClassifier(nn.Module):
    """Token ids → encoder → pooling → dropout → linear layer.

    The encoder is the model of `transformers`, whose code computes it; its own pooler and heads are left out. Attention is
    torch's `scaled_dot_product_attention` where the architecture has it. Dropout is classmark's, so that its draws follow
    from the run alone; attention weights are not dropped, since what drops them draws from the process.

    Args:
        section: the recipe's `model`.
        shape: of the encoder.
        outputs: 1 for two classes, else C.

    Raises:
        MissingExtraError: transformers is not installed.
        RecipeError: it has no such encoder, or it cannot be as the recipe says.
    """

    def __init__(self, section: Encoder, shape: EncoderShape, outputs: int) -> None:
        super().__init__()
        self.pooling, self.most_tokens = section.pooling, shape.most_tokens
        self.encoder = create_encoder(shape.config, section.encoder_dropout)
        width = self.encoder.config.hidden_size
        if section.pooling == "attention":
            self.attention = AdditiveAttention(width)
        self.dropout = Dropout(section.dropout)
        self.classifier = nn.Linear(width, outputs)
        numbers = self.stage_numbers()
        layers = max(numbers.values()) - 1
        if isinstance(section.tune, int) and section.tune > layers:
            raise RecipeError(
                f"model.tune: {section.tune} layers, but this encoder has {layers}; set it to 1 to {layers}, or to all"
            )
        if section.checkpointing:
            for layer in self.encoder.get_submodule(layers_of(self.encoder)):
                layer.forward = partial(checkpointed, layer)
        self._still = hold_still(self, numbers, first_tuned(section.tune, layers + 1))

    def stage_numbers(self) -> dict[str, int]:
        """The stage of every parameter and module by name: 0 are the embeddings, then the layers, then the classifier."""
        return layer_numbers(self, f"encoder.{layers_of(self.encoder)}", ("attention", "dropout", "classifier"))

    def train(self, mode: bool = True) -> EncoderClassifier:
        """Training mode for what is tuned; what is not stays in evaluation mode, without dropout."""
        super().train(mode)
        for module in self._still:
            module.training = False
        return self

    def forward(self, tokens: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of shape (B, outputs).

        Args:
            tokens: int64 of shape (T, B), time first, filled up behind each text; or features of shape (B, F), which have
                been computed before.
            lengths: int64 of shape (B,), each from 1 to T; None for features.
        """
        features = tokens if lengths is None else self.features(tokens, lengths)
        logits: Tensor = self.classifier(self.dropout(features))
        return logits

    def features(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What the classifier sees of each text, shape (B, F)."""
        states = self.states(tokens, lengths)
        match self.pooling:
            case "first":
                return states[0]
            case "max":
                return max_states(states, lengths)
            case "mean":
                return mean_states(states, lengths)
            case _:
                pooled: Tensor = self.attention(states, lengths)
                return pooled

    def states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """The encoder's last states, shape (T, B, F); those behind a text's end mean nothing."""
        tokens = tokens[: self.most_tokens]  # a batch may be filled up beyond the last position
        mask = inside(tokens, lengths).t().long()
        found: Tensor = self.encoder(input_ids=tokens.t(), attention_mask=mask).last_hidden_state
        return found.transpose(0, 1)


def create_encoder(config: Mapping[str, Any], dropout: float | None = None) -> Any:
    """The model of `transformers` that a `config.json` describes, with random weights and without its pooler.

    Args:
        config: the content of the file.
        dropout: within the encoder; None for what the configuration says.

    Raises:
        MissingExtraError: transformers is not installed.
        RecipeError: it has no such encoder.
    """
    library = load_transformers()
    settled = configuration(config)
    for name, value in settled.to_dict().items():
        if "dropout" in name and isinstance(value, float | int) and not isinstance(value, bool):
            setattr(settled, name, 0.0 if "attention" in name else value if dropout is None else dropout)
    with torch.random.fork_rng(devices=[]), quiet():
        # `initialise` reads deviations off these draws.
        torch.manual_seed(0)
        try:
            encoder = library.AutoModel.from_config(settled, attn_implementation="sdpa")
        except ValueError:
            encoder = library.AutoModel.from_config(settled, attn_implementation="eager")
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    for module in list(encoder.modules()):
        for name, part in module.named_children():
            if isinstance(part, nn.Dropout):
                setattr(module, name, Dropout(part.p))
    return encoder


def checkpointed(layer: nn.Module, *inputs: Any, **named: Any) -> Any:
    """A layer's output, of which training keeps the inputs alone: the rest is computed again for the gradients.

    Source: Chen et al. 2016, "Training deep nets with sublinear memory cost". Dropout draws the same both times.
    """
    plain = type(layer).forward
    if not layer.training or not torch.is_grad_enabled():
        return plain(layer, *inputs, **named)
    return checkpoint(plain, layer, *inputs, use_reentrant=False, context_fn=same_draws, **named)


def configuration(config: Mapping[str, Any]) -> Any:
    """The configuration of `transformers` that the content of a `config.json` stands for.

    Raises:
        MissingExtraError: transformers is not installed.
        RecipeError: it has no such encoder.
        InputError: the content is damaged.
    """
    library, kind = load_transformers(), str(config.get("model_type"))
    known = library.models.auto.configuration_auto.CONFIG_MAPPING
    encoders = library.models.auto.modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    usual = "Take an encoder, such as BERT, RoBERTa, DistilBERT, ELECTRA, DeBERTa or ModernBERT."
    if kind not in known:
        raise RecipeError(
            f'model.weights: transformers {library.__version__} has no architecture "{kind}", and code that comes '
            f"with weights is never run.{nearest(kind, encoders)} {usual}"
        )
    try:
        with quiet():
            found = known[kind].from_dict(dict(config))
    except Exception as error:  # whatever the checks of a configuration raise
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"model.weights: its config.json cannot be used ({reason}). Copy it anew.") from None
    if kind not in encoders or found.is_encoder_decoder or getattr(found, "is_decoder", False):
        raise RecipeError(f'model.weights: "{kind}" is no encoder: its tokens do not see those behind them. {usual}')
    return found


def layers_of(encoder: nn.Module) -> str:
    """The name of the list of an encoder's layers: the longest list that is in no other."""
    lists = {name: module for name, module in encoder.named_modules() if isinstance(module, nn.ModuleList)}
    outer = [name for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    return str(max(outer, key=lambda name: len(lists[name])))


def most_tokens(config: Mapping[str, Any]) -> int:
    """How many positions an encoder has.

    Position embeddings with a padding index, as RoBERTa's, have none for the numbers up to it.

    Raises:
        MissingExtraError: transformers is not installed.
        RecipeError: it has no such encoder.
    """
    settled = configuration(config)
    with torch.device("meta"), quiet():
        encoder = load_transformers().AutoModel.from_config(settled)
    named = {name.rsplit(".", 1)[-1]: module for name, module in encoder.named_modules()}
    table = named.get("position_embeddings")
    if isinstance(table, nn.Embedding):
        return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
    return int(settled.max_position_embeddings)


def load_transformers() -> Any:
    """The package transformers.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    return load_package("transformers", "encoders", "model.kind: encoder")


@contextmanager
def quiet() -> Iterator[None]:
    """In it transformers says nothing on screen: what matters is checked and said here."""
    logging = load_transformers().utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
