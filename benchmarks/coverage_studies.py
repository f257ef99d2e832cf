"""How often the verdicts of `study` are wrong, and how often its intervals hold the true value.

    python benchmarks/coverage_studies.py [--out docs/coverage-studies.md]

A minute on one core. Studies are made whose truth is known: at the margin, where a verdict is hardest, with seeds that
are named beforehand and with seeds that are added until the claim is settled, on the same test rows and on resplits.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np

from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.student import t_quantile
from classmark.judging.studies.seeds import paired_over_seeds, probability_better
from classmark.judging.studies.sequential import FEWEST, sequence_factor
from classmark.judging.studies.variance import probability_over_both, split_variance
from classmark.judging.studies.verdicts import seeds_for_equivalence, seeds_needed
from page import wrapped

Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]

STUDIES = 20_000
FEWER = 1_000  # where a study takes long
MARGIN = 1.0  # in deviations of a pair's difference; only its place matters
MOST = 100  # seeds of a sequential study
SHAPES: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(0, 1, shape),
    "heavy tails (t, 5 degrees)": lambda random, shape: random.standard_t(5, shape) / math.sqrt(5 / 3),
    "flat (uniform)": lambda random, shape: random.uniform(-1, 1, shape) * math.sqrt(3),
    "skewed (gamma, shape 4)": lambda random, shape: random.gamma(4, 0.5, shape) - 2,
}
# A resplit: rows that a run trains on, and those that it is tested on; dimensions, of which half tell the classes apart.
TRAINING_ROWS, TEST_ROWS, DIMENSIONS, DISTANCE = 200, 50, 20, 0.45
RESPLITS = (6, 10, 20)
ROW_PARTS = ((1.0, 0.3, 0.3), (0.5, 0.5, 0.5), (0.2, 1.0, 0.3), (0.1, 1.0, 0.1))  # deviations of seed, row, rest
ROWS_SHARED = 60

COMMAND = "`python benchmarks/coverage_studies.py --out docs/coverage-studies.md`; a minute on one core."
HEAD = (
    "Made studies whose truth is known. Figures are per cent of them; bold is worse than promised by more than chance (three "
    "standard errors). Seeds are fixed.",
)


def percent(share: float, count: int, most: float | None = None, least: float | None = None) -> str:
    """A share in per cent, bold where it is above what may be, or below what must be, by more than chance."""
    text, error = f"{100 * share:.1f}", 0.0
    for bound in (most, least):
        if bound is not None:
            error = 3 * math.sqrt(bound * (1 - bound) / count)
    bad = (most is not None and share > most + error) or (least is not None and share < least - error)
    return f"**{text}**" if bad else text


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(each)} |" for each in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines)


def section(title: str, text: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"## {title}\n\n{wrapped(text)}\n\n{table(header, rows)}\n"


def spans(values: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Both ends of the t interval of each study, values of shape (R, S)."""
    seeds = values.shape[1]
    half = t_quantile(seeds - 1, confidence) * values.std(axis=1, ddof=1) / math.sqrt(seeds)
    return values.mean(axis=1) - half, values.mean(axis=1) + half


def fixed_verdicts(random: np.random.Generator) -> str:
    rows = []
    for name, draw in SHAPES.items():
        for seeds in (3, 5, 10, 20):
            noise = draw(random, (STUDIES, seeds))
            low, high = spans(noise + MARGIN, 0.95)
            narrow = spans(noise + MARGIN, 0.90)
            level = spans(noise, 0.95)
            shares = (
                ((low > MARGIN).mean(), 0.025),
                ((high < MARGIN).mean(), 0.025),
                ((level[1] < 0).mean(), 0.025),
                (((narrow[0] > -MARGIN) & (narrow[1] < MARGIN)).mean(), 0.05),
            )
            rows.append([name, f"{seeds}", *(percent(float(share), STUDIES, most) for share, most in shares)])
    text = (
        f"Seeds are named beforehand; {STUDIES:,} studies each. The true difference is exactly the margin for `supported`, `not "
        "by the margin` and `equivalent`, and zero for `opposite`. Promised: at most 2.5, and 5 for `equivalent`, if differences "
        "over seeds are normal. Where they are flat, three and five seeds are wrong a little more often. Where they are skewed "
        "(this one has a skewness of 1), one side is wrong twice as often, as with every t interval; more seeds help slowly."
    )
    header = ["differences", "seeds", "supported", "not by the margin", "opposite", "equivalent"]
    return section("Verdicts at the margin, seeds named beforehand", text, header, rows)


def watched(noise: Floats, factors: Floats) -> tuple[Floats, Floats]:
    """Both ends at every number of seeds, shape (R, S), of differences whose true mean is zero."""
    counts = np.arange(1, noise.shape[1] + 1)
    means, squares = noise.cumsum(axis=1) / counts, (noise**2).cumsum(axis=1)
    spread = np.sqrt(np.maximum(0, squares - counts * means**2) / np.maximum(1, counts - 1))
    half = factors * (spread + 1e-12) / np.sqrt(counts)
    return means - half, means + half


def sequential_verdicts(random: np.random.Generator) -> str:
    counts = np.arange(1, MOST + 1)
    factors = np.array([sequence_factor(int(count), 0.95) for count in counts])
    naive = np.array([math.inf if n < FEWEST else t_quantile(int(n) - 1, 0.95) for n in counts])
    rows = []
    for name, draw in SHAPES.items():
        noise = draw(random, (STUDIES // 2, MOST))
        low, high = watched(noise, factors)
        plain = watched(noise, naive)
        shares = [out.any(axis=1).mean() for out in (low > 0, high < 0, (low > 0) | (high < 0))]
        naive_share = ((plain[0] > 0) | (plain[1] < 0)).any(axis=1).mean()
        cells = [percent(float(share), len(noise), 0.05) for share in shares]
        rows.append([name, *cells, f"{100 * naive_share:.1f}"])
    text = (
        f"`sequential: true`, looked at after every seed from the {FEWEST}th to the {MOST}th, and stopped at the first that "
        f"settles it; {STUDIES // 2:,} studies each whose true difference is exactly the margin, so that either verdict is "
        "wrong. Promised: at most 5 for both together. The last column is what it guards against: to look at the plain t "
        "interval after every seed. `Equivalent` asks the same sequence for both ends, so it errs no more often than `not by "
        "the margin`."
    )
    header = ["differences", "supported", "not by the margin", "either", "either, plain t"]
    return section("Verdicts at the margin, stopped at the first seed that settles it", text, header, rows)


def stopping(random: np.random.Generator) -> str:
    counts = np.arange(1, MOST + 1)
    factors = np.array([sequence_factor(int(count), 0.95) for count in counts])
    rows = []
    for distance in (0.5, 1.0, 1.5, 2.0, 4.0):
        low, _ = watched(random.normal(0, 1, (4_000, MOST)), factors)
        low = low + distance
        first = np.where((low > 0).any(axis=1), (low > 0).argmax(axis=1) + 1, MOST + 1)
        shown = np.array([-1.0, 1.0, -1.0, 1.0]) * math.sqrt(3) / 2 + distance
        needed = seeds_needed(paired_over_seeds(np.zeros(4), shown), 0.0, "higher")
        assert needed is not None
        middle, most = (np.quantile(first, share, method="lower") for share in (0.5, 0.8))
        cells = [f"> {MOST}" if place > MOST else f"{int(place)}" for place in (middle, most)]
        rows.append([f"{distance:g}", *cells, f"{needed.even}", f"{needed.likely}"])
    text = (
        "What it costs, by the distance of the true mean from the margin: the seed at which a sequential study of normal "
        "differences is settled, in half and in 80 of 100 studies, and how many seeds a study needs that names them beforehand "
        "and knows mean and deviation (which no study does)."
    )
    header = [
        "distance, in deviations",
        "half by seed",
        "80 of 100 by seed",
        "named: half",
        "named: 80 of 100",
    ]
    return section("Where sequential studies stop", text, header, rows)


def resplit_coverage(random: np.random.Generator) -> str:
    rows = []
    for name, make in (("rows and seeds alone", rows_alone), ("two classifiers, trained anew", two_classifiers)):
        differences, truth = make(random)
        for seeds in RESPLITS:
            some = differences[:, :seeds]
            plain = spans(some, 0.95)
            half = (plain[1] - plain[0]) / 2 * math.sqrt(1 + seeds * TEST_ROWS / TRAINING_ROWS)
            mean = some.mean(axis=1)
            covered = [
                ((plain[0] <= truth) & (truth <= plain[1])).mean(),
                ((mean - half <= truth) & (truth <= mean + half)).mean(),
            ]
            cells = [f"{100 * covered[0]:.1f}", percent(float(covered[1]), FEWER, least=0.95)]
            rows.append([name, f"{seeds}", *cells])
    text = (
        f"Every seed splits one data set of {TRAINING_ROWS + TEST_ROWS} rows anew, {TEST_ROWS} of them for the test; {FEWER:,} "
        "data sets each. How often the interval holds the difference on other data of the same kind: by the paired t interval, "
        "which speaks of this data set alone, and corrected (Nadeau and Bengio 2003), as the page gives it. The classifiers are "
        f"the nearest of two class means, on all {DIMENSIONS} columns and on the half that tells the classes apart."
    )
    return section("Resplits of one data set", text, ["differences", "seeds", "paired t", "corrected"], rows)


def rows_alone(random: np.random.Generator) -> tuple[Floats, float]:
    """Differences of (R, S) resplits, of rows that keep theirs and seeds that add their own."""
    whole = TRAINING_ROWS + TEST_ROWS
    rows = random.normal(0, 1, (FEWER, whole))
    found = np.empty((FEWER, max(RESPLITS)))
    for seed in range(max(RESPLITS)):
        tested = random.random((FEWER, whole)).argsort(axis=1)[:, :TEST_ROWS]
        found[:, seed] = np.take_along_axis(rows, tested, axis=1).mean(axis=1) + random.normal(0, 0.05, FEWER)
    return found, 0.0


def two_classifiers(random: np.random.Generator) -> tuple[Floats, float]:
    """Differences in accuracy of (R, S) resplits, and the true one for that many training rows."""
    whole, seeds = TRAINING_ROWS + TEST_ROWS, max(RESPLITS)
    middle = np.where(np.arange(DIMENSIONS) < DIMENSIONS // 2, DISTANCE / 2, 0.0)
    found = np.empty((FEWER, seeds))
    for number in range(FEWER):
        sides = random.choice([-1.0, 1.0], whole)
        columns = random.normal(0, 1, (whole, DIMENSIONS)) + sides[:, None] * middle
        tested = random.random((seeds, whole)).argsort(axis=1).argsort(axis=1) < TEST_ROWS
        found[number] = _gains(columns, sides, tested)
    truths = []
    for _ in range(8_000):
        positive = int(random.binomial(TRAINING_ROWS, 0.5))
        up, down = (
            sign * middle + random.normal(0, 1, DIMENSIONS) / math.sqrt(count)
            for sign, count in ((1, positive), (-1, TRAINING_ROWS - positive))
        )
        truths.append(_accuracy(up, down, middle, DIMENSIONS // 2) - _accuracy(up, down, middle, DIMENSIONS))
    return found, float(np.mean(truths))


def _gains(columns: Floats, sides: Floats, tested: Floats) -> Floats:
    """The accuracy with half of the columns less that with all, for each split, shape (S,)."""
    hits = []
    means = []
    for side in (1.0, -1.0):
        counted = (~tested.astype(bool)) & (sides == side)
        means.append(counted @ columns / counted.sum(axis=1, keepdims=True))
    for used in (DIMENSIONS, DIMENSIONS // 2):
        up, down = (mean[:, :used] for mean in means)
        scores = columns[:, :used] @ (up - down).T - ((up**2).sum(axis=1) - (down**2).sum(axis=1)) / 2
        right = (np.sign(scores) == sides[:, None]).T
        hits.append((right & tested.astype(bool)).sum(axis=1) / TEST_ROWS)
    gains: Floats = hits[1] - hits[0]
    return gains


def _accuracy(up: Floats, down: Floats, middle: Floats, used: int) -> float:
    """Of the nearest mean on rows of the population, exactly."""
    weights = (up - down)[:used]
    cut = ((up[:used] ** 2).sum() - (down[:used] ** 2).sum()) / 2
    size = math.sqrt(float((weights**2).sum()))
    centre = float(weights @ middle[:used])
    normal = NormalDist()
    return (normal.cdf((centre - cut) / size) + normal.cdf((centre + cut) / size)) / 2


def both_anew(random: np.random.Generator) -> str:
    rows, normal = [], NormalDist()
    for parts in ROW_PARTS:
        seed, row, rest = parts
        for seeds in (3, 5, 10, 20):
            cells, hits = [], []
            for probability in (0.5, 0.8, 0.95, 0.99):
                mean = normal.inv_cdf(probability) * math.sqrt(seed**2 + row**2 + rest**2)
                better = []
                for _ in range(FEWER // 4):
                    shape, scale = (seeds, ROWS_SHARED), math.sqrt(ROWS_SHARED)
                    terms = mean + random.normal(0, seed, (seeds, 1))
                    terms = terms + scale * (random.normal(0, row, (1, ROWS_SHARED)) + random.normal(0, rest, shape))
                    split = split_variance(terms, same_rows=True)
                    alone = probability_better(np.zeros(seeds), terms.mean(axis=1), "higher")
                    found = probability_over_both(split, alone, "higher")
                    assert split.low is not None
                    assert split.high is not None
                    assert found.low is not None
                    assert found.high is not None
                    hits.append(split.low <= mean <= split.high)
                    better.append(found.low <= probability <= found.high)
                cells.append(percent(float(np.mean(better)), len(better), least=0.95))
            said = f"{seed:g}, {row:g}, {rest:g}"
            rows.append([said, f"{seeds}", percent(float(np.mean(hits)), len(hits), least=0.95), *cells])
    text = (
        f"All seeds are tested on the same {ROWS_SHARED} rows, and the page says what other seeds and other rows would give: the "
        f"mean difference ({FEWER:,} studies each), and how often the arm is better in a run, where that is 50, 80, 95 and 99 % "
        f"({FEWER // 4} studies each). Deviations of a pair's difference from seed, rows, and what one seed makes of a row."
    )
    header = ["deviations", "seeds", "difference", "better 50 %", "80 %", "95 %", "99 %"]
    return section("Same test rows: seeds and rows drawn anew", text, header, rows)


def power(random: np.random.Generator) -> str:
    rows = []
    for distance in (0.4, 0.8, 1.5):
        shown = np.array([-1.0, 1.0, -1.0, 1.0]) * math.sqrt(3) / 2  # deviation 1, mean 0
        for towards in ("supported", "equivalent"):
            if towards == "supported":
                needed = seeds_needed(paired_over_seeds(np.zeros(4), shown + distance), 0.0, "higher")
            else:
                needed = seeds_for_equivalence(paired_over_seeds(np.zeros(4), shown, 0.90), distance)
            assert needed is not None
            cells = []
            for seeds in (needed.even, needed.likely):
                assert seeds is not None
                noise = random.normal(0, 1, (STUDIES, seeds))
                low, high = spans(noise, 0.95 if towards == "supported" else 0.90)
                reached = low + distance > 0 if towards == "supported" else (low > -distance) & (high < distance)
                cells += [f"{seeds}", f"{100 * reached.mean():.1f}"]
            rows.append([towards, f"{distance:g}", *cells])
    text = (
        "The numbers of seeds that the page names for a new study, and how many of such studies they settle, with normal "
        "differences whose mean and deviation are as the page took them. For `equivalent` the true difference is zero. With "
        "fewer than ten seeds the estimated deviation of the new study moves the share."
    )
    header = ["towards", "distance, in deviations", "seeds, even chance", "settled", "seeds, 80 of 100", "settled"]
    return section("How many seeds a new study needs", text, header, rows)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--out", type=Path, default=Path("docs/coverage-studies.md"))
    out = words.parse_args().out
    parts = (fixed_verdicts, sequential_verdicts, stopping, resplit_coverage, both_anew, power)
    sections = [part(np.random.default_rng(number)) for number, part in enumerate(parts)]
    head = "\n\n".join(["# How often verdicts of studies are wrong", COMMAND, *map(wrapped, HEAD)])
    out.write_text(head + "\n\n" + "\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
