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


def request_body(kinds: set[Kind]) -> dict[str, Any]:
    """What `POST /predict` takes, for models of these kinds."""
    content: dict[str, Any] = {}
    if "text" in kinds:
        content |= {"application/json": JSON, "text/csv": {"schema": {"type": "string"}}}
        content |= {"text/plain": {"schema": {"type": "string"}}}
    if "images" in kinds:
        content |= {name: {"schema": {"type": "string", "format": "binary"}} for name in ("image/jpeg", "image/png")}
    return {"requestBody": {"required": True, "content": {**content, "multipart/form-data": FORM}}}


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The key is missing or wrong."},
    404: {"model": Problem, "description": "There is no such model."},
    408: {"model": Problem, "description": "The request came too slowly."},
    413: {"model": Problem, "description": "The request is larger than the limits."},
    415: {"model": Problem, "description": "The content is of a type that the model does not read."},
    422: {"model": Problem, "description": "The content cannot be used."},
    503: {"model": Problem, "description": "Too many requests wait, or the answer took too long."},
}
