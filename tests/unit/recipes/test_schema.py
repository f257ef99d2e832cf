"""Keys that belong to another source or kind: refused where they would be ignored, harmless at their default."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.errors import RecipeError
from classmark.recipes import dump_recipe, load_recipe
from classmark.recipes.schema import IMAGE_SOURCES, READ_BY, Data, Recipe


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
    own = [
        name
        for name, readers in READ_BY.items()
        if source in readers and name not in ("parts", "quoting", "unlabelled")
    ]
    path.write_text(f"name: x\ndata: {{source: {source}, {', '.join(f'{name}: mine' for name in own)}}}\n")
    recipe = load_recipe(str(path))
    path.write_text(dump_recipe(recipe))
    assert all(f"  {name}:" in path.read_text() for name in Data.model_fields)
    assert load_recipe(str(path)) == recipe


def recipe(path: Path, text: str, *changes: str) -> Recipe:
    path = path / "r.yaml"
    path.write_text(text)
    return load_recipe(str(path), list(changes))


def refusal(path: Path, text: str, *changes: str) -> str:
    with pytest.raises(RecipeError) as caught:
        recipe(path, text, *changes)
    return str(caught.value).replace(str(path / "r.yaml"), "r.yaml")


DIGITS = "name: x\ndata: {source: digits}\n"


@pytest.mark.parametrize("source", [*IMAGE_SOURCES, "imdb", "movie-reviews", "table", "huggingface"])
def test_kinds_follow_from_the_source(source: str, tmp_path: Path) -> None:
    kinds = ("images", "backbone") if source in IMAGE_SOURCES else ("text", "bilstm")
    found = recipe(tmp_path, f"name: x\ndata: {{source: {source}}}\ntrain: {{epochs: 2}}\n")
    assert (found.input.kind, found.model.kind) == kinds
    assert load_recipe(str(tmp_path / "r.yaml"), [f"input.kind={kinds[0]}", f"model.kind={kinds[1]}"]) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            DIGITS + "input:\n  kind: text\n",
            'r.yaml, line 4: input.kind is "text", but data.source digits has images; set it to images.',
        ),
        (
            "name: x\ndata: {source: imdb}\ninput: {kind: images}\n",
            'r.yaml, line 3: input.kind is "images", but data.source imdb has texts; set it to text.',
        ),
        (
            DIGITS + "model: {kind: bilstm}\n",
            'r.yaml, line 3: model.kind is "bilstm", but data.source digits has images; set it to backbone.',
        ),
        (
            DIGITS + "input:\n  kind: image\n",
            'r.yaml, line 4: input.kind: there is no kind "image"; there are text, subwords, images. Did you mean "images"?',
        ),
        (
            DIGITS + "input:\n  max_tokens: 3\n",
            "r.yaml, line 4: input.max_tokens: unknown key. Known here: kind, size_px, grow_from_px, augmentation.",
        ),
        (DIGITS + "input: text\n", 'r.yaml, line 3: input: "text": a section of keys is expected.'),
    ],
)
def test_kinds_that_do_not_fit(text: str, said: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text) == said


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("augmentation.shift_px", "2"),
        ("augmentation.crop_scale", "[0.5, 1.0]"),
        ("augmentation.randaugment", "1"),
        ("augmentation.erasing", "0.1"),
        ("augmentation.mixup", "0.2"),
        ("augmentation.cutmix", "1.0"),
        ("grow_from_px", "32"),
    ],
)
def test_a_classifier_alone_sees_only_mirrored_images(key: str, value: str, tmp_path: Path) -> None:
    text = DIGITS + "model: {tune: head}\n"
    assert refusal(tmp_path, text, f"input.{key}={value}", "input.augmentation.flip=true") == (
        "r.yaml, line 3: model.tune: head computes the features of every image once, plain and mirrored; "
        f"leave out input.{key}, or tune a stage or more."
    )
    for tune in ("all", "1"):
        recipe(tmp_path, text, f"model.tune={tune}", f"input.{key}={value}")
    recipe(tmp_path, text, "input.augmentation.flip=true")


def test_images_have_no_tokens_to_count(tmp_path: Path) -> None:
    assert refusal(tmp_path, DIGITS + "train:\n  token_budget: 900\n") == (
        "r.yaml, line 4: train.token_budget: images have no tokens to count; leave it out and set train.batch_size."
    )


def test_images_grow_to_their_size(tmp_path: Path) -> None:
    assert refusal(tmp_path, DIGITS + "input:\n  size_px: 64\n  grow_from_px: 96\n") == (
        "r.yaml, line 3: input: grow_from_px: 96 is more than size_px, 64; give a smaller one."
    )
    for size in (8, 63, 64):
        recipe(tmp_path, DIGITS, f"input.grow_from_px={size}", "input.size_px=64")
    assert "input.grow_from_px: 7: " in refusal(tmp_path, DIGITS, "input.grow_from_px=7")


@pytest.mark.parametrize("scale", ["[0.0, 1.0]", "[0.5, 1.1]", "[0.9, 0.5]", "[-0.1, 0.5]"])
def test_spans_that_are_none(scale: str, tmp_path: Path) -> None:
    change = f"input.augmentation.crop_scale={scale}"
    assert refusal(tmp_path, DIGITS, change) == (
        f'override "{change}": input.augmentation.crop_scale: {scale}: two shares of the area are expected, '
        "from and to, such as [0.35, 1.0]."
    )


@pytest.mark.parametrize("scale", ["[0.35, 1.0]", "[1.0, 1.0]", "[0.5, 0.5]", "null"])
def test_spans(scale: str, tmp_path: Path) -> None:
    found = recipe(tmp_path, DIGITS, f"input.augmentation.crop_scale={scale}")
    path = tmp_path / "again.yaml"
    path.write_text(dump_recipe(found))
    assert load_recipe(str(path)) == found


def test_a_run_that_keeps_its_last_epoch_has_no_patience(tmp_path: Path) -> None:
    assert refusal(tmp_path, f"{DIGITS}train: {{keep: last, patience: 3}}\n") == (
        "r.yaml, line 3: train: patience: 3 stops by the validation loss, and keep: last trains every epoch; leave one of "
        "them out."
    )
