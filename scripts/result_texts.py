"""How docs/results.md spells commands, shares, differences and tables."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from result_references import Published

Estimate = Mapping[str, Any]  # value, low, high, method


def command(recipe: str, changes: Mapping[str, Any]) -> str:
    """`classmark train imdb-bilstm data.path=aclImdb_v1.tar.gz`."""
    return " ".join(["classmark train", recipe, *map(shlex.quote, words(changes))])


def words(changes: Mapping[str, Any]) -> list[str]:
    """Changes as the command line takes them: `train.epochs=3`."""
    return [f"{key}={value_text(value)}" for key, value in changes.items()]


def value_text(value: Any) -> str:
    """A recipe's value as the command line takes it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return f"[{','.join(map(value_text, value))}]"
    return str(value)


def published_text(one: Published) -> str:
    """`NB-SVM 91.2 % (Wang & Manning 2012)`."""
    loss = f", loss {one.loss:.3f}" if one.loss is not None else ""
    source = f" ({one.source})" if one.source else ""
    return f"{one.model} {percent(one.accuracy)}{loss}{source}"


def percent(share: float) -> str:
    """A published share, in as many digits as it has."""
    return f"{round(100 * share, 2)} %"


def share_text(estimate: Estimate) -> str:
    """`86.93 % (86.33 to 87.51)`."""
    return with_interval(estimate, f"{100 * estimate['value']:.2f} %", lambda end: f"{100 * end:.2f}")


def loss_text(estimate: Estimate) -> str:
    """`0.330 (0.317 to 0.343)`."""
    return with_interval(estimate, f"{estimate['value']:.3f}", lambda end: f"{end:.3f}")


def points_text(estimate: Estimate) -> str:
    """`−4.23 points (−4.82 to −3.65)`."""

    def signed(value: float) -> str:
        return f"{100 * value:+.2f}".replace("-", "−")

    return with_interval(estimate, f"{signed(estimate['value'])} points", signed)


def with_interval(estimate: Estimate, text: str, form: Callable[[float], str]) -> str:
    """The text of a value, and its interval where there is one."""
    if estimate["low"] is None or estimate["high"] is None:
        return text
    return f"{text} ({form(estimate['low'])} to {form(estimate['high'])})"


def wrapped(text: str) -> str:
    """A paragraph in lines of the length that the pages have."""
    return textwrap.fill(text, 130, break_long_words=False, break_on_hyphens=False)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first one as its head."""
    lines = [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
