"""The predictions that the functions are given, as the sides that they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classmark.errors import InputError, RunError
from classmark.reading.options import ReadOptions, read_options

if TYPE_CHECKING:
    from classmark.predictions import Predictions
    from classmark.reading.side import Side

VALUE_WORDS = ("labels", "probabilities", "predicted", "ids", "groups", "weights", "columns")


def one_side(predictions: Any, given: Mapping[str, Any], words: dict[str, Any]) -> tuple[Side, dict[str, Any]]:
    """The side to judge, and the options with what is said about columns."""
    from classmark.reading.side import open_side
    from classmark.reading.values import Values

    if _is_whole(predictions, given):
        named = {name: given[name] for name in ("probabilities", "predicted", "weights") if given[name] is not None}
        values = [name for name in ("ids", "groups", "columns") if given[name] is not None]
        if values:
            raise InputError(
                f"{type(predictions).__name__} has its own columns.", f"Leave {values[0]} out.", argument=values[0]
            )
        for name, value in named.items():
            if not isinstance(value, str) and (name != "probabilities" or not _names_columns(value)):
                raise InputError(f"{type(value).__name__} beside a table: name its column instead.", argument=name)
        words = words | named
        return open_side(predictions, read_options(words)), words
    for name in ("label", "id", "group", "labels", "where", "missing_label", "labels_only"):
        if words.get(name):
            raise InputError("it is for files and frames; values in memory have no columns.", argument=name)
    values_given = Values(predictions, **{name: given[name] for name in VALUE_WORDS if name != "labels"})
    return open_side(values_given, read_options(words)), words


def _is_whole(predictions: Any, given: Mapping[str, Any]) -> bool:
    """Whether a table is given with all its columns, and not just the labels."""
    from classmark.judging.judgement import Judgement
    from classmark.predictions import Predictions
    from classmark.reading.arrays import is_frame
    from classmark.reading.side import Side
    from classmark.run import Run
    from classmark.runs import RunFiles

    if isinstance(predictions, str | Path):
        return True
    scores, decisions = given["probabilities"], given["predicted"]
    if is_frame(predictions) or isinstance(predictions, Mapping):
        return (scores is None or _names_columns(scores)) and (decisions is None or isinstance(decisions, str))
    return isinstance(predictions, Predictions | Side | RunFiles | Run | Judgement)


def _names_columns(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(one, str) for one in value)


def several_sides(command: str, models: Sequence[Any], by: str | None, said: ReadOptions) -> tuple[Side, ...]:
    """The sides of two or more models, or of one file that holds them all."""
    from classmark.judging.comparisons.multiple import LETTERS
    from classmark.reading.side import open_side, side_parts

    if by is not None:
        if len(models) > 1:
            raise InputError("it names the models of one file, but several are given.", "Give one.", argument="by")
        sides = tuple(side_parts(models[0], by, said).values())
    else:
        letters = [*LETTERS, *(f"model {number}" for number in range(len(LETTERS) + 1, len(models) + 1))]
        sides = tuple(open_side(one, said, letter) for letter, one in zip(letters, models, strict=False))
    if len(sides) < 2:
        raise InputError(f"{command}: one set of predictions.", "Give two or more, on the same rows.")
    if len(sides) > len(LETTERS):
        raise InputError(f"{command}: {len(sides)} sets of predictions.", f"Give two to {len(LETTERS)}.")
    return sides


def names_of(sides: Sequence[Side], names: Sequence[str] | None) -> tuple[str, ...]:
    """What the models are called, each by another name."""
    from classmark.judging.comparisons.multiple import LETTERS

    if isinstance(names, str) or (names is not None and len(names) != len(sides)):
        count = 1 if isinstance(names, str) else len(names or ())
        raise InputError(
            f"{count} name{'s' * (count != 1)} for {len(sides)} models.", "Give one name per model.", argument="names"
        )
    if names:
        return tuple(names)
    called = [side.name for side in sides]
    if len(set(called)) < len(called):  # two runs of one name in different folders
        called = [str(side.run.path) if side.run is not None else side.name for side in sides]
    return tuple(called if len(set(called)) == len(called) else LETTERS[: len(sides)])


def held_out_of(given: Any, sides: Sequence[Side], by: str | None, said: ReadOptions) -> list[Predictions]:
    """The validation table of each side: the given ones in their order, else its own."""
    from classmark.reading.side import open_side, side_parts

    listed = given if isinstance(given, list | tuple) else [] if given is None else [given]
    if by is not None and listed:
        if len(listed) != 1:
            raise InputError(
                "one file holds all models.", "Give one with their validation rows.", argument="validation"
            )
        parts = side_parts(listed[0], by, said)
        if absent := [side.name for side in sides if side.name not in parts]:
            raise InputError(f'no row is of "{absent[0]}".', "Give rows of every model.", argument="validation")
        return [parts[side.name].table for side in sides]
    lacking = [side for side in sides if side.validation is None]
    wanted = sides if len(listed) == len(sides) else lacking
    if len(listed) != len(wanted):
        problem = (
            f"{len(listed)} for {len(sides)} models" if listed else f"{lacking[0].name} has none to fit a mixture on"
        )
        raise InputError(
            f"{problem}.", "Give one per model, in their order; runs bring their own.", argument="validation"
        )
    opened = iter([open_side(one, said, "validation") for one in listed])
    given_tables = (one.validation if one.run and one.validation else one.table for one in opened)
    own = {id(side): side.validation for side in sides if not any(side is one for one in wanted)}
    return [own.get(id(side)) or next(given_tables) for side in sides]


def validation_of(given: Any, words: Mapping[str, Any], side: Side) -> Any:
    """The table of the validation rows, read with the same options."""
    from classmark.reading.side import open_side
    from classmark.reading.values import Values

    if isinstance(given, Mapping) and "labels" in given and not isinstance(given["labels"], str):
        unknown = [name for name in given if name not in VALUE_WORDS]
        if unknown:
            raise InputError(
                f"a dictionary of {', '.join(VALUE_WORDS)}; it has {', '.join(given)}.", argument="validation"
            )
        values: Any = Values(**given)
    elif isinstance(given, tuple | list):
        if len(given) != 2:
            raise InputError(
                "give (labels, probabilities) of the validation rows, a dictionary of arguments, or a file.",
                argument="validation",
            )
        labels, scores = given
        values = Values(labels, scores) if side.table.has_probabilities else Values(labels, predicted=scores)
    else:
        return open_side(given, read_options(words), "validation").table
    said = read_options({name: words.get(name) for name in ("classes", "positive", "logits", "rescale")})
    named = said if said.classes else said.with_(classes=side.table.classes)
    return open_side(values, named, "validation").table


def unlabelled_of(
    given: Any, predictions: Any, arrays: Mapping[str, Any], words: Mapping[str, Any], side: Side
) -> Predictions:
    """The table of the rows without labels, read as the labelled ones are."""
    from classmark.reading.unlabelled import open_unlabelled
    from classmark.reading.values import Values

    judged: Any = predictions
    if not _is_whole(predictions, arrays):
        judged = Values(predictions, arrays["probabilities"])
        if arrays["predicted"] is not None or arrays["probabilities"] is None:
            raise InputError("it goes with probabilities alone.", "Leave predicted out.", argument="unlabelled")
    return open_unlabelled(given, judged, side, read_options(words))


def check_same_split(sides: Iterable[Side]) -> None:
    """Refuse a finished run against an unfinished one, which has predictions of validation only."""
    of_runs = [side for side in sides if side.run is not None]
    finished = next((side.run for side in of_runs if side.table.split == "test"), None)
    for side in of_runs:
        assert side.run is not None
        if finished is not None and side.table.split == "validation":
            raise RunError(
                f"{side.run.path}: the run is unfinished and has no test predictions, as {finished.path} has. "
                f"Finish it: classmark train --resume {side.run.path}"
            )
