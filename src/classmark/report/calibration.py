"""What the page says of calibration, as rows of its tables."""

from __future__ import annotations

from dataclasses import dataclass

from classmark.judging.comparisons.paired import Difference
from classmark.judging.judgement import Judgement
from classmark.judging.parts.calibration import BinnedCalibration
from classmark.judging.parts.recalibration import Recalibrated

UNCALIBRATED = 0.05
METRICS = {"log_loss": "Log loss", "brier": "Brier score"}
ERRORS = {
    "ece": "Calibration error, plug-in",
    "ece_by_chance": "… of a calibrated model, by chance",
    "ece_debiased": "Calibration error, partly debiased",
    "mce": "Largest gap of a bin",
    "mce_by_chance": "… of a calibrated model, by chance",
}
BRIER_PARTS = {
    "reliability": "Reliability (lower is better)",
    "resolution": "− Resolution (higher is better)",
    "uncertainty": "+ Uncertainty (of the labels alone)",
    "within_bin_variance": "+ Variance within bins",
    "within_bin_covariance": "− Covariance within bins",
}


@dataclass(frozen=True)
class Row:
    """One measure as given and after each way of recalibration, with its paired difference where there is one."""

    title: str
    given: float | None
    after: tuple[tuple[float | None, Difference | None], ...]


def recalibration_rows(judgement: Judgement) -> list[Row]:
    """The measures before and after recalibration; only before where nothing was fitted; none without probabilities."""
    if judgement.calibration is None:
        return []
    sides = _sides(judgement)
    rows = []
    for name, title in METRICS.items():
        differences = [side.metrics[name] for side in sides]
        rows.append(Row(title, judgement.metrics[name].value, tuple((one.b, one) for one in differences)))
    for name, title in ERRORS.items():
        given = getattr(judgement.calibration, name)
        rows.append(Row(title, given, tuple((getattr(side.error, name), None) for side in sides)))
    return rows


def binning_rows(judgement: Judgement) -> list[tuple[str, float | None, float | None]]:
    """The calibration error as given over bins of equal width and of equal mass; none without probabilities."""
    if judgement.calibration is None:
        return []
    width, mass = judgement.calibration, judgement.calibration.equal_mass
    return [(title, getattr(width, name), _of(mass, name)) for name, title in ERRORS.items()]


def brier_rows(judgement: Judgement) -> list[tuple[str, float]]:
    """The parts of the Brier score, with the sign that each has in it; none in older judgements."""
    parts = judgement.calibration and judgement.calibration.brier
    return [(title, getattr(parts, name)) for name, title in BRIER_PARTS.items()] if parts else []


def kernel_sentence(judgement: Judgement) -> str:
    """What the test of calibration says, of all classes' probabilities and without bins; empty where there is none."""
    found = judgement.calibration and judgement.calibration.kernel
    if not found or found.value is None or found.p is None:
        return ""
    verdict = (
        "a calibrated model would hardly show this much"
        if found.p < UNCALIBRATED
        else "this does not contradict a calibrated model"
    )
    return (
        f"Without bins, and of all classes at once, the squared kernel calibration error is {found.value:+.6f} (unbiased: 0 "
        f"on average for a calibrated model, below 0 as often as above), p {found.p:.3f}: {verdict} (Widmann et al. 2019; "
        f"{found.method})."
    )


def _sides(judgement: Judgement) -> list[Recalibrated]:
    found = judgement.recalibration
    return [side for side in (found.tempered, found.isotonic) if side is not None] if found else []


def _of(error: BinnedCalibration | None, name: str) -> float | None:
    value: float | None = getattr(error, name, None)
    return value
