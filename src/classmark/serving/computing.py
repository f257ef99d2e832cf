"""Requests that are computed together, and what each is answered. Runs in the worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.data.images.files import ImageFiles
from classmark.errors import ClassmarkError, InputError
from classmark.inference.classifier import softmax
from classmark.inference.decisions import DecidingModel
from classmark.inference.output import PredictsFiles, chunk_logits
from classmark.serving.contents import SOURCE, Rows


@dataclass(frozen=True)
class Answer:
    """What a request is answered.

    Attributes:
        predictions: one per row that could be read.
        notes: what was left out, and how the request was read, a line each.
    """

    predictions: list[dict[str, Any]]
    notes: list[str]


def compute(model: DecidingModel, requests: Sequence[Rows]) -> list[Answer | ClassmarkError]:
    """An answer for each request, or why there is none.

    A request alone is computed as `classmark predict` computes a file of its rows, to the last digit. Together with others
    it is padded like them, which may move the last digits. If a row of one cannot be read, each is computed alone, so that
    no other request has to do with it.
    """
    if len(requests) > 1:
        try:
            return _together(model, requests)
        except InputError:
            pass
    return [_alone(model, request) for request in requests]


def _together(model: DecidingModel, requests: Sequence[Rows]) -> list[Answer | ClassmarkError]:
    chunks = [request.chunk for request in requests]
    if chunks[0].files is None:
        logits = model.classifier.predict_logits([text for chunk in chunks for text in chunk.frame["text"]])
    else:
        assert isinstance(model.classifier, PredictsFiles)
        files = [chunk.files for chunk in chunks if chunk.files is not None]
        names = tuple(name for part in files for name in part.names)
        contents = tuple(content for part in files for content in part.contents or ())
        logits = model.classifier.file_logits(ImageFiles(files[0].place, names, contents))
    parts = np.split(logits, np.cumsum([len(request) for request in requests])[:-1])
    ids = [chunk.frame["id"].to_list() for chunk in chunks]
    return [_answer(model, *each) for each in zip(requests, ids, parts, strict=True)]


def _alone(model: DecidingModel, request: Rows) -> Answer | ClassmarkError:
    try:
        kept, logits = chunk_logits(model.classifier, request.chunk, request.options, request.notes)
        if not kept.frame.height:
            raise InputError(f"{SOURCE}: there is nothing to predict.", " ".join(request.notes.lines()))
    except ClassmarkError as error:
        return error
    return _answer(model, request, kept.frame["id"].to_list(), logits)


def _answer(model: DecidingModel, request: Rows, ids: Sequence[str], logits: NDArray[np.float32]) -> Answer:
    """The prediction of each row: id, class, probabilities, and what else is decided."""
    classes, decisions, probabilities = model.classifier.classes, model.decisions, softmax(logits)
    answered, held = decisions.answered(probabilities), decisions.held(probabilities)
    predictions = []
    for row, index in enumerate(decisions.indices(probabilities)):
        shares = dict(zip(classes, probabilities[row].tolist(), strict=True))
        one: dict[str, Any] = {"id": ids[row], "predicted": classes[index], "probabilities": shares}
        if answered is not None:
            one["answered"] = bool(answered[row])
        if held is not None:
            one["set"] = held[row]
        predictions.append(one)
    return Answer(predictions, request.notes.lines())
