"""Recipes: what a training run is made of."""

from classmark.recipes.load import dump_recipe, load_recipe, recipe_text, shipped_recipes, write_recipe

__all__ = ["dump_recipe", "load_recipe", "recipe_text", "shipped_recipes", "write_recipe"]
