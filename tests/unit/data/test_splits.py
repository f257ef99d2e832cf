from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classmark.data.duplicates import text_keys
from classmark.data.splits import Splits, _quotas, carve, limited
from classmark.errors import InputError
from classmark.recipes.schema import Data


def rows(labels: str, texts: list[str] | None = None, groups: list[str] | None = None) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "id": [str(number) for number in range(len(labels))],
            "text": texts or [f"text {number}" for number in range(len(labels))],
            "label": list(labels),
        }
    )
    return frame if groups is None else frame.with_columns(pl.Series("group", groups))


def data(validation: float = 0.2, test: float = 0.2) -> Data:
    return Data(source="table", validation=validation, test=test)


def counts(frame: pl.DataFrame) -> dict[str, int]:
    return dict(sorted(frame["label"].value_counts().iter_rows()))


@pytest.mark.parametrize(("validation", "test"), [(0.2, 0.1), (20, 10)])
def test_shares_and_counts_give_exact_sizes_by_class(validation: float, test: float) -> None:
    frames = carve({"train": rows("a" * 70 + "b" * 30)}, data(validation, test), 1, "t").frames
    assert {name: counts(frame) for name, frame in frames.items()} == {
        "train": {"a": 49, "b": 21},
        "validation": {"a": 14, "b": 6},
        "test": {"a": 7, "b": 3},
    }
    ids = pl.concat([frame["id"] for frame in frames.values()])
    assert sorted(ids.to_list(), key=int) == [str(number) for number in range(100)]


def test_no_test_rows_are_held_back_if_none_are_asked_for() -> None:
    frames = carve({"train": rows("a" * 7 + "b" * 2)}, data(0.3, 0), 1, "t").frames
    assert {name: frame.height for name, frame in frames.items()} == {"train": 6, "validation": 3, "test": 0}
    given_test = carve({"train": rows("a" * 7 + "b" * 2), "test": rows("ab")}, data(0.3, 0), 1, "t").frames
    assert given_test["test"].height == 2
    with pytest.raises(InputError) as caught:
        carve({"train": rows("aab")}, data(1, 0), 1, "t")
    assert str(caught.value) == (
        't: the class "b" has 1 different text, too few for 2 splits. Add some, or name the classes to use: data.classes=[…]'
    )


def test_a_rare_class_has_a_row_in_every_split() -> None:
    for seed in range(10):
        frames = carve({"train": rows("a" * 97 + "b" * 3)}, data(0.05, 0.05), seed, "t").frames
        assert [counts(frame)["b"] for frame in frames.values()] == [1, 1, 1]


def test_the_same_seed_gives_the_same_split_and_another_one_another() -> None:
    frame = rows("ab" * 50)
    first, again, other = (carve({"train": frame}, data(), seed, "t").frames for seed in (1, 1, 2))
    assert all(first[name].equals(again[name]) for name in first)
    assert not first["train"].equals(other["train"])


def test_copies_never_straddle_and_sizes_stay_exact() -> None:
    texts = [f"text {number % 40}" if number < 60 else f"Text {number}!" for number in range(200)]
    for seed in range(5):
        split = carve({"train": rows("ab" * 100, texts)}, data(), seed, "t")
        keys = [set(text_keys(frame["text"])) for frame in split.frames.values()]
        assert len(set().union(*keys)) == sum(map(len, keys))
        assert {name: frame.height for name, frame in split.frames.items()} == {
            "train": 120,
            "validation": 40,
            "test": 40,
        }
        assert split.copies == 20
        assert 0 < split.moved <= 20
        assert not split.frames["test"]["leaked"].any()


def test_nothing_is_moved_where_nothing_repeats() -> None:
    split = carve({"train": rows("ab" * 100)}, data(), 1, "t")
    assert (split.copies, split.moved) == (0, 0)


def test_groups_and_copies_in_them_stay_together() -> None:
    groups = [f"film {number // 4}" for number in range(200)]
    texts = [f"text {number}" for number in range(200)]
    texts[4] = texts[0]  # ties film 0 to film 1
    for seed in range(10):
        split = carve({"train": rows("ab" * 100, texts, groups)}, data(), seed, "t")
        films = [set(frame["group"]) for frame in split.frames.values()]
        assert len(set().union(*films)) == sum(map(len, films))
        assert any({"film 0", "film 1"} <= part for part in films)
        assert split.frames["validation"].height == 40


def test_official_test_rows_that_stand_in_the_training_data_are_marked() -> None:
    training = rows("ab" * 20)
    official = pl.DataFrame({"id": ["t1", "t2"], "text": ["<b>TEXT 7</b>!", "unseen"], "label": ["a", "b"]})
    frames = carve({"train": training, "test": official}, data(), 1, "t").frames
    assert frames["test"]["leaked"].to_list() == [True, False]
    assert frames["train"].height + frames["validation"].height == 40


def test_a_limit_keeps_the_shares_of_the_classes_and_caps_the_test_set() -> None:
    parts = limited({"train": rows("a" * 80 + "b" * 20), "test": rows("ab" * 50)}, 10, 1, "t")
    assert counts(parts["train"]) == {"a": 8, "b": 2}
    assert counts(parts["test"]) == {"a": 5, "b": 5}
    assert parts["train"]["id"].cast(pl.Int64).is_sorted()
    small = limited({"train": rows("ab" * 50), "test": rows("ab" * 2)}, 10, 1, "t")["test"]
    assert small.height == 4


def few(count: int, seed: int, frame: pl.DataFrame, **options: object) -> Splits:
    asked = Data(source="table", examples_per_class=count, **options)  # type: ignore[arg-type]
    return carve({"train": frame}, asked, seed, "t")


def test_examples_per_class_are_exact_and_drawn_by_the_seed() -> None:
    frame = rows("aab" * 100)
    whole = carve({"train": frame}, data(), 3, "t").frames
    draws = {count: few(count, 3, frame).frames for count in (1, 8, 16)}
    for count, frames in draws.items():
        assert counts(frames["train"]) == {"a": count, "b": count}
        assert frames["train"]["id"].cast(pl.Int64).is_sorted()
        assert set(frames["train"]["id"]) <= set(whole["train"]["id"])
        assert frames["validation"].equals(whole["validation"])
        assert frames["test"].equals(whole["test"])
    assert set(draws[1]["train"]["id"]) < set(draws[8]["train"]["id"]) < set(draws[16]["train"]["id"])
    assert few(8, 3, frame).frames["train"].equals(draws[8]["train"])


def test_seeds_draw_other_examples_and_a_seed_of_the_split_keeps_the_rest() -> None:
    frame, official = rows("ab" * 200), rows("ab" * 20, [f"unseen {number}" for number in range(40)])
    kept = [few(8, seed, frame, split_seed=5).frames for seed in range(10)]
    assert len({tuple(frames["train"]["id"]) for frames in kept}) == 10
    for split in ("validation", "test"):
        assert all(frames[split].equals(kept[0][split]) for frames in kept)
    one, other = (few(8, seed, frame).frames for seed in (1, 2))
    assert not one["test"].equals(other["test"])
    asked = Data(source="table", examples_per_class=8)
    one, other = (carve({"train": frame, "test": official}, asked, seed, "t").frames for seed in (1, 2))
    assert one["test"].equals(other["test"])
    assert not one["train"].equals(other["train"])


def test_examples_are_different_texts_and_a_small_class_keeps_its_own() -> None:
    texts = [f"text {number}" if number < 90 else f"Text {number % 3}!" for number in range(120)]
    frame = rows("a" * 90 + "b" * 30, texts)  # of b three texts, each a copy of one of a
    split = few(20, 1, frame, validation=10, test=10)
    keys = text_keys(split.frames["train"].filter(label="a")["text"])
    assert (len(keys), keys.n_unique()) == (20, 20)
    assert split.fewer_than(20) == {"b": 3}


def test_a_test_text_leaks_only_where_its_copy_is_trained_on() -> None:
    official = rows("a", ["text 0"])
    frame = rows("ab" * 40)
    leaked = set()
    for seed in range(30):
        asked = Data(source="table", examples_per_class=8, validation=2)
        frames = carve({"train": frame, "test": official}, asked, seed, "t").frames
        used = pl.concat([frames["train"]["text"], frames["validation"]["text"]])
        assert frames["test"]["leaked"].to_list() == ["text 0" in used]
        leaked.add("text 0" in used)
    assert leaked == {True, False}


@given(
    sizes=st.lists(st.integers(2, 500), min_size=1, max_size=12),
    share=st.floats(0.05, 0.95),
    reserve=st.integers(0, 2),
)
def test_quotas_add_up_and_stay_in_bounds(sizes: list[int], share: float, reserve: int) -> None:
    array = np.array(sizes, dtype=np.int64)
    most = array - min(reserve, 1)
    count = int(np.clip(round(share * array.sum()), len(sizes), most.sum()))
    quotas = _quotas(array, count, most)
    assert quotas.sum() == count
    assert (quotas >= 1).all()
    assert (quotas <= most).all()
    exact = array * count / array.sum()
    free = (exact >= 1) & (exact <= most) & (np.floor(exact) > 1)
    if free.all():
        assert np.abs(quotas - exact).max() < 1


MISTAKES = [
    (
        rows("a" * 20 + "bb"),
        data(),
        't: the class "b" has 2 different texts, too few for 3 splits. Add some, or name the classes to use: data.classes=[…]',
    ),
    (
        rows("a" * 20 + "bbb", [f"text {number}" for number in range(20)] + ["same"] * 3),
        data(),
        't: the class "b" has 1 different text, too few for 3 splits. Add some, or name the classes to use: data.classes=[…]',
    ),
    (
        rows("ab" * 10),
        data(validation=15, test=10),
        "t: of its 20 rows the recipe holds back 10 for test and 15 for validation; every split, training too, needs "
        "at least one row for each of the 2 classes. Ask for other numbers, or use more data.",
    ),
    (
        rows("ab" * 10),
        data(validation=0.01),
        "t: of its 20 rows the recipe holds back 4 for test and 0 for validation; every split, training too, needs "
        "at least one row for each of the 2 classes. Ask for other numbers, or use more data.",
    ),
    (
        rows("ab" * 10, groups=["all"] * 20),
        data(),
        "t: too many of its rows have to stay together (data.group, copies of a text): their only group has 20 "
        "rows. A split is left without rows, or training without a class. Ask for other split sizes, or use more data.",
    ),
]


@pytest.mark.parametrize(("frame", "asked", "message"), MISTAKES)
def test_too_little_data_is_one_clear_sentence(frame: pl.DataFrame, asked: Data, message: str) -> None:
    with pytest.raises(InputError) as caught:
        carve({"train": frame}, asked, 1, "t")
    assert str(caught.value) == message


def test_a_limit_beyond_the_data() -> None:
    with pytest.raises(InputError) as caught:
        limited({"train": rows("ab" * 10)}, 21, 1, "t")
    assert str(caught.value) == (
        "data.limit: 21 rows, but t has 20 for training and validation. Ask for no more than that."
    )
