"""What a line of a `cases.tsv` says, and whether it holds.

A line has a command, what must come of it, and why, with tabs between. What must come of it is one alternative or several
with ` | ` between them; an alternative is words that must all hold:

    refuse               exit code 2                           ok               exit code 0
    accuracy=0.8700      a metric's value, to within 0.0006    roc_auc>0.9      a bound
    difference.accuracy=, a.accuracy=, low.accuracy<           the same of a comparison
    rows=250             how many rows were judged             threshold=0.2082 of an operating point
    warn                 a warning about how the input was read
    says:REGEX           the screen shows it                   nofinding:WORD   no finding has the word, but for
                                                           the names of metrics that are left out
"""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOLERANCE = 0.0006
ABOUT_READING = frozenset(
    {
        *("absent_classes", "assumed", "below_chance", "classes_matched", "confidence_only", "decisions_differ"),
        *("fold_column", "look_alike_classes", "many_classes", "matched_by_number", "missing_words", "model_column"),
        *("numeric_labels", "odd_last_row", "repeated_rows", "rescaled", "rows_left_out", "split_column"),
        *("unlabelled_rows", "unused_decisions", "unused_weights"),
    }
)
BOUNDS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, wanted: abs(value - wanted) <= TOLERANCE,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Case:
    """One line.

    Attributes:
        command: the words after `classmark`.
        expected: what must come of it.
        why: what the case is about.
    """

    command: str
    expected: str
    why: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command)


@dataclass(frozen=True)
class Outcome:
    """What came of a command.

    Attributes:
        code: the exit code.
        screen: what it printed, results and messages.
        content: of `judgement.json` or `comparison.json`; empty if none was written.
    """

    code: int
    screen: str
    content: Mapping[str, Any]

    @property
    def findings(self) -> list[dict[str, str]]:
        return list(self.content.get("findings", []))


def read_cases(path: Path) -> list[Case]:
    """The cases of a file, without comments and blank lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Case(*line.split("\t")) for line in lines if line.strip() and not line.startswith("#")]


def is_met(case: Case, outcome: Outcome) -> bool:
    """Whether every word of one alternative holds."""
    alternatives = [alternative.split() for alternative in case.expected.split("|")]
    return any(all(holds(word, outcome) for word in words) for words in alternatives)


def holds(word: str, outcome: Outcome) -> bool:
    """Whether one word of an alternative holds."""
    name, colon, argument = word.partition(":")
    match name:
        case "refuse":
            return outcome.code == 2
        case "ok":
            return outcome.code == 0
        case "warn":
            about = [one for one in outcome.findings if one["code"] in ABOUT_READING]
            return outcome.code == 0 and any(one["severity"] != "info" for one in about)
        case "says" if colon:
            return outcome.code == 0 and re.search(argument, outcome.screen) is not None
        case "nofinding" if colon:
            told = [one["message"] for one in outcome.findings if one["code"] != "scores_left_out"]
            return outcome.code == 0 and not any(argument in message for message in told)
    compared = re.fullmatch(r"([\w.]+)([=<>])(-?[0-9.]+)", word)
    assert compared is not None, f"{word} is no word of an expectation"
    values = _values(outcome.content, compared[1])
    return outcome.code in (0, 1) and any(BOUNDS[compared[2]](value, float(compared[3])) for value in values)


def _values(content: Mapping[str, Any], name: str) -> list[float]:
    """The values that a name such as `rows`, `accuracy` or `low.accuracy` has."""
    if name == "rows":
        return [content["rows"]] if "rows" in content else []
    if name == "threshold":
        points = (content.get("thresholds") or {}).get("points", [])
        return [point["threshold"] for point in points if point["threshold"] is not None]
    side, _, metric = name.rpartition(".")
    value = content.get("metrics", {}).get(metric, {}).get(side or "value")
    return [] if value is None else [value]
