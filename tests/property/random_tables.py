"""Random tables together with the truth about them: what the author of the file means, written down before the file is.

Everything follows from one number, the seed of the table.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from . import names as n
from .columns import Column, Precision, draw_precision
from .drawn import draw_said
from .extras import HARMLESS, draw_extras, draw_ids
from .options import contradict, draw_options
from .problem import Floats, Indices, Problem, draw_problem
from .shapes import Said

USUAL_SHARE = 0.25  # of tables that have usual names and formats only
PLAIN_FORMATS = ("csv", "tsv", "jsonl", "parquet")
FORMATS = {
    "csv": 30, "tsv": 8, "csv.gz": 5, "jsonl": 10, "json": 6, "parquet": 14, "feather": 4, "npz": 4, "csv BOM": 3,
    "csv CRLF": 3, "csv blank line": 3, "csv semicolons": 3, "csv decimal commas": 4, "parquet parts": 3,
    "csv standard input": 3, "jsonl standard input": 2, "xlsx": 4, "csv.zst": 3,
}  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """What the rows of a file mean to its author, or what an option makes of them.

    Attributes:
        names: of the C classes.
        labels: class index, shape (N,); −1 where the file has no label.
        decisions: class index, shape (N,); None where the largest probability decides.
        probabilities: shape (N, C); None where the file does not give all of them.
        ranks: shape (N, C), what orders rows by class where it is not the probabilities; else None.
        indexed: decisions are written as numbers of classes.
        refuse: nothing but a refusal is right.
    """

    names: tuple[str, ...]
    labels: Indices
    decisions: Indices | None
    probabilities: Floats | None
    ranks: Floats | None = None
    indexed: bool = False
    refuse: bool = False

    def part(self, rows: slice) -> Meaning:
        """Some of the rows."""
        cut: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[rows]
            for name in ("labels", "decisions", "probabilities", "ranks")
        }
        return replace(self, **cut)


@dataclass(frozen=True)
class Table:
    """A random table.

    Attributes:
        seed: everything follows from it.
        problem: the truth, and what the model says.
        shape: how the file says it.
        columns: of the file, in order; the judged rows first, then those for validation.
        options: what the user says to classmark, spelt as in Python.
        meaning: of all rows.
        format: of the file.
        missing: how a text file writes a missing label.
        plain: whether nothing about the table is unusual, so that classmark must read it.
        remarks: what is special about it.
        tolerance: how far two faces may be apart; numbers in 32 bits are not those of a text.
    """

    seed: int
    problem: Problem
    said: Said
    truth: str
    columns: tuple[Column, ...]
    options: dict[str, Any]
    meaning: Meaning
    format: str
    missing: str
    plain: bool
    remarks: tuple[str, ...]
    tolerance: float

    @property
    def shape(self) -> str:
        return self.said.shape

    @property
    def judged(self) -> slice:
        return slice(0, self.problem.judged)

    @property
    def held_out(self) -> slice:
        return slice(self.problem.judged, None)

    @property
    def numbered(self) -> bool:
        """Whether rows have no id."""
        return not any(column.name in n.IDS for column in self.columns)


def draw_table(seed: int) -> Table:
    """The table of a seed."""
    rng = np.random.default_rng(seed)
    usual = bool(rng.random() < USUAL_SHARE)
    problem, precision = draw_problem(rng, usual), draw_precision(rng, usual)
    said = draw_said(rng, problem, precision, usual)
    if said.truth == "" or said.labels:
        problem = replace(problem, unlabelled=np.zeros(len(problem), dtype=bool))
    labels = np.where(problem.unlabelled, -1, problem.labels)
    meaning = Meaning(problem.classes.names, labels, said.decisions, said.probabilities, said.ranks)
    remarks = [] if problem.signal > 0 else ["no signal" if problem.signal == 0 else "worse than chance"]
    label_kind, said, meaning, spelt = _spelt(rng, problem, said, meaning, 0.0 if usual else 0.1)
    said, meaning, holed = _with_hole(rng, said, meaning, 0.0 if usual else 0.03)
    remarks += [*([spelt] if spelt else []), *(["a cell without a number"] if holed else [])]
    taken = {column.name.lower() for column in said.columns}
    truth = _truth_name(rng, said, taken, n.USUAL_TRUTHS if usual else n.TRUTHS)
    written = [None if index < 0 else problem.classes.names[index] for index in labels.tolist()]
    truths = [Column(truth, [_native(name, label_kind, said) for name in written], sparse=True)] if truth else []
    extras = draw_extras(rng, problem, {*taken, truth.lower()}, harmless=usual)
    ids = draw_ids(rng, len(problem), {*taken, truth.lower(), *(column.name.lower() for column in extras)})
    columns = _in_some_order(rng, ids, truths, said.columns, extras)
    said = _as_in_file(said, columns)
    kind = _format(rng, columns, precision, PLAIN_FORMATS if usual else tuple(FORMATS))
    options = draw_options(rng, said, truth, problem.classes)
    if (said.order and not said.named and said.scored is None) and not _natural(problem):
        options["classes"] = problem.classes.names  # such names have no order that all agree on
    options, meaning, against = contradict(rng, options, meaning, said, precision, 0.0 if usual else 0.08)
    remarks += [f"against the file: {against}"] if against else []
    remarks += [f"given: {', '.join(options)}"] if options else []
    missing = "" if usual else str(rng.choice(["", "", "", "NA", "nan", "NULL", "?"]))
    if n.alike(missing) in map(n.alike, problem.classes.names):
        missing = ""
    usual_names = problem.classes.usual and said.usual and truth in n.USUAL_TRUTHS
    plain = (
        usual_names
        and precision.usual
        and not (spelt or holed or against)
        and not (missing and problem.unlabelled.any())
        and kind in (PLAIN_FORMATS if not said.shape.startswith("list") else ("jsonl", "parquet"))
        and all(column.name in HARMLESS for column in extras)
        and _enough_classes(problem, said, options)
        and (problem.signal > 0 or said.scored is None)
    )
    return Table(
        seed, problem, said, truth, columns, options, meaning, kind, missing, plain,
        (*remarks, *(["percent"] if precision.percent else [])), 1e-6 if precision.single else 1e-12,
    )  # fmt: skip


def _natural(problem: Problem) -> bool:
    """Whether the names of the classes have one order by everyone's rule."""
    names = problem.classes.names
    return problem.classes.kind != "text" or not all(name.isdigit() for name in names)


def _enough_classes(problem: Problem, said: Said, options: dict[str, Any]) -> bool:
    """Whether the labels show two classes, or all where nothing else names those of a list."""
    seen = {*problem.labels[: problem.judged][~problem.unlabelled[: problem.judged]].tolist()}
    all_named = said.named or not said.order or "classes" in options or problem.classes.kind == "int"
    return len(seen) > 1 and (all_named or len(seen) == len(problem.classes.names))


def _spelt(
    rng: Generator, problem: Problem, said: Said, meaning: Meaning, share: float
) -> tuple[str, Said, Meaning, str]:
    """How labels and decisions are written: as what kind of value, and whether both alike."""
    kind: str = problem.classes.kind
    if kind == "int":
        kind = str(rng.choice(["int", "int", "int", "text", "float"]))
    elif kind == "bool":
        kind = str(rng.choice(["bool", "bool", "text"]))
    decided, how = kind, ""
    if said.decided and said.labels is None and rng.random() < share:
        how = str(rng.choice(["as numbers of classes", "in capitals", "decomposed", "as floats", "as texts"]))
    names = problem.classes.names
    changed = {name: name for name in names}
    match how:
        case "as numbers of classes" if problem.classes.kind == "text":
            changed, decided = {name: str(index) for index, name in enumerate(names)}, "int"
            meaning = replace(meaning, indexed=True)
        case "in capitals" if len({name.upper() for name in names}) == len(names):
            changed, decided = {name: name.upper() for name in names}, "text"
        case "decomposed":
            changed = {name: unicodedata.normalize("NFD", name) for name in names}
        case "as floats" if problem.classes.kind == "int":
            decided = "float"
        case "as texts":
            decided = "text"
        case _:
            how = ""
    if all(name == value for name, value in changed.items()) and decided == kind:
        how = ""
    columns = [
        replace(column, cells=[_native(changed[name], decided, None) for name in column.cells])
        if column.name == said.decided and said.labels is None
        else column
        for column in said.columns
    ]
    return kind, replace(said, columns=columns), meaning, f"decisions {how}" if how else ""


def _native(name: str | None, kind: str, said: Said | None) -> Any:
    """A class name as a program of that kind would store it."""
    if name is None:
        return None
    if said is not None and said.labels is not None:
        return said.labels(name)
    match kind:
        case "int":
            return int(name)
        case "float":
            return float(name)
        case "bool":
            return name == "True"
    return name


def _with_hole(rng: Generator, said: Said, meaning: Meaning, share: float) -> tuple[Said, Meaning, bool]:
    """Now and then one number is missing; its row cannot be judged by probabilities."""
    plain = [index for index, column in enumerate(said.columns) if column.name in said.numbers]
    scalar = plain and all(isinstance(said.columns[index].cells[0], float) for index in plain)
    if not scalar or said.decided or rng.random() >= share:
        return said, meaning, False
    row, place = int(rng.integers(len(meaning.labels))), plain[int(rng.integers(len(plain)))]
    columns, labels = list(said.columns), meaning.labels.copy()
    cells = list(columns[place].cells)
    cells[row], labels[row] = None, -1
    columns[place] = replace(columns[place], cells=cells, sparse=True)
    return replace(said, columns=columns), replace(meaning, labels=labels), True


def _truth_name(rng: Generator, said: Said, taken: set[str], names: Sequence[str]) -> str:
    if said.truth is not None:
        return said.truth
    free = [name for name in names if name.lower() not in taken]
    return free[rng.integers(len(free))]


def _in_some_order(rng: Generator, *blocks: Sequence[Column]) -> tuple[Column, ...]:
    """Mostly ids, labels, predictions, further columns; else these blocks, or all columns, in a random order."""
    drawn = rng.random()
    if drawn < 0.5:
        return tuple(column for block in blocks for column in block)
    if drawn < 0.85:
        return tuple(column for place in rng.permutation(len(blocks)) for column in blocks[place])
    columns = [column for block in blocks for column in block]
    return tuple(columns[place] for place in rng.permutation(len(columns)))


def _as_in_file(said: Said, columns: Sequence[Column]) -> Said:
    """The same, with the columns of numbers in the order in which they stand in the file."""
    if len(said.numbers) < 2:
        return said
    places = [column.name for column in columns]
    pairs = sorted(zip(said.numbers, said.order, strict=True), key=lambda pair: places.index(pair[0]))
    return replace(said, numbers=tuple(name for name, _ in pairs), order=tuple(index for _, index in pairs))


def _format(rng: Generator, columns: Sequence[Column], precision: Precision, kinds_wanted: Sequence[str]) -> str:
    """A format that can hold the columns."""
    cells = [cell for column in columns for cell in column.cells]
    arrays = all(cell is not None and not isinstance(cell, dict) for cell in cells) and not any(
        isinstance(cell, list) and isinstance(cell[0], dict) for cell in cells
    )
    named = all(column.name for column in columns)
    kinds = {kind: weight for kind, weight in FORMATS.items() if kind in kinds_wanted}
    if not (arrays and named):
        kinds.pop("npz", None)
    if not named and "csv" in kinds:
        kinds = {kind: weight for kind, weight in kinds.items() if kind.startswith("csv")}
    if precision.sign:
        kinds.pop("csv decimal commas", None)
    weights = np.array(list(kinds.values()), dtype=np.float64)
    return str(rng.choice(list(kinds), p=weights / weights.sum()))
