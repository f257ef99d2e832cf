"""The ledger of looks at a test split."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from classmark.errors import RunError
from classmark.looks import LEDGER, Looks, known_looks, looks_from_json, record_look, rows_sha256
from classmark.predictions import Predictions, build_predictions
from classmark.runs import Run


def table(weights: str | None, ids: str = "abcd", fingerprint: str = "f") -> Predictions:
    metadata = {"split": "test", "data_fingerprint": fingerprint}
    if weights:
        metadata["weights_sha256"] = weights
    labels = ["no" if name < "c" else "yes" for name in ids]
    return build_predictions(list(ids), labels, np.full((len(ids), 2), 0.5), ("no", "yes"), metadata=metadata)


def test_new_weights_are_a_look_and_the_same_ones_are_none(tmp_path: Path) -> None:
    run = Run(tmp_path / "one")
    assert record_look(run, "small", table("w1")) == Looks({"small": 1})
    assert record_look(run, "small", table("w1")) == Looks({"small": 1})
    assert record_look(Run(tmp_path / "copy"), "small", table("w1")) == Looks({"small": 1})
    assert record_look(run, "small", table("w2")) == Looks({"small": 2})
    found = record_look(Run(tmp_path / "two"), "large", table("w3"))
    assert found == Looks({"large": 1, "small": 2})
    assert found.count == 3
    assert len((tmp_path / LEDGER).read_text(encoding="utf-8").splitlines()) == 3


def test_a_split_is_its_rows(tmp_path: Path) -> None:
    run = Run(tmp_path / "one")
    record_look(run, "small", table("w1"))
    assert record_look(run, "small", table("w2", ids="abce")) == Looks({"small": 1})
    assert record_look(run, "small", table("w3", ids="dcba", fingerprint="less training data")) == Looks({"small": 2})


def test_the_rows_hash_is_free_of_order_and_sees_labels() -> None:
    assert rows_sha256(table("w", "abcd")) == rows_sha256(table("x", "dbca"))
    other = build_predictions(list("abcd"), ["no"] * 4, np.full((4, 2), 0.5), ("no", "yes"))
    assert rows_sha256(other) != rows_sha256(table("w", "abcd"))


def test_reading_writes_nothing(tmp_path: Path) -> None:
    assert known_looks(Run(tmp_path / "one"), table("w1")) is None
    assert list(tmp_path.iterdir()) == []
    record_look(Run(tmp_path / "one"), "small", table("w1"))
    assert known_looks(Run(tmp_path / "other"), table("w9")) == Looks({"small": 1})


def test_a_table_that_names_no_weights_is_no_look(tmp_path: Path) -> None:
    assert record_look(Run(tmp_path / "one"), "small", table(None)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ['{"recipe": "sm', "[1]\n", "\n\n", '{"recipe": 3}\n', "\udcff\n"])
def test_a_damaged_line_is_passed_over(tmp_path: Path, damage: str) -> None:
    run = Run(tmp_path / "one")
    record_look(run, "small", table("w1"))
    with (tmp_path / LEDGER).open("ab") as ledger:
        ledger.write(damage.encode("utf-8", "surrogateescape"))
    assert record_look(run, "small", table("w2")) == Looks({"small": 2})
    assert json.loads((tmp_path / LEDGER).read_bytes().splitlines()[-1])["weights_sha256"] == "w2"


def write_many(folder: Path, who: int) -> None:
    for look in range(12):
        record_look(Run(folder / f"run-{who}"), f"recipe-{who}", table(f"w-{who}-{look}"))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(tmp_path, who)) for who in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert known_looks(Run(tmp_path / "any"), table("none")) == Looks({f"recipe-{who}": 12 for who in range(3)})


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / LEDGER).mkdir()
    with pytest.raises(
        RunError, match=r"test-looks.jsonl: the ledger of test looks cannot be read \(Is a directory\)."
    ):
        record_look(Run(tmp_path / "one"), "small", table("w1"))


def test_it_survives_json() -> None:
    looks = Looks({"small": 2, "large": 1})
    assert looks_from_json(json.loads(json.dumps(looks.to_json()))) == looks
    assert looks_from_json(None) is None
