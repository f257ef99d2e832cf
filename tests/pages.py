"""What tests ask of a page: its words, the rows of its charts, and that it does no harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any


class Elements(HTMLParser):
    """The tags of a page and their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.words += " "
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attributes]

    def handle_data(self, data: str) -> None:
        self.words += data


def text_of(page: str) -> str:
    return " ".join(Elements(page).words.split())


def drawn_rows(picture: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The rows of each table in a picture in Vega-Lite."""
    if "data" in picture:
        yield picture["data"]["values"]
    for layer in picture.get("layer", []):
        yield from drawn_rows(layer)


def check_vega_lite(picture: dict[str, Any]) -> None:
    """It follows Vega-Lite's schema, which Altair checks; the drawing engine passes over what it does not know."""
    import altair

    altair.Chart.from_dict(picture)


def check_harmless(page: str) -> None:
    """Nothing runs, and nothing is loaded from anywhere."""
    found = Elements(page)
    assert not found.tags & {"script", "iframe", "object", "embed", "link", "a", "image", "base", "form", "i"}
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    loading = [value for name, value in found.attributes if name in ("src", "href", "xlink:href", "srcset", "action")]
    assert not [value for value in loading if not value.startswith(("#", "data:image/jpeg;base64,"))]
    styles = "".join(re.findall(r"<style>.*?</style>", page, re.S))
    styles += "".join(value for name, value in found.attributes if name in ("style", "clip-path", "fill", "filter"))
    assert "@import" not in styles
    assert not re.findall(r"url\((?!#)", styles)
