"""Which folders of an image folder hold the classes of which split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from classmark.data.split_names import SplitName, is_wrapping, split_in, split_of
from classmark.errors import InputError, Key, one_line, shortened

LabelLevel = Literal["outer", "inner"]
NUMBERED = re.compile(r"([^\W\d_]{2,})[\s._()-]*\d")  # cat.12.jpg
MOST_CLASSES_IN_NAMES = 50


class Tree:
    """Folders by name, from the root (`""`) on, with the folders and the number of images in each."""

    def __init__(self, images: Iterable[str], folders: Iterable[str]) -> None:
        self._children: dict[str, list[str]] = {}
        for folder in sorted(folders):
            parent, _, name = folder.rpartition("/")
            self._children.setdefault(parent, []).append(name)
        self._direct = Counter(name.rpartition("/")[0] for name in images)
        self._under: Counter[str] = Counter()
        for folder, count in self._direct.items():
            while folder:
                self._under[folder] += count
                folder = folder.rpartition("/")[0]
            self._under[""] += count

    def children(self, folder: str) -> list[str]:
        """The names of the folders directly in one, sorted."""
        return self._children.get(folder, [])

    def filled(self, folder: str) -> list[str]:
        """Those of them that have images somewhere."""
        return [name for name in self.children(folder) if self._under[joined(folder, name)]]

    def direct(self, folder: str) -> int:
        """How many images lie directly in a folder."""
        return self._direct[folder]

    def under(self, folder: str) -> int:
        """How many lie in it or in a folder of it."""
        return self._under[folder]


@dataclass(frozen=True)
class Layout:
    """The folders that hold the class folders of each split; `""` is the root.

    Attributes:
        root: the folder that all names are counted from: the outermost that is more than a wrapping.
        train, validation, test: from the root on.
        notes: what is left out.
    """

    root: str
    train: tuple[str, ...] = ("",)
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: frozenset[str] = field(default_factory=frozenset)


def joined(folder: str, name: str) -> str:
    """The name of a folder in another one."""
    return f"{folder}/{name}" if folder and name else folder or name


def find_layout(tree: Tree, place: str, label_level: LabelLevel | None = None) -> Layout:
    """What the folders of an image folder are.

    Folders with the names of splits are splits if they hold folders and no ordinary class stands beside them: a class of
    vehicles may be called `train`.

    Args:
        tree: the folders.
        place: the folder or zip, for messages.
        label_level: which of two levels of folders are the classes, where that was said.

    Raises:
        InputError: there are no class folders, or it is not clear which they are.
    """
    root = _root(tree)
    inner = tree.children(root)
    if not inner:
        return Layout(root)
    if label_level == "outer":
        return Layout(root)
    if label_level == "inner":
        return _inner(tree, root, place)
    splits = {name: split for name in inner if (split := split_of(name))}
    others = [name for name in tree.filled(root) if name not in splits]
    train = [name for name in inner if splits.get(name) == "train"]
    flat = [name for name in train if not tree.children(joined(root, name))]
    real = {splits[name] for name in tree.filled(root) if name in splits} - {"unlabelled"}
    if others and (not train or (flat and len(real) == 1)):  # "train" is then a class: of vehicles, say
        return _classes(tree, root, place)
    return _splits(tree, root, splits, place)


def _root(tree: Tree) -> str:
    root = ""
    while not tree.direct(root):
        inner = tree.children(root)
        if len(inner) > 1 and len(filled := tree.filled(root)) == 1 and is_wrapping(filled[0]):
            inner = filled
        if len(inner) != 1 or split_of(inner[0]) or tree.direct(joined(root, inner[0])):
            break
        root = joined(root, inner[0])
    return root


def _inner(tree: Tree, root: str, place: str) -> Layout:
    outer = tree.filled(root)
    bare = [name for name in outer if not tree.children(joined(root, name))]
    if bare:
        raise InputError(
            (Key("data.label_level"), f": {place}: {one_line(bare[0])}/ holds images but no folders."),
            ("Put them into class folders, or take the outer ones as classes: ", Key("data.label_level", "outer")),
        )
    return Layout(root, tuple(outer))


def _classes(tree: Tree, root: str, place: str) -> Layout:
    """The layout of folders of which each is a class.

    Raises:
        InputError: several hold folders of the same names, so that those may be the classes.
    """
    filled = tree.filled(root)
    unlabelled = [name for name in filled if split_of(name) == "unlabelled"]
    if len(filled) - len(unlabelled) < 2:
        unlabelled = []
    _check_same_folders(tree, root, [name for name in filled if name not in unlabelled], place)
    _check_split_words([name for name in filled if name not in unlabelled], place)
    notes = [_left_out(tree, root, name, "by its name its images have no labels") for name in unlabelled]
    notes += _deep_classes(tree, root, [name for name in filled if name not in unlabelled])
    return Layout(root, notes=tuple(notes), left_out=frozenset(unlabelled))


def _check_split_words(names: Sequence[str], place: str) -> None:
    """Refuse classes whose names differ in the word for a split alone, as `signs_train` and `signs_test` do.

    Raises:
        InputError: there are such classes.
    """
    splits: dict[str, dict[SplitName, str]] = {}
    for name in names:
        if (found := split_in(name)) is not None:
            splits.setdefault(found[0], {}).setdefault(found[1], name)
    both = next((by_split for by_split in splits.values() if len(by_split) > 1 and "train" in by_split), None)
    if both is None:
        return
    raise InputError(
        f"{place}: by their names {_listed(sorted(both.values()))} are splits and no classes.",
        (
            "Name the splits train/ and test/, with a folder for each class in them. ",
            *("If both are classes: ", Key("data.label_level", "outer")),
        ),
    )


def _deep_classes(tree: Tree, root: str, names: Sequence[str]) -> list[str]:
    """What is said where a class folder holds several folders with images, which might be classes too."""
    inside = {name: tree.filled(joined(root, name)) for name in names}
    deep = next((name for name in names if len(inside[name]) > 1), None)
    if deep is None:
        return []
    instead = " If the inner folders are the classes: data.label_level=inner" if all(inside.values()) else ""
    folders, deep = _listed(inside[deep]), one_line(deep)
    return [f"all images under {deep}/ have the label {deep}, also those in {folders}.{instead}"]


def _check_same_folders(tree: Tree, root: str, names: Sequence[str], place: str) -> None:
    inside = {name: tree.filled(joined(root, name)) for name in names}
    holders = Counter(name for found in inside.values() for name in found)
    shared = sorted(name for name, count in holders.items() if count > 1)
    alike = [
        name for name, found in inside.items() if len(found) > 1 and 2 * len(set(found) & set(shared)) >= len(found)
    ]
    if len(alike) < 2 or len(shared) < 2:
        return
    if all(map(split_of, shared)):
        split, name = shared[0], one_line(alike[0])
        remedy = f"Put the classes into the splits: {split}/{name}/ instead of {name}/{split}/."
        raise InputError(
            f"{place}: the class folders {_listed(alike)} hold the splits {_listed(shared)}.",
            (remedy, " To split all images anew: ", Key("data.label_level", "outer")),
        )
    raise InputError(
        f"{place}: {_listed(alike)} hold folders of the same names, {_listed(shared)}. Which are the classes?",
        (
            *(f"For {_listed(shared)}: ", Key("data.label_level", "inner"), f". For {_listed(alike)}: "),
            *(Key("data.label_level", "outer"), ". If they are splits, name them train/ and test/."),
        ),
    )


def _splits(tree: Tree, root: str, splits: Mapping[str, SplitName], place: str) -> Layout:
    """The layout of folders of which each is a split.

    Raises:
        InputError: there is no training split, one has no class folders, or it may be no split at all.
    """
    named = {split: [name for name in splits if splits[name] == split] for split in ("train", "validation", "test")}
    others = [name for name in tree.filled(root) if name not in splits]
    unlabelled = [name for name in tree.filled(root) if splits.get(name) == "unlabelled"]
    if not named["train"]:
        raise InputError(f"{place}: there is {min(splits)}/ but no train/. Put the training images there.")
    train = named["train"][0]
    if others and not (named["test"] or named["validation"]):
        other = one_line(others[0])
        raise InputError(
            f"{place}: beside {train}/ there is no test/, but {other}/. If that is a split, name it test/ or val/.",
            ("If both are classes: ", Key("data.label_level", "outer"), f". Else take {other}/ away."),
        )
    notes = [_left_out(tree, root, name, "its name is that of no split") for name in others]
    notes += [_left_out(tree, root, name, "by its name its images have no labels") for name in unlabelled]
    if beside := tree.direct(root):
        notes.append(
            f"{_images(beside)} beside {train}/ left out: {'it lies' if beside == 1 else 'they lie'} in no split."
        )
    parts = {split: tuple(_deeper(tree, root, name) for name in names) for split, names in named.items()}
    validation, test = parts["validation"], parts["test"]
    if validation and not test:
        validation, test = (), validation
        notes.append(
            f"{named['validation'][0]}/ is the test set, as there is no test/; validation is drawn from {train}/."
        )
    return Layout(root, parts["train"], validation, test, tuple(notes))


def _deeper(tree: Tree, root: str, name: str) -> str:
    """The folder of the class folders of a split: `train/train` or `train/images`, as some have it, else the split."""
    while not tree.direct(joined(root, name)) and len(inside := tree.filled(joined(root, name))) == 1:
        deeper = f"{name}/{inside[0]}"
        repeated = split_of(inside[0]) is not None and split_of(inside[0]) == split_of(name.rpartition("/")[2])
        # A folder `images` without folders is a class, or the images lie in no class folders.
        if not repeated and not (is_wrapping(inside[0]) and tree.children(joined(root, deeper))):
            break
        name = deeper
    return name


def classes_in_names(names: Iterable[str]) -> list[str]:
    """The classes that file names such as `cat.12.jpg` seem to begin with; none if they do not."""
    found = [NUMBERED.match(name.rpartition("/")[2]) for name in names]
    words = Counter(match[1] for match in found if match)
    usual = 1 < len(words) <= MOST_CLASSES_IN_NAMES and all(found)
    return sorted(words) if usual and min(words.values()) > 1 else []


def _left_out(tree: Tree, root: str, name: str, why: str) -> str:
    return f"{one_line(name)}/ with {_images(tree.under(joined(root, name)))} is left out: {why}."


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _listed(folders: Sequence[str]) -> str:
    names = [f"{one_line(name)}/" for name in folders]
    return f"{names[0]} and {names[1]}" if len(names) == 2 else shortened(names)
