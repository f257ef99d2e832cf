"""Encoders against `transformers` itself: states, features, padding, dropout, which layers are trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from classmark.errors import ClassmarkError
from classmark.inputs.subwords import SubwordEncoder, open_subword_encoder
from classmark.models.build import build_model, initialise
from classmark.models.dropout import drawing_from
from classmark.models.encoder import EncoderClassifier, configuration, most_tokens
from classmark.models.encoder_files import EncoderFiles, encoder_files
from classmark.models.encoder_weights import check_encoder, load_encoder_weights
from classmark.models.lora import add_lora, merge_lora
from classmark.models.stages import layer_depths
from classmark.recipes.schema import Encoder, Optimizer, SubwordInput
from classmark.training.features import text_features
from classmark.training.inputs import encoder_shape
from classmark.training.optimizers import build_optimizer
from encoders import CONFIGS, POSITIONS, made_texts, write_encoder

TEXTS = [text for text, _ in made_texts(12)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("encoders")
    return {kind: write_encoder(folder / kind, kind) for kind in CONFIGS}


def opened(folder: Path, **changes: Any) -> tuple[EncoderClassifier, SubwordEncoder, EncoderFiles]:
    section = Encoder(weights=str(folder), **changes)
    files = encoder_files(section)
    shape = encoder_shape(files)
    model = build_model(section, shape, 2)
    initialise(model, 1)
    assert isinstance(model, EncoderClassifier)
    load_encoder_weights(model, files)
    check_encoder(model, str(folder))
    return model, open_subword_encoder(SubwordInput(), shape, files.tokenizer, str(folder)), files


def features_of(model: EncoderClassifier, encoder: SubwordEncoder, texts: list[str]) -> NDArray[np.float32]:
    """All in one padded batch."""
    examples = encoder.examples(texts)
    batch = examples.batch(examples.load(np.arange(len(texts))), torch.device("cpu"))
    with torch.no_grad():
        found: NDArray[np.float32] = model.eval().features(*batch.inputs).numpy()
    return found


def transformers_states(folder: Path, texts: list[str]) -> list[NDArray[np.float32]]:
    """What transformers gives for each text alone, shape (T, F): the oracle."""
    from tokenizers import Tokenizer
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(POSITIONS)
    with torch.no_grad():
        ids = [torch.tensor([tokenizer.encode(text).ids]) for text in texts]
        return [model(input_ids=row).last_hidden_state[0].numpy() for row in ids]


POOLED = {"mean": lambda states: states.mean(0), "max": lambda states: states.max(0), "first": lambda states: states[0]}


@pytest.mark.parametrize("kind", CONFIGS)
def test_features_are_those_of_transformers_whatever_stands_beside(
    kind: str, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    states = transformers_states(folders[kind], TEXTS)
    assert len({len(row) for row in states}) > 4
    assert max(len(row) for row in states) == POSITIONS  # and texts that are cut
    for pooling, pooled in POOLED.items():
        model, encoder, _ = opened(folders[kind], pooling=pooling)
        expected = np.array([pooled(row) for row in states])
        assert expected.std(0).min() > 1e-3
        np.testing.assert_allclose(features_of(model, encoder, TEXTS), expected, atol=1e-5)
    kept = [text_features(model, encoder.examples(TEXTS), "fp32", threads) for threads in (1, 3)]
    np.testing.assert_allclose(kept[0].views[0], expected, atol=1e-5)
    np.testing.assert_array_equal(*(each.views[0] for each in kept))


@pytest.mark.parametrize("kind", CONFIGS)
def test_positions_and_dropout(kind: str, folders: dict[str, Path]) -> None:
    model, encoder, files = opened(folders[kind], encoder_dropout=0.4, dropout=0.2)
    assert most_tokens(files.config) == encoder.section.max_tokens == POSITIONS
    drops = {type(module).__module__: module for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert list(drops) == ["classmark.models.dropout"]
    settled = model.encoder.config.to_dict()
    assert {value for name, value in settled.items() if "attention" in name and "dropout" in name} == {0.0}
    tokens, lengths = torch.randint(5, 100, (9, 3)), torch.tensor([9, 4, 9])
    model.train()

    def drawn(seed: int) -> torch.Tensor:
        with drawing_from(seed):
            found: torch.Tensor = model(tokens, lengths)
        return found

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_checkpointing_changes_no_digit(folders: dict[str, Path]) -> None:
    tokens, lengths = torch.randint(5, 100, (9, 3)), torch.tensor([9, 4, 9])
    gradients = []
    for checkpointing in (False, True):
        model, _, _ = opened(folders["bert"], checkpointing=checkpointing)
        model.train()
        with drawing_from(3):
            output = model(tokens, lengths).sum()
        gradients.append(torch.autograd.grad(output, [p for p in model.parameters() if p.requires_grad]))
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


@pytest.mark.parametrize(("kind", "last"), [("bert", None), ("modernbert", "encoder.final_norm"), ("deberta-v2", None)])
def test_the_last_layers_alone_are_trained(kind: str, last: str | None, folders: dict[str, Path]) -> None:
    model, _, _ = opened(folders[kind], tune=1, pooling="attention")
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    starts = ("classifier.", "attention.", "encoder.layers.1.", "encoder.encoder.layer.1.", *([last] if last else []))
    assert trained == {name for name, _ in model.named_parameters() if name.startswith(starts)}
    model.train()
    on = {name for name, module in model.named_modules() if module.training}
    assert {"", "dropout", "encoder"} <= on
    assert "encoder.embeddings" not in on
    frozen, _, _ = opened(folders[kind], tune="head")
    assert {name for name, p in frozen.named_parameters() if p.requires_grad} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_rates_fall_from_the_classifier_to_the_embeddings(folders: dict[str, Path]) -> None:
    model, _, _ = opened(folders["bert"])
    depths = layer_depths(model)
    assert {depths[name] for name in ("classifier.weight", "classifier.bias")} == {0}
    assert depths["encoder.encoder.layer.1.output.dense.weight"] == 1
    assert depths["encoder.encoder.layer.0.output.dense.weight"] == 2
    assert depths["encoder.embeddings.word_embeddings.weight"] == 3
    groups = build_optimizer(Optimizer(weight_decay=0.1), model, 0.5, 10.0).param_groups
    shares = {id(p): (group["share"], group["weight_decay"]) for group in groups for p in group["params"]}
    named = {name: shares[id(parameter)] for name, parameter in model.named_parameters()}
    assert named["classifier.weight"] == (10.0, 0.1)
    assert named["encoder.encoder.layer.1.output.dense.weight"] == (0.5, 0.1)
    assert named["encoder.embeddings.word_embeddings.weight"] == (0.125, 0.0)
    assert named["encoder.embeddings.LayerNorm.weight"] == (0.125, 0.0)


def test_lora_is_added_to_the_weights(folders: dict[str, Path]) -> None:
    model, encoder, _ = opened(folders["bert"], lora=2)
    before = features_of(model, encoder, TEXTS)
    names = set(model.state_dict())
    add_lora(model, 2, seed=1)
    np.testing.assert_array_equal(features_of(model, encoder, TEXTS), before)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert {name.split(".")[-3] for name in trained if "lora" in name} == {"lora_A", "lora_B"}
    assert {name for name in trained if "lora" not in name} == {"classifier.weight", "classifier.bias"}
    with torch.no_grad():
        for name, parameter in trained.items():
            if "lora_B" in name:
                parameter.add_(0.1)
    moved = features_of(model, encoder, TEXTS)
    assert np.abs(moved - before).max() > 1e-3
    merge_lora(model)
    assert set(model.state_dict()) == names
    np.testing.assert_allclose(features_of(model, encoder, TEXTS), moved, atol=1e-5)


CONFIG_PROBLEMS = [
    ({"model_type": "gpt2"}, 'model.weights: "gpt2" is no encoder: its tokens do not see those behind them. Take an encoder, '
     "such as BERT, RoBERTa, DistilBERT, ELECTRA, DeBERTa or ModernBERT."),
    ({"model_type": "bart"}, 'model.weights: "bart" is no encoder: its tokens do not see those behind them. Take an encoder, '
     "such as BERT, RoBERTa, DistilBERT, ELECTRA, DeBERTa or ModernBERT."),
    ({"model_type": "bert", "is_decoder": True}, 'model.weights: "bert" is no encoder: its tokens do not see those behind '
     "them. Take an encoder, such as BERT, RoBERTa, DistilBERT, ELECTRA, DeBERTa or ModernBERT."),
]  # fmt: skip


@pytest.mark.parametrize(("config", "message"), CONFIG_PROBLEMS)
def test_what_is_no_encoder_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ClassmarkError) as caught:
        configuration(config)
    assert str(caught.value) == message


def test_an_architecture_without_code_is_refused() -> None:
    import transformers

    with pytest.raises(ClassmarkError) as caught:
        configuration({"model_type": "robertta"})
    assert str(caught.value) == (
        f'model.weights: transformers {transformers.__version__} has no architecture "robertta", and code that comes with '
        'weights is never run. Did you mean "roberta"? Take an encoder, such as BERT, RoBERTa, DistilBERT, ELECTRA, DeBERTa or '
        "ModernBERT."
    )
