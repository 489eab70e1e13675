"""load-plan.json, load-progress.ndjson and load-done.json: what a load was to be, what it counted while it ran, and how
it ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosproof.json_access import sequence
from chaosproof.runfolder.record import Record, about

__all__ = ["LoadDone", "LoadPlan", "LoadProgress", "LoadStage"]

# What is recorded with a status from 200 to 299; of HTTP that is its own.
_SERVED = {
    "http": "status 200 to 299, whatever the body holds",
    "grpc": "status OK",
    "nats": "a reply that is no error of the server, a service or JetStream, nor JSON with `ok` false",
}


@dataclass(frozen=True, kw_only=True)
class LoadStage(Record):
    """A stretch of the load whose rate goes evenly from one value to another."""

    from_rps: float | None = about("the rate at its beginning")
    to_rps: float | None = about("the rate at its end")
    duration_s: float | None = about("how long it lasts")


@dataclass(frozen=True, kw_only=True)
class LoadPlan(Record):
    """What the load was to be."""

    FILE: ClassVar[str] = "load-plan.json"

    name: str = about("what the load is called")
    url: str = about("where requests go; its scheme names the protocol")
    protocol: str = about("`http`, `grpc`, `nats`, or one that a plug-in brings")
    model: str = about("`open`: a request is sent when it is due; `closed`: when a connection is free")
    arrivals: str = about("`constant` or `poisson`")
    rate_rps: float | None = about("the rate; `null` for a closed load without a cap")
    connections: int | None = about("how many connections there may be at a time")
    duration_s: float | None = about("for how long requests are due")
    timeout_s: float | None = about("how long a request may take")
    seed: int | None = about("what arrivals by chance follow from")
    stages: tuple[LoadStage, ...] = about("the rate over time, where it changes", default=())
    method: str = about("the HTTP method", default="")
    headers: Any = about("HTTP headers, pairs of name and value", default=())
    body: str | None = about("the body of a request", default=None, omit=True)
    body_base64: str | None = about("the same where it is no text", default=None, omit=True)
    ca_file: str | None = about("the certificates that a server is checked against", default=None)
    verify_tls: bool | None = about("whether it is checked", default=None)
    processes: int | None = about("how many processes send", default=None)
    success: Any = about(
        "what an answer must meet to count as served, if that is not the default", default=None, omit=True
    )

    @property
    def closed(self) -> bool:
        """Whether latency counts from when a request was sent, not from when it was due."""
        return self.model == "closed"

    @property
    def served(self) -> str:
        """What counts as served, in words."""
        conditions = [str(condition) for condition in sequence(self.success)]
        if not conditions:
            served = _SERVED.get(self.protocol, "an answer that is no error")
            return f"{served} (the default; `success` of the load changes it)"
        return "; ".join(conditions) + " (`success` of the load)"

    @property
    def uncapped(self) -> bool:
        """Whether the plan says that connections alone limit the rate."""
        return self.closed and "rate_rps" in self.source and self.source["rate_rps"] is None


@dataclass(frozen=True, kw_only=True)
class LoadProgress(Record):
    """One row, two a second. Counts are cumulative, percentiles those of the last half second."""

    FILE: ClassVar[str] = "load-progress.ndjson"

    at: float | None = about("when the row was written")
    t_s: float | None = about("seconds since the load began")
    due: int | None = about("requests that were due")
    sent: int | None = about("requests that were sent")
    done: int | None = about("requests that have ended")
    ok: int | None = about("of these, answered with status 200 to 299")
    errors: int | None = about("of these, all others")
    inflight: int | None = about("requests that wait for an answer")
    codes: Mapping[str, Any] = about("how many ended with each code")
    p50_ms: float | None = about("the median latency, or `null`")
    p99_ms: float | None = about("the 99th percentile, or `null`")


@dataclass(frozen=True, kw_only=True)
class LoadDone(Record):
    """How a load ended."""

    FILE: ClassVar[str] = "load-done.json"

    name: str = about("what the load is called")
    planned: int | None = about("how many requests the plan makes")
    recorded: int | None = about("how many rows were written")
    ok: int | None = about("of these, answered with status 200 to 299")
    errors: int | None = about("of these, all others")
    started_at: float | None = about("when the first request was due")
    ended_at: float | None = about("when the last request had ended")
    complete: bool | None = about("`true` only when it ran as planned and every request has its row")
    rate_rps: float | None = about("how many requests were sent per second")
    stopped_by: str | None = about("`null`, the signal that ended it early, or the word for what broke")
