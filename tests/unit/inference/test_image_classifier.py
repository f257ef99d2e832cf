"""A saved image model: alone enough to predict, the same in any company, and what is said where something is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import classmark
from classmark.errors import ClassmarkError, InputError, MissingExtraError, RunError
from classmark.inference.classifier import Classifier, load, save
from classmark.inputs.examples import ImageShape
from classmark.inputs.images import ImageEncoder
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import Backbone, Recipe
from classmark.runs.mixture import write_mixture

RECIPE = Recipe.model_validate(
    {"name": "small", "data": {"source": "digits"}, "input": {"size_px": 16}, "model": {"backbone": "test_resnet"}}
)
CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    generator, folder = np.random.default_rng(2), tmp_path_factory.mktemp("photos")
    paths = [folder / f"{number}.{'jpg' if number % 2 else 'png'}" for number in range(7)]
    for number, path in enumerate(paths):
        pixels = generator.integers(0, 256, (18 + number, 30 - number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    assert isinstance(RECIPE.model, Backbone)
    model = build_model(RECIPE.model, ImageShape(16), 3)
    initialise(model, 1)
    return Classifier(model.eval(), ImageEncoder(18, 16, "bilinear"), CLASSES)


@pytest.fixture
def folder(classifier: Classifier, tmp_path: Path) -> Path:
    assert isinstance(classifier.model, BackboneClassifier)
    save(classifier, RECIPE, classifier.model.shape, tmp_path / "model")
    return tmp_path / "model"


def test_an_image_has_the_same_probabilities_in_any_company(classifier: Classifier, photos: list[Path]) -> None:
    together = classifier.predict_proba(photos)
    assert together.shape == (7, 3)
    alone = np.concatenate([classifier.predict_proba([path]) for path in photos])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(classifier.predict_proba(photos[::-1] * 40)[:7], together[::-1], atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-6)
    assert np.abs(together - together[0]).max() > 1e-3


def test_paths_bytes_and_pixels_have_the_same(classifier: Classifier, photos: list[Path]) -> None:
    expected = classifier.predict_proba(photos)
    contents = [path.read_bytes() for path in photos]
    arrays = [np.asarray(Image.open(path)) for path in photos]
    for inputs in (list(map(str, photos)), contents, arrays):
        np.testing.assert_array_equal(classifier.predict_proba(inputs), expected)


def test_no_images_give_no_rows(classifier: Classifier) -> None:
    assert classifier.predict_proba([]).shape == (0, 3)


def test_the_folder_model_alone_predicts_the_same(classifier: Classifier, folder: Path, photos: list[Path]) -> None:
    for again in (load(folder), load(folder.parent), classmark.load(str(folder.parent))):
        assert (again.kind, again.classes, again.encoder) == ("images", CLASSES, classifier.encoder)
        np.testing.assert_array_equal(again.predict_logits(photos), classifier.predict_logits(photos))
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "preprocessing.json", "weights.safetensors"]


def test_the_description_says_what_the_weights_do_not(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text())
    printout = content.pop("printout")
    assert "conv1" in printout
    assert content == {
        "schema_version": 2,
        "kind": "backbone",
        "classes": ["a", "b", "c"],
        "shape": {
            "size_px": 16,
            "preprocessing": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear"},
        },
        "parameters": content["parameters"],
        "predict_precision": "fp32",
        "model": RECIPE.model.model_dump(mode="json"),
        "input": RECIPE.input.model_dump(mode="json"),
    }
    assert content["parameters"] > 100_000


@pytest.mark.parametrize("file", ["weights.safetensors", "model.json", "preprocessing.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff" * 40, None])
def test_a_damaged_or_missing_file_is_refused_in_one_sentence(folder: Path, file: str, content: bytes | None) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(ClassmarkError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_one_input_is_no_list(classifier: Classifier, photos: list[Path]) -> None:
    for one, what in (
        (str(photos[0]), "str"),
        (photos[0], type(photos[0]).__name__),
        (photos[0].read_bytes(), "bytes"),
    ):
        with pytest.raises(InputError) as caught:
            classifier.predict_proba(one)
        assert str(caught.value) == f"{what}: give a list, even of one: predict_proba([…])"


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_image_is_named(classifier: Classifier, photos: list[Path], missing: object) -> None:
    with pytest.raises(InputError) as caught:
        classifier.predict([photos[0], photos[1], missing])
    assert str(caught.value) == "row 3: the image is missing."


def test_one_array_of_pixels_is_a_list_of_images(classifier: Classifier) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    np.testing.assert_array_equal(classifier.predict(pixels), classifier.predict(list(pixels)))


def test_without_timm_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError) as caught:
        load(folder)
    assert str(caught.value) == 'model.backbone needs the package "timm": pip install "classmark[images]"'


def without(package: str, *lines: str) -> list[str]:
    """What is printed by commands, a line of words each, and by Python where the package is not installed."""
    commands = "\n".join(f"print(run({line.split()!r}))" for line in lines)
    code = f"import sys; sys.modules[{package!r}] = None\nfrom classmark.cli.main import run\n{commands}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2"] * len(lines), done.stderr
    return done.stderr.splitlines()


def test_without_torch_the_extra_of_the_kind_is_named(folder: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "recipe.yaml").write_text("name: x\ndata: {source: digits}\n")
    assert without(
        "torch", "train digits-quick", "train reviews-quick", f"train --resume {begun}",
        f"predict {folder} a.png --out p.csv", f"predict {folder.parent} a.png --out p.csv",
        "predict nowhere a.csv --out p.csv",
    ) == [
        'error: Training needs the package "torch": pip install "classmark[images]"',
        'error: Training needs the package "torch": pip install "classmark[text]"',
        'error: Training needs the package "torch": pip install "classmark[images]"',
        'error: Predicting needs the package "torch": pip install "classmark[images]"',
        'error: Predicting needs the package "torch": pip install "classmark[images]"',
        'error: Predicting needs the package "torch": pip install "classmark[text]"',
    ]  # fmt: skip


def test_images_do_without_tokenizers_and_texts_name_the_extra(
    folder: Path, tmp_path: Path, photos: list[Path]
) -> None:
    """Everything that an image run imports loads without the packages of the extra `text`."""
    (tmp_path / "t.csv").write_text("text,label\n" + "".join(f"word {row},{'ab'[row % 2]}\n" for row in range(40)))
    code = (
        "import sys; sys.modules['tokenizers'] = None\n"
        "import classmark.training\n"
        "from classmark.cli.main import run\n"
        f"print(run(['predict', {str(folder)!r}, {str(photos[0])!r}, '--out', {str(tmp_path / 'p.csv')!r}]))\n"
        f"print(run(['train', 'text-csv', 'data.path={tmp_path / 't.csv'}', '--out', {str(tmp_path / 'run')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(tmp_path / "p.csv"), "0", "2"], done.stderr
    assert done.stderr.splitlines() == [
        "1 row", 'error: input.kind: text needs the package "tokenizers": pip install "classmark[text]"'
    ]  # fmt: skip


def test_the_mixture_of_an_image_model_is_judged_alone(folder: Path) -> None:
    fitted = {"split": "validation", "rows": 9}
    biases = dict.fromkeys(CLASSES, 0.0)
    write_mixture(folder, {"weights": {"model": 0.5, "linear": 0.5}, "biases": biases, "fitted_on": fitted})
    with pytest.raises(RunError) as caught:
        classmark.load(folder, mixture=True)
    assert str(caught.value) == (
        f"{folder}: the mixture of this run cannot predict: a run does not keep the baseline of images. "
        "Predict without mixture=True."
    )
