"""The metrics of the pair, under the names that experiments and dashboards know them by.

Every label value exists from the start: a counter that appears with its first event hides that event from
`rate()`.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from chaosproof.demo.grpc.codes import PROTECTION, Code
from chaosproof.demo.grpc.policies.breaker import State

__all__ = ["CallerMetrics", "WorkerMetrics", "counts_of", "new_registry"]

_BUCKETS_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
    0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0,
)  # fmt: skip


def new_registry() -> CollectorRegistry:
    """A registry of its own, with the process's figures (CPU, memory, descriptors) in it."""
    disable_created_metrics()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class CallerMetrics:
    """What app-a measures of its calls to app-b."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.latency = Histogram(
            "a_downstream_latency_seconds",
            "Attempts that reached the wire: from sending to the answer.",
            registry=registry,
            buckets=_BUCKETS_S,
        )
        self.requests = Counter(
            "a_downstream_requests",
            "Logical calls by how they ended for the user, protection answers included.",
            ["code"],
            registry=registry,
        )
        self.attempts = Counter(
            "a_downstream_attempts",
            "Attempts that reached the wire, retries included.",
            ["code"],
            registry=registry,
        )
        self.inflight = Gauge(
            "a_downstream_inflight", "Attempts under way: sent and not yet answered.", registry=registry
        )
        self.breaker_state = Gauge(
            "a_breaker_state", "0 closed, 1 half-open, 2 open; always 0 without a breaker.", registry=registry
        )
        self.transitions = Counter(
            "a_breaker_transitions", "Changes of the breaker's state.", ["from", "to"], registry=registry
        )
        self.pool_size = Gauge("a_channel_pool_size", "Channels to app-b.", registry=registry)
        self.ready = Gauge("a_ready", "1 while /readyz says so.", registry=registry)
        for code in Code:
            self.requests.labels(code)
            if code not in PROTECTION:
                self.attempts.labels(code)
        for old, new in (
            (State.CLOSED, State.OPEN),
            (State.OPEN, State.HALF_OPEN),
            (State.HALF_OPEN, State.OPEN),
            (State.HALF_OPEN, State.CLOSED),
        ):
            self.transitions.labels(old.name.lower(), new.name.lower())


class WorkerMetrics:
    """What app-b measures of its worker and the line before it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.busy = Gauge("b_busy", "1 while the worker works.", registry=registry)
        self.disturbed = Gauge(
            "b_disturbed", "1 while a disturbance is on (PUT /disturb).", registry=registry
        )
        self.queued = Gauge("b_queue_length", "Calls in line for the worker.", registry=registry)
        self.received = Counter(
            "b_requests_received", "Calls that arrived, repeated ids included.", registry=registry
        )
        self.started = Counter("b_requests_started", "Calls that got the worker.", registry=registry)
        self.completed = Counter("b_requests_completed", "Calls whose work was done.", registry=registry)
        self.duplicates = Counter(
            "b_requests_duplicate",
            "Calls with an id known already: answered without new work.",
            registry=registry,
        )
        self.failed = Counter(
            "b_requests_failed",
            "Calls without work done: injected (FAIL_RATE), or abandoned by the caller while in line.",
            ["reason"],
            registry=registry,
        )
        self.queue_wait = Histogram(
            "b_queue_wait_seconds", "From arrival to the worker.", registry=registry, buckets=_BUCKETS_S
        )
        self.processing = Histogram(
            "b_processing_seconds", "With the worker.", registry=registry, buckets=_BUCKETS_S
        )
        for reason in ("injected", "abandoned"):
            self.failed.labels(reason)


# What a disturbance is held to account by, and the samples that say it.
_COUNTS = {
    "received": ("b_requests_received_total", {}),
    "rejected": ("b_requests_failed_total", {"reason": "injected"}),
    "abandoned": ("b_requests_failed_total", {"reason": "abandoned"}),
    "repeated": ("b_requests_duplicate_total", {}),
    "executed": ("b_requests_completed_total", {}),
    "busy_s": ("b_processing_seconds_sum", {}),
}


def counts_of(registry: CollectorRegistry) -> dict[str, float]:
    """The counters of app-b by a short name: calls by what became of them, and the seconds that its worker worked."""
    return {name: registry.get_sample_value(*sample) or 0.0 for name, sample in _COUNTS.items()}
