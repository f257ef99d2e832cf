"""A run as a folder that onnxruntime predicts with: the graph, what turns inputs into its, and a file that loads both."""

from __future__ import annotations

import hashlib
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, RunError
from classmark.exports.agreement import check_agreement, reference_of
from classmark.exports.graph import bilstm_graph
from classmark.exports.rows import Rows, load_rows
from classmark.exports.traced import backbone_graph, encoder_graph
from classmark.inference.classifier import Classifier, load
from classmark.inputs.images import ImageEncoder
from classmark.inputs.subwords import SubwordEncoder
from classmark.inputs.text import TOKENIZER, TextEncoder
from classmark.inputs.tokens import PADDING, UNKNOWN
from classmark.judging.judgement import read_judgement
from classmark.models.backbone import BackboneClassifier
from classmark.models.bilstm import BiLSTMClassifier
from classmark.models.encoder import EncoderClassifier
from classmark.predictions import read
from classmark.report.model_card import CardWords, model_card
from classmark.runs import RunFiles
from classmark.runs.calibration import CALIBRATION, read_temperature
from classmark.runs.mixture import MIXTURE
from classmark.runs.model import read_description
from classmark.system.files import write_bytes, write_json, write_text

SCHEMA_VERSION = 1
MODEL, ABOUT, LOADER, CARD = "model.onnx", "classmark.json", "predict.py", "README.md"
MOST_BYTES = 2**31 - 1  # of a message of protobuf, which an ONNX file is
USE = """\
This folder needs neither classmark nor torch: `pip install numpy onnxruntime {needs}`.

```
python predict.py {example}
```

```python
from predict import Predictor

model = Predictor()
model.predict_proba([{argument}], calibrated={calibrated})
```"""


def write_onnx(
    run: RunFiles, folder: Path, words: CardWords, quantise: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The content of `classmark.json` and what a user must know, of a folder that is written and checked on all test rows.

    Raises:
        ClassmarkError: the run, its data or its kind of model cannot be used.
        AgreementError: the exported model does not say what the run says.
    """
    from classmark.exports.loader import Predictor

    classifier, described = load(run.path, "fp32"), read_description(run.model)
    temperature = read_temperature(run.path) if (run.model / CALIBRATION).is_file() else None
    rows = load_rows(run)  # data that is gone is told before the work
    content = _graph(classifier, temperature).SerializeToString()
    write_bytes(folder / MODEL, content)
    if not isinstance(classifier.encoder, ImageEncoder):
        write_bytes(folder / TOKENIZER, (run.model / TOKENIZER).read_bytes())
    shutil.copyfile(Path(__file__).with_name("loader.py"), folder / LOADER)
    about: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kind": classifier.kind,
        "run": run.name,
        "weights_sha256": hashlib.sha256((run.model / "weights.safetensors").read_bytes()).hexdigest(),
        "classes": list(classifier.classes),
        "model": _described_model(content, "fp32"),
        "input": _input_rule(classifier),
        "temperature": temperature,
        "operating_points": _operating_points(run),
    }
    write_json(folder / ABOUT, about)
    reference = reference_of(run, classifier, described["predict_precision"] != "fp32", rows["test"])
    agreement, found = check_agreement(Predictor(folder), rows["test"], reference)
    about["check"] = asdict(agreement)
    limits = []
    if quantise is not None:
        about |= _quantise(run, folder, about, rows, found)
        limits.append(_cost_sentence(about["quantised"]))
    if (run.model / MIXTURE).is_file():
        limits.append("The run's mixture with its linear baseline is not exported: this is the model alone.")
    write_json(folder / ABOUT, about)
    write_text(folder / CARD, model_card(run, _card_words(words, classifier, temperature, limits)))
    return about, [agreement.sentence, *limits]


def _graph(classifier: Classifier, temperature: float | None) -> Any:
    """The graph of a classifier's model.

    Raises:
        RunError: it is too large for one file.
    """
    match classifier.model, classifier.encoder:
        case BiLSTMClassifier() as model, _:
            found = bilstm_graph(model, len(classifier.classes), temperature)
        case EncoderClassifier() as model, _:
            found = encoder_graph(model, temperature)
        case BackboneClassifier() as model, ImageEncoder() as encoder:
            found = backbone_graph(model, encoder, temperature)
        case _:
            raise InputError(f"{type(classifier.model).__name__} is a kind of model that is not exported.")
    if (size := found.ByteSize()) > MOST_BYTES:
        raise RunError(f"the model has {size:,} bytes, more than the {MOST_BYTES:,} of one ONNX file.")
    return found


def _described_model(content: bytes, precision: str) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"file": MODEL, "precision": precision, "bytes": len(content), "sha256": digest}


def _input_rule(classifier: Classifier) -> dict[str, Any]:
    """How the loader makes the graph's inputs."""
    match classifier.encoder:
        case TextEncoder(section=section):
            around: dict[str, Any] = {"before": [], "after": [], "empty": [UNKNOWN], "padding": PADDING}
            return {**around, "most_tokens": section.max_tokens, "keep": section.keep}
        case SubwordEncoder(section=section, before=before, after=after, padding=padding):
            assert section.max_tokens is not None
            room = section.max_tokens - len(before) - len(after)
            around = {"before": [*before], "after": [*after], "empty": [] if before or after else [padding]}
            return {**around, "padding": padding, "most_tokens": room, "keep": section.keep}
        case ImageEncoder(side_px=side_px):
            return {"side_px": side_px}
    raise AssertionError(f"no rule for {type(classifier.encoder).__name__}")


def _quantise(
    run: RunFiles, folder: Path, about: dict[str, Any], rows: dict[str, Rows], exact: NDArray[np.float32]
) -> dict[str, Any]:
    """Put the model in 8 bits in the place of the one in 32, and say what that costs and gains."""
    from classmark.exports.int8 import cost_in_quality, quantised, speeds
    from classmark.exports.loader import Predictor

    before, coarse = Predictor(folder), folder / "int8.onnx"
    way = quantised(folder, rows, coarse)
    coarse.replace(folder / MODEL)
    after = Predictor(folder)
    found = rows["test"].predicted(after.predict_proba, "int8")
    measured = speeds({"fp32": before, "int8": after}, rows["test"])
    content = (folder / MODEL).read_bytes()
    quality = cost_in_quality(read(run.predictions("test")), exact, found)
    return {
        "model": _described_model(content, "int8"),
        "quantised": {
            "way": way,
            "rows": len(rows["test"]),
            "labels_differ": int((found.argmax(axis=1) != exact.argmax(axis=1)).sum()),
            "largest_difference": float(np.abs(found - exact).max()),
            "quality": {name: asdict(difference) for name, difference in quality.items()},
            "bytes": {"fp32": about["model"]["bytes"], "int8": len(content)},
            "speed": {name: asdict(speed) for name, speed in measured.items()},
        },
    }


def _cost_sentence(about: dict[str, Any]) -> str:
    """What 8 bits cost and gain, in one line."""
    accuracy, size, speed = about["quality"]["accuracy"], about["bytes"], about["speed"]
    interval = "" if accuracy["low"] is None else f" ({100 * accuracy['low']:+.2f} to {100 * accuracy['high']:+.2f})"
    return (
        f"Weights in 8 bits beside 32: accuracy {100 * accuracy['difference']:+.2f} points{interval} on {about['rows']:,} test "
        f"rows, {about['labels_differ']:,} labels differ; {size['int8'] / 1e6:.1f} MB instead of {size['fp32'] / 1e6:.1f}; "
        f"{speed['int8']['rows_per_second']:,.0f} rows/s instead of {speed['fp32']['rows_per_second']:,.0f}, one row in "
        f"{speed['int8']['one_row_ms']:.1f} ms instead of {speed['fp32']['one_row_ms']:.1f}."
    )


def _operating_points(run: RunFiles) -> dict[str, Any]:
    """Goal → the class that is called from a threshold of its uncalibrated probability on, as validation rows chose it."""
    judgement = read_judgement(run.judgement)
    return {
        point.goal: {"positive": judgement.positive, "threshold": point.threshold}
        for point in (judgement.thresholds.points if judgement.thresholds else ())
        if point.threshold is not None and math.isfinite(point.threshold)
    }


def _card_words(words: CardWords, classifier: Classifier, temperature: float | None, limits: list[str]) -> CardWords:
    text = classifier.kind == "text"
    use = USE.format(
        needs="tokenizers" if text else "Pillow",
        example='"A text."' if text else "photo.jpg",
        argument='"A text."' if text else '"photo.jpg"',
        calibrated=temperature is not None,
    )
    return CardWords(words.license, words.language, "onnx", use, (*words.limits, *limits))
