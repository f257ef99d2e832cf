"""Subwords: the special tokens of the model's own tokenizer, texts that are cut, what no setting of the file may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from classmark.inputs.examples import EncoderShape
from classmark.inputs.subwords import SubwordEncoder, load_subword_encoder, open_subword_encoder, special_tokens
from classmark.recipes.schema import SubwordInput
from encoders import POSITIONS, made_texts, write_tokenizer

TEXTS = [text for text, _ in made_texts(20)]


@pytest.fixture(scope="module", params=[False, True], ids=["wordpiece", "bytes"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    write_tokenizer(path, TEXTS, roberta=request.param)
    return path


def opened(path: Path, **changes: Any) -> SubwordEncoder:
    return open_subword_encoder(SubwordInput(**changes), EncoderShape({}, 0, POSITIONS), path, "made")


def rows(encoder: SubwordEncoder, texts: list[str]) -> list[list[int]]:
    tokens = encoder.examples(texts).tokens
    return [tokens.row(number).tolist() for number in range(len(tokens))]


def test_texts_are_those_of_the_tokenizer_itself(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(POSITIONS)
    texts = [*TEXTS, "", " ", "soup"]
    assert rows(opened(path), texts) == [tokenizer.encode(text).ids for text in texts]
    tokenizer.enable_truncation(9)
    assert rows(opened(path, max_tokens=9), texts) == [tokenizer.encode(text).ids for text in texts]


def test_both_ends_are_kept(path: Path) -> None:
    encoder = opened(path, max_tokens=9, keep="ends")
    encoder.tokenizer.no_truncation()
    text = max(TEXTS, key=len)
    first, *own, last = encoder.tokenizer.encode(text).ids
    assert rows(encoder, [text]) == [[first, *own[:4], *own[-3:], last]]


def test_a_saved_tokenizer_gives_the_same(path: Path, tmp_path: Path) -> None:
    encoder = opened(path, max_tokens=12)
    encoder.save(tmp_path)
    again = load_subword_encoder(encoder.section, EncoderShape({}, 0, POSITIONS), tmp_path)
    assert rows(again, TEXTS) == rows(encoder, TEXTS)
    plain = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert (plain.padding, plain.truncation) == (None, None)


def test_a_tokenizer_without_special_tokens() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "soup": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    assert special_tokens(tokenizer) == ((), ())
    encoder = SubwordEncoder(tokenizer, SubwordInput(max_tokens=5), (), (), 0)
    assert rows(encoder, ["soup a soup", ""]) == [[2, 1, 2], [0]]


def test_batches_are_filled_up_with_the_models_own_token(path: Path) -> None:
    encoder = opened(path)
    examples = encoder.examples(TEXTS[:3])
    batch = examples.load(np.arange(3))
    for column, length in enumerate(batch.lengths.tolist()):
        assert set(batch.tokens[length:, column].tolist()) <= {0}
