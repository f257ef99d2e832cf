"""How strong the penalties of a mixture should be: the log loss on new rows, by classes, validation rows and true biases.

    python benchmarks/mixture_penalty.py

Two models with shared and own errors, one over-confident and one under-confident, each with true biases of its own, are
mixed on few validation rows and tried on 4,000 new ones. Printed: the log loss less that of a fit without biases, in
thousandths, and accuracy. Some minutes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from classmark.judging.parts import mixture

Floats = NDArray[np.float64]
NEW_ROWS = 4_000
DEVIATIONS = (0.0, 0.1, 0.3, 0.6)
ROWS_PER_CLASS = {2: (5, 20, 100), 10: (2, 5, 20, 100), 100: (2, 5, 20)}
# Name → penalty of the weights and of the biases; None: no biases.
PENALTIES: dict[str, tuple[float, float | None]] = {
    "no biases": (1.0, None),
    "no biases, free weights": (1e-6, None),
    **{f"biases {penalty:g}": (1.0, penalty) for penalty in (0.001, 0.1, 1, 3, 10, 30)},
}


def draw(rows: int, classes: int, biases: Floats, seed: int) -> tuple[list[Floats], NDArray[np.int64]]:
    """Log-probabilities of both models, and labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    strength = 2.0 + 0.6 * np.log(classes / 2)
    shared = 0.7 * generator.normal(size=(rows, classes))
    found = []
    for place, (share, confidence) in enumerate(((1.0, 1.3), (1.1, 0.8))):
        logits = strength * share * np.eye(classes)[labels] + shared + generator.normal(size=(rows, classes))
        found.append(log_softmax(confidence * (logits + biases[place]), axis=1))
    return found, labels


def tried(classes: int, rows: int, deviation: float, seed: int) -> dict[str, tuple[float, float]]:
    """Log loss and accuracy on new rows by penalty."""
    biases = deviation * np.random.default_rng(1_000 + seed).normal(size=(2, classes))
    parts, labels = draw(rows, classes, biases, 2 * seed + 1)
    new, true = draw(NEW_ROWS, classes, biases, 10**6 + 2 * seed)
    found = {}
    for name, (of_weights, of_biases) in PENALTIES.items():
        mixture.WEIGHT_PENALTY, mixture.BIAS_PENALTY = of_weights, of_biases or 1.0
        mixture.MOST_CLASSES_WITH_BIASES = 0 if of_biases is None else 1_000
        weights, added = mixture.fit_mixture(parts, labels)
        logits = weights[0] * new[0] + weights[1] * new[1] + added
        losses = -log_softmax(logits, axis=1)[np.arange(NEW_ROWS), true]
        found[name] = (float(losses.mean()), float((logits.argmax(axis=1) == true).mean()))
    return found


def main() -> None:
    for deviation in DEVIATIONS:
        for classes, per_class in ROWS_PER_CLASS.items():
            for count in per_class:
                draws = [
                    tried(classes, count * classes, deviation, seed) for seed in range(10 if classes == 100 else 40)
                ]
                losses = {name: float(np.mean([draw[name][0] for draw in draws])) for name in PENALTIES}
                shares = {name: float(np.mean([draw[name][1] for draw in draws])) for name in PENALTIES}
                base = losses["no biases"]
                print(f"biases of deviation {deviation}, {classes} classes, {count} rows per class: {base:.3f}")
                for name in PENALTIES:
                    print(f"    {name:24} {1000 * (losses[name] - base):+8.1f}  {100 * shares[name]:.1f} %", flush=True)


if __name__ == "__main__":
    main()
