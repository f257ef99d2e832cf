"""The padded path is `pack_padded_sequence` in another making; the weights are torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from classmark.inputs.examples import TextShape
from classmark.models.bilstm import BiLSTMClassifier, packed_states, padded_states
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import BiLSTM

POOLINGS = ("last", "max", "mean", "concat", "attention")
LENGTHS = torch.tensor([7, 1, 12, 5])


def tokens() -> Tensor:
    drawn = torch.randint(2, 50, (12, 4), generator=torch.Generator().manual_seed(1))
    return drawn.masked_fill(torch.arange(12).unsqueeze(1) >= LENGTHS, 1)


def model(classes: int = 2, **changes: object) -> BiLSTMClassifier:
    section = BiLSTM.model_validate({"hidden_size": 16, "layers": 2, "dropout": 0.0, **changes})
    built = build_model(section, TextShape(50, 8), classes)
    initialise(built, 3)
    assert isinstance(built, BiLSTMClassifier)
    return built


def run_path(path: object, lstm: nn.LSTM, words: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The states inside the texts, and the gradients of the input and of every weight."""
    lstm.zero_grad()
    fed = words.clone().requires_grad_()
    states = path(lstm, fed, LENGTHS)  # type: ignore[operator]
    inside = (torch.arange(12).unsqueeze(1) < LENGTHS).unsqueeze(2)
    kept = states * inside
    mixed = torch.linspace(-1, 1, kept.numel()).view_as(kept)
    (kept * mixed).sum().backward()
    assert fed.grad is not None
    return kept.detach(), [fed.grad, *(p.grad.clone() for p in lstm.parameters() if p.grad is not None)]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_padded_states_are_the_packed_ones(layers: int) -> None:
    lstm = model(layers=layers).lstm
    words = torch.randn(12, 4, 8, generator=torch.Generator().manual_seed(2))
    padded, padded_gradients = run_path(padded_states, lstm, words)
    packed, packed_gradients = run_path(packed_states, lstm, words)
    torch.testing.assert_close(padded, packed, atol=1e-5, rtol=0)
    assert len(padded_gradients) == 1 + 8 * layers
    for ours, theirs in zip(padded_gradients, packed_gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_last_pooling_is_the_final_state_of_both_directions() -> None:
    built = model().eval()
    words = built.embedding(tokens())
    _, (final, _) = built.lstm(pack_padded_sequence(words, LENGTHS, enforce_sorted=False))
    expected = built.fc(torch.cat([final[-2], final[-1]], dim=1))
    torch.testing.assert_close(built(tokens(), LENGTHS), expected, atol=1e-5, rtol=0)


class PlainTorch(nn.Module):
    """The model as the reference exercise writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(25_002, 100, padding_idx=1)
        self.lstm = nn.LSTM(100, 256, num_layers=2, bidirectional=True, dropout=0.5)
        self.fc = nn.Linear(512, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        words = self.dropout(self.embedding(text))
        _, (final, _) = self.lstm(pack_padded_sequence(words, lengths, enforce_sorted=False))
        logits: Tensor = self.fc(self.dropout(torch.cat([final[-2], final[-1]], dim=1)))
        return logits


def test_the_reference_model_loads_into_plain_torch() -> None:
    ours = build_model(BiLSTM(), TextShape(25_002, 100), 2)
    initialise(ours, 0)
    theirs = PlainTorch()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert sum(p.numel() for p in ours.parameters()) == 4_810_857
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(tokens(), LENGTHS), theirs.eval()(tokens(), LENGTHS), atol=1e-5, rtol=0)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("classes", [2, 3])
def test_padding_changes_nothing(pooling: str, classes: int) -> None:
    built = model(classes, pooling=pooling).eval()
    with torch.no_grad():
        together = built(tokens(), LENGTHS)
        alone = [built(tokens()[:length, [row]], LENGTHS[[row]]) for row, length in enumerate(LENGTHS.tolist())]
    assert together.shape == (4, 1 if classes == 2 else classes)
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-6, rtol=0)


def test_attention_keeps_its_weights() -> None:
    built = model(pooling="attention").eval()
    built(tokens(), LENGTHS)
    weights = built.attention.weights
    assert weights is not None
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(4))
    assert weights[torch.arange(12).unsqueeze(1) >= LENGTHS].abs().max() == 0


def test_initial_weights_follow_from_seed_and_name() -> None:
    one, other = model(pooling="last").state_dict(), model(pooling="attention").state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    different = model()
    initialise(different, 4)
    assert not torch.equal(one["lstm.weight_hh_l0"], different.lstm.weight_hh_l0)
    assert one["embedding.weight"][1].abs().max() == 0


def test_forget_gates_start_open_and_the_rest_as_torch_draws() -> None:
    model = build_model(BiLSTM(hidden_size=32), TextShape(20, 8), 2)
    initialise(model, 3)
    weights = dict(model.named_parameters())
    for layer in ("l0", "l0_reverse", "l1", "l1_reverse"):
        bias = weights[f"lstm.bias_ih_{layer}"] + weights[f"lstm.bias_hh_{layer}"]
        assert (bias[32:64] == 1.0).all()
        assert weights[f"lstm.weight_hh_{layer}"].abs().max() <= 1 / 32**0.5
        assert weights[f"lstm.bias_ih_{layer}"][:32].abs().max() <= 1 / 32**0.5
