"""A run as a folder that `transformers` or `timm` load, as far as they have its architecture, with a model card."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.exports.agreement import Agreement, Reference, agreement_of, reference_of
from classmark.exports.heads import is_expressible, labelled, sequence_classifier
from classmark.exports.rows import Rows, load_rows
from classmark.inference.classifier import Classifier, load, softmax
from classmark.inputs.images import ImageEncoder
from classmark.inputs.subwords import SubwordEncoder
from classmark.inputs.text import TextEncoder
from classmark.inputs.tokens import PADDING_WORD, UNKNOWN_WORD
from classmark.losses import two_sided
from classmark.models.backbone import BackboneClassifier, load_timm
from classmark.models.encoder import EncoderClassifier, load_transformers, quiet
from classmark.models.weights import write_tensors
from classmark.recipes.schema import Backbone
from classmark.report.model_card import CardWords, model_card
from classmark.runs import RunFiles
from classmark.runs.model import read_description
from classmark.system.files import write_json, write_text
from classmark.system.packages import load_package

CARD, WEIGHTS, HEAD, CONFIG, ABOUT = (
    "README.md",
    "model.safetensors",
    "head.safetensors",
    "config.json",
    "classmark.json",
)
ROWS_AT_ONCE = 32
WHOLE = """\
```python
from transformers import pipeline

classify = pipeline("text-classification", "FOLDER", truncation=True, max_length={most})
classify("A text.")
```"""
ALONE = """\
`AutoModel` loads the encoder. Its sequence classifiers have no {pooling} pooling before one linear layer, so that layer is in
`head.safetensors`:

```python
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

tokenizer, encoder = AutoTokenizer.from_pretrained("FOLDER"), AutoModel.from_pretrained("FOLDER")
head = load_file("FOLDER/head.safetensors")
inputs = tokenizer(["A text."], return_tensors="pt", padding=True, truncation=True, max_length={most})
states, mask = encoder(**inputs).last_hidden_state, inputs["attention_mask"].unsqueeze(2)
{pool}
logits = pooled @ head["classifier.weight"].T + head["classifier.bias"]
```

{one}"""
POOL = {
    "mean": "pooled = (states * mask).sum(1) / mask.sum(1)",
    "max": 'pooled = states.masked_fill(mask == 0, float("-inf")).max(1).values',
    "first": "pooled = states[:, 0]",
    "attention": (
        'seen = torch.tanh(states @ head["attention.project.weight"].T + head["attention.project.bias"])\n'
        'scores = (seen @ head["attention.score.weight"].T).masked_fill(mask == 0, float("-inf"))\n'
        "pooled = (states * scores.softmax(1)).sum(1)"
    ),
}
ONE_LOGIT = 'The one logit is that of "{second}" against zero: its probability is `logits.sigmoid()`.'
BILSTM = """\
`AutoTokenizer` loads the tokenizer. `transformers` has no BiLSTM: `model.safetensors` holds the weights under the names that
`torch.nn.Embedding`, `LSTM` and `Linear` give them. To predict, use classmark, or `classmark export --to onnx`."""
TIMM = """\
```python
import timm

model = timm.create_model("local-dir:FOLDER", pretrained=True).eval()
```

Images are cut to their centre square, scaled to {size} pixels a side (Pillow, bicubic{second}) and normalised with the mean and
deviation that `config.json` names."""


@dataclass(frozen=True)
class Written:
    """What was written of a model.

    Attributes:
        loads: the class or function that loads it.
        use: Markdown that says how.
        limits: what cannot be expressed, in sentences.
        agreement: with the run on its test rows; None where nothing there computes probabilities.
    """

    loads: str
    use: str
    limits: tuple[str, ...] = ()
    agreement: Agreement | None = None


def write_huggingface(run: RunFiles, folder: Path, words: CardWords) -> tuple[dict[str, Any], list[str]]:
    """The content of `classmark.json` and what a user must know, of a folder that is written and checked.

    Raises:
        ClassmarkError: the run, its data or its kind of model cannot be used.
        AgreementError: the exported model does not say what the run says.
    """
    classifier, described = load(run.path, "fp32"), read_description(run.model)
    classifier = replace(classifier, model=classifier.model.cpu().float().eval())
    rows = load_rows(run)["test"]
    match classifier.model, classifier.encoder:
        case EncoderClassifier() as model, SubwordEncoder() as encoder:
            reference = reference_of(run, classifier, described["predict_precision"] != "fp32", rows)
            written = _write_encoder(folder, model, encoder, classifier.classes, described, rows, reference)
            library = "transformers"
        case BackboneClassifier() as model, ImageEncoder() as encoder:
            reference = reference_of(run, classifier, described["predict_precision"] != "fp32", rows)
            written, library = _write_backbone(folder, model, encoder, classifier, described, rows, reference), "timm"
        case _, TextEncoder() as encoder:
            _write_tokenizer(folder, encoder.tokenizer, encoder.section.max_tokens, PADDING_WORD, UNKNOWN_WORD)
            write_tensors(folder / WEIGHTS, classifier.model.state_dict())
            written, library = Written("AutoTokenizer", BILSTM, ("transformers has no BiLSTM.",)), "classmark"
        case _:
            raise InputError(f"{type(classifier.model).__name__} is a kind of model that is not exported.")
    about: dict[str, Any] = {
        "schema_version": 1,
        "run": run.name,
        "classes": list(classifier.classes),
        "loads": written.loads,
    }
    about |= {"not_expressed": list(written.limits), "check": written.agreement and asdict(written.agreement)}
    write_json(folder / ABOUT, about)
    card = CardWords(words.license, words.language, library, written.use, (*words.limits, *written.limits))
    write_text(folder / CARD, model_card(run, card))
    checked = [] if written.agreement is None else [written.agreement.sentence]
    return about, [f"{written.loads} loads it", *checked, *written.limits]


def _write_encoder(
    folder: Path,
    model: EncoderClassifier,
    encoder: SubwordEncoder,
    classes: tuple[str, ...],
    described: dict[str, Any],
    rows: Rows,
    reference: Reference,
) -> Written:
    config, most = described["shape"]["config"], encoder.section.max_tokens
    assert most is not None
    padding = encoder.tokenizer.id_to_token(encoder.padding)
    _write_tokenizer(folder, encoder.tokenizer, most, padding, getattr(encoder.tokenizer.model, "unk_token", None))
    whole, limits = is_expressible(model), []
    with quiet():
        if whole:
            sequence_classifier(model, classes, config).save_pretrained(folder)
        else:
            model.encoder.save_pretrained(folder)
            labelled(config, classes).save_pretrained(folder)
            head = {name: values for name, values in model.state_dict().items() if not name.startswith("encoder.")}
            write_tensors(folder / HEAD, head)
            limits.append(
                f"AutoModelForSequenceClassification has no {model.pooling} pooling before one linear layer in this architecture."
            )
    texts = rows.texts or []
    cut = encoder.encode(texts).lengths + len(encoder.before) + len(encoder.after) > most
    kept = np.flatnonzero(~cut if encoder.section.keep == "ends" else np.ones(len(texts), bool))
    if encoder.section.keep == "ends":
        limits.append(
            f"The run keeps both ends of texts of more than {most:,} tokens, and a tokenizer here only the start: "
            f"{int(cut.sum()):,} of {len(texts):,} test texts are cut, and were not compared."
        )
    found = _from_pretrained(folder, model if not whole else None, [texts[row] for row in kept], most)
    agreement = agreement_of(found, rows, reference, kept) if len(kept) else None
    if whole:
        return Written("AutoModelForSequenceClassification", WHOLE.format(most=most), tuple(limits), agreement)
    one = (
        ONE_LOGIT.format(second=classes[1])
        if model.classifier.out_features == 1
        else "Softmax gives the probabilities."
    )
    use = ALONE.format(pooling=model.pooling, most=most, pool=POOL[model.pooling], one=one)
    return Written("AutoModel", use, tuple(limits), agreement)


@torch.no_grad()
def _from_pretrained(
    folder: Path, pooled: EncoderClassifier | None, texts: list[str], most: int
) -> NDArray[np.float32]:
    """Probabilities of texts by what `transformers` loads from the folder; `pooled` is the model whose head comes behind."""
    library = load_transformers()
    with quiet():
        tokenizer = library.AutoTokenizer.from_pretrained(folder)
        kind = library.AutoModelForSequenceClassification if pooled is None else library.AutoModel
        model = kind.from_pretrained(folder, dtype=torch.float32).eval()
    found = []
    for start in range(0, len(texts), ROWS_AT_ONCE):
        chosen = texts[start : start + ROWS_AT_ONCE]
        inputs = tokenizer(chosen, return_tensors="pt", padding=True, truncation=True, max_length=most)
        if pooled is None:
            logits = model(**inputs).logits
        else:
            pooled.encoder = model
            logits = two_sided(pooled(inputs["input_ids"].t(), inputs["attention_mask"].sum(dim=1)))
        found.append(softmax(logits.numpy()))
    return np.concatenate(found) if found else np.empty((0, 2), np.float32)


def _write_tokenizer(folder: Path, tokenizer: Any, most: int | None, padding: str | None, unknown: str | None) -> None:
    """Write what `AutoTokenizer` loads."""
    library = load_package("transformers", "encoders", "Export to huggingface")
    with quiet():
        fast = library.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            model_max_length=most or int(1e30),
            pad_token=padding,
            unk_token=unknown,
            model_input_names=["input_ids", "attention_mask"],
        )
        fast.save_pretrained(folder)


def _write_backbone(
    folder: Path,
    model: BackboneClassifier,
    encoder: ImageEncoder,
    classifier: Classifier,
    described: dict[str, Any],
    rows: Rows,
    reference: Reference,
) -> Written:
    section = Backbone.model_validate(described["model"])
    if section.stem == "small":
        raise InputError(
            "model.stem: small changes the first layers of the backbone, which timm's architecture does not have.",
            "Export it to onnx.",
        )
    size, preprocessing = encoder.size_px, model.preprocessing
    known = dict(model.backbone.pretrained_cfg)
    config = {
        "architecture": section.backbone.partition(".")[0],
        "num_classes": len(classifier.classes),
        "label_names": list(classifier.classes),
        "pretrained_cfg": {
            "input_size": [3, size, size],
            "fixed_input_size": bool(known.get("fixed_input_size")),
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": list(preprocessing.mean),
            "std": list(preprocessing.std),
            "num_classes": len(classifier.classes),
            "first_conv": known.get("first_conv"),
            "classifier": known.get("classifier"),
        },
        **({"model_args": {"img_size": size}} if known.get("fixed_input_size") else {}),
    }
    write_text(folder / CONFIG, json.dumps(config, indent=1, ensure_ascii=False) + "\n")
    write_tensors(folder / WEIGHTS, model.backbone.state_dict())
    loaded = load_timm().create_model(f"local-dir:{folder}", pretrained=True).eval()
    limits = ["timm does not average over the mirrored image, which the run does."] if section.test_time_flip else []
    agreement = None
    if not section.test_time_flip:
        model.backbone = loaded
        found = rows.predicted(replace(classifier, model=model).predict_proba, "check")
        agreement = agreement_of(found, rows, reference)
    second = "" if encoder.side_px == size else f", by way of {encoder.side_px} pixels"
    return Written("timm.create_model", TIMM.format(size=size, second=second), tuple(limits), agreement)
