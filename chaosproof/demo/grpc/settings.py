"""What the gRPC pair reads from its environment, strictly: a wrong value is refused, never guessed at."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Environment", "SettingError", "SettingsA", "SettingsB"]


class SettingError(Exception):
    """A setting's value is not one; `str()` names it, its value and what is expected."""


class Environment:
    """Typed reading of strings: a name that is not set has its default, an empty value is wrong."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name, default)
        if not value.strip():
            raise SettingError(
                f"{name} is empty: leave it out (the default is {default!r}) or give it a value."
            )
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise SettingError(f"{name}={value!r} is not a switch: set it to true or false.")
        return value == "true"

    def whole(self, name: str, default: int, at_least: int, at_most: int) -> int:
        value = self._values.get(name)
        if value is None:
            return default
        # int() would take "1_0", " 10" and other scripts' digits, too.
        if not (value.isascii() and value.isdigit()) or not at_least <= int(value) <= at_most:
            raise SettingError(f"{name}={value!r} is not a whole number from {at_least} to {at_most}.")
        return int(value)

    def ratio(self, name: str, default: float) -> float:
        value = self._values.get(name)
        if value is None:
            return default
        try:
            ratio = float(value)
        except ValueError:
            ratio = -1.0
        if not 0.0 <= ratio <= 1.0:  # catches nan, too
            raise SettingError(f"{name}={value!r} is not a ratio from 0 to 1.")
        return ratio

    def address(self, name: str, default: str) -> str:
        value = self.text(name, default)
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise SettingError(f"{name}={value!r} is not an address: write host:port, such as {default}.")
        return value


_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class SettingsA:
    """The settings of app-a. Port 0 means any free one; the `started` line of the log says which."""

    instance: str
    http_port: int
    app_b_address: str
    resilient: bool
    retry: bool
    deadline_ms: int
    max_inflight: int
    max_queue: int
    max_queue_wait_ms: int
    channel_pool_size: int
    breaker_window_calls: int
    breaker_failure_percent: int
    breaker_open_ms: int
    breaker_half_open_probes: int
    retry_attempts: int
    retry_backoff_ms: int
    retry_backoff_max_ms: int
    keepalive_time_ms: int
    keepalive_timeout_ms: int
    reconnect_backoff_ms: int
    reconnect_backoff_max_ms: int
    probe_interval_ms: int
    probe_timeout_ms: int
    idle_probe_interval_ms: int
    idle_probe_timeout_ms: int
    drain_delay_ms: int

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "SettingsA":
        """From an environment; raises `SettingError` at the first value that is wrong."""
        env = Environment(values)
        return cls(
            instance=env.text("INSTANCE_NAME", socket.gethostname()),
            http_port=env.whole("HTTP_PORT", 8080, 0, 65535),
            app_b_address=env.address("APP_B_ADDRESS", "app-b:50051"),
            resilient=env.flag("RESILIENCE_ENABLED", True),
            retry=env.flag("RETRY_ENABLED", True),
            deadline_ms=env.whole("DEADLINE_MS", 800, 1, _HOUR_MS),
            max_inflight=env.whole("MAX_INFLIGHT", 10, 1, 100_000),
            max_queue=env.whole("MAX_QUEUE", 10, 0, 100_000),
            max_queue_wait_ms=env.whole("MAX_QUEUE_WAIT_MS", 50, 0, _HOUR_MS),
            channel_pool_size=env.whole("CHANNEL_POOL_SIZE", 1, 1, 64),
            breaker_window_calls=env.whole("BREAKER_WINDOW_CALLS", 10, 1, 100_000),
            breaker_failure_percent=env.whole("BREAKER_FAILURE_PERCENT", 50, 1, 100),
            breaker_open_ms=env.whole("BREAKER_OPEN_MS", 5000, 1, _HOUR_MS),
            breaker_half_open_probes=env.whole("BREAKER_HALF_OPEN_PROBES", 3, 1, 1000),
            retry_attempts=env.whole("RETRY_ATTEMPTS", 3, 1, 3),
            retry_backoff_ms=env.whole("RETRY_BACKOFF_MS", 20, 0, _HOUR_MS),
            retry_backoff_max_ms=env.whole("RETRY_BACKOFF_MAX_MS", 100, 0, _HOUR_MS),
            keepalive_time_ms=env.whole("KEEPALIVE_TIME_MS", 1000, 100, _HOUR_MS),
            keepalive_timeout_ms=env.whole("KEEPALIVE_TIMEOUT_MS", 1000, 100, _HOUR_MS),
            reconnect_backoff_ms=env.whole("RECONNECT_BACKOFF_MS", 100, 100, _HOUR_MS),
            reconnect_backoff_max_ms=env.whole("RECONNECT_BACKOFF_MAX_MS", 1000, 100, _HOUR_MS),
            probe_interval_ms=env.whole("PROBE_INTERVAL_MS", 75, 10, _HOUR_MS),
            probe_timeout_ms=env.whole("PROBE_TIMEOUT_MS", 250, 10, _HOUR_MS),
            idle_probe_interval_ms=env.whole("IDLE_PROBE_INTERVAL_MS", 500, 10, _HOUR_MS),
            idle_probe_timeout_ms=env.whole("IDLE_PROBE_TIMEOUT_MS", 1000, 10, _HOUR_MS),
            drain_delay_ms=env.whole("DRAIN_DELAY_MS", 200, 0, _HOUR_MS),
        )


@dataclass(frozen=True)
class SettingsB:
    """The settings of app-b. Port 0 means any free one; the `started` line of the log says which."""

    instance: str
    grpc_port: int
    http_port: int
    delay_ms: int
    fail_ratio: float
    idempotency_ttl_ms: int
    drain_delay_ms: int

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "SettingsB":
        """From an environment; raises `SettingError` at the first value that is wrong."""
        env = Environment(values)
        return cls(
            instance=env.text("INSTANCE_NAME", socket.gethostname()),
            grpc_port=env.whole("GRPC_PORT", 50051, 0, 65535),
            http_port=env.whole("HTTP_PORT", 8080, 0, 65535),
            delay_ms=env.whole("B_DELAY_MS", 2, 0, 60_000),
            fail_ratio=env.ratio("FAIL_RATE", 0.0),
            idempotency_ttl_ms=env.whole("IDEMPOTENCY_TTL_MS", 30_000, 1, _HOUR_MS),
            drain_delay_ms=env.whole("DRAIN_DELAY_MS", 200, 0, _HOUR_MS),
        )
