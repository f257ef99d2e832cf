"""The service keeps to its own description, whatever it is sent: schemathesis makes the requests."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from served import client_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the packages that it imports
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        negative_data_rejection,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
        unsupported_method,
    )

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
OPERATIONS = ("POST /predict", "POST /models/{name}/predict", "GET /info", "GET /health", "GET /ready", "GET /metrics")
MADE = [(label, schemathesis.GenerationMode.POSITIVE) for label in OPERATIONS]
MADE += [(label, schemathesis.GenerationMode.NEGATIVE) for label in OPERATIONS[:3]]  # the others take nothing
FEW = settings(
    max_examples=12, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def client(text_run: Path, image_model: Path) -> Iterator[TestClient]:
    with client_of({"texts": text_run, "pictures": image_model}) as found:
        yield found


def as_file(value: Any) -> Any:
    """A part of a form, whose content the client wants as bytes or text."""
    if isinstance(value, tuple):
        return (value[0], as_file(value[1]), *value[2:])
    return value if isinstance(value, bytes | str) else str(value)


def send(client: TestClient, case: Any) -> Any:
    """The answer to a made request."""
    asked = case.as_transport_kwargs(base_url="http://testserver")
    content = asked.pop("data", None)
    asked["content" if isinstance(content, str | bytes) else "data"] = content
    if files := asked.pop("files", None):
        asked["files"] = [(name, as_file(value)) for name, value in files]
    answer = client.request(**{name: value for name, value in asked.items() if value is not None})
    answer.request.read()
    return answer


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("label", "mode"), MADE, ids=str)
def test_the_service_keeps_to_its_description(label: str, mode: Any, client: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operations = {one.ok().label: one.ok() for one in schema.get_all_operations()}
    assert set(operations) == set(OPERATIONS)
    operation = operations[label]
    checks = [*CHECKS, *((negative_data_rejection,) if mode.is_negative else ())]
    seen = set[int]()

    @FEW
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if mode.is_positive and label.startswith("POST"):
            case.query = {}  # made-up names of models and columns are never there
        answer = send(client, case)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=checks)

    holds()
    assert mode.is_negative or {200, 404} & seen
