"""A run as Python users hold it: what its folder contains, read whenever it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from classmark.errors import InputError, PredictionsError, RecipeError, RunError
from classmark.runs.folder import RunFiles, open_run
from classmark.runs.history import read_history
from classmark.runs.status import read_status

if TYPE_CHECKING:
    from classmark.predictions import Predictions
    from classmark.recipes.schema import Recipe
    from classmark.shown.judgement import ShownJudgement

SPLITS = ("validation", "test")


class Run:
    """A run folder; `classmark.train` returns one.

    Args:
        path: the folder.

    Attributes:
        files: the paths in the folder; `run.files.judgement` is where `judgement.json` is.

    Raises:
        RunError: the folder is no run folder. All that is read from it later raises RunError too, if it is missing or
            damaged.

    Example:
        >>> import classmark
        >>> run = classmark.train("text-csv", data__path="reviews.csv")  # doctest: +SKIP
        >>> run.state, run.judgement.metrics["accuracy"].value  # doctest: +SKIP
        ('done', 0.9132)
    """

    def __init__(self, path: str | Path) -> None:
        if not isinstance(path, str | Path):
            raise InputError(f"{type(path).__name__} is no path of a run folder.", argument="path")
        self.files: RunFiles = open_run(Path(path))

    @property
    def path(self) -> Path:
        return self.files.path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.files.name

    @property
    def state(self) -> str:
        """`running`, `done`, `interrupted` or `failed`; `killed` if its process is gone, `missing` without a status."""
        return read_status(self.files).state_now

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe; running it again repeats the run."""
        from classmark.recipes import load_recipe

        try:
            return load_recipe(str(self.files.recipe))
        except RecipeError as error:
            problem = str(error).splitlines()[0]
            raise RunError(f"{self.path}: the recipe cannot be used ({problem.rstrip('.')}).") from None

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row per epoch or evaluation: losses, accuracies, learning rate."""
        return read_history(self.files)

    @property
    def judgement(self) -> ShownJudgement:
        """The judgement, with the tables that it was made from if they are there."""
        from classmark.judging.judgement import read_judgement
        from classmark.shown.judgement import shown

        if not self.files.judgement.exists():
            raise RunError(f"{self.path}: the run is not judged yet.", self._how_to_finish)
        judgement = read_judgement(self.files.judgement)
        tables = {split: self.predictions(split) for split in self._splits}
        judged = tables.get(judgement.split or "")
        return shown(judgement, judged, None if judgement.split == "validation" else tables.get("validation"))

    def predictions(self, split: str = "test") -> Predictions:
        """The predictions of the run's model on a split: `test` or `validation`."""
        path = self.files.predictions(split)
        if not path.exists():
            there = f"It has {' and '.join(self._splits)}." if self._splits else self._how_to_finish
            raise RunError(f'{self.path}: there are no predictions for the split "{split}".', there)
        return _read_table(path)

    def baselines(self, split: str = "test") -> dict[str, Predictions]:
        """Baseline name → its predictions on a split; empty if the run has none."""
        return {name: _read_table(path) for name, path in self.files.baselines(split).items()}

    @property
    def mixture(self) -> Predictions | None:
        """The test predictions of the mixture of model and linear baseline; None if the recipe asks for none."""
        return _read_table(self.files.mixture) if self.files.mixture.exists() else None

    @property
    def _splits(self) -> list[str]:
        return [split for split in SPLITS if self.files.predictions(split).exists()]

    @property
    def _how_to_finish(self) -> str:
        return f"Finish it: classmark train --resume {self.path}"

    def __repr__(self) -> str:
        try:
            said = self.state
            if self.files.judgement.exists():
                said += f", {self._headline}"
        except RunError:
            said = "damaged"
        return f"<Run {self.path}: {said}>"

    @property
    def _headline(self) -> str:
        """Such as `accuracy 88.82% on test`."""
        from classmark.judging.judgement import read_judgement

        judgement = read_judgement(self.files.judgement)
        accuracy = judgement.metrics.get("accuracy")
        if accuracy is None or accuracy.value is None:
            return "judged"
        return f"accuracy {accuracy.value:.2%} on {judgement.split}"


def _read_table(path: Path) -> Predictions:
    from classmark.predictions import read

    try:
        return read(path)
    except PredictionsError as error:
        raise RunError(str(error)) from None
