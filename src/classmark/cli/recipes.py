"""List, show and describe recipes."""

from __future__ import annotations

import typer

from classmark.cli.output import print_json
from classmark.recipes import load_recipe, recipe_text, shipped_recipes


def list_recipes() -> None:
    """Print one line per shipped recipe."""
    names = shipped_recipes()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:{width}}  {load_recipe(name).description}")


def show_recipe(name: str) -> None:
    """Print a recipe's commented YAML."""
    typer.echo(recipe_text(name), nl=False)


def show_schema() -> None:
    """Print the JSON Schema of recipes."""
    from classmark.recipes.schema import Recipe

    found = Recipe.model_json_schema()
    for entry in found["properties"].values():
        if "oneOf" in entry:  # keys that several kinds have tell no kind: the source and the model do
            entry["anyOf"] = entry.pop("oneOf")
    print_json(found)
