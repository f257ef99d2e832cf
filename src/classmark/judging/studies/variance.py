"""Where the uncertainty of a difference comes from: the seed of the training run, or which test rows were drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from classmark.judging.statistics.intervals import CONFIDENCE, Estimate, Floats, t_quantile
from classmark.judging.studies.seeds import Direction

BLOCK_VALUES = 1 << 24  # row weights that are drawn at once, which bounds memory
ALIKE = 1e-12


@dataclass(frozen=True)
class VarianceSplit:
    """The parts of the variance of B − A when seeds and test rows are drawn anew.

    Attributes:
        seeds, rows: how many there are.
        same_rows: every seed is judged on the same rows; else each has its own.
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


def split_variance(differences: Floats, same_rows: bool) -> VarianceSplit:
    """The variance of the mean of seeds × rows, by the analysis of variance with both as random effects.

    Same rows in every seed: two-way crossed, y = μ + seed + row + rest, and Var(mean) = (MS_seed + MS_row − MS_rest) / SN.
    Rows of their own: one-way, Var(mean) = MS_seed / SN. Parts below zero are set to zero.

    Args:
        differences: B − A of each row's term (1 for a hit, a squared error, …), shape (S, N), of two seeds and rows at least.
        same_rows: the columns are the same rows in every seed.

    Source: Searle, Casella, McCulloch 1992, sections 3.5 and 4.3 (analysis of variance estimates); the degrees of freedom
    by Satterthwaite 1946.
    """
    seeds, rows = differences.shape
    mean, by_seed = float(differences.mean()), differences.mean(axis=1)
    ms_seed = rows * float(by_seed.var(ddof=1))
    if not same_rows:
        within = float(differences.var(axis=1, ddof=1).mean())
        variance, degrees = ms_seed / (seeds * rows), float(seeds - 1)
        seed_part, row_part, rows_of_mean = max(0.0, ms_seed - within) / rows, within / rows, within / (seeds * rows)
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
    kind = "crossed" if same_rows else "nested"
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
        method=f"t over {seeds} seeds and {rows:,} rows, both random and {kind}, degrees of freedom by Satterthwaite",
    )


def probability_over_both(
    differences: Floats, same_rows: bool, direction: Direction, draws: int = 1000, seed: int = 0
) -> Estimate:
    """How often B is better than A in a pair of runs, with its interval when seeds and test rows are drawn anew.

    Each draw takes S seeds and N rows with replacement and counts the pairs in which B's mean is better, ties as half.

    Args:
        differences: B − A of each row's term, shape (S, N).
        same_rows: the columns are the same rows in every seed, so that a draw of rows holds for all.
        direction: which of the two is better.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Source: Bouthillier et al. 2021, section 4.1 (P(A > B)); Owen 2007 (seeds and rows resampled independently).
    """
    seeds, rows = differences.shape
    generator = np.random.default_rng(seed)
    gains = differences if direction == "higher" else -differences
    shares = [np.empty(0)]
    block = max(1, BLOCK_VALUES // (rows * (1 if same_rows else seeds)))
    for start in range(0, draws, block):
        count = min(block, draws - start)
        if same_rows:
            weights = generator.multinomial(rows, np.full(rows, 1 / rows), size=count)
            means = weights @ gains.T
        else:
            weights = generator.multinomial(rows, np.full(rows, 1 / rows), size=(count, seeds))
            means = np.einsum("rsn,sn->rs", weights, gains)
        better = (means > ALIKE * rows) + 0.5 * (np.abs(means) <= ALIKE * rows)
        chosen = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=count)
        shares.append((better * chosen).sum(axis=1) / seeds)
    drawn = np.concatenate(shares)
    means = gains.mean(axis=1)
    value = float(((means > ALIKE) + 0.5 * (np.abs(means) <= ALIKE)).mean())
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    method = f"{draws:,} bootstrap draws of seeds and test rows, ties as half"
    return Estimate(value, min(value, float(low)), max(value, float(high)), method)
