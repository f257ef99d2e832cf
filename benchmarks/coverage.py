"""How often the 95 % intervals of `judge`, and of the differences of `compare`, hold the true value.

    python benchmarks/coverage.py --work FOLDER [--out docs/coverage.md] [--quick]

Rows are drawn from a population whose metrics are known; each draw is judged, and the intervals that hold the true
value are counted. What is counted stands in FOLDER after every few draws: the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

REPETITIONS, FEWER_REPETITIONS = 2_000, 1_000  # fewer where a repetition takes long
DRAWS, FEWER_DRAWS, DRAWS_FOR_SPREAD = 1_000, 400, 200  # the last where only the deviation of draws is used
MOST_ROWS = 20_000
CHUNK = 20
QUICK = 100
LOW, HIGH = 0.93, 0.97
DISTANCES = 2.0, 1.8  # between the classes' mean scores: of the model, and of the one that it is compared with
SHARED = 0.8  # the correlation of the two models' errors
OVERCONFIDENT = 1.3
GROUP_SPREAD, GROUP_SIZE = 0.7, 5
GROUP_LABELS = 4.0  # a group's share of positives is drawn from a beta distribution of this precision
MANY_SHARES = np.array([0.3, 0.2, 0.1, 0.1, 0.08, 0.07, 0.06, 0.04, 0.03, 0.02])
MANY_TRUTH_ROWS = 4_000_000

REQUIRED = ("accuracy", "log_loss", "brier", "roc_auc")
COMMAND = "`python benchmarks/coverage.py --work FOLDER --out docs/coverage.md`; `--quick` for a first look."
DONE = (
    "Rows are drawn from a population whose metrics are known, judged as `classmark judge` does, and the 95 % intervals that "
    "hold the true value are counted: per cent of the intervals that were given, and in brackets how many of all were "
    f"withheld. Bold is outside {100 * LOW:.0f} to {100 * HIGH:.0f}. Each figure is from {REPETITIONS:,} repetitions "
    f"(values of independent rows of two classes) or {FEWER_REPETITIONS:,} (the others): chance moves it by "
    f"{100 * (0.95 * 0.05 / REPETITIONS) ** 0.5:.1f} or {100 * (0.95 * 0.05 / FEWER_REPETITIONS) ** 0.5:.1f} points, as one "
    f"standard error. The bootstrap makes {DRAWS:,} draws, {FEWER_DRAWS} at {MOST_ROWS:,} rows and for ten classes, and "
    f"{DRAWS_FOR_SPREAD} for groups and differences, where only their deviation is used. Seeds are fixed. Differences that "
    "need a bootstrap are measured up to 2,000 rows.",
    f"Two classes: normal scores whose means lie {DISTANCES[0]} deviations apart, turned into probabilities that are "
    f"{OVERCONFIDENT} times too sure of themselves on the logit scale; the other model of a difference lies {DISTANCES[1]} "
    f"apart, and its errors correlate with the first one's by {SHARED}. Half of the rows are positive, or a tenth. True "
    "values come from a grid of 400,001 scores a class, weighted with their density.",
    f"Groups: {GROUP_SIZE} rows on average (one more than a Poisson count), a shift of their scores with deviation "
    f"{GROUP_SPREAD}, and their own share of positives (a beta distribution of precision {GROUP_LABELS:.0f}); so there are "
    "40, 400 and 4,000 of them.",
    f"Ten classes: shares of {100 * MANY_SHARES.min():.0f} to {100 * MANY_SHARES.max():.0f} %; true values from a sample of "
    f"{MANY_TRUTH_ROWS:,} rows.",
    "The calibration error has no interval: draws of the plug-in estimate all lie above the true value.",
)
TABLES = (
    ("Independent rows, two classes", "value", "alone"),
    ("Whole groups, two classes", "value", "grouped"),
    ("Independent rows, ten classes", "value", "many"),
    ("Differences of two models, independent rows, two classes", "difference", "alone"),
    ("Differences of two models, whole groups, two classes", "difference", "grouped"),
    ("Differences of two models, independent rows, ten classes", "difference", "many"),
)

Truth = dict[str, float]
Counts = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Setting:
    """What rows are drawn: how many, of which classes, in groups or not."""

    rows: int
    prevalence: float
    grouped: bool = False
    many: bool = False

    @property
    def name(self) -> str:
        if self.many:
            return f"many-{self.rows}"
        return f"{'groups' if self.grouped else 'rows'}-{self.rows}-{self.prevalence}"

    @property
    def sort(self) -> str:
        return "many" if self.many else "grouped" if self.grouped else "alone"

    @property
    def title(self) -> str:
        share = "" if self.many else ", balanced" if self.prevalence == 0.5 else f", {100 * self.prevalence:.0f} %"
        return f"{self.rows:,} rows{share}"

    @property
    def draws(self) -> int:
        if self.grouped:
            return DRAWS_FOR_SPREAD
        return FEWER_DRAWS if self.many or self.rows == MOST_ROWS else DRAWS


def settings(quick: bool) -> list[tuple[str, Setting, int]]:
    """What is measured, in this order: `value` or `difference`, the setting, how many repetitions."""
    sizes = (2_000, 200) if quick else (2_000, MOST_ROWS, 200)
    many = Setting(2_000, 0.0, many=True)
    alone = [Setting(rows, share) for rows in sizes for share in (0.5, 0.1)]
    grouped = [Setting(rows, share, grouped=True) for rows in sorted(sizes) for share in (0.5, 0.1)]
    fewer = QUICK if quick else FEWER_REPETITIONS
    found = [("value", each, QUICK if quick else REPETITIONS) for each in alone]
    found += [("value", each, fewer) for each in (many, *grouped) if each.rows < MOST_ROWS]
    found += [
        ("difference", each, fewer) for each in (*alone, *grouped, many) if not each.grouped or each.rows < MOST_ROWS
    ]
    return found + [("value", each, fewer) for each in grouped if each.rows == MOST_ROWS]


def probabilities(scores: Floats, distance: float, prevalence: float) -> Floats:
    """What an overconfident model says of a score, shape (N, 2)."""
    logits = OVERCONFIDENT * distance * scores + np.log(prevalence / (1 - prevalence))
    positive = 1 / (1 + np.exp(-logits))
    return np.column_stack([1 - positive, positive])


def table(labels: NDArray[np.int64], stated: Floats) -> Scored:
    return Scored(labels, np.argmax(stated, axis=1), stated, stated.shape[1])


def drawn(setting: Setting, generator: np.random.Generator) -> tuple[Scored, Scored, Groups]:
    """Rows as the model and another one see them, and their groups."""
    if setting.many:
        labels = generator.choice(len(MANY_SHARES), setting.rows, p=MANY_SHARES)
        shared = generator.normal(size=(setting.rows, len(MANY_SHARES)))
        return *(table(labels, many(labels, shared, distance, generator)) for distance in DISTANCES), None
    if setting.grouped:
        sizes = 1 + generator.poisson(GROUP_SIZE - 1, setting.rows // GROUP_SIZE)
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
    for distance, noise in zip(DISTANCES, own, strict=True):
        scores = distance * (labels - 0.5) + moved + np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * noise
        both.append(table(labels, probabilities(scores, distance, setting.prevalence)))
    return both[0], both[1], groups


def many(labels: NDArray[np.int64], shared: Floats, distance: float, generator: np.random.Generator) -> Floats:
    """Probabilities of more than two classes."""
    logits = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * generator.normal(size=shared.shape)
    logits[np.arange(len(labels)), labels] += distance
    stated = np.exp(OVERCONFIDENT * logits) * MANY_SHARES
    found: Floats = stated / stated.sum(axis=1, keepdims=True)
    return found


def truth(setting: Setting, distance: float) -> Truth:
    """The population's metrics: two classes by a fine grid of scores weighted with their density, more by a sample."""
    if setting.many:
        generator = np.random.default_rng(1)
        labels = generator.choice(len(MANY_SHARES), MANY_TRUTH_ROWS, p=MANY_SHARES)
        shared = generator.normal(size=(MANY_TRUTH_ROWS, len(MANY_SHARES)))
        return statistics(table(labels, many(labels, shared, distance, generator)))
    deviation = np.sqrt(1 + GROUP_SPREAD**2) if setting.grouped else 1.0
    grid = np.linspace(-12 * deviation, 12 * deviation, 400_001)
    densities = [np.exp(-(((grid - distance * (label - 0.5)) / deviation) ** 2) / 2) for label in (0, 1)]
    shares = (1 - setting.prevalence, setting.prevalence)
    weights = np.concatenate([share * each / each.sum() for share, each in zip(shares, densities, strict=True)])
    rows = table(np.repeat([0, 1], len(grid)), probabilities(np.tile(grid, 2), distance, setting.prevalence))
    values = weighted_metrics(rows, weights[None])
    right = rows.labels == rows.predicted
    counts = [
        np.bincount(classes, weights=weight, minlength=2)[None]
        for classes, weight in ((rows.labels, weights), (rows.predicted, weights), (rows.labels, weights * right))
    ]
    return {name: float(value[0]) for name, value in (values | confusion_metrics(ClassCounts(*counts), 1)).items()}


def repeat(setting: Setting, kind: str, repetition: int, truths: tuple[Truth, Truth]) -> Iterator[tuple[str, str]]:
    """What became of each interval of one draw of rows: (metric, `held`, `below`, `above` or `withheld`)."""
    seed = [int(1000 * setting.prevalence), setting.rows, setting.grouped, setting.many, repetition]
    a, b, groups = drawn(setting, np.random.default_rng(seed))
    if kind == "value":
        names = tuple(map(str, range(a.classes)))
        for name, one in estimate(a, names, setting.draws, repetition, groups).metrics.items():
            if name in truths[0]:
                yield name, fate(one.low, one.high, truths[0][name])
        return
    sampled = (Sampled(rows, groups, DRAWS_FOR_SPREAD, repetition) for rows in (a, b))
    found = sampled_differences(*sampled, every_metric=setting.rows < MOST_ROWS)[0]
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
        truths = (truth(setting, DISTANCES[0]), truth(setting, DISTANCES[1]))
    for start in range(begin, repetitions, CHUNK):
        numbers = range(start, start + CHUNK)
        found = Counts(pair for number in numbers for pair in repeat(setting, kind, number, truths))
        total.update(found)
        with (work / f"{kind}-{setting.name}.jsonl").open("a") as file:
            file.write(json.dumps({"|".join(key): count for key, count in found.items()}) + "\n")
    return total


def page(counted: Mapping[tuple[str, Setting], Counts], missing: Sequence[str] = ()) -> str:
    """The page: what was done, the tables, and what lies outside."""
    parts = ["# How often the intervals hold the true value", wrapped(COMMAND), *map(wrapped, DONE)]
    if missing:
        parts.append(wrapped(f"Not counted yet, and so not here: {'; '.join(missing)}."))
    for title, kind, wanted in TABLES:
        chosen = [
            (setting, counts) for (of, setting), counts in counted.items() if of == kind and setting.sort == wanted
        ]
        if chosen:
            parts += [f"## {title}", table_of(sorted(chosen, key=lambda pair: (pair[0].rows, -pair[0].prevalence)))]
    return "\n\n".join([*parts, "## Outside", *outside(counted)]) + "\n"


def table_of(chosen: Sequence[tuple[Setting, Counts]]) -> str:
    """A row a metric, a column a setting."""
    names = [name for name in METRICS if any(shares(counts, name).given for _, counts in chosen)]
    lines = [
        "| metric | " + " | ".join(setting.title for setting, _ in chosen) + " |",
        "|---" * (len(chosen) + 1) + "|",
    ]
    for name in names:
        cells = []
        for _, counts in chosen:
            one = shares(counts, name)
            if not one.given:
                cells.append("–")
                continue
            inside = f"{100 * one.held:.1f}" if LOW <= one.held <= HIGH else f"**{100 * one.held:.1f}**"
            cells.append(inside + (f" ({100 * one.withheld:.1f})" if one.withheld else ""))
        lines.append(f"| {TITLES.get(name, name)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@dataclass(frozen=True)
class Shares:
    """Shares of the `given` intervals, but `withheld` of all."""

    given: int
    held: float
    below: float
    above: float
    withheld: float


def shares(counts: Counts, name: str) -> Shares:
    held, below, above, withheld = (counts[name, each] for each in ("held", "below", "above", "withheld"))
    given = held + below + above
    one = max(1, given)
    return Shares(given, held / one, below / one, above / one, withheld / max(1, given + withheld))


def outside(counted: Mapping[tuple[str, Setting], Counts]) -> list[str]:
    """What lies outside the band, that which is required first."""
    required, other = [], []
    for (kind, setting), counts in counted.items():
        for name in METRICS:
            one = shares(counts, name)
            if not one.given or LOW <= one.held <= HIGH:
                continue
            needed = kind == "value" and name in REQUIRED and setting.rows >= 2_000 and not setting.many
            line = (
                f"- {TITLES.get(name, name)}{', difference' * (kind == 'difference')}, {setting.title}"
                f"{', groups' * setting.grouped}{', ten classes' * setting.many}: {100 * one.held:.1f} %; the interval lies "
                f"below the true value in {100 * one.below:.1f} %, above it in {100 * one.above:.1f} %."
            )
            (required if needed else other).append(wrapped(line))
    band = f"{100 * LOW:.0f} to {100 * HIGH:.0f} %"
    first = f"Accuracy, log loss, Brier score and ROC area at 2,000 and 20,000 rows lie within {band} in every setting here."
    if required:
        first = f"Accuracy, log loss, Brier score and ROC area at 2,000 and 20,000 rows are to lie within {band}; these do not:"
    found = [wrapped(first)] + (["\n".join(required)] if required else [])
    return found + ([wrapped(f"Others outside {band}:"), "\n".join(other)] if other else [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder of what is counted, to go on from")
    parser.add_argument("--out", type=Path, help="write the page here, such as docs/coverage.md")
    parser.add_argument("--so-far", action="store_true", help="only write the page of what FOLDER has in full")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} repetitions, at most 2,000 rows")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    everything, missing = {}, list[str]()
    for kind, setting, repetitions in settings(options.quick):
        if options.so_far and counted_so_far(setting, kind, options.work)[0] < repetitions:
            missing.append(f"{kind}s of {setting.sort} rows, {setting.title}".replace("alone rows", "independent rows"))
            continue
        everything[kind, setting] = measure(setting, kind, repetitions, options.work)
        print(kind, setting.name, "done", flush=True)
    print(page(everything, missing))
    if options.out is not None:
        options.out.write_text(page(everything, missing), encoding="utf-8")
