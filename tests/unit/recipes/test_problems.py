"""Whatever pydantic finds wrong in the content of a recipe or a study is said in our words, each kind of fault driven once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from classmark.recipes.places import Places
from classmark.recipes.problems import refusal
from classmark.recipes.schema import Recipe
from classmark.recipes.study_schema import Study

DATA = {"source": "table"}
STUDY = {"name": "s", "question": "q", "margin": 0.1, "arms": {"a": {}, "b": {}}}

FAULTS: list[tuple[type[BaseModel], Any, str, str]] = [
    (Recipe, {"name": "x"}, "missing", "r: data: this key is needed."),
    (Recipe, {"name": "x", "data": DATA, "a\x1bb": 1}, "extra_forbidden",
     "r: a\\x1bb: unknown key. Known here: name, description, seed, data, input, model, loss, optimizer, schedule, train, "
     "judge."),
    (Recipe, {"name": "x", "data": {**DATA, "paths": 1}}, "extra_forbidden", 'r: data.paths: unknown key. Did you mean "path"?'),
    (Recipe, {"name": "x", "data": DATA, "model": {"tune": 1}}, "extra_forbidden",
     "r: model.tune: unknown key. Known here: kind, embedding_size, hidden_size, layers, dropout, embedding_dropout, pooling."),
    (Recipe, {"name": "x", "data": DATA, "model": {"kind": "lstm"}}, "union_tag_invalid",
     'r: model.kind: there is no kind "lstm"; there are bilstm, encoder, backbone. Did you mean "bilstm"?'),
    (Recipe, {"name": "x", "data": DATA, "model": {"kind": None}}, "union_tag_invalid",
     'r: model.kind: there is no kind "None"; there are bilstm, encoder, backbone.'),
    (Recipe, {"name": "-", "data": DATA}, "string_pattern_mismatch",
     'r: name: "-": use letters, digits, dots, dashes and underscores, a letter or digit first.'),
    (Recipe, {"name": "x" * 101, "data": DATA}, "string_too_long",
     f'r: name: "{"x" * 60}…": at most 100 characters are expected.'),
    (Recipe, {"name": "x", "data": DATA, 1: 2}, "invalid_key", "r: 1: 1: this cannot be the name of a key."),
    (Recipe, {"name": "x", "data": DATA, "seed": object()}, "value_error",
     "r: seed: object: a whole number of at least 0 is expected."),
    (Recipe, {"name": "x", "data": DATA, "loss": {"kind": "focal", "label_smoothing": 0.1}}, "value_error",
     "r: loss: label_smoothing goes with cross_entropy only; set it to 0 for the focal loss."),
    (Recipe, [1], "model_type", "r: [1]: a section of keys is expected."),
    (Study, {**STUDY, "question": ""}, "value_error", "r: question: there is no value; a text is expected."),
    (Study, {**STUDY, "arms": {"a": {"override": 1}, "b": {}}}, "extra_forbidden",
     'r: arms.a.override: unknown key. Did you mean "overrides"?'),
    (Study, {**STUDY, "arms": {"a b": {}, "b": {}}}, "string_pattern_mismatch",
     'r: arms.a b: "a b": use letters, digits, dots, dashes and underscores, a letter or digit first.'),
    (Study, {**STUDY, "arms": {"a" * 101: {}, "b": {}}}, "string_too_long",
     f'r: arms.{"a" * 55}…: "{"a" * 60}…": at most 100 characters are expected.'),
    (Study, {**STUDY, "arms": {"a": 5, "b": {}}}, "value_error", "r: arms: a: 5: a section of keys is expected."),
    (Study, {**STUDY, "arms": {}, "grid": {"train.epochs": 5}}, "value_error", "r: grid: train.epochs: 5: a list is expected."),
    (Study, {**STUDY, "arms": {}, "grid": {"train.epochs": range(300)}}, "value_error",
     "r: grid: it has 300 combinations; at most 200 are run in one study."),
    (Study, {**STUDY, "seeds": 5000}, "value_error",
     "r: seeds: 5000: a whole number from 0 to 1,000 or a list of whole numbers of at least 0 is expected."),
    (Study, {**STUDY, "seeds": [1, -1]}, "value_error",
     "r: seeds: [1, -1]: a whole number from 0 to 1,000 or a list of whole numbers of at least 0 is expected."),
    (Study, {**STUDY, "recipe": 1.5}, "value_error", "r: recipe: 1.5: a text or a section of keys is expected."),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "content", "fault", "said"), FAULTS)
def test_each_fault_in_our_words(schema: type[BaseModel], content: Any, fault: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        schema.model_validate(content)
    assert [entry["type"] for entry in caught.value.errors()] == [fault]
    assert str(refusal(caught.value, schema, Places("r"))) == said


ODD = (None, True, -1, 0, 1.5, 10**30, float("nan"), "", "x", "\ud800", "x" * 5000, [], [None], ["a", 1], {}, {"a": 1},
       {1: 2}, b"x", object())  # fmt: skip


def odd_contents(schema: type[BaseModel], content: dict[str, Any]) -> Iterator[Any]:
    """The content with an odd value for each key, and for each key of each section."""
    yield from ODD
    for name, field in schema.model_fields.items():
        section = field.annotation
        inner = section.model_fields if isinstance(section, type) and issubclass(section, BaseModel) else {}
        for odd in ODD:
            yield {**content, name: odd}
            for key in inner:
                yield {**content, name: {**content.get(name, {}), key: odd}}


def odd_kinds() -> Iterator[Any]:
    """The same for sections that have several kinds."""
    keys = ("kind", "vectors", "max_tokens", "augmentation", "tune", "pooling", "weights")
    for source, name, key, odd in itertools.product(("table", "digits"), ("input", "model"), keys, ODD):
        yield {"name": "x", "data": {"source": source}, name: {key: odd}}


def faults(schema: type[BaseModel], content: Any) -> ValidationError | None:
    try:
        schema.model_validate(content)
    except ValidationError as error:
        return error
    return None


def test_no_fault_of_an_odd_value_is_left_to_pydantic() -> None:
    known = {fault for _, _, fault, _ in FAULTS} | {"string_unicode"}
    recipe: dict[str, Any] = {"name": "x", "data": DATA}
    contents = [(Recipe, one) for one in (*odd_contents(Recipe, recipe), *odd_kinds())]
    found = [
        (schema, faults(schema, one))
        for schema, one in (*contents, *((Study, one) for one in odd_contents(Study, STUDY)))
    ]
    refused = [(schema, error) for schema, error in found if error is not None]
    assert len(refused) > 500
    for schema, error in refused:
        assert {entry["type"] for entry in error.errors()} <= known
        text = str(refusal(error, schema, Places("r")))
        assert all(len(line) < 500 for line in text.splitlines())
        assert not any(
            word in text.lower() for word in ("input should", "valid string", "pydantic", "type=", "instance of")
        )
