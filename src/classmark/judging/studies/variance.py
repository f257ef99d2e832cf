"""Where the uncertainty of a difference comes from: the seed of the training run, or which test rows were drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from classmark.judging.statistics.intervals import Estimate, Floats, t_quantile
from classmark.judging.studies.seeds import Direction


@dataclass(frozen=True)
class VarianceSplit:
    """The parts of the variance of B − A when seeds and test rows are drawn anew.

    Attributes:
        seeds, rows: how many there are.
        same_rows: every seed is judged on the same rows; else each holds back its own rows of one data set.
        seed: the deviation between seeds that rows do not explain, of one pair of runs.
        row: the deviation of one pair's difference from test rows alone, at this number of rows.
        seed_share: of the variance of the mean over all seeds, the share that more seeds would lower away; what both
            share (a row that one seed gets right and another does not) counts for the rows.
        low, high: the interval of the mean difference over seeds and rows.
        method: how the interval is made.
    """

    seeds: int
    rows: int
    same_rows: bool
    seed: float
    row: float
    seed_share: float | None
    value: float
    low: float | None
    high: float | None
    method: str


def split_variance(differences: Floats, same_rows: bool, shared: float | None = None) -> VarianceSplit:
    """The variance of the mean of seeds × rows, by the analysis of variance with both as random effects.

    Same rows in every seed: two-way crossed, y = μ + seed + row + rest, and Var(mean) = (MS_seed + MS_row − MS_rest) / SN.
    Else each seed splits one data set anew, and the seeds' means y_s correlate by ρ = n_test / (n_test + n_training):
    Var(mean) = Var(y_s) (1 / S + n_test / n_training). Parts below zero are set to zero.

    Args:
        differences: B − A of each row's term (1 for a hit, a squared error, …), shape (S, N), of two seeds and rows at least.
        same_rows: the columns are the same rows in every seed.
        shared: where they are not, test rows per training row; None if it is not known, which withholds the interval.

    Source: Searle, Casella, McCulloch 1992, sections 3.5 and 4.3 (analysis of variance estimates); the degrees of freedom
    by Satterthwaite 1946, the interval never narrower than Student's over the seeds alone. Nadeau & Bengio 2003, equation
    9, for resplits.
    """
    seeds, rows = differences.shape
    mean, by_seed = float(differences.mean()), differences.mean(axis=1)
    ms_seed = rows * float(by_seed.var(ddof=1))
    if not same_rows:
        ratio = shared or 0.0
        alone = 1 / (1 + ratio)  # the share of a test set's row variance that is not common to all seeds
        row_part = float(differences.var(axis=1, ddof=1).mean()) / rows
        seed_part = max(0.0, ms_seed / rows - row_part * alone)
        rows_of_mean = row_part * (alone / seeds + 1 - alone)
        variance, degrees = ms_seed / rows * (1 / seeds + ratio), float(seeds - 1)
    else:
        by_row = differences.mean(axis=0)
        rest = differences - by_seed[:, None] - by_row[None] + mean
        ms_row = seeds * float(by_row.var(ddof=1))
        ms_rest = float((rest**2).sum()) / ((seeds - 1) * (rows - 1))
        parts = (ms_seed, ms_row, -ms_rest)
        freedoms = (seeds - 1, rows - 1, (seeds - 1) * (rows - 1))
        total = max(sum(parts), ms_seed, ms_row - ms_rest)
        variance = total / (seeds * rows)
        spread = sum(part**2 / freedom for part, freedom in zip(parts, freedoms, strict=True))
        degrees = total**2 / spread if spread > 0 else 1.0
        seed_part = max(0.0, ms_seed - ms_rest) / rows
        row_part = (max(0.0, ms_row - ms_rest) / seeds + ms_rest) / rows
        rows_of_mean = max(0.0, ms_row - ms_rest) / (seeds * rows) + ms_rest / (seeds * rows)
    both = seed_part / seeds + rows_of_mean
    half = t_quantile(max(1, int(degrees))) * math.sqrt(variance) if variance > 0 else None
    if half is not None:  # with three seeds their degrees of freedom are known so badly that it could be
        half = max(half, t_quantile(seeds - 1) * math.sqrt(ms_seed / (seeds * rows)))
    method = f"t over {seeds} seeds and {rows:,} rows, both random and crossed, never narrower than over seeds alone"
    if not same_rows and shared is None:
        half, method = None, "none: seeds split one data set, and how many rows each run was trained on is not known"
    elif not same_rows:
        method = f"t over {seeds} splits of one data set, corrected (Nadeau & Bengio 2003: 1/{seeds} + {shared:.3g})"
    return VarianceSplit(
        seeds=seeds,
        rows=rows,
        same_rows=same_rows,
        seed=math.sqrt(seed_part),
        row=math.sqrt(row_part),
        seed_share=seed_part / seeds / both if both > 0 else None,
        value=mean,
        low=None if half is None else mean - half,
        high=None if half is None else mean + half,
        method=method,
    )


def probability_over_both(split: VarianceSplit, over_seeds: Estimate, direction: Direction) -> Estimate:
    """How often B is better than A in a pair of runs, with its interval when seeds and test rows are drawn anew.

    If a run's difference is normal, B is better with Φ(mean / deviation), the deviation being that of one pair with seed and
    rows drawn anew; the ends of the mean's interval give those of the probability. Few seeds know the deviation badly, so the
    wider of this and the interval over seeds is given, at each end. It covers 94 to 100 of 100 in docs/coverage-studies.md;
    draws of seeds and rows with replacement, which say 1 to 1 where every pair agrees, cover 13 to 98.

    Args:
        split: of the differences, on the same rows in every seed.
        over_seeds: the share of pairs in which B is better, with its interval on these rows.
        direction: which of the two is better.

    Source: Bouthillier et al. 2021, section 4.1 (P(A > B)); Church & Harris 1970 (the normal form).
    """
    value, deviation = over_seeds.value, math.hypot(split.seed, split.row)
    if not split.same_rows:
        return Estimate(value, None, None, "none: the seeds split one data set, so their pairs are not independent")
    if split.low is None or split.high is None or over_seeds.low is None or over_seeds.high is None or not deviation:
        return Estimate(value, None, None, "none: the differences do not vary")
    ends = [NormalDist().cdf((end if direction == "higher" else -end) / deviation) for end in (split.low, split.high)]
    method = "the wider of Clopper-Pearson over seeds and a normal form with test rows drawn anew, conservative"
    return Estimate(value, min(over_seeds.low, *ends), max(over_seeds.high, *ends), method)
