"""Prediction-powered shares: equal to ppi_py, of the promised coverage, refused where they do not hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

import classmark
from classmark.cli.main import run
from classmark.errors import ClassmarkError
from classmark.judging.statistics.prediction_powered import Units, powered_share, same_source

Floats = np.ndarray
# ppi_mean_pointestimate and ppi_mean_ci(alpha=0.05) of ppi-python 0.2.3 on the rows of `drawn`: class shares, then accuracy.
# That package needs numba and gdown, so its figures are kept instead of itself.
PPI_PY = {
    "yes": (0.43006312017, 0.3728827114346143, 0.48724352922772896),
    "accuracy": (0.72954222574, 0.672391138032141, 0.7866933134380003),
}


def drawn(rows: int = 200, others: int = 3_000) -> tuple[np.ndarray, Floats]:
    rng = np.random.default_rng(0)
    second = rng.uniform(size=rows + others)
    labels = np.where(rng.uniform(size=rows + others) < second**1.3, "yes", "no")
    return labels, second.round(6)


def test_equal_to_ppi_py() -> None:
    labels, second = drawn()
    found = classmark.judge(labels[:200], second[:200], unlabelled=second[200:], draws=100).prediction_powered
    assert found is not None
    assert (found.rows, found.unlabelled) == (200, 3_000)
    for one in (found.accuracy, found.class_shares[1]):
        value, low, high = PPI_PY[one.name]
        assert one.powered.value == pytest.approx(value, abs=1e-8)
        assert one.powered.plain_low == pytest.approx(low, abs=1e-8)
        assert one.powered.plain_high == pytest.approx(high, abs=1e-8)


def paper(outcomes: Floats, proxies: Floats, unlabelled: Floats) -> tuple[float, float, float]:
    """PPI++ for a mean, from the paper: λ by example 6.1, the interval by theorem 1."""
    n, many = len(outcomes), len(unlabelled)
    spread = np.var(np.append(proxies, unlabelled), ddof=1)
    tuning = np.clip(np.cov(outcomes, proxies, ddof=0)[0, 1] / ((1 + n / many) * spread), 0, 1)
    value = outcomes.mean() + tuning * (unlabelled.mean() - proxies.mean())
    error = np.sqrt(np.var(outcomes - tuning * proxies) / n + tuning**2 * np.var(unlabelled) / many)
    half = stats.norm.ppf(0.975) * error
    return value, value - half, value + half


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_the_formula_of_the_paper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    proxies, unlabelled = rng.beta(2, 1 + seed, 300), rng.beta(2, 1 + seed, 900)
    outcomes = (rng.random(300) < proxies**2).astype(float)
    found = powered_share(outcomes, proxies, unlabelled)
    assert (found.value, found.plain_low, found.plain_high) == pytest.approx(
        paper(outcomes, proxies, unlabelled), abs=1e-12
    )
    assert found.low is not None
    assert 0 < found.low < (found.value or 0) < (found.high or 0) < 1


def test_predictions_that_say_nothing_change_nothing() -> None:
    outcomes = (np.arange(100) % 4 == 0).astype(float)
    found = powered_share(outcomes, np.full(100, 0.5), np.full(1_000, 0.7))
    assert found.tuning == 0
    assert found.value == 0.25


@pytest.mark.parametrize("mean", [0.7, 0.9])
def test_it_covers_with_rows_and_with_groups(mean: float) -> None:
    """500 draws: 95 % less or more four standard errors."""
    rng, held = np.random.default_rng(1), np.zeros(2)
    for _ in range(500):
        base = rng.beta(6 * mean, 6 * (1 - mean), (2, 400))
        base[:, 200:] = np.repeat(base[:, 200:240], 5, axis=1)
        outcomes = (rng.random(400) < base[0]).astype(float)
        for place, rows in enumerate((slice(0, 200), slice(200, 400))):
            units = Units() if not place else Units(np.repeat(np.arange(40), 5), np.repeat(np.arange(40), 5))
            found = powered_share(outcomes[rows], 0.7 * base[0, rows], 0.7 * base[1, rows], units)
            assert found.low is not None
            held[place] += found.low <= mean <= (found.high or 0)
    assert ((held / 500 > 0.91) & (held / 500 < 0.99)).all(), held / 500


def written(folder: Path, groups: bool = False) -> tuple[str, str]:
    labels, second = drawn(120, 600)
    frame = pl.DataFrame({"id": [f"r{row}" for row in range(720)], "truth": labels, "score": second})
    if groups:
        frame = frame.with_columns(group=pl.int_range(720) // 4)
    frame[:120].write_csv(folder / "few.csv")
    frame[120:].drop("truth").write_csv(folder / "many.csv")
    return str(folder / "few.csv"), str(folder / "many.csv")


def test_from_files_to_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few, many = written(tmp_path)
    out = tmp_path / "judged"
    assert run(["judge", few, "--unlabelled", many, "--draws", "100", "--out", str(out)]) == 0
    found = json.loads((out / "judgement.json").read_text(encoding="utf-8"))["prediction_powered"]
    assert found["unlabelled"] == 600
    assert found["class_shares"][1]["worth"] > 120
    assert "120 labelled and 600 unlabelled rows together" in " ".join(capsys.readouterr().out.split())
    assert "With the unlabelled rows" in (out / "report.html").read_text(encoding="utf-8")
    again = classmark.judge(few, unlabelled=pl.read_csv(many), draws=100).prediction_powered
    assert again is not None
    assert again.accuracy.powered.low == found["accuracy"]["powered"]["low"]


def test_groups_are_summed_or_the_interval_is_withheld(tmp_path: Path) -> None:
    few, many = written(tmp_path, groups=True)
    found = classmark.judge(few, unlabelled=many, group="group", draws=100).prediction_powered
    assert found is not None
    assert found.accuracy.powered.method.endswith("by group sums (30 groups)")
    pl.read_csv(many).with_columns(group=pl.lit(3)).write_csv(many)
    shared = classmark.judge(few, unlabelled=many, group="group", draws=100).prediction_powered
    assert shared is not None
    assert shared.accuracy.powered.method == "none: groups have rows of both kinds"
    assert shared.accuracy.powered.low is None


def test_too_few_labels_give_no_interval() -> None:
    found = classmark.judge(["no", "yes"] * 20, [0.2, 0.7] * 20, unlabelled=[0.4] * 50, draws=100).prediction_powered
    assert found is not None
    assert found.accuracy.powered.method == "none: fewer than 50 labelled rows, or no unlabelled ones"


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    few, _ = written(tmp_path)
    refused = [
        (lambda: classmark.judge(few, unlabelled=few, draws=100),
         f'{few}: 120 rows stand in {few} too, with a label (for instance "r0", "r1", "r2", …). '
         "Remove them from the unlabelled rows."),
        (lambda: classmark.judge_parts(few, by="truth", unlabelled=few),
         "unlabelled: it goes with one set of predictions. Name one part by where."),
        (lambda: classmark.judge(["no", "yes"], [0.2, 0.7], unlabelled=[[0.4, 0.6]], draws=100),
         "unlabelled: its probabilities have the shape (1, 2), those of the labelled rows (2,). Give as many columns."),
        (lambda: classmark.judge(["no", "yes"], predicted=["no", "no"], unlabelled=[0.4], draws=100),
         "unlabelled: it goes with probabilities alone. Leave predicted out."),
    ]  # fmt: skip
    for call, message in refused:
        with pytest.raises(ClassmarkError) as caught:
            call()
        assert str(caught.value) == message


def test_labelled_rows_that_were_picked_are_found() -> None:
    labels, second = drawn(200, 1_000)
    picked = np.argsort(-np.abs(second - 0.5))[:200]
    rest = np.setdiff1d(np.arange(1_200), picked)
    found = classmark.judge(labels[picked], second[picked], unlabelled=second[rest], draws=100)
    (finding,) = [one for one in found.findings if one.code == "unlabelled_differ"]
    assert finding.message.startswith(
        "The model's probabilities differ between the 200 labelled and the 1,000 unlabelled rows more than those of random "
        "draws do (p "
    )
    fair = classmark.judge(labels[:200], second[:200], unlabelled=second[200:], draws=100)
    assert not [one for one in fair.findings if one.code == "unlabelled_differ"]


def test_random_draws_are_called_different_in_one_of_a_hundred() -> None:
    rng = np.random.default_rng(0)
    p_values = np.array([same_source(rng.beta(2, 1, 100), rng.beta(2, 1, 500)) for _ in range(2_000)])
    assert (p_values < 0.05).mean() == pytest.approx(0.05, abs=0.02)
