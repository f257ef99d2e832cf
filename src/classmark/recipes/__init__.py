"""Recipes: what a training run is made of.

Names are resolved on first use: the schema takes 0.15 s, and a comparison of files asks only what settings differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classmark.recipes.load import dump_recipe, load_recipe, recipe_text, shipped_recipes, write_recipe

__all__ = ["dump_recipe", "load_recipe", "recipe_text", "shipped_recipes", "write_recipe"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from classmark.recipes import load

        return getattr(load, name)
    raise AttributeError(f"module 'classmark.recipes' has no attribute {name!r}")
