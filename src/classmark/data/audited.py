"""Audit a recipe's data, or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classmark.errors import InputError

if TYPE_CHECKING:
    from classmark.data.audit_rows import Material


def audited_rows(inputs: Sequence[str], columns: Mapping[str, Any]) -> Material:
    """The rows that the words of the command line name: a recipe and changes to it, or files.

    Raises:
        ClassmarkError: there is no such recipe or file, or it cannot be read.
    """
    from classmark.data.audit_rows import file_rows, recipe_rows
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
        return file_rows([Path(name) for name in inputs], columns)
    except InputError as error:
        raise InputError(_with_options(str(error))) from None


def _with_options(message: str) -> str:
    """A message about a recipe's keys as one about this command's options."""
    for name in ("text", "label", "image", "id"):
        key = f"data.{name}_column"
        message = message.replace(f"{key}=…", f"--{name} …").replace(key, f"--{name}")
    return message
