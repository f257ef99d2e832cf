"""The law for one table: scikit-learn's number or a refusal, and the same through every face."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from .faces import DRAWS, Answer, command, option_words, python_judge
from .kept import keep_table
from .oracle import differences, says_less
from .random_tables import Meaning, Table, draw_table
from .render import typed_frame, write_table
from .values import in_memory

# While a face is being built, set this to True: one that does not know an argument, or refuses in Python, is then no fault.
FACES_MAY_BE_MISSING = False

Verdict = Literal["right", "less", "refused", "wrong"]
FACES = ("compare", "validation", "python path", "python frame", "python values")


@dataclass(frozen=True)
class Fault:
    """A breach of the law.

    Attributes:
        face: where.
        kind: `wrong number`, `crash`, `message` or `faces differ`.
        text: what was expected and found.
    """

    face: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.face}: {self.kind}: {self.text}"


@dataclass(frozen=True)
class Outcome:
    """What became of a table.

    Attributes:
        seed, shape, format, remarks, plain: of the table.
        verdict: on `judge`; `less` where the file gives probabilities and only its decisions were judged.
        faults: of every face.
        words: the command.
        message: what a refusal said.
        faces: face → `read`, `refused` or `missing`.
    """

    seed: int
    shape: str
    format: str
    remarks: tuple[str, ...]
    plain: bool
    verdict: Verdict
    faults: tuple[Fault, ...]
    words: tuple[str, ...]
    message: str
    faces: Mapping[str, str]


def check_table(table: Table, folder: Path, faces: Sequence[str] = FACES) -> Outcome:
    """Judge the table through `judge` and the other faces that are named.

    Args:
        table: to judge.
        folder: an empty folder for its files.
        faces: names of FACES.
    """
    path = write_table(table, table.judged, folder, "predictions")
    piped = "standard input" in table.format
    shown, options = "-" if piped else str(path), option_words(table.options)
    words = ("judge", shown, *options)
    rest = ("--json", "--draws", DRAWS)
    answer = command(*words, *map(str, rest), "--out", folder / "judged", standard_input=path if piped else None)
    meaning = table.meaning.part(table.judged)
    known = _Known(table, path, piped, words, answer)
    faults = _faults("judge", answer, meaning, known.names)
    verdict: Verdict = "refused"
    if answer.read:
        verdict = "less" if says_less(meaning, answer.values) else "right"
    if any(fault.kind in ("wrong number", "crash") for fault in faults):
        verdict = "wrong"
    others: dict[str, str] = {}
    for face in faces:
        found, state = _other_face(face, known, folder)
        others |= {face: state} if state else {}
        faults += found
    return Outcome(
        table.seed, table.shape, table.format, table.remarks, table.plain, verdict, tuple(faults), words,
        answer.message if answer.code else "", others,
    )  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """The table, its file and what `judge` said of it."""

    table: Table
    path: Path
    piped: bool
    words: tuple[str, ...]
    answer: Answer

    @property
    def names(self) -> tuple[str, ...]:
        """What a refusal may name: the file, or an option that was given."""
        file = ("standard input", "stdin", "-:", '"-"') if self.piped else (self.path.name,)
        return (*file, *(f"--{name}" for name in self.table.options), *(f"{name}=" for name in self.table.options))


def _faults(face: str, answer: Answer, meaning: Meaning, names: Sequence[str]) -> list[Fault]:
    """What is wrong with one judgement or refusal."""
    if answer.read:
        return [Fault(face, "wrong number", text) for text in differences(meaning, answer.values)]
    return _message_faults(face, answer, names)


def _message_faults(face: str, answer: Answer, names: Sequence[str]) -> list[Fault]:
    if answer.code != 2:
        return [Fault(face, "crash", f"exit code {answer.code}: {answer.message.strip()[:300]}")]
    lines = answer.message.strip().splitlines()
    problems = [] if answer.message.startswith("error:") else ["it does not start with error:"]
    problems += [f"{len(lines)} lines"] if len(lines) > 4 else []
    problems += [] if any(name in answer.message for name in names) else ["it names neither the file nor an option"]
    return [Fault(face, "message", f"{', '.join(problems)}: {answer.message.strip()[:300]}")] if problems else []


def _other_face(face: str, known: _Known, folder: Path) -> tuple[list[Fault], str]:
    """The faults of a face against what `judge` said, and whether it read the table; an empty text where it has no place."""
    table, alone = known.table, known.answer
    if known.piped and face != "python values":
        return [], ""
    match face:
        case "compare":
            return _compared(known, folder)
        case "validation":
            return _validated(known, folder)
        case "python path":
            return _in_python(face, known, python_judge(str(known.path), **table.options), table.meaning)
        case "python frame":
            frame: Any = typed_frame([replace(one, cells=one.cells[table.judged]) for one in table.columns])
            if table.seed % 2:
                import pandas as pd

                frame = pd.DataFrame({name: pd.Series(frame[name].to_list()) for name in frame.columns})
            return _in_python(face, known, python_judge(frame, **table.options), table.meaning)
    given = in_memory(table)
    if given is None:
        return [], ""
    answer = python_judge(*given.arguments, **given.options)
    if not answer.read:
        return ([], "missing" if answer.missing else "refused") if answer.code == 2 or _may_miss(answer) else (
            [Fault(face, "crash", answer.message)], "crash")  # fmt: skip
    faults = _faults(face, answer, given.meaning, ())
    if alone.read and given.complete:
        faults += _disagreements(face, alone.values, answer.values, table.tolerance)
    return faults, "read"


def _may_miss(answer: Answer) -> bool:
    return FACES_MAY_BE_MISSING and answer.missing


def _in_python(face: str, known: _Known, answer: Answer, meaning: Meaning) -> tuple[list[Fault], str]:
    """A path or a frame given to Python; a path must be read exactly where the command reads it."""
    if _may_miss(answer) or (FACES_MAY_BE_MISSING and answer.code == 2):
        return [], "missing" if answer.missing or known.answer.read else "refused"
    names = known.names if face == "python path" else ("",)
    faults = _faults(face, answer, meaning.part(known.table.judged), names)
    if answer.read and known.answer.read:
        faults += _disagreements(face, known.answer.values, answer.values, known.table.tolerance)
    elif face == "python path" and answer.read != known.answer.read:
        faults.append(
            Fault(face, "faces differ", f"judge exits with {known.answer.code}, Python says {answer.message}")
        )
    return faults, "read" if answer.read else "refused"


def _disagreements(face: str, one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float) -> list[Fault]:
    """Metrics of two judgements that are not the same number."""
    both = [name for name in one["metrics"] if name in other["metrics"] and one["positive"] == other["positive"]]
    pairs = {name: (one["metrics"][name], other["metrics"][name]) for name in both}
    return [
        Fault(face, "faces differ", f"{name} {b!r}, judge says {a!r}")
        for name, (a, b) in pairs.items()
        if (a is None) != (b is None) or (a is not None and abs(a - b) > tolerance * max(1, abs(a)))
    ]


def _compared(known: _Known, folder: Path) -> tuple[list[Fault], str]:
    """`compare A A`: the numbers of `judge`, and no difference."""
    face, alone = "compare", known.answer
    words = ("compare", known.words[1], *known.words[1:], "--json", "--out", folder / "compared")
    answer = command(*words)
    if _may_miss(answer):
        return [], "missing"
    if not answer.read:
        faults = _message_faults(face, answer, known.names)
        if alone.read and not faults:
            faults.append(Fault(face, "faces differ", f"judge reads the table, compare says {answer.message.strip()}"))
        return faults, "refused"
    if not alone.read:
        text = f"compare reads the table, judge says {alone.message.strip()[:200]}"
        return [Fault(face, "faces differ", text)], "read"
    faults = []
    values = alone.values
    for name, pair in answer.content["metrics"].items():
        judged = values["metrics"].get(name)
        if pair["a"] != pair["b"] or pair["difference"] not in (0, None):
            faults.append(Fault(face, "wrong number", f"{name} differs from itself by {pair['difference']}"))
        if (
            judged is not None
            and answer.content["positive"] == values["positive"]
            and abs(pair["a"] - judged) > known.table.tolerance * max(1, abs(judged))
        ):
            faults.append(Fault(face, "faces differ", f"{name} {pair['a']!r}, judge says {judged!r}"))
    return faults, "read"


def _validated(known: _Known, folder: Path) -> tuple[list[Fault], str]:
    """`judge FILE --validation OTHER`: the numbers of `judge FILE`, and the accuracy of the other file beside them."""
    face, alone, table = "validation", known.answer, known.table
    other = write_table(table, table.held_out, folder, "validation")
    words = (*known.words, "--validation", other, "--json", "--draws", str(DRAWS), "--out", folder / "validated")
    answer = command(*words)
    if not answer.read:
        faults = _message_faults(face, answer, (*known.names, other.name))
        return faults + (_refused_alone(known, other, answer, folder) if alone.read and not faults else []), "refused"
    if not alone.read:
        text = f"with --validation the table is read, without it judge says {alone.message.strip()[:200]}"
        return [Fault(face, "faces differ", text)], "read"
    faults = _disagreements(face, alone.values, answer.values, table.tolerance)
    meaning, gap = table.meaning.part(table.held_out), answer.content.get("validation_gap")
    if gap is not None and not meaning.refuse:
        judged = {"rows": answer.content["validation_rows"], "metrics": {"accuracy": gap["a"]}}
        shown = {name: answer.content[name] for name in ("classes", "positive")}
        faults += [Fault(face, "wrong number", f"of the validation file: {text}") for text in
                   differences(meaning, shown | judged)]  # fmt: skip
    return faults, "read"


def _refused_alone(known: _Known, other: Path, answer: Answer, folder: Path) -> list[Fault]:
    """A fault where both files are read alone, but not together, though their rows differ."""
    words = ("judge", other, *known.words[2:], "--json", "--draws", str(DRAWS), "--out", folder / "other")
    if known.table.numbered or not _same_classes(known.table) or not command(*words).read:
        return []
    return [Fault("validation", "faces differ", f"both files are read alone, together: {answer.message.strip()[:300]}")]


def _same_classes(table: Table) -> bool:
    """Whether both files show the same classes: by columns of numbers, else by labels and decisions."""
    if table.said.order:
        return True
    assert table.meaning.decisions is not None
    shown = [
        {*table.meaning.labels[rows].tolist(), *table.meaning.decisions[rows].tolist()} - {-1}
        for rows in (table.judged, table.held_out)
    ]
    return shown[0] == shown[1]


def check_seed(seed: int, faces: Sequence[str] = FACES, keep: Path | None = None) -> Outcome:
    """What becomes of the table of a seed; a table that breaks the law is kept in `keep`."""
    table = draw_table(seed)
    with tempfile.TemporaryDirectory(prefix="table-") as folder:
        outcome = check_table(table, Path(folder), faces)
    if keep is not None and outcome.faults:
        keep_table(table, asdict(outcome), keep)
    return outcome
