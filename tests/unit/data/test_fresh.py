"""Validation rows that are put aside: how many, which, and what the others see of them."""

from __future__ import annotations

import polars as pl
import pytest

from classmark.data.fresh import named_fresh, with_fresh
from classmark.data.splits import Splits
from classmark.errors import InputError
from classmark.recipes.schema import Data


def splits(labels: str, texts: list[str] | None = None, groups: list[str] | None = None) -> Splits:
    """Splits whose validation rows these are."""
    columns = {"id": [f"v{row}" for row in range(len(labels))], "label": list(labels)}
    columns["text"] = texts or [f"text {row}" for row in range(len(labels))]
    columns |= {} if groups is None else {"group": groups}
    frame = pl.DataFrame(columns)
    return Splits({"train": frame.head(0), "validation": frame, "test": frame.tail(1)}, 0, 0)


def data(fresh: float) -> Data:
    return Data.model_validate({"source": "table", "path": "t.csv", "fresh": fresh})


def test_a_share_by_class_and_none_of_it_stays() -> None:
    before = splits("a" * 60 + "b" * 40)
    found = with_fresh(before, data(0.3), 1, "t.csv").frames
    assert dict(found["test"]["label"].value_counts().iter_rows()) == {"a": 18, "b": 12}
    assert sorted([*found["validation"]["id"], *found["test"]["id"]]) == sorted(before.frames["validation"]["id"])
    assert found["test"]["leaked"].to_list() == [False] * 30
    assert found["train"].equals(before.frames["train"])


def test_the_seed_fixes_them() -> None:
    ids = [with_fresh(splits("ab" * 50), data(0.3), seed, "t").frames["test"]["id"].to_list() for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_groups_and_copies_stay_together() -> None:
    groups = [f"g{row // 4}" for row in range(80)]
    found = with_fresh(splits("ab" * 40, groups=groups), data(0.4), 1, "t").frames
    assert not set(found["validation"]["group"]) & set(found["test"]["group"])
    texts = [f"text {row // 2}" for row in range(80)]
    found = with_fresh(splits("aabb" * 20, texts=texts), data(0.4), 1, "t").frames
    assert not set(found["validation"]["text"]) & set(found["test"]["text"])


def test_they_are_called_fresh() -> None:
    named = named_fresh({"splits": {"train": 3, "test": 2}, "class_counts": {"train": {"a": 3}, "test": {"a": 2}}})
    assert named == {"splits": {"train": 3, "fresh": 2}, "class_counts": {"train": {"a": 3}, "fresh": {"a": 2}}}


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            splits("aabb"),
            "t.csv: 0.3 of its 4 validation rows are to be put aside; both sides need one row or more for each of the 2 classes. "
            "Hold back more rows, with data.validation.",
        ),
        (
            splits("ab" * 20, groups=["g"] * 40),
            "t.csv: too many of its validation rows have to stay together (data.group, copies), so that none can be put aside. "
            "Hold back more rows, with data.validation.",
        ),
    ],
)
def test_too_few_rows(before: Splits, said: str) -> None:
    with pytest.raises(InputError) as error:
        with_fresh(before, data(0.3), 1, "t.csv")
    assert str(error.value) == said
