"""A bidirectional LSTM text classifier, fast on a CPU.

`torch.nn.LSTM` on a packed sequence costs the square of the length on a CPU: its backward pass allocates the whole
sequence at every step. Here each direction runs as a one-directional LSTM over the padded batch, for which oneDNN
has one fused kernel; the backward direction reads each row reversed within its own length. Padding stands at the end
in both directions, so no state before it can be touched by it, and the results are those of the packed path.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from classmark.models.dropout import Dropout, dropout
from classmark.models.pooling import AdditiveAttention, max_states, mean_states
from classmark.recipes.schema import BiLSTM as BiLSTMSection


class BiLSTMClassifier(nn.Module):
    """Embedding → bidirectional LSTM → pooling → linear layer.

    The parameters carry the names that `torch.nn.Embedding`, `torch.nn.LSTM` and `torch.nn.Linear` give them, so the
    weights load into the plain torch model.

    Args:
        section: the recipe's `model`.
        vocabulary_size: V, rows of the embedding, `<unk>` and `<pad>` included.
        embedding_size: D, columns of the embedding.
        outputs: 1 for two classes, else C.
    """

    def __init__(self, section: BiLSTMSection, vocabulary_size: int, embedding_size: int, outputs: int) -> None:
        super().__init__()
        self.pooling = section.pooling
        states = 2 * section.hidden_size
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=1)
        self.lstm = nn.LSTM(
            embedding_size,
            section.hidden_size,
            num_layers=section.layers,
            bidirectional=True,
            dropout=section.dropout if section.layers > 1 else 0.0,
        )
        if section.pooling == "attention":
            self.attention = AdditiveAttention(states)
        self.fc = nn.Linear(2 * states if section.pooling == "concat" else states, outputs)
        self.dropout = Dropout(section.dropout)
        other = section.embedding_dropout
        self.embedding_dropout = Dropout(section.dropout if other is None else other)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Logits of shape (B, outputs).

        Args:
            tokens: int64 of shape (T, B), time first, padded with 1 behind each text.
            lengths: int64 of shape (B,), each from 1 to T.
        """
        words = self.embedding_dropout(self.embedding(tokens))
        packed_is_faster = words.is_cuda
        states = (
            packed_states(self.lstm, words, lengths) if packed_is_faster else padded_states(self.lstm, words, lengths)
        )
        pooled = self._pool(states, lengths)
        logits: Tensor = self.fc(self.dropout(pooled))
        return logits

    def _pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """One vector a text, shape (B, 2H) or (B, 4H), from states of shape (T, B, 2H)."""
        match self.pooling:
            case "last":
                return last_states(states, lengths)
            case "max":
                return max_states(states, lengths)
            case "mean":
                return mean_states(states, lengths)
            case "concat":
                return torch.cat([max_states(states, lengths), mean_states(states, lengths)], dim=1)
            case _:
                pooled: Tensor = self.attention(states, lengths)
                return pooled


class ReverseWithinLength(torch.autograd.Function):
    """Rows of a (T, B, D) tensor picked by an involution of its T × B places; its gradient is the same picking."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        return states.flatten(0, 1).index_select(0, places).view_as(states)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        (gradient,) = gradients
        return gradient.flatten(0, 1).index_select(0, places).view_as(gradient), None


def reversed_places(lengths: Tensor, longest: int) -> Tensor:
    """For each place (t, b) of a flattened (T, B) batch, the place of the token that stands there when each text is
    reversed within its own length; padding stays where it is. Shape (T · B,).
    """
    batch = len(lengths)
    time = torch.arange(longest, device=lengths.device).unsqueeze(1)
    mirrored = torch.where(time < lengths, lengths - 1 - time, time)
    return (mirrored * batch + torch.arange(batch, device=lengths.device)).flatten()


def padded_states(lstm: nn.LSTM, words: Tensor, lengths: Tensor) -> Tensor:
    """The states of the last layer, shape (T, B, 2H); those behind a text's end mean nothing.

    Args:
        lstm: a bidirectional LSTM, time first; its weights are used, not its forward.
        words: shape (T, B, D).
        lengths: shape (B,).
    """
    places = reversed_places(lengths, len(words))
    states = words.to(torch.get_autocast_dtype("cpu")) if torch.is_autocast_enabled("cpu") else words
    for layer in range(lstm.num_layers):
        if layer:
            states = dropout(states, lstm.dropout, training=lstm.training)
        ahead = _one_direction(lstm, states, f"l{layer}")
        mirrored: Tensor = ReverseWithinLength.apply(states, places)
        behind = _one_direction(lstm, mirrored, f"l{layer}_reverse")
        states = torch.cat([ahead, ReverseWithinLength.apply(behind, places)], dim=2)
    return states


def _one_direction(lstm: nn.LSTM, states: Tensor, suffix: str) -> Tensor:
    weights = [getattr(lstm, f"{kind}_{suffix}") for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    start = states.new_zeros(1, states.shape[1], lstm.hidden_size)
    output: Tensor = torch.lstm(states, (start, start), weights, True, 1, 0.0, lstm.training, False, False)[0]
    return output


def packed_states(lstm: nn.LSTM, words: Tensor, lengths: Tensor) -> Tensor:
    """The same states by `pack_padded_sequence`, zero behind a text's end; the fast way of cuDNN."""
    packed = pack_padded_sequence(words, lengths.cpu(), enforce_sorted=False)
    states, _ = pad_packed_sequence(lstm(packed)[0], total_length=len(words))
    return states


def last_states(states: Tensor, lengths: Tensor) -> Tensor:
    """The forward direction's state at the last token beside the backward direction's at the first, shape (B, 2H)."""
    _, batch, size = states.shape
    ends = (lengths - 1) * batch + torch.arange(batch, device=states.device)
    ahead = states[..., : size // 2].flatten(0, 1).index_select(0, ends)
    return torch.cat([ahead, states[0, :, size // 2 :]], dim=1)
