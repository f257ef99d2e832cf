"""Audit a recipe's data, or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classmark.errors import InputError, Key, Message, Option

if TYPE_CHECKING:
    from classmark.data.audit.rows import Material

OTHER_KEYS = ("data.image_folder", "data.image_ending", "data.quoting")


def audited_rows(inputs: Sequence[str], keys: Mapping[str, Any]) -> Material:
    """The rows that the words of the command line name: a recipe and changes to it, or files read with these keys.

    Raises:
        ClassmarkError: there is no such recipe or file, or it cannot be read.
    """
    from classmark.data.audit.rows import file_rows, recipe_rows
    from classmark.recipes import load_recipe, shipped_recipes

    first, *rest = inputs
    recipe = first in shipped_recipes() or Path(first).suffix.lower() in (".yaml", ".yml")
    if recipe:
        loaded = load_recipe(first, rest)
        return recipe_rows(loaded.data, loaded.seed)
    if Path(first).name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        raise InputError(
            f"{first}: an archive is audited through its recipe: classmark audit imdb-bilstm data.path={first}"
        )
    if not Path(first).exists():
        load_recipe(first, rest)  # says which recipes there are
    try:
        return file_rows([Path(name) for name in inputs], keys)
    except InputError as error:
        raise type(error)(_with_options(error.problem), _with_options(error.remedy), argument=error.argument) from None


def _with_options(message: Message) -> Message:
    """A message about a recipe's keys as one about the options of an audit."""
    if isinstance(message, str):
        return message
    columns = {f"data.{name}_column": name for name in ("text", "label", "image", "id")}
    return tuple(
        Option(columns[part.name], part.value and "COLUMN")
        if isinstance(part, Key) and part.name in columns
        else Option(part.name.removeprefix("data."), part.value)
        if isinstance(part, Key) and part.name in OTHER_KEYS
        else part
        for part in message
    )
