"""Tables as many tools write them, through the command line: the number that scikit-learn gives, or a refusal.

`reading/` and `held_out/` each hold small files and a `cases.tsv`; `cases.expectation` says what its lines mean.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import classmark.report.comparison
import classmark.report.page
from cases.expectation import Case, Outcome, is_met, read_cases
from classmark.cli.main import run

FOLDERS = ("reading", "held_out")
HERE = Path(__file__).parent
CASES = [
    pytest.param(HERE / folder, case, id=f"{folder}: {case.command}")
    for folder in FOLDERS
    for case in read_cases(HERE / folder / "cases.tsv")
]
WITH_PAGE = ["judge 12_weights.csv", "compare 102_a_50_unlabelled.csv 102_b.csv", "judge 55_spark_vector.parquet"]


def outcome_of(case: Case, out: Path, capsys: pytest.CaptureFixture[str]) -> Outcome:
    code = run([*case.words, "--draws", "100", "--out", str(out)])
    shown = capsys.readouterr()
    written = next((out / name for name in ("judgement.json", "comparison.json") if (out / name).exists()), None)
    content = json.loads(written.read_text(encoding="utf-8")) if written is not None else {}
    if code == 2:
        assert shown.err.startswith("error: ")
        assert len(shown.err.splitlines()) <= 4
        assert not out.exists()
    return Outcome(code, shown.out + shown.err, content)


def without_page(out: Path, *_: object) -> Path:
    return out / "report.html"


@pytest.mark.parametrize(("folder", "case"), CASES)
def test_the_right_number_or_a_refusal(
    folder: Path, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classmark.report.page, "write_report", without_page)
    monkeypatch.setattr(classmark.report.comparison, "write_comparison", without_page)
    monkeypatch.chdir(folder)
    outcome = outcome_of(case, tmp_path / "out", capsys)
    assert is_met(case, outcome), (
        f"expected {case.expected}: {case.why}\ngot exit code {outcome.code}\n{outcome.screen}"
    )


@pytest.mark.parametrize("command", WITH_PAGE)
def test_the_page_of_such_a_table_is_written(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HERE / "reading")
    outcome = outcome_of(Case(command, "ok", "the page"), tmp_path / "out", capsys)
    assert outcome.code == 0
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
