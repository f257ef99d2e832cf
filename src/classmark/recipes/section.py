"""What the sections of a recipe and of a study have in common: how their values are read, and types that several keys have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from classmark.recipes.kinds import LARGEST, KeyPath, kind_of
from classmark.recipes.values import read_value
from classmark.recipes.words import is_unset


class Section(BaseModel):
    """A section of the recipe: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _read_by_the_type_of_its_key(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[str(info.field_name)]
        if field.default == "" and (value == "" or is_unset(value)):
            return ""
        return read_value(kind_of(field.annotation, field.metadata), value)


PathText = Annotated[str, KeyPath("data")]
VectorsText = Annotated[str, KeyPath("vectors")]
WeightsText = Annotated[str, KeyPath("weights")]
EncoderText = Annotated[str, KeyPath("encoder")]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Amount = Annotated[float, Field(gt=0.0, le=LARGEST)]
AmountOrNone = Annotated[float, Field(ge=0.0, le=LARGEST)]
Width = Annotated[int, Field(ge=1, le=100_000)]
Weight = Annotated[float, Field(gt=0.0, le=1e6)]


def flattened(sections: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections under dotted keys: `{"loss": {"kind": "focal"}}` as `{"loss.kind": "focal"}`."""
    flat: dict[str, Any] = {}
    for key, value in sections.items():
        nested = isinstance(value, Mapping)
        flat |= flattened(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat
