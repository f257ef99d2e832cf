"""The addresses of a service: a FastAPI application, to run by `run_server` or to mount in another."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from classmark.errors import ClassmarkError
from classmark.inference.chunks import PredictOptions
from classmark.serving.contents import JSON_TYPE, read_rows
from classmark.serving.gate import Gate, shows_key
from classmark.serving.info import describe
from classmark.serving.metrics import CONTENT_TYPE, Metrics
from classmark.serving.models import Models
from classmark.serving.options import ServeOptions
from classmark.serving.page import page, page_policy
from classmark.serving.refusals import Refused, status_of
from classmark.serving.requests import answer_in_time, read_sent
from classmark.serving.schemas import REFUSALS, Predicted, described_request

SMALL_BYTES = 32_768  # of JSON, which is read in the event loop; all else is read in a thread
Model = Annotated[str | None, Query(description="Which model; without it, the first.")]


def build_app(models: Models, options: ServeOptions, metrics: Metrics) -> FastAPI:
    """The application that serves these models."""
    key = None if options.key is None else hashlib.sha256(options.key.encode()).digest()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await models.start()
        watching = asyncio.create_task(models.watch()) if options.watch else None
        yield
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        await models.stop()

    app = FastAPI(title="classmark", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(Gate, metrics=metrics)
    _add_handlers(app)

    def check_key(request: Request) -> None:
        if key is not None and not shows_key(request.headers, key):
            raise Refused(
                401,
                "the key is missing or wrong.",
                "Send it as Authorization: Bearer KEY, or as X-API-Key: KEY.",
                {"WWW-Authenticate": "Bearer"},
            )

    async def answer(request: Request, name: str | None, choices: PredictOptions) -> Response:
        check_key(request)
        kind = models.served(name).loaded.kind
        sent = await read_sent(request, options.limits)
        if sent[0].kind == JSON_TYPE and len(sent[0].data) <= SMALL_BYTES:
            rows = read_rows(sent, kind, choices, options.limits)
        else:
            rows = await asyncio.to_thread(read_rows, sent, kind, choices, options.limits)
        served = models.served(name)
        found = await answer_in_time(served.batcher.submit(rows), request.receive, options.limits)
        if isinstance(found, ClassmarkError):
            raise found
        content = {
            "model": served.name,
            "weights": served.loaded.weights,
            "predictions": found.predictions,
            "notes": found.notes,
        }
        return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")

    _add_predictions(app, models, answer)
    _add_facts(app, models, options, metrics, check_key)
    return app


def _add_predictions(app: FastAPI, models: Models, answer: Any) -> None:
    """The two addresses that predict. They read their few options themselves, since FastAPI takes a millisecond for it."""
    kinds = set(models.kinds().values())
    described: dict[str, Any] = {"response_model": Predicted, "responses": REFUSALS, "tags": ["predict"]}

    @app.post("/predict", summary="Predict one or many rows", openapi_extra=described_request(kinds), **described)
    async def predict(request: Request) -> Response:
        return await answer(request, request.query_params.get("model"), choices_of(request.query_params))  # type: ignore[no-any-return]

    @app.post(
        "/models/{name}/predict",
        summary="Predict with the model of this name",
        openapi_extra=described_request(kinds, in_path=True),
        **described,
    )
    async def predict_by_name(request: Request) -> Response:
        return await answer(request, request.path_params["name"], choices_of(request.query_params))  # type: ignore[no-any-return]


def choices_of(query: Mapping[str, str]) -> PredictOptions:
    """How a table is read, as the address says it.

    Raises:
        Refused: a truth value is none.
    """
    skip = query.get("skip_unreadable", "false").lower()
    if skip not in ("true", "false"):
        raise Refused(422, f'"{skip}" is neither true nor false.', "Write ?skip_unreadable=true, or leave it out.")
    return PredictOptions(text=query.get("text", "text"), id=query.get("id"), skip_unreadable=skip == "true")


def _add_facts(app: FastAPI, models: Models, options: ServeOptions, metrics: Metrics, check_key: Any) -> None:
    refusals: dict[int | str, dict[str, Any]] = {status: REFUSALS[status] for status in (401, 404, 422)}
    of_metrics: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}, 401: REFUSALS[401]}

    @app.get("/", include_in_schema=False)
    async def try_it() -> HTMLResponse:
        return HTMLResponse(page(models, options), headers={"Content-Security-Policy": page_policy()})

    @app.get("/health", summary="Whether the service runs", tags=["state"])
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", summary="Whether all models are loaded", tags=["state"])
    async def ready() -> dict[str, Any]:
        return {"status": "ready", "models": {name: models.served(name).loaded.weights for name in models.names}}

    @app.get("/info", summary="The model, its limits, its judgement, its card", tags=["state"], responses=refusals)
    async def info(request: Request, model: Model = None) -> dict[str, Any]:
        check_key(request)
        return await asyncio.to_thread(describe, models.served(model), options)

    @app.get(
        "/metrics", summary="Counters for Prometheus", tags=["state"], responses=of_metrics, response_class=Response
    )
    async def counters(request: Request) -> Response:
        check_key(request)
        return Response(metrics.page(), media_type=CONTENT_TYPE)


def _add_handlers(app: FastAPI) -> None:
    """Every refusal is `{"detail": "one sentence"}`."""

    @app.exception_handler(ClassmarkError)
    async def refused(_: Request, error: ClassmarkError) -> JSONResponse:
        headers = error.headers if isinstance(error, Refused) else None
        return JSONResponse({"detail": error.spelt("service")}, status_of(error), headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        return JSONResponse({"detail": f"{said}."}, 422)

    @app.exception_handler(HTTPException)
    async def of_http(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"detail": f"{error.detail}."}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": "the service failed; its log says why."}, 500)
