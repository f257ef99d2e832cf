"""What a user says about predictions that other tools made; whatever is not said is decided from the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from classmark.errors import InputError, Option, nearest
from classmark.reading.classes import spelled


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about a table; what is None is decided from names, types and values.

    Attributes:
        label: column of the true class.
        id: column of the row's own name.
        predicted: column of the predicted class. Accuracy, F1 and the confusion matrix then come from it.
        probabilities: columns of probabilities, one per class; or one score, or one column of lists.
        group: column of what rows belong to.
        weights: column of how much each row counts.
        classes: class names, in the order of the probabilities.
        positive: the positive class of two; a single score is its probability, unless the score's name says otherwise.
        logits: the scores are logits.
        labels_only: leave probabilities and scores aside.
        rescale: divide probabilities by their sum where rounding has moved it away from one.
        missing_label: a word in the label column that means "no label".
        where: column and value of the rows to read; several must all hold.
        labels: a second file with the true classes, joined by id.

    Raises:
        InputError: a class has an empty name, or two options exclude each other.
    """

    label: str | None = None
    id: str | None = None
    predicted: str | None = None
    probabilities: tuple[str, ...] | None = None
    group: str | None = None
    weights: str | None = None
    classes: tuple[str, ...] | None = None
    positive: str | None = None
    logits: bool = False
    labels_only: bool = False
    rescale: bool = False
    missing_label: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    labels: Path | None = None

    def __post_init__(self) -> None:
        if self.classes is not None:
            names = [spelled(name) for name in self.classes]
            if None in names:
                place = names.index(None) + 1
                raise InputError(f"name {place} of {len(names)} is empty.", "Name every class.", argument="classes")
            if len(set(names)) < len(names):
                raise InputError(f"a class is named twice in {', '.join(self.classes)}.", argument="classes")
            object.__setattr__(self, "classes", tuple(names))
        if self.positive is not None:
            object.__setattr__(self, "positive", spelled(self.positive))
        roles = {"label": self.label, "predicted": self.predicted, "group": self.group, "weights": self.weights}
        for place, (name, column) in enumerate(roles.items()):
            other = next((role for role in list(roles)[:place] if column is not None and roles[role] == column), None)
            if other is not None:
                raise InputError(f'"{column}" is named as {other} too.', "Name two columns.", argument=name)
        for name, column in (roles | {"id": self.id}).items():
            if column is not None and column in (self.probabilities or ()):
                raise InputError(f'"{column}" is named as probabilities too.', "Name two columns.", argument=name)
        if self.labels_only and (self.probabilities or self.logits):
            scores = Option("probabilities") if self.probabilities else Option("logits", True)
            raise InputError(("Use either ", scores, " or ", Option("labels_only", True), ", not both."))

    def with_(self, **changes: Any) -> ReadOptions:
        """The same options but for some."""
        return replace(self, **changes)

    @property
    def names_columns(self) -> bool:
        """Whether anything is said about the columns, which a table of classmark's own does not need."""
        return self.with_(positive=None) != ReadOptions()


class FileWords(TypedDict, total=False):
    """The options of a file as a caller writes them; `ReadOptions` says what each means."""

    label: str | None
    id: str | None
    group: str | None
    positive: Any
    logits: bool
    labels_only: bool
    rescale: bool
    missing_label: Any
    where: Mapping[str, Any] | None
    labels: str | Path | None


class ReadWords(FileWords, total=False):
    """The same with those that also describe values in memory."""

    predicted: str | None
    probabilities: str | Sequence[str] | None
    weights: str | None
    classes: Sequence[Any] | None


def read_options(words: Mapping[str, Any]) -> ReadOptions:
    """The options that a caller's words mean.

    Raises:
        InputError: there is no such option, or its value is of another type.
    """
    known = ReadWords.__optional_keys__
    for name in words:
        if name not in known:
            raise InputError(f'there is no argument "{name}".', nearest(name, known).strip())
    said = {name: value for name, value in words.items() if value is not None}
    if "classes" in said:
        said["classes"] = _class_list(said["classes"])
    if "probabilities" in said:
        names = said["probabilities"]
        said["probabilities"] = (names,) if isinstance(names, str) else tuple(str(name) for name in names)
    for name in ("positive", "missing_label"):
        if name in said:
            said[name] = str(said[name])
    if "where" in said:
        if not isinstance(said["where"], Mapping):
            raise InputError('give a dictionary, such as {"split": "test"}.', argument="where")
        said["where"] = tuple((str(column), str(value)) for column, value in said["where"].items())
    if "labels" in said:
        if not isinstance(said["labels"], str | Path):
            raise InputError("give the path of a file with the true classes.", argument="labels")
        said["labels"] = Path(said["labels"])
    return ReadOptions(**said)


def _class_list(classes: Any) -> tuple[str, ...]:
    if isinstance(classes, str):
        raise InputError('give a list of names, such as ["negative", "positive"], not one text.', argument="classes")
    if isinstance(classes, set | frozenset):
        raise InputError(
            "a set has no order; give a list of names in the order of the probabilities.", argument="classes"
        )
    if not isinstance(classes, Iterable):
        raise InputError(f"{type(classes).__name__} is not a list of names.", argument="classes")
    return tuple(str(name) for name in classes)


def read_where(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The conditions in words such as `split=test`.

    Raises:
        InputError: a word is no condition.
    """
    found = []
    for word in words:
        column, sign, value = word.partition("=")
        if not sign or not column.strip():
            raise InputError(f'"{word}" is not COLUMN=VALUE, such as split=test.', argument="where")
        found.append((column.strip(), value.strip()))
    names = [column for column, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f'"{twice}" is named twice, and no row has both values.',
            "To judge each value, use the option by.",
            argument="where",
        )
    return tuple(found)
