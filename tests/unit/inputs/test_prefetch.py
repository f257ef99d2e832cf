"""Loading ahead: the order is kept, errors arrive, no more than two items are loaded ahead."""

from __future__ import annotations

import threading

import pytest

from classmark.inputs.prefetch import prefetched


def test_items_come_in_order_from_another_thread() -> None:
    names = []

    def load(item: int) -> int:
        names.append(threading.current_thread().name)
        return item * item

    assert [loaded for loaded, _ in prefetched(load, range(20))] == [item * item for item in range(20)]
    assert {name.startswith("load") for name in names} == {True}
    assert list(prefetched(load, [])) == []


def test_it_stays_two_ahead_and_waits_are_counted() -> None:
    loaded: list[int] = []
    items = prefetched(lambda item: loaded.append(item) or item, range(10))
    for number, (item, waited) in enumerate(items):
        assert item == number
        assert waited >= 0
        assert len(loaded) <= number + 3


def test_an_error_arrives_where_the_item_would() -> None:
    def load(item: int) -> int:
        if item == 2:
            raise OSError("the file is gone")
        return item

    items = prefetched(load, range(5))
    assert [next(items)[0], next(items)[0]] == [0, 1]
    with pytest.raises(OSError, match="the file is gone"):
        next(items)
