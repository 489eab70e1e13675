"""The figures of the gateway and the router: plain numbers that the work adds to, turned into a page on demand.

A labelled counter of the Prometheus client costs more than the rest of a request here, so counting is `+= 1`
and a collector reads the numbers when the page is asked for.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from chaosproof.demo.router.errors import STATUSES

__all__ = ["GatewayFigures", "Latencies", "RouterFigures", "publish_figures"]

_BOUNDS_S = (
    0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
)  # fmt: skip


class Latencies:
    """A histogram of seconds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(_BOUNDS_S, seconds)] += 1
        self.sum_s += seconds

    def family(self, name: str, documentation: str) -> HistogramMetricFamily:
        total, buckets = 0, []
        for bound, count in zip([*map(str, _BOUNDS_S), "+Inf"], self.counts, strict=True):
            total += count
            buckets.append((bound, total))
        return HistogramMetricFamily(name, documentation, buckets=buckets, sum_value=self.sum_s)


@dataclass
class GatewayFigures:
    """What the gateway counts. `answers` is by code, `ok` among them."""

    answers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("ok", *STATUSES), 0))
    unknown_codes: int = 0
    pings: int = 0
    late_replies: int = 0
    undelivered: int = 0
    torn_frames: int = 0
    connections: int = 0
    connected: int = 0
    disconnects: int = 0
    latency: Latencies = field(default_factory=Latencies)

    def answered(self, code: str) -> None:
        """Count an answer; a router's own codes share one label, so that it cannot make labels without end."""
        if code in self.answers:
            self.answers[code] += 1
        else:
            self.unknown_codes += 1

    def families(
        self, pending: int, connections: int, pressed: bool, connected: bool, tasks: int
    ) -> Iterator[Metric]:
        answers = CounterMetricFamily("gateway_answers", "Answers by code.", labels=["code"])
        for code, count in {**self.answers, "unknown": self.unknown_codes}.items():
            answers.add_metric([code], count)
        yield answers
        yield CounterMetricFamily("gateway_pings", "PING frames answered.", value=self.pings)
        yield CounterMetricFamily(
            "gateway_late_replies",
            "Replies that nobody waited for any more, dropped.",
            value=self.late_replies,
        )
        yield CounterMetricFamily(
            "gateway_undelivered", "Answers whose client had gone.", value=self.undelivered
        )
        yield CounterMetricFamily(
            "gateway_torn_frames", "Connections that ended in the middle of a frame.", value=self.torn_frames
        )
        yield CounterMetricFamily(
            "gateway_connections_accepted", "Connections of clients.", value=self.connections
        )
        yield CounterMetricFamily(
            "gateway_nats_connects", "Connections to NATS that were made.", value=self.connected
        )
        yield CounterMetricFamily(
            "gateway_nats_disconnects", "Connections to NATS that ended.", value=self.disconnects
        )
        yield GaugeMetricFamily("gateway_pending", "Requests sent on and not yet answered.", value=pending)
        yield GaugeMetricFamily("gateway_connections", "Clients connected now.", value=connections)
        yield GaugeMetricFamily("gateway_pressed", "1 while a router signals pressure.", value=pressed)
        yield GaugeMetricFamily("gateway_nats_connected", "1 while NATS is connected.", value=connected)
        yield GaugeMetricFamily("gateway_asyncio_tasks", "Tasks of the event loop.", value=tasks)
        yield self.latency.family(
            "gateway_request_seconds", "From a request's frame to its answer, for those sent on."
        )


@dataclass
class RouterFigures:
    """What the router counts. `replies` is by code, `ok` among them."""

    received: int = 0
    executed: int = 0
    replies: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("ok", *STATUSES), 0))
    unsent: int = 0
    connected: int = 0

    def families(self, waiting: int, working: int, pressed: bool, tasks: int) -> Iterator[Metric]:
        yield CounterMetricFamily("router_requests_received", "Requests that arrived.", value=self.received)
        yield CounterMetricFamily("router_requests_executed", "Requests decided.", value=self.executed)
        replies = CounterMetricFamily("router_replies", "Replies by code.", labels=["code"])
        for code, count in self.replies.items():
            replies.add_metric([code], count)
        yield replies
        yield CounterMetricFamily(
            "router_replies_unsent", "Replies for which there was no connection to NATS.", value=self.unsent
        )
        yield CounterMetricFamily(
            "router_nats_connects", "Connections to NATS that were made.", value=self.connected
        )
        yield GaugeMetricFamily("router_waiting", "Requests in line.", value=waiting)
        yield GaugeMetricFamily("router_working", "Requests being decided.", value=working)
        yield GaugeMetricFamily("router_pressed", "1 while it signals pressure.", value=pressed)
        yield GaugeMetricFamily("router_asyncio_tasks", "Tasks of the event loop.", value=tasks)


def publish_figures(registry: CollectorRegistry, families: Callable[[], Iterator[Metric]]) -> None:
    """Let the page of `registry` show what `families` gives at that moment."""

    class _Figures(Collector):
        def collect(self) -> Iterator[Metric]:
            return families()

    registry.register(_Figures())
