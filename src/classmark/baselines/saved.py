"""The linear baseline of texts in a run's `model/`: `baseline.safetensors` and `baseline.json`, enough to predict with.

Loading needs neither scikit-learn nor torch, and runs no code of the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from classmark.baselines.linear import METHODS, Linear
from classmark.baselines.lines import Lines
from classmark.baselines.ngrams import Ngrams, words_of
from classmark.errors import RunError
from classmark.system.files import read_json, write_bytes, write_json

TENSORS, DESCRIPTION = "baseline.safetensors", "baseline.json"
SCHEMA_VERSION = 1


def save_linear(linear: Linear, classes: Sequence[str], folder: Path) -> None:
    """Write both files; the JSON is written last and makes them complete. Equal baselines give equal bytes.

    Args:
        linear: fitted.
        classes: C names in the order of its probabilities.
        folder: of the model.
    """
    from safetensors.numpy import save

    lines, ngrams = linear.predict, linear.ngrams
    assert isinstance(lines, Lines)
    tensors = {"codes": ngrams.codes, "weights": lines.weights, "intercepts": lines.intercepts}
    if lines.idf is not None:
        tensors["idf"] = lines.idf
    write_bytes(folder / TENSORS, save({name: np.ascontiguousarray(values) for name, values in tensors.items()}))
    description = {
        "schema_version": SCHEMA_VERSION,
        "kind": "linear",
        "method": lines.method,
        "classes": list(classes),
        "scores": linear.scores,
        "pattern": ngrams.pattern,
        "words": ngrams.words.to_list(),
    }
    write_json(folder / DESCRIPTION, description)


def has_linear(folder: Path) -> bool:
    """Whether a model folder holds a linear baseline."""
    return (folder / DESCRIPTION).is_file()


def load_linear(folder: Path) -> tuple[Linear, tuple[str, ...]]:
    """The linear baseline of a model folder, and its classes.

    Raises:
        RunError: a file is missing or damaged, or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = read_json(folder / DESCRIPTION)
    try:
        if content["schema_version"] != SCHEMA_VERSION or content["method"] not in METHODS:
            raise ValueError("another version wrote it")
        tensors = load((folder / TENSORS).read_bytes())
        words = pl.Series(list(content["words"]), dtype=pl.String)
        ngrams = Ngrams(str(content["pattern"]), words, tensors["codes"])
        _check_pattern(ngrams.pattern)
        lines = Lines(content["method"], tensors["weights"], tensors["intercepts"], tensors.get("idf"))
        classes = tuple(str(name) for name in content["classes"])
        width = 1 if len(classes) == 2 else len(classes)
        idf_fits = (lines.idf is not None) == (lines.method == "tf-idf")
        if lines.weights.shape != (len(ngrams.codes), width) or words.n_unique() < len(words) or not idf_fits:
            raise ValueError("its parts do not fit each other")
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error).splitlines()[0]
        raise RunError(
            f"{folder}: the baseline cannot be loaded ({reason}).", "Copy the run's model folder again."
        ) from None
    return Linear(lines.method, content.get("scores", {}), ngrams, lines), classes


def _check_pattern(pattern: str) -> None:
    try:
        words_of([""], pattern)
    except pl.exceptions.PolarsError:
        raise ValueError("its pattern of a word is none") from None
