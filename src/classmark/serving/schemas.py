"""What the service's own description (OpenAPI) says of requests and answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from classmark.inference.chunks import Kind

FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
FORM = {"schema": {"type": "object", "required": ["file"], "properties": {"file": FILES}}}
TEXT = {"type": "string", "minLength": 1, "pattern": "[A-Za-z]"}
JSON = {
    "schema": {
        "oneOf": [
            {"type": "object", "required": ["text"], "properties": {"text": TEXT}, "additionalProperties": False},
            {
                "type": "object",
                "required": ["texts"],
                "properties": {"texts": {"type": "array", "items": TEXT, "minItems": 1}},
                "additionalProperties": False,
            },
        ]
    },
    "example": {"texts": ["A wonderful film.", "I left after ten minutes."]},
}


def _parameter(name: str, place: str, description: str, kind: str = "string") -> dict[str, Any]:
    schema = {"type": kind, "minLength": 1} if place == "path" else {"type": kind}
    return {"name": name, "in": place, "required": place == "path", "description": description, "schema": schema}


MODEL = _parameter("model", "query", "Which model; without it, the first.")
TABLE_OPTIONS = [
    _parameter("text", "query", "The column of the texts in a table; without it: text."),
    _parameter("id", "query", "The column of ids in a table, if there is one."),
    _parameter("skip_unreadable", "query", "Leave out rows that cannot be read, and say which.", "boolean"),
]


class Prediction(BaseModel):
    """What is said of one row."""

    model_config = ConfigDict(extra="forbid")
    id: str
    predicted: str = Field(description="The class at the operating point, or with the largest probability.")
    probabilities: dict[str, float] = Field(description="Of each class; they sum to one.")
    answered: bool | None = Field(None, description="Whether the row is sure enough for the highest error asked for.")
    set: list[str] | None = Field(None, description="The prediction set; empty where no class is likely enough.")


class Predicted(BaseModel):
    """The answer to a request."""

    model_config = ConfigDict(extra="forbid")
    model: str
    weights: str = Field(description="The first digits of the sha256 of the weights that answered.")
    predictions: list[Prediction]
    notes: list[str] = Field(description="What was left out, and how the request was read.")


class Problem(BaseModel):
    """Why a request is refused: the sentence that the command line prints."""

    detail: str


def described_request(kinds: set[Kind], *, in_path: bool = False) -> dict[str, Any]:
    """What predicting takes, for models of these kinds; `in_path`: the name of the model is in the address."""
    content: dict[str, Any] = {}
    if "text" in kinds:
        content |= {"application/json": JSON, "text/csv": {"schema": {"type": "string"}}}
        content |= {"text/plain": {"schema": {"type": "string"}}}
    if "images" in kinds:
        content |= {name: {"schema": {"type": "string", "format": "binary"}} for name in ("image/jpeg", "image/png")}
    named = _parameter("name", "path", "The name of the model.") if in_path else MODEL
    body = {"required": True, "content": {**content, "multipart/form-data": FORM}}
    return {"parameters": [named, *TABLE_OPTIONS], "requestBody": body}


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The key is missing or wrong."},
    404: {"model": Problem, "description": "There is no such model."},
    408: {"model": Problem, "description": "The request came too slowly."},
    413: {"model": Problem, "description": "The request is larger than the limits."},
    415: {"model": Problem, "description": "The content is of a type that the model does not read."},
    422: {"model": Problem, "description": "The content cannot be used."},
    503: {"model": Problem, "description": "Too many requests wait, or the answer took too long."},
}
