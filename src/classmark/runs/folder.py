"""The paths in a run folder, one property per file.

Nothing here opens a file. Each one has one module that reads and writes it: `status`, `history` and `facts` of this
package, `recipes.load` for the recipe, `predictions` for the tables, `judging.judgement` for the judgement; of `model/`,
`runs.model`, `runs.calibration` and, for what only training needs, `models` and `inputs`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from classmark.errors import RunError


@dataclass(frozen=True)
class RunFiles:
    """The paths in a run folder; `RunFiles(path).recipe` is the path of its recipe, and so on."""

    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def data(self) -> Path:
        return self.path / "data.json"

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def timings(self) -> Path:
        return self.path / "timings.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def judgement(self) -> Path:
        return self.path / "judgement.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def status(self) -> Path:
        return self.path / "status.json"

    @property
    def prediction_cost(self) -> Path:
        return self.path / "prediction-cost.json"

    def predictions(self, split: str, baseline: str | None = None) -> Path:
        """The predictions table of a split, by the run's own model or by a baseline."""
        stem = split if baseline is None else f"baseline-{baseline}-{split}"
        return self.path / "predictions" / f"{stem}.parquet"

    @property
    def cross_validation(self) -> Path:
        """The means over folds and the run of each; only in the folder of a cross-validation."""
        return self.path / "cross-validation.json"

    @property
    def mixture(self) -> Path:
        """The test predictions of the mixture of the model and its linear baseline."""
        return self.path / "predictions" / "mixture-test.parquet"

    def baselines(self, split: str) -> dict[str, Path]:
        """Baseline name → predictions table of a split, for the baselines that were judged."""
        prefix, suffix = "baseline-", f"-{split}.parquet"
        found = sorted((self.path / "predictions").glob(f"{prefix}*{suffix}"))
        return {path.name[len(prefix) : -len(suffix)]: path for path in found}

    @property
    def name(self) -> str:
        return self.path.absolute().name


def new_run(recipe_name: str, folder: Path = Path("runs"), now: datetime | None = None) -> RunFiles:
    """An unused run folder `<recipe>-<date>-<time>-<4 letters>`; nothing is created yet."""
    stamp = (now or datetime.now()).strftime("%Y%m%d-%H%M%S")
    letters = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(4))
    return RunFiles(folder / f"{recipe_name}-{stamp}-{letters}")


def open_run(path: Path) -> RunFiles:
    """The run in a folder.

    Raises:
        RunError: there is no `recipe.yaml` in it, so it is no run folder.
    """
    run = RunFiles(path)
    if not run.recipe.is_file():
        raise RunError(f"{path}: this is not a run folder (it has no recipe.yaml). `classmark runs` lists the runs.")
    return run
