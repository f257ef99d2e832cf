"""Tiny encoders of several architectures with random weights, written to a folder as `save_pretrained` writes them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

WORDS = {
    "food": ["soup", "bread", "cook", "taste", "dish", "salt", "oven"],
    "sport": ["goal", "team", "match", "coach", "player", "win"],
}
EVERY = [word for words in WORDS.values() for word in words]
POSITIONS = 40
SIZES: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48, "vocab_size": 300,
    "max_position_embeddings": POSITIONS,
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": SIZES,
    "roberta": {**SIZES, "max_position_embeddings": POSITIONS + 2, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48, "vocab_size": 300,
                   "max_position_embeddings": POSITIONS},
    "electra": {**SIZES, "embedding_size": 16},
    "modernbert": {**SIZES, "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3,
                   "local_attention": 8, "global_attn_every_n_layers": 2},
    "deberta-v2": {**SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8,
                   "position_biased_input": False, "norm_rel_ebd": "layer_norm", "share_att_key": True},
}  # fmt: skip


def made_texts(count: int, seed: int = 3) -> list[tuple[str, str]]:
    """Texts of a few to forty words with their labels, which some of the words tell."""
    drawn, rows = random.Random(seed), []
    for number in range(count):
        label = drawn.choice(list(WORDS))
        words = [drawn.choice(WORDS[label] if drawn.random() < 0.5 else EVERY) for _ in range(drawn.randint(3, 44))]
        rows.append((f"{' '.join(words)} w{number}", label))
    return rows


def write_encoder(folder: Path, kind: str = "bert") -> Path:
    """The folder of a tiny encoder of this architecture, its names prefixed as those of a whole language model are."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    torch.manual_seed(7)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, **CONFIGS[kind]))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)  # tokens are told apart: two hundredths would leave all texts alike
    model.save_pretrained(folder)
    write_tokenizer(folder / "tokenizer.json", [text for text, _ in made_texts(50)], roberta=kind == "roberta")
    return folder


def write_tokenizer(path: Path, texts: Sequence[str], *, roberta: bool = False) -> None:
    """A tokenizer with settings for padding and truncation, as many files have them."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    if roberta:
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        trainer: Any = trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    else:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=special, show_progress=False)
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.enable_padding(length=64)
    tokenizer.enable_truncation(8)
    tokenizer.save(str(path))
