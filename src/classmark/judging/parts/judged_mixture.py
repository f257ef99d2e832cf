"""A mixture beside its parts in a judgement: metrics, and paired differences with intervals on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from classmark.judging.comparisons.compare import Comparison
from classmark.judging.findings.mixture import Verdict, mixture_sentence, part_title, verdict
from classmark.judging.parts.mixed_tables import MixedTables
from classmark.judging.parts.mixture import Mixture, mixture_from_json
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import at_level
from classmark.judging.stored import from_json, to_json
from classmark.predictions import Predictions

Metrics = dict[str, Estimate]
MIXTURE = "mixture"


@dataclass(frozen=True)
class JudgedMixture:
    """What a judgement says of a mixture.

    Attributes:
        fit: weights and biases.
        is_judged: whether the judgement is of the mixture itself, and not of its first part.
        others: the models beside the judged one → their metrics on the same rows: `mixture` where a part is judged, the
            parts where the mixture is. Baselines have theirs elsewhere in the judgement.
        comparisons: part → its comparison with the mixture (A the part, B the mixture).
    """

    fit: Mixture
    is_judged: bool
    others: dict[str, Metrics]
    comparisons: dict[str, Comparison]

    @property
    def verdict(self) -> Verdict:
        """Whether the mixture is better than each of its parts."""
        with at_level(self._level):
            return verdict(self.comparisons)

    @property
    def sentence(self) -> str:
        """The same in words."""
        with at_level(self._level):
            return mixture_sentence(self.comparisons)

    @property
    def _level(self) -> float:
        return next(iter(self.comparisons.values())).level

    def to_json(self) -> dict[str, Any]:
        """The verdict first, then what it rests on."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            **self.fit.to_json(),
            "is_judged": self.is_judged,
            "metrics": {name: {key: to_json(one) for key, one in found.items()} for name, found in self.others.items()},
            "comparisons": {name: one.to_json() for name, one in self.comparisons.items()},
        }


def judged_mixture_from_json(content: Mapping[str, Any] | None) -> JudgedMixture | None:
    """What `to_json` wrote; None where there is no mixture."""
    if content is None:
        return None
    return JudgedMixture(
        mixture_from_json(content),
        content["is_judged"],
        from_json(dict[str, Metrics], content["metrics"]),
        from_json(dict[str, Comparison], content["comparisons"]),
    )


def judge_mixture(
    mixing: MixedTables,
    judged: Predictions,
    baselines: Collection[str],
    metrics_of: Callable[[Predictions], Metrics],
    compared: Callable[[Predictions, Predictions, tuple[str, str]], Comparison],
) -> JudgedMixture:
    """The mixture against each of its parts.

    Args:
        mixing: the mixture and its parts.
        judged: the table of the mixture, or else of its first part.
        baselines: parts whose metrics the judgement holds as those of baselines.
        metrics_of: the metrics of a table.
        compared: the comparison of two tables with these names.
    """
    is_judged = judged is mixing.table
    parts = list(mixing.parts.items())
    others = parts if is_judged else [(MIXTURE, mixing.table), *parts[1:]]
    return JudgedMixture(
        mixing.fit,
        is_judged,
        {name: metrics_of(table) for name, table in others if name not in baselines},
        {name: compared(part, mixing.table, (part_title(name), "the mixture")) for name, part in parts},
    )
