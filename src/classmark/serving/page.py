"""The page to try a model: one HTML that asks nothing of any other address."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from classmark.serving.models import Models
from classmark.serving.options import ServeOptions


def page(models: Models, options: ServeOptions) -> str:
    """The page for these models."""
    facts = {
        "models": [
            {
                "name": name,
                "kind": models.served(name).loaded.kind,
                "sets": models.served(name).loaded.model.decisions.sets,
            }
            for name in models.names
        ],
        "has_key": options.key is not None,
        "seconds": options.limits.seconds,
        "characters": options.limits.characters,
        "bytes": options.limits.body_bytes,
    }
    return _environment().get_template("page.html.j2").render(facts=facts)


@cache
def page_policy() -> str:
    """The Content-Security-Policy of the page: its own script and style, by their digests, and its own address only."""
    environment = _environment()
    script, style = (_source(environment, name) for name in ("page.js", "page.css"))
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("classmark.serving", "templates"), autoescape=True, undefined=StrictUndefined
    )


def _source(environment: Environment, name: str) -> str:
    """A file as it stands between its tags in the page, with a line break before and after it."""
    assert environment.loader is not None
    text = environment.loader.get_source(environment, name)[0]
    return "\n" + re.sub(r"\s+\Z", "", text) + "\n"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
