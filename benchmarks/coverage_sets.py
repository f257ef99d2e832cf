"""How often prediction sets, bands of curves and the test of calibration keep what they promise.

python benchmarks/coverage_sets.py [--quick] [--out docs/coverage-sets.md]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from classmark.judging.parts.class_clusters import cluster_classes
from classmark.judging.parts.conformal_scores import conformal_quantile, quantile_place, set_methods, set_scores
from classmark.judging.parts.kernel_calibration import kernel_error
from classmark.judging.scored import Scored
from classmark.judging.statistics.curve_bands import curve_band
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.ranking import rank
from classmark.judging.statistics.set_coverage import coverage_luck, lowest_share

LEVEL = 0.9
TEST_ROWS = 400
RATES = np.sort(np.concatenate([np.linspace(0.001, 0.999, 150), np.geomspace(1e-4, 1e-2, 30)]))


def softmax(logits: Floats) -> Floats:
    values: Floats = np.exp(logits)
    return values / values.sum(axis=1, keepdims=True)


def drawn(truth: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    return (truth.cumsum(axis=1)[:, :-1] < rng.uniform(size=(len(truth), 1))).sum(axis=1)


def set_lines(repetitions: int) -> Iterator[str]:
    """Coverage of the sets, of their bands, and how often a promise that is kept is called broken."""
    for classes in (2, 10, 100):
        for rows in (59, 200, 1_000):
            rng = np.random.default_rng(classes + rows)
            names = set_methods(classes)
            covered: dict[str, list[float]] = {name: [] for name in names}
            inside, alarms = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
            for _ in range(repetitions):
                logits = rng.normal(0, 1.5, (rows + TEST_ROWS, classes))
                labels, uniform = drawn(softmax(logits), rng), rng.uniform(size=len(logits))
                for name, scores in set_scores(softmax(2 * logits), uniform, names).items():
                    found = scores[np.arange(len(labels)), labels]
                    held = found[rows:] <= conformal_quantile(found[:rows], LEVEL)
                    luck = coverage_luck(rows, quantile_place(rows, LEVEL), TEST_ROWS, int(held.sum()))
                    covered[name].append(float(held.mean()))
                    inside[name] += luck.seen_low <= held.mean() <= luck.seen_high
                    alarms[name] += luck.p < 0.025
            for name in names:
                yield (
                    f"| {name.upper()} | {classes} | {rows:,} | {100 * np.mean(covered[name]):.1f} | "
                    f"{100 * inside[name] / repetitions:.1f} | {100 * alarms[name] / repetitions:.1f} |"
                )


def class_lines(repetitions: int) -> Iterator[str]:
    """The coverage of the class that is held worst, over all draws: by one threshold, one a class, one a cluster."""
    for classes, rows in ((4, 200), (20, 4_000), (50, 10_000)):
        rng = np.random.default_rng(classes)
        held = np.zeros((3, classes))
        seen = np.zeros(classes)
        clustered = 0
        for _ in range(repetitions):
            labels = rng.integers(0, classes, 2 * rows)
            logits = rng.normal(0, 1, (2 * rows, classes))
            logits[np.arange(2 * rows), labels] += np.where(labels % 2, 1.0, 3.5)
            scores = 1 - softmax(logits)[np.arange(2 * rows), labels]
            (validation, test), (own, theirs) = np.split(scores, 2), np.split(labels, 2)
            marginal = conformal_quantile(validation, LEVEL)
            by_class = np.array([conformal_quantile(validation[own == one], LEVEL) for one in range(classes)])
            thresholds = [np.full(classes, marginal), by_class]
            clusters = cluster_classes(validation, own, classes, LEVEL, rng.uniform(size=rows))
            if clusters is not None:
                clustered += 1
                kept = ~clusters.used
                quantiles = np.array(
                    [
                        conformal_quantile(validation[kept & (clusters.of_class[own] == one)], LEVEL)
                        for one in range(clusters.count)
                    ]
                )
                thresholds.append(quantiles[clusters.of_class])
            seen += np.bincount(theirs, minlength=classes)
            for place, threshold in enumerate(thresholds):
                held[place] += np.bincount(theirs[test <= threshold[theirs]], minlength=classes)
        shares = 100 * (held / seen).min(axis=1)
        last = f"{shares[2]:.1f}" if clustered == repetitions else "–"
        yield f"| {classes} | {rows:,} | {shares[0]:.1f} | {shares[1]:.1f} | {last} |"


def lowest_lines(repetitions: int) -> Iterator[str]:
    """How often one of many classes that are held alike is called worse."""
    for classes, rows in ((2, 500), (10, 40), (100, 10), (1_000, 5)):
        rng = np.random.default_rng(classes)
        counts = np.full(classes, rows)
        hits = rng.binomial(counts, LEVEL, (repetitions, classes))
        found = [lowest_share(one, counts, int(one.argmin())) for one in hits]
        alone = np.mean([(one / rows).min() for one in hits])
        yield (
            f"| {classes:,} | {rows} | {100 * alone:.1f} | {100 * np.mean([one.by_luck for one in found]):.1f} | "
            f"{100 * np.mean([one.p < 0.05 for one in found]):.1f} | "
            f"{100 * np.mean([one.high >= LEVEL for one in found]):.1f} |"
        )


def band_lines(repetitions: int) -> Iterator[str]:
    """How often the whole curve of two normal distributions lies inside its band."""
    settings = ((50, 0.5, 1.0, 0), (200, 0.5, 0.3, 0), (200, 0.5, 3.0, 0), (1_000, 0.1, 1.5, 0), (1_000, 0.02, 2.0, 0),
                (5_000, 0.5, 1.5, 0), (1_000, 0.3, 1.5, 30), (1_000, 0.3, 1.5, 100))  # fmt: skip
    for rows, share, distance, groups in settings:
        rng = np.random.default_rng(rows + groups)
        hits, misses = ndtr(distance - ndtri(1 - RATES)), ndtr(ndtri(RATES) - distance)
        precision = share * RATES / (share * RATES + (1 - share) * misses)
        held, widths, tried = np.zeros(2), [], 0
        for _ in range(repetitions):
            positive = rng.uniform(size=rows) < share
            noise, which = rng.normal(size=rows), None
            if groups:
                which = np.unique(rng.integers(0, groups, rows), return_inverse=True)[1]
                noise = 0.5**0.5 * (rng.normal(size=groups)[which] + noise)
            band = curve_band(rank(positive, noise + distance * positive), which)
            if band is None:
                continue
            tried += 1
            for place, (ends, truth) in enumerate(((band.roc(RATES), hits), (band.precision(RATES), precision))):
                held[place] += ((ends[0] - 1e-9 <= truth) & (truth <= ends[1] + 1e-9)).all()
            widths.append(np.subtract(*band.roc(RATES)[::-1]).mean())
        yield (
            f"| {rows:,} | {100 * share:.0f} % | {distance} | {groups or '–'} | {100 * held[0] / tried:.1f} | "
            f"{100 * held[1] / tried:.1f} | {np.mean(widths):.2f} |"
        )


def calibration_lines(repetitions: int) -> Iterator[str]:
    """The mean of the kernel calibration error, and how often calibration is refused, with and without reason."""
    for rows, classes, temperature in (
        *((100, 2, 1.0), (100, 5, 1.0), (100, 50, 1.0), (1_000, 2, 1.0), (1_000, 10, 1.0), (10_000, 10, 1.0)),
        *((100, 2, 0.6), (1_000, 2, 0.8), (1_000, 10, 0.8), (10_000, 10, 0.9)),
    ):
        rng = np.random.default_rng(rows + classes)
        found = []
        for _ in range(repetitions if rows < 1_000 else repetitions // 4):
            logits = rng.normal(0, 2, (rows, classes))
            values = softmax(logits / temperature)
            found.append(kernel_error(Scored(drawn(softmax(logits), rng), values.argmax(axis=1), values, classes)))
        errors = np.array([one.value or 0.0 for one in found])
        refused = 100 * np.mean([(one.p or 0.0) <= 0.05 for one in found])
        yield (
            f"| {rows:,} | {classes} | {'calibrated' if temperature == 1 else f'temperature {temperature}'} | "
            f"{found[0].block:,} | {1e6 * errors.mean():+.0f} ± {1e6 * errors.std() / len(errors) ** 0.5:.0f} | {refused:.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a fifth of the repetitions")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    less = 5 if options.quick else 1
    start = time.process_time()
    lines = [
        "# What prediction sets, bands of curves and the test of calibration keep", "",
        "`python benchmarks/coverage_sets.py --out docs/coverage-sets.md`; `--quick` for a first look.", "",
    ]  # fmt: skip
    for title, text, head, rows in (
        (
            "Prediction sets",
            f"Sets at {100 * LEVEL:.0f} %, {TEST_ROWS} test rows, 300 repetitions, models that are too sure of themselves. "
            "Per cent: mean coverage (the promise is ⌈0.9 (n + 1)⌉ / (n + 1), a little above 90); test coverages inside the 95 % "
            "band (it is of whole numbers, so that it holds a little more); sets that keep their promise with p below 0.025.",
            "| sets | classes | validation rows | coverage | inside the band | called broken |",
            set_lines(300 // less),
        ),
        (
            "Sets by class",
            "LAC at 90 %, half of the classes hard, half easy; 80 repetitions. Per cent of the rows of the class that is held "
            "worst, over all repetitions. One threshold for all does not promise 90 % for each class; one a class does. Of "
            "clusters the promise is for the cluster.",
            "| classes | validation rows | one threshold | by class | by cluster |",
            class_lines(80 // less),
        ),
        (
            "The lowest of many classes",
            "All classes are held in 90 % of their rows; 1,000 repetitions. The lowest share by simulation and as computed; how "
            "often p for all classes is below 0.05; how often the upper end of the lowest class's share holds the truth (95 or "
            "more).",
            "| classes | rows each | lowest share | as computed | p < 0.05 | upper end holds |",
            lowest_lines(1_000 // less),
        ),
        (
            "Bands of curves",
            "Scores from two normal distributions a distance apart; with groups half of the spread is between them. 200 "
            "repetitions. Per cent of repetitions in which the whole curve lies inside (95 is promised), and the mean width of "
            "the ROC band. Chance moves a figure by 1.5 points.",
            "| rows | positive | distance | groups | ROC | precision-recall | width |",
            band_lines(200 // less),
        ),
        (
            "Kernel calibration error",
            "200 repetitions, of 1,000 rows and more 50; chance moves 5 % by 1.5 and by 3 points. The mean error in millionths "
            "with its standard error (0 for a calibrated model), and the per cent of tests with p of 0.05 or less (5 for "
            "calibrated ones, the more the better for others).",
            "| rows | classes | model | block | mean error | refused |",
            calibration_lines(200 // less),
        ),
    ):
        lines += [f"## {title}", "", text, "", head, f"|{'---|' * (head.count('|') - 1)}"]
        for row in rows:
            lines.append(row)
            print(row, flush=True)
        lines.append("")
    print(f"{time.process_time() - start:.0f} s of processor time")
    if options.out:
        options.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
