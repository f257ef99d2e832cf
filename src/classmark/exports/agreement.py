"""Whether an exported model says what its run says, on all test rows and through the file that users load it with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classmark.errors import AgreementError, RunError
from classmark.exports.rows import Rows
from classmark.inference.classifier import Classifier, softmax
from classmark.predictions import Predictions, read
from classmark.runs import RunFiles

if TYPE_CHECKING:
    from classmark.exports.loader import Predictor

TOLERANCE = 1e-4
CALIBRATED_ROWS = 256  # calibrated probabilities follow from the others by one division


@dataclass(frozen=True)
class Agreement:
    """An exported model beside its run.

    Attributes:
        rows: of the test split, all of them.
        reference: what it was compared with.
        largest_difference: of a probability.
        labels_differ: rows whose most probable class is another one.
        largest_calibrated_difference: on some of the rows; None without a temperature.
        tolerance: what is allowed of a probability; of labels none may differ.
    """

    rows: int
    reference: str
    largest_difference: float
    labels_differ: int
    largest_calibrated_difference: float | None
    tolerance: float = TOLERANCE

    @property
    def sentence(self) -> str:
        """Such as `2,500 test rows: labels equal, probabilities within 3.6e-07 of the run's own predictions`."""
        labels = "labels equal" if not self.labels_differ else f"{self.labels_differ:,} labels differ"
        return (
            f"{self.rows:,} test rows: {labels}, probabilities within {self.largest_difference:.1e} of {self.reference}"
        )


@dataclass(frozen=True)
class Reference:
    """What the run says of its test rows: probabilities of shape (N, C), and where these are from."""

    probabilities: NDArray[np.float64]
    name: str


def reference_of(run: RunFiles, classifier: Classifier, lower: bool, rows: Rows) -> Reference:
    """The predictions of a run's test rows in fp32: its own, or made again where those were made in lower precision.

    Args:
        run: the paths of its folder.
        classifier: its model, in fp32.
        lower: whether the run predicts in a lower precision.
        rows: of its test split.

    Raises:
        RunError: its predictions are missing, or of other rows.
    """
    table = _test_table(run)
    if table.ids.to_list() != rows.ids:
        raise RunError(f"{run.path}: its test predictions are of other rows than its recipe gives.", "Train it again.")
    weights = hashlib.sha256((run.model / "weights.safetensors").read_bytes()).hexdigest()
    if not lower and table.metadata.get("weights_sha256") == weights:
        return Reference(table.probabilities, "the run's own predictions")
    again = rows.predicted(classifier.predict_proba, "fp32")
    return Reference(again.astype(np.float64), "predictions made again in fp32")


def check_agreement(predictor: Predictor, rows: Rows, reference: Reference) -> tuple[Agreement, NDArray[np.float32]]:
    """How far the exported model is from its run, and its own probabilities of shape (N, C).

    Raises:
        AgreementError: a label differs, or a probability by more than is allowed.
    """
    found = rows.predicted(predictor.predict_proba, "check")
    return agreement_of(found, rows, reference, calibrated=_calibrated_difference(predictor, rows, reference)), found


def agreement_of(
    found: NDArray[np.float32],
    rows: Rows,
    reference: Reference,
    kept: NDArray[np.int64] | None = None,
    calibrated: float | None = None,
) -> Agreement:
    """How far exported probabilities are from those of the run.

    Args:
        found: of the exported model, shape (K, C).
        rows: of the test split.
        reference: what the run says of them.
        kept: which K rows can be compared; all without it.
        calibrated: the largest difference of a calibrated probability, if it was measured.

    Raises:
        AgreementError: a label differs, or a probability by more than is allowed.
    """
    places = np.arange(len(rows)) if kept is None else kept
    wanted = reference.probabilities[places]
    differences = np.abs(found - wanted).max(axis=1)
    others = found.argmax(axis=1) != wanted.argmax(axis=1)
    agreement = Agreement(
        rows=len(places),
        reference=reference.name,
        largest_difference=float(differences.max()),
        labels_differ=int(others.sum()),
        largest_calibrated_difference=calibrated,
    )
    if agreement.labels_differ or not max(agreement.largest_difference, calibrated or 0.0) <= TOLERANCE:
        worst = int(places[np.argmax(np.where(others, np.inf, differences))])
        raise AgreementError(
            f"the exported model does not agree with its run. {agreement.sentence}, where {TOLERANCE:.0e} is allowed; "
            f'the first such row is "{rows.ids[worst]}". Nothing was written.'
        )
    return agreement


def _calibrated_difference(predictor: Predictor, rows: Rows, reference: Reference) -> float | None:
    temperature = predictor.about["temperature"]
    if temperature is None:
        return None
    some = rows.first(CALIBRATED_ROWS)
    place = {name: number for number, name in enumerate(rows.ids)}
    with np.errstate(divide="ignore"):
        logits = np.log(reference.probabilities[[place[name] for name in some.ids]]) / temperature
    found = some.predicted(lambda inputs: predictor.predict_proba(inputs, calibrated=True), "check")
    return float(np.abs(found - softmax(logits)).max())


def _test_table(run: RunFiles) -> Predictions:
    path = run.predictions("test")
    if not path.exists():
        raise RunError(
            f"{run.path}: the run has no test predictions to check an export with.",
            f"Finish it: classmark train --resume {run.path}",
        )
    return read(path)
