"""The ledger of looks at a test split."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from classmark.cli.main import run
from classmark.errors import RunError
from classmark.judging.findings.judgement import MANY_LOOKS
from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.predictions import Predictions, build_predictions
from classmark.runs import RunFiles
from classmark.runs.looks import LEDGER, Looks, known_looks, record_look, rows_sha256


def table(weights: str | None, ids: str = "abcd", fingerprint: str = "f") -> Predictions:
    metadata = {"split": "test", "data_fingerprint": fingerprint}
    if weights:
        metadata["weights_sha256"] = weights
    labels = ["no" if name < "c" else "yes" for name in ids]
    return build_predictions(list(ids), labels, np.full((len(ids), 2), 0.5), ("no", "yes"), metadata=metadata)


def test_new_weights_are_a_look_and_the_same_ones_are_none(tmp_path: Path) -> None:
    run = RunFiles(tmp_path / "one")
    assert record_look(run, "small", table("w1")) == Looks({"small": 1})
    assert record_look(run, "small", table("w1")) == Looks({"small": 1})
    assert record_look(RunFiles(tmp_path / "copy"), "small", table("w1")) == Looks({"small": 1})
    assert record_look(run, "small", table("w2")) == Looks({"small": 2})
    found = record_look(RunFiles(tmp_path / "two"), "large", table("w3"))
    assert found == Looks({"large": 1, "small": 2})
    assert found.count == 3
    assert len((tmp_path / LEDGER).read_text(encoding="utf-8").splitlines()) == 3


def test_a_split_is_its_rows(tmp_path: Path) -> None:
    run = RunFiles(tmp_path / "one")
    record_look(run, "small", table("w1"))
    assert record_look(run, "small", table("w2", ids="abce")) == Looks({"small": 1})
    assert record_look(run, "small", table("w3", ids="dcba", fingerprint="less training data")) == Looks({"small": 2})


def test_the_rows_hash_is_free_of_order_and_sees_labels() -> None:
    assert rows_sha256(table("w", "abcd")) == rows_sha256(table("x", "dbca"))
    other = build_predictions(list("abcd"), ["no"] * 4, np.full((4, 2), 0.5), ("no", "yes"))
    assert rows_sha256(other) != rows_sha256(table("w", "abcd"))


def test_reading_writes_nothing(tmp_path: Path) -> None:
    assert known_looks(RunFiles(tmp_path / "one"), table("w1")) is None
    assert list(tmp_path.iterdir()) == []
    record_look(RunFiles(tmp_path / "one"), "small", table("w1"))
    assert known_looks(RunFiles(tmp_path / "other"), table("w9")) == Looks({"small": 1})


def test_a_table_that_names_no_weights_is_no_look(tmp_path: Path) -> None:
    assert record_look(RunFiles(tmp_path / "one"), "small", table(None)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ['{"recipe": "sm', "[1]\n", "\n\n", '{"recipe": 3}\n', "\udcff\n"])
def test_a_damaged_line_is_passed_over(tmp_path: Path, damage: str) -> None:
    run = RunFiles(tmp_path / "one")
    record_look(run, "small", table("w1"))
    with (tmp_path / LEDGER).open("ab") as ledger:
        ledger.write(damage.encode("utf-8", "surrogateescape"))
    assert record_look(run, "small", table("w2")) == Looks({"small": 2})
    assert json.loads((tmp_path / LEDGER).read_bytes().splitlines()[-1])["weights_sha256"] == "w2"


def write_many(folder: Path, who: int) -> None:
    for look in range(12):
        record_look(RunFiles(folder / f"run-{who}"), f"recipe-{who}", table(f"w-{who}-{look}"))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, __file__, tmp_path, str(who)]) for who in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert known_looks(RunFiles(tmp_path / "any"), table("none")) == Looks({f"recipe-{who}": 12 for who in range(3)})


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / LEDGER).mkdir()
    with pytest.raises(
        RunError, match=r"test-looks.jsonl: the ledger of test looks cannot be read \(Is a directory\)."
    ):
        record_look(RunFiles(tmp_path / "one"), "small", table("w1"))


def found_by(looks: Looks | None) -> list[tuple[str, str]]:
    judgement = judge(table("w", "abcdefgh"), looks=looks, draws=20)
    assert judgement_from_json(judgement.to_json()).test_looks == looks
    return [(finding.severity, finding.message) for finding in judgement.findings if finding.code == "test_read_again"]


def test_the_second_look_is_said_and_the_fourth_warned_of() -> None:
    assert found_by(None) == found_by(Looks({"small": 1})) == []
    ((severity, message),) = found_by(Looks({"large": 1, "small": 2}))
    assert severity == "info"
    assert message == (
        "This test split has been read 3 times by models of other weights (large 1, small 2). "
        "Choose among models on validation."
    )
    ((severity, message),) = found_by(Looks({"small": 4}))
    assert severity == "warning"
    assert "scores too high on average: by a standard error if they err independently" in message


def test_the_best_of_four_is_a_standard_error_too_high_and_of_three_is_not() -> None:
    def expected_largest(draws: int) -> float:
        value, _ = quad(lambda x: x * draws * norm.cdf(x) ** (draws - 1) * norm.pdf(x), -8, 8)
        return float(value)

    assert expected_largest(MANY_LOOKS - 1) < 1 < expected_largest(MANY_LOOKS)


def test_a_training_run_is_a_look_and_judging_it_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    rows = [
        f"{word} film number {row},{label}" for row in range(30) for word, label in (("good", "yes"), ("bad", "no"))
    ]
    Path("reviews.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    small = [
        "train.epochs=1",
        "train.threads=1",
        "train.precision=fp32",
        "model.hidden_size=4",
        "model.embedding_size=4",
    ]
    for look in (1, 2):
        changes = ["data.path=reviews.csv", f"optimizer.learning_rate=0.00{look}", *small]
        assert run(["train", "text-csv", *changes, "--out", f"runs/{look}"]) == 0
        assert run(["judge", f"runs/{look}", "--out", f"judged-{look}"]) == 0
        content = json.loads(Path(f"judged-{look}/judgement.json").read_text(encoding="utf-8"))
        assert content["test_looks"] == {"count": look, "recipes": {"text-csv": look}}
        assert content["test_looks"] == json.loads(Path(f"runs/{look}/judgement.json").read_text("utf-8"))["test_looks"]
        page = Path(f"runs/{look}/report.html").read_text(encoding="utf-8")
        assert f"looked at {look} time{'s' * (look != 1)} by 1 recipe." in page
    assert len(Path("runs", LEDGER).read_text(encoding="utf-8").splitlines()) == 2


if __name__ == "__main__":
    write_many(Path(sys.argv[1]), int(sys.argv[2]))
