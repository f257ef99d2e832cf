"""The layers hold, the exported names are the promised ones, and nothing heavy loads before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import classmark
from classmark import errors

HEAVY = ("torch", "timm", "transformers", "torchvision", "lightning_fabric", "lightning", "sklearn", "scipy", "pandas")


def loaded_by(code: str) -> set[str]:
    """The heavy packages that are loaded after running this code in a fresh interpreter."""
    script = f"{code}\nimport sys; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_layers_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    root = Path(__file__).parents[2]
    done = subprocess.run([str(lint), "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_prediction_waits_for_no_library_that_it_does_not_use() -> None:
    assert not loaded_by("import classmark.inference.classifier, classmark.inputs.subwords") & {
        "sklearn",
        "scipy",
        "timm",
    }


def test_exported_names() -> None:
    assert classmark.__all__ == [
        "ClassmarkError",
        *(
            "Run",
            "__version__",
            "audit",
            "compare",
            "compare_estimators",
            "export",
            "find_label_errors",
            "judge",
            "judge_estimator",
            "judge_matrix",
            "judge_parts",
            "load",
        ),
        *("mix", "plan", "predict", "read", "serve", "study", "train", "tune"),
    ]
    assert set(dir(classmark)) == set(classmark.__all__)
    for name in classmark.__all__:
        assert getattr(classmark, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'tain'"):
        _ = classmark.tain


def test_error_tree() -> None:
    tree = {
        errors.RecipeError: errors.ClassmarkError,
        errors.InputError: errors.ClassmarkError,
        errors.PredictionsError: errors.InputError,
        errors.RunError: errors.ClassmarkError,
        errors.MissingExtraError: errors.ClassmarkError,
        errors.Interrupted: errors.ClassmarkError,
    }
    for error, parent in tree.items():
        assert error.__bases__ == (parent,)
        assert error.__name__ in (errors.__doc__ or "")


LIGHT = """
import classmark
import classmark.cli.main
import classmark.api, classmark.cli.judge, classmark.cli.compare
import classmark.recipes.load
import classmark.predictions, classmark.reading.side, classmark.reading.values, classmark.runs
import classmark.shown.judgement, classmark.shown.comparisons
import classmark.judging.judge, classmark.judging.comparisons.compare, classmark.judging.published
import classmark.report.page, classmark.report.screen
import classmark.data
import classmark.baselines
import classmark.studies.folder, classmark.cli.study
import classmark.cli.tune
"""


def test_nothing_heavy_at_start() -> None:
    """One process imports all, and says after which line something heavy was there first."""
    script = (
        f"import sys\nfor line in {LIGHT.strip().splitlines()!r}:\n"
        f"    exec(line)\n    heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    if heavy:\n        sys.exit(f'{line}: {heavy}')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_line_starts_light() -> None:
    code = "import sys; sys.argv = ['classmark', '--help']\nfrom classmark.cli.main import run\nrun(['--help'])"
    script = (
        f"{code}\nassert not {{'polars', 'numpy', 'pydantic', 'yaml', 'altair'}} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)


def test_the_set_up_imports_torchvision_and_timm() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", "import torchvision, timm"], check=True)


def test_the_repository_names_no_package_host() -> None:
    root = Path(__file__).parents[2]
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split()
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org"]
    texts = {name: (root / name).read_text(errors="ignore") for name in listed if (root / name).is_file()}
    assert [name for name, text in texts.items() if any(host in text for host in hosts)] == []
