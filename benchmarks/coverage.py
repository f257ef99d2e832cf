"""How often the 95 % intervals of `judge`, and of the differences of `compare`, hold the true value.

    python benchmarks/coverage.py --work FOLDER [--out docs/coverage.md] [--quick]

Rows are drawn from a population whose metrics are known; each draw is judged, and the intervals that hold the true
value are counted. What is counted stands in FOLDER after every few draws: the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classmark.judging.comparisons.paired import Sampled, sampled_differences
from classmark.judging.metric import METRICS, TITLES
from classmark.judging.scored import ClassCounts, Scored, confusion_metrics, statistics, weighted_metrics
from classmark.judging.statistics.estimates import estimate
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.resampling import Groups
from page import wrapped

PASSES = 40, 100, 300, 1_000  # repetitions: all settings get the first number before any gets the next
DRAWS, DRAWS_OF_PERCENTILES = 200, 400  # of the bootstrap; the first where only the deviation of draws is used
CHUNK = 20
LOW, HIGH = 0.93, 0.97
FEWEST_GIVEN = 20  # intervals, of which a share is shown
DISTANCES = 2.0, 1.8  # between the classes' mean scores: of the model, and of the one that it is compared with
NEAR_PERFECT = 5.0
SHARED = 0.8  # the correlation of the two models' errors
OVERCONFIDENT = 1.3
CATASTROPHIC, NATS = 0.005, 18.0  # the share of rows that are wrong with that log-odds
GROUP_SPREAD, GROUP_SIZE = 0.7, 5
GROUP_LABELS = 4.0  # a group's share of positives is drawn from a beta distribution of this precision
UNEQUAL = 1.2  # the deviation of the logarithm of a group's size
MANY_SHARES = np.array([0.3, 0.2, 0.1, 0.1, 0.08, 0.07, 0.06, 0.04, 0.03, 0.02])
MANY_TRUTH_ROWS = 1_000_000
RECALL, RECALL_PRECISION, SHARE_SPREAD = 0.8, 8.0, 0.7  # of the classes of a matrix

COMMAND = (
    "`python benchmarks/coverage.py --work FOLDER --out docs/coverage.md`; it goes on where it stopped, and `--so-far` writes "
    "the page of what is counted. `--quick` makes the first pass alone."
)
DONE = (
    "Rows are drawn from a population whose metrics are known, judged as `classmark judge` does, and the 95 % intervals that "
    "hold the true value are counted: per cent of the intervals that were given, and in brackets how many of all were "
    f"withheld. Bold is below {100 * LOW:.0f}, italic above {100 * HIGH:.0f} (conservative), where chance does not explain it: "
    "by more than two standard errors from 95. The last line of a table has the "
    "repetitions: a share of 95 % has a standard error of 3.4 points with 40 of them, 2.2 with 100, 1.3 with 300 and 0.7 with "
    "1,000. A dash "
    f"is a metric that is not there, or has fewer than {FEWEST_GIVEN} intervals. The bootstrap makes {DRAWS} draws where only "
    f"their deviation is used, else {DRAWS_OF_PERCENTILES}. Seeds are fixed.",
    f"Two classes: normal scores whose means lie {DISTANCES[0]} deviations apart ({NEAR_PERFECT} for a near-perfect model), "
    f"turned into probabilities that are {OVERCONFIDENT} times too sure of themselves on the logit scale. The other model of a "
    f"difference lies {DISTANCES[1]} apart, and its errors correlate with the first one's by {SHARED}. Rare catastrophes: "
    f"{100 * CATASTROPHIC} % of the rows are wrong with a log-odds of {NATS:.0f}. True values come from a grid of scores, "
    "weighted with their density.",
    f"Groups: a shift of their scores with deviation {GROUP_SPREAD}, and their own share of positives (a beta distribution of "
    f"precision {GROUP_LABELS:.0f}). Groups of about {GROUP_SIZE} rows have one more than a Poisson count; of unequal groups "
    f"the logarithm of the size has deviation {UNEQUAL}, so that 100 groups say as much as about 32 of equal size; "
    "1,200 such groups have about 20,000 rows.",
    f"Ten classes: shares of {100 * MANY_SHARES.min():.0f} to {100 * MANY_SHARES.max():.0f} %; true values from a sample of "
    f"{MANY_TRUTH_ROWS:,} rows. Confusion matrices of up to 1,000 classes: recalls from a beta distribution with mean {RECALL}, "
    "shares of classes that differ by a factor of about two, errors spread over all other classes.",
    "Seeds that split one data set anew, and folds, are not here: coverage-studies.md counts their intervals and verdicts.",
    "The calibration error has no interval: draws of the plug-in estimate all lie above the true value. What no interval can "
    "show is an error of a kind that these rows hold no sign of: the upper end of log loss, Brier score and costs allows for "
    "more wrong rows with the confidence of the rows that are there, not for greater confidence.",
)
TABLES = (
    ("Independent rows, two classes", "value", "alone"),
    ("Near-perfect models and rare catastrophes, independent rows", "value", "edge"),
    ("Whole groups, two classes", "value", "grouped"),
    ("Independent rows, ten classes", "value", "many"),
    ("Confusion matrices of many classes", "value", "matrix"),
    ("Differences of two models, independent rows, two classes", "difference", "alone"),
    ("Differences of two models, whole groups, two classes", "difference", "grouped"),
    ("Differences of two models, independent rows, ten classes", "difference", "many"),
)

Truth = dict[str, float]
Counts = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Setting:
    """What rows are drawn.

    Attributes:
        rows: how many, about.
        prevalence: of two classes, the share of positives.
        sort: `alone`, `edge`, `grouped`, `many` (ten classes with scores) or `matrix` (decisions alone).
        classes: of a matrix.
        groups: how many, where rows are grouped.
        unequal: whether the groups are.
        distance: between the classes' mean scores.
        catastrophic: the share of rows that are wrong and sure.
    """

    rows: int
    prevalence: float = 0.0
    sort: str = "alone"
    classes: int = 2
    groups: int = 0
    unequal: bool = False
    distance: float = DISTANCES[0]
    catastrophic: float = 0.0

    @property
    def name(self) -> str:
        parts = (self.sort, self.rows, self.prevalence, self.classes, self.groups, int(self.unequal), self.distance)
        return "-".join(map(str, (*parts, self.catastrophic)))

    @property
    def title(self) -> str:
        parts = [f"{self.rows:,} rows"]
        if self.sort == "matrix":
            parts.insert(0, f"{self.classes:,} classes")
        if self.groups:
            parts = [f"{self.groups:,} {'unequal ' * self.unequal}groups"]
        if self.sort not in ("many", "matrix"):
            parts.append(f"{100 * self.prevalence:g} %")
        if self.catastrophic:
            parts.append("catastrophes")
        elif self.sort == "edge":
            parts.append("near-perfect")
        return ", ".join(parts)

    @property
    def draws(self) -> int:
        return DRAWS_OF_PERCENTILES if self.sort == "many" else DRAWS


def settings() -> list[tuple[str, Setting]]:
    """What is measured, in this order: `value` or `difference`, and the setting."""
    shares = {20: (0.5,), 200: (0.5, 0.1, 0.01), 2_000: (0.5, 0.1, 0.01), 20_000: (0.5, 0.01, 0.001)}
    alone = [Setting(rows, share) for rows in shares for share in shares[rows]]
    edge = [Setting(rows, share, "edge", distance=NEAR_PERFECT) for rows in (200, 2_000) for share in (0.5, 0.1)]
    edge += [Setting(rows, 0.5, "edge", catastrophic=CATASTROPHIC) for rows in (200, 2_000)]
    grouped = [Setting(200, share, "grouped", groups=40) for share in (0.5, 0.1)]
    grouped += [Setting(2_000, 0.1, "grouped", groups=400), Setting(100, 0.5, "grouped", groups=20)]
    grouped += [Setting(1_600, share, "grouped", groups=100, unequal=True) for share in (0.5, 0.1)]
    grouped += [Setting(20_000, 0.1, "grouped", groups=1_200, unequal=True)]
    many = [Setting(rows, sort="many") for rows in (200, 2_000)]
    sizes = ((10, 20), (10, 200), (50, 1_000), (200, 1_000), (200, 20_000), (1_000, 1_000), (1_000, 20_000))
    matrix = [Setting(rows, sort="matrix", classes=classes) for classes, rows in sizes]
    compared = [one for one in alone if 200 <= one.rows <= 2_000 and one.prevalence >= 0.1]
    values = [("value", one) for one in (*matrix, *alone, *edge, *grouped, *many)]
    return sorted(values, key=lambda pair: pair[1].rows) + [
        ("difference", one) for one in (*compared, *grouped[:3], many[1])
    ]


def probabilities(scores: Floats, distance: float, prevalence: float) -> Floats:
    """What an overconfident model says of a score, shape (N, 2)."""
    logits = OVERCONFIDENT * distance * scores + np.log(prevalence / (1 - prevalence))
    positive = 1 / (1 + np.exp(-logits))
    return np.column_stack([1 - positive, positive])


def table(labels: NDArray[np.int64], stated: Floats) -> Scored:
    return Scored(labels, np.argmax(stated, axis=1), stated, stated.shape[1])


def drawn(setting: Setting, generator: np.random.Generator) -> tuple[Scored, Scored, Groups]:
    """Rows as the model and another one see them, and their groups."""
    if setting.sort == "matrix":
        labels, decided = decisions(setting, generator)
        one = Scored(labels, decided, None, setting.classes)
        return one, one, None
    if setting.sort == "many":
        labels = generator.choice(len(MANY_SHARES), setting.rows, p=MANY_SHARES)
        shared = generator.normal(size=(setting.rows, len(MANY_SHARES)))
        return *(table(labels, many(labels, shared, distance, generator)) for distance in DISTANCES), None
    if setting.groups:
        sizes = 1 + generator.poisson(GROUP_SIZE - 1, setting.groups)
        if setting.unequal:
            sizes = np.ceil(8 * np.exp(UNEQUAL * generator.normal(size=setting.groups))).astype(np.int64)
        groups = np.repeat(np.arange(len(sizes)), sizes)
        share = GROUP_LABELS * setting.prevalence
        shares = generator.beta(share, GROUP_LABELS - share, len(sizes))[groups]
        moved = GROUP_SPREAD * generator.normal(size=len(sizes))[groups]
    else:
        groups, shares, moved = None, np.full(setting.rows, setting.prevalence), np.zeros(setting.rows)
    labels = (generator.random(len(shares)) < shares).astype(np.int64)
    shared = generator.normal(size=len(labels))
    own = generator.normal(size=(2, len(labels)))
    both = []
    for distance, noise in zip((setting.distance, DISTANCES[1]), own, strict=True):
        scores = distance * (labels - 0.5) + moved + np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * noise
        stated = probabilities(scores, distance, setting.prevalence)
        if setting.catastrophic:
            stated[generator.random(len(labels)) < setting.catastrophic] = np.nan
            stated = np.where(np.isnan(stated), sure_and_wrong(labels), stated)
        both.append(table(labels, stated))
    return both[0], both[1], groups


def sure_and_wrong(labels: NDArray[np.int64]) -> Floats:
    """Probabilities that are wrong by `NATS`, shape (N, 2)."""
    positive = 1 / (1 + np.exp(NATS * (2 * labels - 1.0)))
    return np.column_stack([1 - positive, positive])


def matrix_population(classes: int) -> tuple[Floats, Floats]:
    """The share and the recall of each class, shape (C,)."""
    generator = np.random.default_rng(classes)
    found = np.exp(SHARE_SPREAD * generator.normal(size=classes))
    recalls = generator.beta(RECALL * RECALL_PRECISION, (1 - RECALL) * RECALL_PRECISION, classes)
    return found / found.sum(), recalls


def decisions(setting: Setting, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels and decisions, shape (N,); a wrong decision is any other class."""
    shares, recalls = matrix_population(setting.classes)
    labels = generator.choice(setting.classes, setting.rows, p=shares)
    other = (labels + generator.integers(1, setting.classes, setting.rows)) % setting.classes
    return labels, np.where(generator.random(setting.rows) < recalls[labels], labels, other)


def matrix_truth(classes: int) -> Truth:
    """The metrics of the population of a matrix."""
    shares, recalls = matrix_population(classes)
    astray = shares * (1 - recalls) / (classes - 1)
    counts = ClassCounts(shares[None], (shares * recalls + astray.sum() - astray)[None], (shares * recalls)[None])
    return {name: float(value[0]) for name, value in confusion_metrics(counts, 1).items()}


def many(labels: NDArray[np.int64], shared: Floats, distance: float, generator: np.random.Generator) -> Floats:
    """Probabilities of more than two classes."""
    logits = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * generator.normal(size=shared.shape)
    logits[np.arange(len(labels)), labels] += distance
    stated = np.exp(OVERCONFIDENT * logits) * MANY_SHARES
    found: Floats = stated / stated.sum(axis=1, keepdims=True)
    return found


def truth(setting: Setting, distance: float) -> Truth:
    """The population's metrics: two classes by a fine grid of scores weighted with their density, more by a sample."""
    if setting.sort == "matrix":
        return matrix_truth(setting.classes)
    if setting.sort == "many":
        generator = np.random.default_rng(1)
        labels = generator.choice(len(MANY_SHARES), MANY_TRUTH_ROWS, p=MANY_SHARES)
        shared = generator.normal(size=(MANY_TRUTH_ROWS, len(MANY_SHARES)))
        return statistics(table(labels, many(labels, shared, distance, generator)))
    deviation = np.sqrt(1 + GROUP_SPREAD**2) if setting.groups else 1.0
    grid = np.linspace(-12 * deviation, 12 * deviation, 100_001)
    densities = [np.exp(-(((grid - distance * (label - 0.5)) / deviation) ** 2) / 2) for label in (0, 1)]
    shares = (1 - setting.prevalence, setting.prevalence)
    weights = np.concatenate([share * each / each.sum() for share, each in zip(shares, densities, strict=True)])
    labels, stated = np.repeat([0, 1], len(grid)), probabilities(np.tile(grid, 2), distance, setting.prevalence)
    if share := setting.catastrophic:
        weights = np.concatenate(
            [(1 - share) * weights, share * np.array([1 - setting.prevalence, setting.prevalence])]
        )
        labels, stated = np.append(labels, [0, 1]), np.concatenate([stated, sure_and_wrong(np.array([0, 1]))])
    rows = table(labels, stated)
    values = weighted_metrics(rows, weights[None])
    right = rows.labels == rows.predicted
    counts = [
        np.bincount(classes, weights=weight, minlength=2)[None]
        for classes, weight in ((rows.labels, weights), (rows.predicted, weights), (rows.labels, weights * right))
    ]
    return {name: float(value[0]) for name, value in (values | confusion_metrics(ClassCounts(*counts), 1)).items()}


def repeat(setting: Setting, kind: str, repetition: int, truths: tuple[Truth, Truth]) -> Iterator[tuple[str, str]]:
    """What became of each interval of one draw of rows: (metric, `held`, `below`, `above` or `withheld`)."""
    a, b, groups = drawn(setting, np.random.default_rng([*setting.name.encode(), repetition]))
    if kind == "value":
        names = tuple(map(str, range(a.classes)))
        for name, one in estimate(a, names, setting.draws, repetition, groups).metrics.items():
            if name in truths[0]:
                yield name, fate(one.low, one.high, truths[0][name])
        return
    sampled = (Sampled(rows, groups, DRAWS, repetition) for rows in (a, b))
    found = sampled_differences(*sampled, every_metric=True)[0]
    for name, other in found.items():
        yield name, fate(other.low, other.high, truths[1][name] - truths[0][name])


def fate(low: float | None, high: float | None, true: float) -> str:
    if low is None or high is None:
        return "withheld"
    return "below" if high < true else "above" if low > true else "held"


def counted_so_far(setting: Setting, kind: str, work: Path) -> tuple[int, Counts]:
    """How many repetitions FOLDER has, and their counts."""
    path = work / f"{kind}-{setting.name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    done = [json.loads(line) for line in lines if line.endswith("}")]
    total = Counts()
    for each in done:
        total.update({tuple(key.split("|")): count for key, count in each.items()})
    return len(done) * CHUNK, total


def measure(setting: Setting, kind: str, repetitions: int, work: Path) -> Counts:
    """The counts of all repetitions; those that FOLDER has are not made again."""
    begin, total = counted_so_far(setting, kind, work)
    if begin < repetitions:
        truths = (truth(setting, setting.distance), truth(setting, DISTANCES[1]) if kind == "difference" else {})
    for start in range(begin, repetitions, CHUNK):
        numbers = range(start, start + CHUNK)
        found = Counts(pair for number in numbers for pair in repeat(setting, kind, number, truths))
        total.update(found)
        with (work / f"{kind}-{setting.name}.jsonl").open("a") as file:
            file.write(json.dumps({"|".join(key): count for key, count in found.items()}) + "\n")
    return total


@dataclass(frozen=True)
class Counted:
    """What became of the intervals of one setting."""

    kind: str
    setting: Setting
    repetitions: int
    counts: Counts


def page(everything: Sequence[Counted]) -> str:
    """The page: what was done, the tables, and what lies outside."""
    parts = ["# How often the intervals hold the true value", wrapped(COMMAND), *map(wrapped, DONE)]
    known = [one for one in everything if one.repetitions]
    if missing := [
        f"{one.kind} of {one.setting.title} ({one.setting.sort})" for one in everything if not one.repetitions
    ]:
        parts.append(wrapped(f"Not counted yet, and so not here: {'; '.join(missing)}."))
    for title, kind, sort in TABLES:
        chosen = [one for one in known if (one.kind, one.setting.sort) == (kind, sort)]
        if chosen:
            parts += [f"## {title}", table_of(chosen)]
    return "\n\n".join([*parts, "## Outside", *outside(known)]) + "\n"


def table_of(chosen: Sequence[Counted]) -> str:
    """A row a metric, a column a setting."""
    names = [name for name in METRICS if any(name == metric for one in chosen for metric, _ in one.counts)]
    lines = [
        "| metric | " + " | ".join(one.setting.title for one in chosen) + " |",
        "|---" * (len(chosen) + 1) + "|",
    ]
    lines += [
        f"| {TITLES.get(name, name)} | " + " | ".join(cell(shares(one.counts, name)) for one in chosen) + " |"
        for name in names
    ]
    lines.append("| *repetitions* | " + " | ".join(f"{one.repetitions:,}" for one in chosen) + " |")
    return "\n".join(lines)


def cell(one: Shares) -> str:
    """The share that held, and how many were withheld."""
    withheld = f" ({100 * one.withheld:.0f})" if one.withheld >= 0.005 else ""
    if one.given < FEWEST_GIVEN:
        return "–" + withheld
    chance = 2 * standard_error(one.given)
    mark = "**" if one.held < min(LOW, 0.95 - chance) else "*" if one.held > max(HIGH, 0.95 + chance) else ""
    return f"{mark}{100 * one.held:.1f}{mark}{withheld}"


@dataclass(frozen=True)
class Shares:
    """Shares of the `given` intervals, but `withheld` of all."""

    given: int
    held: float
    below: float
    above: float
    withheld: float


def standard_error(intervals: int) -> float:
    """Of a share of 0.95."""
    return float((0.95 * 0.05 / intervals) ** 0.5)


def shares(counts: Counts, name: str) -> Shares:
    held, below, above, withheld = (counts[name, each] for each in ("held", "below", "above", "withheld"))
    given = held + below + above
    one = max(1, given)
    return Shares(given, held / one, below / one, above / one, withheld / max(1, given + withheld))


def outside(known: Sequence[Counted]) -> list[str]:
    """What covers less than it promises, those first that lie there by more than chance."""
    clear, near = [], []
    for counted in known:
        for name in METRICS:
            one = shares(counted.counts, name)
            if one.given < FEWEST_GIVEN or one.held >= LOW:
                continue
            line = (
                f"- {TITLES.get(name, name)}{', difference' * (counted.kind == 'difference')}, "
                f"{counted.setting.title}{', ten classes' * (counted.setting.sort == 'many')}: {100 * one.held:.1f} % of "
                f"{one.given:,}; the interval lies below the true value in {100 * one.below:.1f} %, above it in "
                f"{100 * one.above:.1f} %."
            )
            if one.held >= 0.95 - 2 * standard_error(one.given):
                continue
            (clear if one.held < 0.95 - 3 * standard_error(one.given) else near).append(wrapped(line))
    found = [wrapped(f"What lies below {100 * LOW:.0f} %; above {100 * HIGH:.0f} % an interval is conservative.")]
    if clear:
        found += [wrapped("Below 95 % by more than three standard errors:"), "\n".join(clear)]
    if near:
        found += [wrapped("By two to three, of which one in forty is chance:"), "\n".join(near)]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder of what is counted, to go on from")
    parser.add_argument("--out", type=Path, help="write the page here, such as docs/coverage.md")
    parser.add_argument("--so-far", action="store_true", help="only write the page of what FOLDER has")
    parser.add_argument("--quick", action="store_true", help=f"{PASSES[0]} repetitions each")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for repetitions in () if options.so_far else PASSES[:1] if options.quick else PASSES:
        for kind, setting in settings():
            measure(setting, kind, repetitions, options.work)
            print(repetitions, kind, setting.name, flush=True)
    written = page([Counted(*pair, *counted_so_far(pair[1], pair[0], options.work)) for pair in settings()])
    print(written)
    if options.out is not None:
        options.out.write_text(written, encoding="utf-8")
