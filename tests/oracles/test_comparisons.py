"""Comparisons against statsmodels, scipy and scikit-learn, and against worked examples in print."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from classmark.judging.comparisons.compare import Comparison, compare
from classmark.judging.comparisons.multiple import Comparisons, compare_all
from classmark.judging.statistics.p_values import deviate, holm, mcnemar, t_p
from classmark.judging.statistics.power import minimum_detectable_difference
from classmark.predictions import Predictions, build_predictions

# Fagerland, Lydersen, Laake 2013: airway hyper-responsiveness before and after transplantation (their table 1, after
# Bentur et al. 2009) and complete response before and after consolidation (their table 2, after Cavo et al. 2012).
FAGERLAND = [(1, 7, 0.070, 0.039), (6, 16, 0.052, 0.035)]

# DeLong, DeLong, Clarke-Pearson 1988: albumin, total protein and Krebs-Goldberg score of the 43 patients without a gap
# whom SAS/STAT prints as its example of comparing ROC curves; the last number is 1 for whom surgery helped.
OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
# SAS/STAT's output for it, to its four digits: area, then difference from the score, standard error, p.
AREAS = {"score": 0.7258, "albumin": 0.7366, "protein": 0.6478}
CONTRASTS = {"albumin": (0.0108, 0.0953, 0.9102), "protein": (-0.0780, 0.1046, 0.4561)}


@pytest.mark.parametrize(("first", "second", "exact", "midp"), FAGERLAND)
def test_mcnemar_of_fagerlands_examples(first: int, second: int, exact: float, midp: float) -> None:
    found = mcnemar(first, second)
    assert (found.p_exact, found.p_midp) == pytest.approx((exact, midp), abs=6e-4)


@pytest.mark.parametrize(("first", "second"), [(3, 3), (1, 7), (6, 16), (61, 40), (300, 250)])
def test_mcnemar_as_statsmodels_and_scipy_have_it(first: int, second: int) -> None:
    found, rows = mcnemar(first, second), first + second
    assert found.p_exact == pytest.approx(statsmodels_mcnemar([[0, first], [second, 0]], exact=True).pvalue)
    # Every split that is less likely, and half of those as likely as the one seen.
    chances = stats.binom.pmf(np.arange(rows + 1), rows, 0.5)
    alike = np.isclose(chances, chances[first], rtol=1e-9)
    assert found.p_midp == pytest.approx(chances[(chances < chances[first]) & ~alike].sum() + chances[alike].sum() / 2)


@pytest.mark.parametrize("degrees", [1, 2, 7, 40, 199, 5_000])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.96, 6.0, 25.0])
def test_p_values_as_scipy_has_them(t: float, degrees: int) -> None:
    assert t_p(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), rel=1e-8)


@pytest.mark.parametrize("degrees", [None, 1, 2.5, 7, 33.3, 4_000])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_quantiles_of_broken_degrees_of_freedom(degrees: float | None, confidence: float) -> None:
    curve = stats.norm if degrees is None else stats.t(degrees)
    assert deviate(confidence, degrees) == pytest.approx(curve.ppf((1 + confidence) / 2), rel=1e-11)


@pytest.mark.parametrize(
    ("a", "b"),
    [(0, 1), (4, 0), (3, 9), (500, 501), (501, 501), (600, 700), (0, 5_000), (3, 2_000), (16, 2_000), (199_000, 201_000),
     (200_000, 200_000), (180_000, 220_000), (49_990_000, 50_010_000)],
)  # fmt: skip
def test_mcnemar_of_few_and_of_many_rows_as_scipy_has_it(a: int, b: int) -> None:
    found, seen = mcnemar(a, b), stats.binom.pmf(a, a + b, 0.5)
    exact = stats.binomtest(a, a + b).pvalue
    assert found.p_exact == pytest.approx(exact, abs=1e-12)
    assert found.p_exact == pytest.approx(exact, rel=1e-11)
    assert found.p_midp == pytest.approx(1 - seen / 2 if a == b else exact - seen, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_holm_as_statsmodels_has_it(seed: int) -> None:
    values = np.random.default_rng(seed).beta(0.3, 2, 12).round(3)
    assert holm(values.tolist()) == pytest.approx(multipletests(values, method="holm")[1].tolist())


def table(classes: int, seed: int, rows: int = 400, **columns: pl.Series) -> Predictions:
    names = [f"c{place}" for place in range(classes)]
    labels = np.random.default_rng(0).integers(0, classes, rows)
    shares = 0.9 * np.random.default_rng(seed).dirichlet(np.ones(classes), rows) + 0.1 * np.eye(classes)[labels]
    frame = pl.DataFrame(columns) if columns else None
    ids = [str(row) for row in range(rows)]
    return build_predictions(ids, [names[label] for label in labels], shares, names, columns=frame, source=f"t{seed}")


def ovarian() -> dict[str, Predictions]:
    """The three tests as predictions of who is helped, moved into [0, 1], which changes no ranking."""
    values = np.array(OVARIAN.split(), dtype=float).reshape(-1, 4)
    labels = ["helped" if helped else "not" for helped in values[:, 3]]
    found = {}
    for name, column in {"score": 10 - values[:, 2], "albumin": values[:, 0], "protein": values[:, 1]}.items():
        shares = np.column_stack([1 - column / 10, column / 10])
        ids = [str(row) for row in range(len(values))]
        found[name] = build_predictions(ids, labels, shares, ["not", "helped"], source=name)
    return found


def test_delongs_worked_example() -> None:
    tables = ovarian()
    for name, (difference, deviation, p) in CONTRASTS.items():
        found = compare(tables["score"], tables[name], draws=100)
        area = found.metrics["roc_auc"]
        assert (area.a, area.b) == pytest.approx((AREAS["score"], AREAS[name]), abs=5e-5)
        assert area.difference == pytest.approx(difference, abs=5e-5)
        assert area.low is not None
        assert area.high is not None
        assert (area.high - area.low) / 2 / stats.t.ppf(0.975, area.degrees) == pytest.approx(deviation, abs=5e-5)
        assert 2 * stats.norm.sf(abs(area.difference) / deviation) == pytest.approx(p, abs=1e-3)  # as published
        expected = 2 * stats.t.sf(abs(area.difference) / deviation, area.degrees)
        assert found.delong_p == area.p == pytest.approx(expected, abs=1e-3)


def many(classes: int, count: int = 4, **columns: pl.Series) -> Comparisons:
    return compare_all([table(classes, seed, **columns) for seed in range(1, count + 1)], draws=200)


@pytest.mark.parametrize("classes", [2, 4])
def test_all_pairs_are_those_of_two_with_holms_p_values_over_them(classes: int) -> None:
    found = many(classes)
    tables = {f"t{seed}": table(classes, seed) for seed in range(1, 5)}
    assert [(pair.a, pair.b) for pair in found.pairs] == [
        ("t1", "t2"), ("t1", "t3"), ("t1", "t4"), ("t2", "t3"), ("t2", "t4"), ("t3", "t4")
    ]  # fmt: skip
    for pair in found.pairs:
        alone = compare(tables[pair.a], tables[pair.b], draws=200, every_metric=True)
        assert pair.metrics == alone.metrics
        assert pair.mcnemar == alone.mcnemar
    for name in found.pairs[0].metrics:
        for pairs, adjusted in ((found.pairs, found.p_holm), (found.against_first, found.p_holm_against_first)):
            raw = [pair.metrics[name].p for pair in pairs]
            assert [one[name] for one in adjusted] == pytest.approx(multipletests(raw, method="holm")[1].tolist())


def test_p_values_of_means_are_those_of_paired_t_tests() -> None:
    a, b = table(2, 1), table(2, 2)
    found = compare(a, b, draws=100).metrics
    losses = [-np.log(each.probabilities[np.arange(len(each)), each.labels]) for each in (a, b)]
    assert found["log_loss"].p == pytest.approx(stats.ttest_rel(losses[1], losses[0]).pvalue, rel=1e-8)
    assert found["accuracy"].p == mcnemar(*_discordant(a, b)).p_midp


def _discordant(a: Predictions, b: Predictions) -> tuple[int, int]:
    right_a, right_b = a.predicted == a.labels, b.predicted == b.labels
    return int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_sampled_differences_have_the_deviation_of_a_plain_bootstrap(classes: int, grouped: bool) -> None:
    """scikit-learn on drawn rows, or on drawn groups of ten rows, one draw after the other."""
    columns = {"group": pl.Series([str(row // 10) for row in range(400)])} if grouped else {}
    a, b = table(classes, 1, **columns), table(classes, 2, **columns)
    found = compare(a, b, draws=2_000, every_metric=True).metrics
    units = np.arange(400).reshape(-1, 10 if grouped else 1)
    generator, drawn = np.random.default_rng(5), []
    for _ in range(100):
        rows = units[generator.integers(0, len(units), len(units))].ravel()
        drawn.append([two - one for one, two in zip(_scores(a, rows), _scores(b, rows), strict=True)])
    deviations = np.std(drawn, axis=0, ddof=1)
    every = [two - one for one, two in zip(*(_scores(each, np.arange(400)) for each in (a, b)), strict=True)]
    for name, value, deviation in zip(_named(classes), every, deviations, strict=True):
        one = found[name]
        assert one.difference == pytest.approx(value)
        assert one.low is not None
        assert one.high is not None
        half, quantile = (one.high - one.low) / 2, stats.t.ppf(0.975, one.degrees)
        unseen = 0.3 * half if name == "average_precision" and classes > 2 else 0.0
        assert np.hypot(quantile * deviation, unseen) == pytest.approx(half, rel=0.3)
        assert 10 < one.degrees <= len(units) - 1
        assert one.p == pytest.approx(2 * stats.t.sf(abs(value) / (half / quantile), one.degrees))


def _named(classes: int) -> tuple[str, str, str]:
    return ("f1" if classes == 2 else "f1_macro", "mcc", "average_precision")


def _scores(predictions: Predictions, rows: np.ndarray) -> list[float]:
    labels, said, shares = predictions.labels[rows], predictions.predicted[rows], predictions.probabilities[rows]
    classes = shares.shape[1]
    precision = (
        sk.average_precision_score(labels, shares[:, 1])
        if classes == 2
        else sk.average_precision_score(np.eye(classes)[labels], shares)
    )
    return [
        sk.f1_score(labels, said, average="binary" if classes == 2 else "macro"),
        sk.matthews_corrcoef(labels, said),
        precision,
    ]


def exact_power(rows: int, up: float, down: float) -> tuple[float, float]:
    """How often McNemar's exact and mid-p tests reject at 5 %, over all outcomes, when these are the true shares."""
    power = np.zeros(2)
    discordant = np.arange(rows + 1)
    for count, chance in zip(discordant, stats.binom.pmf(discordant, rows, up + down), strict=True):
        if chance < 1e-8:
            continue
        gained = np.arange(count + 1)
        within = stats.binom.pmf(gained, count, up / (up + down))
        exact = np.minimum(1, 2 * stats.binom.cdf(np.minimum(gained, count - gained), count, 0.5))
        midp = exact - stats.binom.pmf(gained, count, 0.5)
        power += chance * np.array([within[exact < 0.05].sum(), within[midp < 0.05].sum()])
    return float(power[0]), float(power[1])


@pytest.mark.parametrize(("rows", "discordant"), [(200, 20), (200, 60), (1_000, 50), (1_000, 5), (300, 0)])
def test_the_detectable_difference_is_detected_four_times_of_five(rows: int, discordant: int) -> None:
    found = minimum_detectable_difference(rows, discordant)
    assert found is not None
    share = max(found, discordant / rows)
    exact, midp = exact_power(rows, (share + found) / 2, (share - found) / 2)
    assert exact < 0.81
    assert 0.79 < midp < 0.90
    smaller = 0.7 * found
    assert exact_power(rows, (share + smaller) / 2, (share - smaller) / 2)[1] < 0.72


@pytest.mark.parametrize(("rows", "discordant"), [(200, 20), (5_000, 361), (100_000, 900)])
def test_it_solves_connors_equation(rows: int, discordant: int) -> None:
    found, share = minimum_detectable_difference(rows, discordant), discordant / rows
    assert found is not None
    z, power = stats.norm.ppf([0.975, 0.8])
    needed = (z * math.sqrt(share) + power * math.sqrt(share - found**2)) ** 2 / found**2
    assert needed == pytest.approx(rows)


def test_what_is_detectable_is_detected_in_simulated_tests() -> None:
    """Through `compare` itself: its interval excludes zero in about 80 of 100 made tests of 400 rows."""
    rows, share = 400, 0.2
    found = minimum_detectable_difference(rows, int(share * rows))
    assert found is not None
    generator = np.random.default_rng(3)
    detected = sum(_excludes_zero(generator, rows, (share + found) / 2, (share - found) / 2) for _ in range(400))
    assert detected / 400 == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 400))


def _excludes_zero(generator: np.random.Generator, rows: int, up: float, down: float) -> bool:
    from classmark.judging.comparisons.paired import share_difference

    drawn = generator.random(rows)
    found = share_difference(drawn >= up, (drawn < up) | (drawn >= up + down), None)
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high


def test_too_few_rows_detect_nothing() -> None:
    assert [minimum_detectable_difference(rows, rows) for rows in (1, 4)] == [None] * 2
    assert mcnemar(0, 4).p_midp > 0.05 > mcnemar(0, 5).p_midp
    found = minimum_detectable_difference(5, 0)
    assert found is not None
    assert 0.8 < found <= 1


def test_groups_make_the_detectable_difference_larger() -> None:
    alone = _pair(table(2, 1), table(2, 2))
    group = pl.Series([str(row // 20) for row in range(400)])
    copies = [_copied(table(2, seed, rows=400), group) for seed in (1, 2)]
    grouped = _pair(*copies)
    assert alone.minimum_detectable_difference is not None
    assert grouped.minimum_detectable_difference is not None
    assert grouped.minimum_detectable_difference > 2 * alone.minimum_detectable_difference


def _pair(a: Predictions, b: Predictions) -> Comparison:
    (pair,) = compare_all([a, b], draws=100).pairs
    return pair


def _copied(predictions: Predictions, group: pl.Series) -> Predictions:
    """Every group of twenty rows holds one row twenty times."""
    frame = predictions.frame[np.repeat(np.arange(0, 400, 20), 20)].with_columns(
        id=predictions.frame["id"], group=group
    )
    return Predictions(frame, predictions.metadata, predictions.source)
