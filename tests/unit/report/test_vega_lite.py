"""Pictures as dictionaries: valid Vega-Lite, with rows that JSON can hold."""

from __future__ import annotations

import json

import polars as pl
import pytest
from jsonschema import ValidationError

from classmark.report.vega_lite import category, layers, mark, quantity
from pages import check_vega_lite, drawn_rows


def test_layers_share_data_and_channels() -> None:
    data = pl.DataFrame({"x": [1, 2], "y": [0.5, 0.25], "kind": ["a", "b"]})
    line = mark("line", {"strokeWidth": 2})
    rule = mark("rule", {}, pl.DataFrame({"y": [1.0]}), y=quantity("y"))
    picture = layers(line, rule, data=data, x=quantity("x", title="steps"), color=category("kind", title=None))
    assert picture == {
        "data": {"values": [{"x": 1, "y": 0.5, "kind": "a"}, {"x": 2, "y": 0.25, "kind": "b"}]},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "title": "steps"},
            "color": {"field": "kind", "type": "nominal", "title": None},
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2}},
            {
                "mark": {"type": "rule"},
                "data": {"values": [{"y": 1.0}]},
                "encoding": {"y": {"field": "y", "type": "quantitative"}},
            },
        ],
    }
    assert [len(rows) for rows in drawn_rows(picture)] == [2, 1]
    check_vega_lite(picture)


def test_what_is_not_finite_is_null() -> None:
    data = pl.DataFrame({"x": [1.0, float("nan"), float("inf"), None], "name": ["nan", "b", "c", "d"]})
    picture = mark("point", {}, data, x=quantity("x"))
    assert [row["x"] for row in picture["data"]["values"]] == [1.0, None, None, None]
    json.dumps(picture, allow_nan=False)


def test_a_misspelt_property_is_found() -> None:
    with pytest.raises(ValidationError):
        check_vega_lite(mark("line", {"strokWidth": 2}, pl.DataFrame({"x": [1]}), x=quantity("x")))
