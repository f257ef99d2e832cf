"""The moving average of weights: the formula, in place and out again."""

from __future__ import annotations

import torch
from torch import nn

from classmark.training.average import Average


def test_it_follows_the_formula_and_spares_the_model() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = Average(0.5)
    expected: dict[str, torch.Tensor] = {}
    for step in range(1, 9):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        model(torch.randn(4, 3))
        average.update(model, step)
        decay = min(0.5, (1 + step) / (10 + step))
        for name, tensor in model.state_dict().items():
            if name in expected and tensor.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * tensor.double()
            else:
                expected[name] = tensor.double() if tensor.is_floating_point() else tensor.clone()
    own = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with average.in_place_of(model):
        for name, tensor in model.state_dict().items():
            torch.testing.assert_close(tensor.double(), expected[name].double(), atol=1e-6, rtol=0)
    assert all(torch.equal(tensor, own[name]) for name, tensor in model.state_dict().items())
    assert not torch.equal(own["0.weight"], average.tensors["0.weight"])


def test_the_own_weights_come_back_after_an_error() -> None:
    model = nn.Linear(2, 1)
    average = Average(0.9)
    average.update(model, 1)
    with torch.no_grad():
        model.weight.add_(1)
    own = model.weight.clone()
    try:
        with average.in_place_of(model):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert torch.equal(model.weight, own)
