"""What a shell proposes while a command is typed: recipes, run folders, keys of a recipe and their values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

PACKAGE = Path(__file__).parents[1]
SHIPPED = {"recipe": "shipped", "study": "shipped_studies"}
MARKS = {"run": "recipe.yaml", "study folder": "study.yaml", "tune folder": "tune.yaml"}


def proposals(kind: str, typed: str) -> list[str]:
    """What may stand for a word that is typed so far.

    Args:
        kind: `recipe` or `study`: a shipped one's name or a YAML file; `run`, `study folder`, `tune folder`: a folder;
            `predictions`: a run or a file; `ranges`: a YAML file; `key`: a change to a recipe, such as `train.epochs=`.
        typed: so far.
    """
    if kind == "key":
        return sorted({found for found in _changes(typed) if found.startswith(typed)})
    if kind in MARKS:
        return sorted(_folders(typed, MARKS[kind]))
    if kind == "predictions":  # of a run, or any file
        return sorted({*_folders(typed, MARKS["run"]), *(str(path) for path in _beside(typed) if path.is_file())})
    if kind == "ranges":
        return sorted(_files(typed))
    names = [path.stem for path in (PACKAGE / "recipes" / SHIPPED[kind]).glob("*.yaml")]
    return sorted(name for name in names if name.startswith(typed)) + sorted(_files(typed))


def _files(typed: str) -> Iterator[str]:
    """YAML files, and folders that may hold some."""
    for path in _beside(typed):
        if path.is_dir():
            yield f"{path}/"
        elif path.suffix in (".yaml", ".yml"):
            yield str(path)


def _folders(typed: str, mark: str) -> Iterator[str]:
    """Folders that hold a file of this name, or folders that do."""
    for path in _beside(typed):
        if (path / mark).is_file():
            yield str(path)
        elif path.is_dir() and any(path.glob(f"*/{mark}")):
            yield f"{path}/"


def _beside(typed: str) -> Iterator[Path]:
    folder, _, start = typed.rpartition("/")
    where = Path(f"{folder}/") if "/" in typed else Path()
    try:
        found = sorted(where.iterdir())
    except OSError:
        return
    yield from (path for path in found if path.name.startswith(start) and not path.name.startswith("."))


def _changes(typed: str) -> Iterator[str]:
    """Every key of a recipe with its equals sign; of the key that is typed, the values that it takes."""
    from classmark.recipes.kinds import kind_of
    from classmark.recipes.schema import Recipe
    from classmark.recipes.section import Section

    def walked(section: type[Section], prefix: str) -> Iterator[str]:
        for name, field in section.model_fields.items():
            inner = sections(field.annotation)
            if inner:
                for one in inner:
                    yield from walked(one, f"{prefix}{name}.")
                continue
            key = f"{prefix}{name}="
            if not typed.startswith(key):
                yield key
                continue
            for option in kind_of(field.annotation, field.metadata).options:
                values = get_args(option.type) if get_origin(option.type) is Literal else ()
                yield from (f"{key}{value}" for value in (("true", "false") if option.type is bool else values))

    def sections(annotation: object) -> list[type[Section]]:
        if isinstance(annotation, type) and issubclass(annotation, Section):
            return [annotation]
        return [one for part in get_args(annotation) for one in sections(part)]

    return walked(Recipe, "")
