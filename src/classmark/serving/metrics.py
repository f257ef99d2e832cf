"""What `/metrics` says, in the format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1_024)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """Counters of one service; each service has its own, so that two in one process do not add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "classmark_requests", "Requests answered.", ("endpoint", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "classmark_request_seconds",
            "Seconds from the first byte of a request to the last of its answer.",
            ("endpoint",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._aborted = Counter("classmark_aborted_requests", "Requests whose client left.", registry=self.registry)
        self._rows = Counter("classmark_rows", "Rows predicted.", ("model",), registry=self.registry)
        self._batches = Histogram(
            "classmark_batch_rows", "Rows computed together.", ("model",), buckets=BATCH_ROWS, registry=self.registry
        )
        self._loads = Counter(
            "classmark_model_loads", "Models loaded, or not.", ("model", "outcome"), registry=self.registry
        )
        self._weights = Gauge(
            "classmark_model_info", "1 for the weights in use.", ("model", "weights"), registry=self.registry
        )

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request; `endpoint` is one of the service's own paths, or "other"."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def aborted(self) -> None:
        """Count a request whose client left before the answer."""
        self._aborted.inc()

    def computed(self, model: str, rows: int) -> None:
        """Count a batch."""
        self._rows.labels(model).inc(rows)
        self._batches.labels(model).observe(rows)

    def loaded(self, model: str, weights: str) -> None:
        """Count a model that was loaded, and name its weights alone."""
        self._loads.labels(model, "loaded").inc()
        for labels in [sample.labels for sample in next(iter(self._weights.collect())).samples]:
            if labels["model"] == model:
                self._weights.remove(model, labels["weights"])
        self._weights.labels(model, weights).set(1)

    def not_loaded(self, model: str) -> None:
        """Count a model that could not be loaded."""
        self._loads.labels(model, "failed").inc()

    def page(self) -> bytes:
        """All of them as text."""
        return generate_latest(self.registry)
