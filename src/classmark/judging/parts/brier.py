"""What a Brier score is made of, over bins of every class's probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats, divided

BLOCK_VALUES = 1 << 20  # probabilities that are binned at once, which bounds memory


@dataclass(frozen=True)
class BrierParts:
    """The parts of a Brier score: reliability − resolution + uncertainty + within-bin variance − within-bin covariance.

    Attributes:
        reliability: squared gap between mean probability and share of rows, the bins weighted by rows; lower is better.
        resolution: how far the bins' shares lie from the overall share; higher is better.
        uncertainty: the score of always stating the overall shares.
        within_bin_variance, within_bin_covariance: what probabilities that differ inside a bin add and take away.

    Source: Murphy 1973 (the first three); Stephenson, Coelho, Jolliffe 2008 (both within-bin terms, without which the
    three do not add up to the score of probabilities that differ inside a bin).
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float


@dataclass(frozen=True)
class ClassBins:
    """Sums over the rows of each bin of each class's probability p, with y = 1 where the row has the class.

    Attributes:
        total: rows of the table.
        rows, p, p_squared, y, p_y: each of shape (C, bins); of two classes the positive one alone, C = 1.
    """

    total: int
    rows: Floats
    p: Floats
    p_squared: Floats
    y: Floats
    p_y: Floats

    def calibration_error(self) -> float:
        """The mean over classes of the plug-in calibration error of the class's probability.

        Source: Kull et al. 2019 (classwise-ECE).
        """
        return float(np.abs(self.p - self.y).sum(axis=1).mean() / self.total)

    def brier_parts(self) -> BrierParts:
        """The parts of the Brier score: of the positive class for two, summed over classes otherwise."""
        total, mean_p, share = self.total, divided(self.p, self.rows), divided(self.y, self.rows)
        overall = self.y.sum(axis=1, keepdims=True) / total
        return BrierParts(
            reliability=float((self.rows * (mean_p - share) ** 2).sum() / total),
            resolution=float((self.rows * (share - overall) ** 2).sum() / total),
            uncertainty=float((overall * (1 - overall)).sum()),
            within_bin_variance=float((self.p_squared - self.rows * mean_p**2).sum() / total),
            within_bin_covariance=float(2 * (self.p_y - self.rows * mean_p * share).sum() / total),
        )


def class_bins(scored: Scored, edges: Floats) -> ClassBins:
    """The sums over bins that are closed on the right."""
    assert scored.probabilities is not None
    which = [scored.positive] if scored.classes == 2 else list(range(scored.classes))
    bins, classes = len(edges) - 1, len(which)
    cells = classes * bins
    rows, p, p_squared, y, p_y = (np.zeros(cells) for _ in range(5))
    step = max(1, BLOCK_VALUES // classes)
    for start in range(0, len(scored), step):
        values = scored.probabilities[start : start + step][:, which]
        place = np.searchsorted(edges[1:-1], values, side="left") + bins * np.arange(classes)
        rows += np.bincount(place.ravel(), minlength=cells)
        p += np.bincount(place.ravel(), weights=values.ravel(), minlength=cells)
        p_squared += np.bincount(place.ravel(), weights=values.ravel() ** 2, minlength=cells)
        row, column = np.nonzero(scored.labels[start : start + step, None] == np.array(which))
        true = place[row, column]
        y += np.bincount(true, minlength=cells)
        p_y += np.bincount(true, weights=values[row, column], minlength=cells)
    return ClassBins(len(scored), *(part.reshape(classes, bins) for part in (rows, p, p_squared, y, p_y)))
