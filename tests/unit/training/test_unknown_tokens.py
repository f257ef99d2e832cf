"""What a predictions table says of texts whose tokens the model does not know."""

from __future__ import annotations

from typing import Any

import pytest

from classmark.training.judge_run import unknown_tokens

ENDS = {
    "words": "which come from the training texts. The tokens are words.",
    "subwords": "which come with its weights. Take an encoder that was trained on this language.",
}


@pytest.mark.parametrize("kind", ENDS)
def test_many_unknown_tokens_are_told(kind: str) -> None:
    known: dict[str, Any] = {"tokens_are": kind, "vocabulary": 30_522}
    assert unknown_tokens({**known, "unknown_tokens_in_validation": 0.2}) == {}
    assert unknown_tokens({**known, "unknown_tokens_in_validation": 0.456})["many_unknown_tokens"] == (
        "45.6 % of the validation tokens are unknown to the model: they are not among the 30,522 of its vocabulary, "
        + ENDS[kind]
    )


def test_images_have_no_tokens() -> None:
    assert unknown_tokens({"size_px": 64}) == {}
