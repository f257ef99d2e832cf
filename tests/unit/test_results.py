"""Records of runs, docs/results.md and the table of README, from made run folders."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from classmark.judging.judge import judge
from classmark.judging.judgement import write_judgement
from classmark.judging.parts.mixed_tables import mix_tables
from classmark.predictions import Predictions, build_predictions
from classmark.recipes import load_recipe, write_recipe
from classmark.runs import RunFiles
from classmark.runs.facts import write_data_facts, write_environment
from classmark.runs.history import write_history, write_timings
from classmark.runs.status import FAILED, Status, write_status
from make_results import END, START, main

ROOT = Path(__file__).parents[2]
CLASSES = ("no", "yes")
ENVIRONMENT = {
    "processor": "AMD EPYC (25/1/1)", "capability": "AVX2", "threads": 2, "gpu": None, "packages": {"torch": "2.14.1"}
}  # fmt: skip


def predictions(split: str, rows: int, wrong: int, leaked: int = 0) -> Predictions:
    """Predictions that err in the first `wrong` rows; the last `leaked` rows stand in training."""
    labels = np.arange(rows) % 2
    yes = np.where((np.arange(rows) < wrong) == (labels == 1), 0.3, 0.8)
    columns = pl.DataFrame({"leaked": np.arange(rows) >= rows - leaked}) if leaked else None
    ids = [f"{split}-{row}" for row in range(rows)]
    names = [CLASSES[label] for label in labels]
    chances = np.column_stack([1 - yes, yes])
    return build_predictions(ids, names, chances, CLASSES, columns=columns, metadata={"split": split}, source=split)


def made(folder: Path, *changes: str, wrong: int = 40, split: str = "test", **environment: Any) -> RunFiles:
    """A run on 400 test rows and 200 validation rows, of which the linear baseline has 60 and 30 wrong."""
    run = RunFiles(folder)
    write_recipe(run.recipe, load_recipe("imdb-bilstm", ["train.precision=fp32", "train.threads=2", *changes]))
    write_environment(run, {**ENVIRONMENT, **environment})
    sizes = {"train": 1_000, "validation": 200, "test": 400}
    facts = {"source": "imdb", "fingerprint": "abc", "splits": sizes, "group": None, "leaked_test_rows": 8}
    write_data_facts(run, facts)
    losses = [(0.5, 0.8), (0.4, 0.895), (0.45, 0.9)]
    row = {"train_loss": 0.3, "train_accuracy": 0.9}
    write_history(
        run,
        [
            {"epoch": epoch, "step": 10 * epoch, **row, "validation_loss": loss, "validation_accuracy": accuracy}
            for epoch, (loss, accuracy) in enumerate(losses, start=1)
        ],
    )
    write_timings(run, [{"epoch": epoch, "tokens_per_second": 1000.0 * epoch**2} for epoch in (1, 2, 3)])
    write_status(
        run, Status(FAILED, seconds={"training": 60.0, "total": 100.0}, processor_seconds=150.0, peak_bytes=3 * 2**30)
    )
    table, linear = predictions(split, 400, wrong, 8), predictions(split, 400, 60, 8)
    validations = [predictions("validation", 200, 20), predictions("validation", 200, 30)]
    mixing = mix_tables([table, linear], validations, ["model", "linear"]) if split == "test" else None
    judgement = judge(table, baselines={"linear": linear}, mixing=mixing, draws=100)
    write_judgement(run.judgement, judgement)
    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository that has a README with a place for the table."""
    folder = tmp_path / "repository"
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text(f"# Title\n\n{START}old\n{END}\nThe rest.\n", encoding="utf-8")
    return folder


def added(root: Path, *runs: RunFiles, options: Sequence[str] = ()) -> str:
    """docs/results.md after these runs were added."""
    assert main(["add", *(str(run.path) for run in runs), *options], root) == 0
    return (root / "docs" / "results.md").read_text(encoding="utf-8")


def cells(page: str, title: str) -> list[str]:
    """The cells of the one row of a page with this title."""
    lines = [line for line in page.splitlines() if line.startswith(f"| {title} |")]
    assert len(lines) == 1, (title, lines)
    return [cell.strip() for cell in lines[0].strip("|").split("|")][1:]


def wilson(hits: int, rows: int) -> str:
    low, high = proportion_confint(hits, rows, method="wilson")
    return f"{100 * hits / rows:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and t interval, in percent."""
    shown = [100 * value for value in values]
    low, high = stats.t.interval(
        0.95, len(shown) - 1, loc=statistics.mean(shown), scale=statistics.stdev(shown) / len(shown) ** 0.5
    )
    return statistics.mean(shown), low, high


def test_the_written_pages_are_what_the_records_give() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_results.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_one_run_has_its_own_intervals(root: Path, tmp_path: Path) -> None:
    page = added(root, made(tmp_path / "run", "data.path=/somewhere/my reviews.csv", "train.epochs=4"))
    assert "classmark train imdb-bilstm 'data.path=my reviews.csv' train.epochs=4\n```" in page
    assert "somewhere" not in page
    assert cells(page, "") == ["AMD EPYC (25/1/1), 2 threads, AVX2"]
    assert cells(page, "**test accuracy**") == [f"**{wilson(360, 400)}**"]
    assert cells(page, "linear baseline") == [wilson(340, 400)]
    assert cells(page, "model − baseline")[0].startswith("+5.00 points (+")
    assert cells(page, "mixture") == [wilson(360, 400)]
    assert cells(page, "mixture − model")[0].startswith("+0.00 points")
    assert cells(page, "mixture − baseline")[0].startswith("+5.00 points (+")
    assert cells(page, "test rows that stand in training") == [f"8; without them {wilson(352, 392)}"]
    assert cells(page, "validation accuracy") == [wilson(179, 200)]
    assert {
        title: cells(page, title)[0] for title in ("seeds", "epoch kept", "test rows", "split used for selection")
    } == {
        "seeds": "1",
        "epoch kept": "2 of 3",
        "test rows": "400",
        "split used for selection": "200 validation rows, drawn from the training rows by class",
    }
    costs = ("time in all", "training alone", "core-minutes", "peak memory", "speed (median over epochs)")
    assert [cells(page, title)[0] for title in costs] == ["1 min 40 s", "60 s", "2.5", "3.0 GiB", "4,000 tokens/s"]
    assert "each seed" not in page
    assert "NB-SVM 91.2 % (Wang & Manning 2012)" in page


def test_a_run_that_keeps_its_last_epoch_is_recorded_with_it(root: Path, tmp_path: Path) -> None:
    page = added(root, made(tmp_path / "run", "train.keep=last"))
    assert cells(page, "epoch kept") == ["3 of 3"]
    assert cells(page, "validation accuracy") == [wilson(180, 200)]


def test_three_seeds_have_a_mean_with_a_t_interval(root: Path, tmp_path: Path) -> None:
    wrong = {1: 40, 2: 44, 3: 30}
    page = added(root, *(made(tmp_path / f"r{seed}", f"seed={seed}", wrong=count) for seed, count in wrong.items()))
    mean, low, high = t_interval([1 - count / 400 for count in wrong.values()])
    assert cells(page, "**test accuracy**") == [f"**{mean:.2f} % ({low:.2f} to {high:.2f})**"]
    assert cells(page, "each seed") == ["; ".join(f"{seed}: {wilson(400 - n, 400)}" for seed, n in wrong.items())]
    mean, low, high = t_interval([(60 - count) / 400 for count in wrong.values()])
    assert cells(page, "model − baseline") == [f"{mean:+.2f} points ({low:+.2f} to {high:+.2f})"]
    assert cells(page, "seeds") == ["1, 2, 3 (means over 3 seeds, t intervals)"]
    assert "for seed in 1 2 3; do classmark train imdb-bilstm seed=$seed; done\n```" in page
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# Title\n\n{START}\n| recipe |")
    assert readme.endswith(f"\n{END}\nThe rest.\n")
    assert "| [imdb-bilstm](docs/results.md#imdb-bilstm) | 3 |" in readme


def test_two_seeds_stand_side_by_side(root: Path, tmp_path: Path) -> None:
    page = added(root, made(tmp_path / "a", wrong=40), made(tmp_path / "b", "seed=2", wrong=50))
    assert cells(page, "**test accuracy**") == [f"**{wilson(360, 400)}; {wilson(350, 400)}**"]


def test_other_machines_and_changes_are_columns_of_their_own(root: Path, tmp_path: Path) -> None:
    one, other = made(tmp_path / "a"), made(tmp_path / "b", wrong=50, gpu="NVIDIA H200")
    page = added(root, one, other)
    names = sorted(path.name for path in (root / "docs" / "results").glob("*.json"))
    assert names == ["imdb-bilstm-1-h200.json", "imdb-bilstm-1.json"]
    longer = made(tmp_path / "c", "train.epochs=9", wrong=60)
    page = added(root, longer, options=["--tag", "longer"])
    machine = "AMD EPYC (25/1/1), 2 threads, AVX2"
    assert cells(page, "") == [machine, f"{machine} `train.epochs=9`", f"NVIDIA H200, {machine}"]
    assert cells(page, "**test accuracy**") == [f"**{wilson(400 - wrong, 400)}**" for wrong in (40, 60, 50)]


def test_an_older_run_lacks_what_was_not_recorded(root: Path, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    write_status(run, Status("done", seconds={"training": 60.0, "total": 100.0}))
    page = added(root, run, options=["--machine", "two cores"])
    assert [cells(page, title)[0] for title in ("core-minutes", "peak memory")] == ["not recorded", "not recorded"]
    assert cells(page, "") == ["two cores"]


def test_what_cannot_be_added_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made(tmp_path / "run")
    added(root, run)
    record = root / "docs" / "results" / "imdb-bilstm-1.json"
    other = made(tmp_path / "other", "train.epochs=9")
    unfinished = made(tmp_path / "unfinished", split="validation")
    named = made(tmp_path / "named", "name=mine")
    expected = {
        other: f"{record}: this record is of a run with other changes. Name the new one with --tag, or delete this.",
        unfinished: f"{unfinished.path}: its judgement is not of the test split, so the run is unfinished. "
        f"Finish it: classmark train --resume {unfinished.path}",
        named: 'No recipe "mine" is shipped, so no command repeats the run. Name one with --recipe.',
    }
    for refused, message in expected.items():
        assert main(["add", str(refused.path)], root) == 2
        assert capsys.readouterr().err == f"{message}\n"
    assert main(["add", str(run.path), "--tag", "again"], root) == 2
    message = (
        "docs/results: two records of imdb-bilstm have seed 1 and the same machine and changes. Delete one of them."
    )
    assert capsys.readouterr().err == f"{message}\n"


def test_an_ablation_reads_validation_alone(root: Path, tmp_path: Path) -> None:
    first = made(tmp_path / "first", "data.path=/somewhere/reviews.csv")
    second = made(tmp_path / "second", "data.path=/somewhere/reviews.csv", "seed=2", "optimizer.betas=0.9,0.98")
    for run in (first, second):
        run.judgement.write_text("nobody opens this", encoding="utf-8")
    assert main(["ablation", "rates", str(first.path), str(second.path)], root) == 0
    page = (root / "docs" / "results.md").read_text(encoding="utf-8")
    assert page.count("### rates\n\nThe first run is `classmark train imdb-bilstm data.path=reviews.csv`, seed 1.") == 1
    assert cells(page, "first") == ["–", "2 of 3", "0.4000", wilson(179, 200)]
    assert cells(page, "second")[0] == "`seed=2` `optimizer.betas=[0.9,0.98]`"
    record = json.loads((root / "docs" / "results" / "ablations" / "rates.json").read_text(encoding="utf-8"))
    assert [row["run"] for row in record["rows"]] == ["first", "second"]


def test_check_says_which_page_is_not_current(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    added(root, made(tmp_path / "run"))
    assert main(["--check"], root) == 0
    readme = root / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("90.00 %", "99.00 %"), encoding="utf-8")
    assert main(["--check"], root) == 1
    assert capsys.readouterr().err == "README.md is not what the records give: python scripts/make_results.py\n"
    readme.write_text("# Title\n", encoding="utf-8")
    assert main(["--check"], root) == 2
    assert capsys.readouterr().err.startswith(f"{readme}: the place of the table is not marked. Add the lines ")
