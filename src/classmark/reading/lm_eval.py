"""The samples that lm-evaluation-harness logs (`samples_*.jsonl`): each answer and its target, as classes."""

from __future__ import annotations

from typing import Any

import polars as pl

from classmark.errors import InputError
from classmark.tables import TableFile

RESPONSES = ("filtered_resps", "resps")


def is_lm_eval(frame: pl.DataFrame) -> bool:
    """Whether the columns are those of a sample log."""
    return {"doc_id", "target"} <= set(frame.columns) and any(name in frame.columns for name in RESPONSES)


def lm_eval_answers(frame: pl.DataFrame, file: TableFile) -> tuple[pl.DataFrame, str]:
    """The frame with the columns `doc_id`, `target` and `predicted` instead of nested ones, and what was done.

    In a multiple-choice task a response is a log-likelihood per choice, and the largest one is the answer; the target is the
    index of the right choice. In a generation task the response is the answer itself.

    Raises:
        InputError: a response is neither.
    """
    column = next(name for name in RESPONSES if name in frame.columns)
    answers, chosen = [], False
    for row, response in enumerate(frame[column].to_list()):
        answer = _answer(response)
        if answer is None:
            raise InputError(
                f'{file.place(row)}: "{column}" holds no answer.', "Log the samples again, or leave out this row."
            )
        chosen |= isinstance(answer, int)
        answers.append(str(answer))
    targets = [_target(value) for value in frame["target"].to_list()]
    kept = [name for name in frame.columns if not frame[name].dtype.is_nested() and name not in (*RESPONSES, "target")]
    found = frame.select(kept).with_columns(pl.Series("target", targets), pl.Series("predicted", answers))
    what = "the choice with the largest log-likelihood" if chosen else "the answer as it is"
    return found, f'The file is a sample log of lm-evaluation-harness: the prediction is {what} in "{column}".'


def _answer(response: Any) -> int | str | None:
    """The index of the likeliest choice, or the text of the answer."""
    while isinstance(response, list) and len(response) == 1 and isinstance(response[0], list):
        response = response[0]
    if isinstance(response, str | int | float):
        return str(response).strip()
    if not isinstance(response, list) or not response:
        return None
    if all(isinstance(one, list) and one for one in response):
        try:
            likelihoods = [float(one[0]) for one in response]
        except (TypeError, ValueError):
            return None
        return likelihoods.index(max(likelihoods))
    return str(response[0]).strip() if isinstance(response[0], str | int | float) else None


def _target(value: Any) -> str | None:
    return None if value is None else str(value).strip()
