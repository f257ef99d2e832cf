"""Whatever the shape of a table: scikit-learn's number or a refusal, and the same through every face.

A larger run, of which this is a part: python -m tests.property.run --tables 20000 --seed 1 --jobs 2
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from property.faces import command, option_words
from property.law import FACES, Outcome
from property.oracle import class_indices, differences, expected
from property.random_tables import Table, draw_table
from property.render import write_table
from property.run import SEEDS_APART, described, outcomes

TABLES, JOBS = 500, 2
SEEDS = range(SEEDS_APART, SEEDS_APART + TABLES)
MOSTLY_READ = 0.95


@pytest.fixture(scope="module")
def judged() -> list[Outcome]:
    """What becomes of 500 tables; each goes through `judge`, and through two other faces in turn."""
    faces = [(FACES[seed % 5], FACES[(seed + 2) % 5]) for seed in SEEDS]
    return list(outcomes(SEEDS, JOBS, faces))


def test_no_table_gets_another_number_than_scikit_learn_or_an_unclear_end(judged: list[Outcome]) -> None:
    failing = [described(one) for one in judged if one.faults]
    assert not failing, f"{len(failing)} of {TABLES} tables:\n" + "\n".join(failing[:20])


def test_plain_tables_are_read(judged: list[Outcome]) -> None:
    plain = [one for one in judged if one.plain]
    unread = [f"{described(one)}\n    {one.message.strip()}" for one in plain if one.verdict != "right"]
    assert len(plain) > TABLES / 10
    assert len(unread) <= (1 - MOSTLY_READ) * len(plain), f"{len(unread)} of {len(plain)}:\n" + "\n".join(unread)


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_a_seed_makes_the_same_files_each_time(tmp_path: Path, seed: int) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        table = draw_table(seed)
        path = write_table(table, table.judged, tmp_path / name, "table")
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        made.append(([file.read_bytes() for file in files], option_words(table.options)))
    if table.format != "xlsx":  # which holds the time of day
        assert made[0] == made[1]


def tables_in(shapes: Sequence[str], formats: Sequence[str], many: int) -> list[Table]:
    """Some plain tables of these shapes and formats."""
    drawn = (draw_table(seed) for seed in itertools.count())
    return list(
        itertools.islice((one for one in drawn if one.shape in shapes and one.format in formats and one.plain), many)
    )


def test_the_oracle_is_right_about_what_stands_in_the_file(tmp_path: Path) -> None:
    """The numbers of the meaning, computed again from the file alone by a reader that is told the columns."""
    tables = tables_in(("columns prob_X", "columns p_X"), ["csv"], 25)
    for table in tables:
        path = write_table(table, table.judged, tmp_path, f"table-{table.seed}")
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row[table.truth]]
        names = [table.meaning.names[index] for index in table.said.order]
        hits = 0
        for row in rows:
            best = max(zip(table.said.numbers, names, strict=True), key=lambda pair: float(row[pair[0]]))[1]
            hits += best == row[table.truth].removesuffix(".0")
        wanted = expected(table.meaning.part(table.judged), class_indices(table.meaning, names), None)
        assert hits / len(rows) == pytest.approx(wanted["accuracy"], abs=1e-12)


@pytest.mark.parametrize("change", ["reversed", "few rows", "another class", "no change"])
def test_the_law_sees_wrong_numbers(change: str) -> None:
    """The answers that readers give who swap the classes, lose rows or invent a class are not let pass."""
    table = tables_in(["columns prob_X"], ["csv"], 1)[0]
    meaning = table.meaning.part(table.judged)
    names, seen = list(meaning.names), meaning
    if change == "reversed":
        assert meaning.probabilities is not None
        seen = replace(meaning, probabilities=meaning.probabilities[:, ::-1])
    elif change == "few rows":
        seen = meaning.part(slice(0, 11))
    metrics = expected(seen, range(len(names)), None)
    shown = [*names[:-1], "another"] if change == "another class" else names
    answer = {"rows": int((seen.labels >= 0).sum()), "classes": shown, "positive": None, "metrics": metrics}
    assert bool(differences(meaning, answer)) == (change != "no change")


def test_numbers_that_the_file_does_not_give_are_wrong() -> None:
    table = tables_in(["decisions only"], ["csv"], 1)[0]
    meaning = table.meaning.part(table.judged)
    metrics = expected(meaning, range(len(meaning.names)), None) | {"log_loss": 0.5}
    answer = {"rows": int((meaning.labels >= 0).sum()), "classes": meaning.names, "positive": None, "metrics": metrics}
    assert differences(meaning, answer) == ["log_loss 0.500000, but the file gives no probabilities"]


def test_pages_are_written_too(tmp_path: Path) -> None:
    """The other tables are judged without pages, which takes a tenth of the time."""
    for table in tables_in(["columns prob_X", "decisions only"], ["csv"], 3):
        path = write_table(table, table.judged, tmp_path, f"table-{table.seed}")
        out = tmp_path / f"judged-{table.seed}"
        answer = command("judge", path, *option_words(table.options), "--json", "--draws", 100, "--out", out)
        assert answer.read, answer.message
        assert (out / "report.html").stat().st_size > 10_000


def test_tables_are_of_every_kind() -> None:
    tables = [draw_table(seed) for seed in range(1_000)]
    assert len({table.shape for table in tables}) > 60
    assert len({table.format for table in tables}) == 18
    assert {len(table.meaning.names) for table in tables} == set(range(2, 13))
    assert 0.1 < np.mean([table.plain for table in tables]) < 0.4
    assert min(table.problem.judged for table in tables) >= 20
    assert max(table.problem.judged for table in tables) <= 400
