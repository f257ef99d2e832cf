"""What is wrong with a recipe or a study, in our words: one sentence per problem, with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from classmark.errors import RecipeError, nearest
from classmark.recipes.kinds import expected, kind_of
from classmark.recipes.places import At, Places, dotted
from classmark.recipes.words import shown

MOST = 10
PROPOSED = re.compile(r'(Did you mean "\w+)\.(\w+"\?)')  # a dotted key, which Python spells otherwise


def refusal(error: ValidationError, schema: type[BaseModel], places: Places) -> RecipeError:
    """The error that lists what pydantic found in the content of a recipe or a study."""
    entries = error.errors(include_url=False)
    return listed([_sentence(entry, schema, places) for entry in entries])


def listed(problems: Sequence[str]) -> RecipeError:
    """The error that lists problems: the first ten, and how many more there are."""
    different = list(dict.fromkeys(problems))
    rest = [f"… and {len(different) - MOST} more problems"] if len(different) > MOST else []
    return RecipeError("\n".join([*different[:MOST], *rest]))


def first_fault(error: ValidationError) -> str:
    """What is wrong with a file that classmark wrote itself, such as `size_px is missing`."""
    entry = error.errors(include_url=False)[0]
    key = dotted(tuple(entry["loc"]))
    return f"{key} is missing" if entry["type"] == "missing" else f"{key} is {shown(entry['input'])}"


def _sentence(entry: Any, schema: type[BaseModel], places: Places) -> str:
    sections = _sections_along(schema, tuple(entry["loc"]))
    at = tuple(part for part, _ in sections)
    said = _explained(entry, sections, schema)
    at = (*at, "kind") if entry["type"].startswith("union_tag") else at
    said = said if said.endswith((".", "?")) else f"{said}."
    named = at or tuple(said.partition(" ")[0].rstrip(":").split("."))  # of the whole recipe: it begins with a key
    place = places.of(named)
    return place.of(at, PROPOSED.sub(r"\1__\2", said) if place.names_key else said)


def _explained(
    entry: Any, sections: Sequence[tuple[str | int, type[BaseModel] | None]], schema: type[BaseModel]
) -> str:
    key = str(sections[-1][0]) if sections else ""
    holder = sections[-1][1] if sections else schema
    match entry["type"]:
        case "value_error":
            return str(entry["ctx"]["error"])
        case "missing":
            return "this key is needed"
        case "extra_forbidden":
            known = list(holder.model_fields) if holder else []
            inner = [f"{name}.{key}" for name in known if holder is schema and key in _keys_in(schema, name)]
            inner += [
                f"{name}.{rest}"
                for name in known
                if (rest := key.removeprefix(f"{name}_")) != key and holder is schema and rest in _keys_in(schema, name)
            ]
            meant = f' Did you mean "{inner[0]}"?' if len(inner) == 1 else nearest(key, known)
            return f"unknown key.{meant or ' Known here: ' + ', '.join(known) + '.'}"
        case "union_tag_invalid" | "union_tag_not_found":
            kinds = [word.strip("' ") for word in str(entry.get("ctx", {}).get("expected_tags", "")).split(",")]
            given = str(entry.get("ctx", {}).get("tag", ""))
            return f"there is no kind {shown(given)}; there are {', '.join(kinds)}.{nearest(given, kinds)}"
        case "string_pattern_mismatch":
            return (
                f"{shown(entry['input'])}: use letters, digits, dots, dashes and underscores, a letter or digit first"
            )
        case "string_too_long":
            return f"{shown(entry['input'])}: at most {entry['ctx']['max_length']} characters are expected"
        case "string_too_short":
            return "there is no value; a text is expected"
        case "invalid_key" | "string_unicode":
            return f"{shown(entry['input'])}: this cannot be the name of a key"
        case _:
            field = holder.model_fields.get(key) if holder else None
            wanted = expected(kind_of(field.annotation, field.metadata)) if field else "a section of keys"
            return f"{shown(entry['input'])}: {wanted} is expected"


def _sections_along(schema: type[BaseModel], loc: At) -> list[tuple[str | int, type[BaseModel] | None]]:
    """The parts of a place as pydantic gives it, each with the section that it is a key of.

    The kind of a section that has several stands in such a place too, and is no key of the file: it is left out.
    """
    found: list[tuple[str | int, type[BaseModel] | None]] = []
    section: type[BaseModel] | None = schema
    inner: list[type[BaseModel]] = []
    in_map = False
    for part in loc:
        kind = next((one for one in inner if str(part) in _kinds(one)), None)
        if kind is not None:
            section, inner = kind, []
        elif in_map:  # the name of an arm
            found.append((part, None))
            section, inner, in_map = inner[0], [], False
        elif part != "[key]":
            if inner:
                section, inner = inner[0], []
            found.append((part, section))
            field = section.model_fields.get(str(part)) if section else None
            inner = _sections_in(field.annotation) if field else []
            in_map = field is not None and get_origin(field.annotation) is dict and bool(inner)
            section = section if field else None
    return found


def _keys_in(schema: type[BaseModel], name: str) -> set[str]:
    """The keys of a section, of all its kinds."""
    return {key for section in _sections_in(schema.model_fields[name].annotation) for key in section.model_fields}


def _kinds(section: type[BaseModel]) -> tuple[str, ...]:
    return get_args(section.model_fields["kind"].annotation) if "kind" in section.model_fields else ()


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections_in(part)]
