"""What the gateway and the router read from their environment, strictly: a wrong value is refused."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from chaosproof.demo.grpc.settings import Environment, SettingError
from chaosproof.demo.router.nats_link import NatsPlace, parse_url

__all__ = ["SOCKET_PATH", "GatewaySettings", "RouterSettings", "SettingError", "socket_path"]

SOCKET_PATH = "/tmp/beamline-gateway.sock"
_SUBJECT = "beamline.router.v1.decide"
_PRESSURE_SUBJECT = "beamline.router.v2.status.backpressure"
_NATS_URL = "nats://127.0.0.1:4222"
_HOUR_MS = 3_600_000
# sun_path has 108 bytes, and the kernel wants a zero at the end.
_SOCKET_PATH_BYTES_MAX = 107


def socket_path(option: str | None, values: Mapping[str, str]) -> str:
    """Where the gateway's socket is: the option, else IPC_SOCKET_PATH, else the usual place.

    Raises `SettingError` for a path that no socket can have.
    """
    named = "-s" if option is not None else "IPC_SOCKET_PATH"
    path = option if option is not None else Environment(values).text("IPC_SOCKET_PATH", SOCKET_PATH)
    if not path or "\0" in path:
        raise SettingError(f"{named}={path!r} is no path of a socket.")
    length = len(path.encode())
    if length > _SOCKET_PATH_BYTES_MAX:
        raise SettingError(
            f"{named} has {length} bytes, and the path of a socket at most {_SOCKET_PATH_BYTES_MAX}: "
            f"choose a shorter one than {path!r}."
        )
    return path


def _subject(env: Environment, name: str, default: str) -> bytes:
    value = env.text(name, default)
    parts = value.split(".")
    if not value.isascii() or any(not word or set(word) & set(" \t\r\n*>") for word in parts):
        raise SettingError(f"{name}={value!r} is not a subject to publish on, such as {default}.")
    return value.encode()


@dataclass(frozen=True)
class GatewaySettings:
    """The settings of the gateway. HTTP port 0 means any free one; the `started` line of the log says which.

    `max_inflight` is the ceiling at any time, `pressed_inflight` the one while a router signals pressure; a
    signal that is not repeated within `pressure_ttl_ms` is over. `keep_cpus_awake`: see `chaosproof.demo.router.awake`.
    """

    instance: str
    socket_path: str
    http_port: int
    nats: NatsPlace
    subject: bytes
    pressure_subject: bytes
    timeout_ms: int
    max_inflight: int
    pressed_inflight: int
    pressure_ttl_ms: int
    nats_start_ms: int
    nats_ping_ms: int
    keep_cpus_awake: bool

    @classmethod
    def read(cls, values: Mapping[str, str], socket_option: str | None = None) -> "GatewaySettings":
        """From an environment; raises `SettingError` at the first value that is wrong."""
        env = Environment(values)
        return cls(
            instance=env.text("INSTANCE_NAME", socket.gethostname()),
            socket_path=socket_path(socket_option, values),
            http_port=env.whole("HTTP_PORT", 0, 0, 65535),
            nats=parse_url("NATS_URL", env.text("NATS_URL", _NATS_URL)),
            subject=_subject(env, "ROUTER_DECIDE_SUBJECT", _SUBJECT),
            pressure_subject=_subject(env, "ROUTER_PRESSURE_SUBJECT", _PRESSURE_SUBJECT),
            timeout_ms=env.whole("GATEWAY_TIMEOUT_MS", 5000, 1, _HOUR_MS),
            max_inflight=env.whole("GATEWAY_MAX_INFLIGHT", 1024, 1, 1_000_000),
            pressed_inflight=env.whole("GATEWAY_PRESSED_INFLIGHT", 32, 0, 1_000_000),
            pressure_ttl_ms=env.whole("PRESSURE_TTL_MS", 1000, 10, _HOUR_MS),
            nats_start_ms=env.whole("NATS_START_MS", 5000, 1, _HOUR_MS),
            nats_ping_ms=env.whole("NATS_PING_MS", 1000, 10, _HOUR_MS),
            keep_cpus_awake=env.flag("KEEP_CPUS_AWAKE", False),
        )


@dataclass(frozen=True)
class RouterSettings:
    """The settings of the router. `concurrency` 0 means no limit; `delay_ms` is what one decision takes.

    It signals pressure from `pressure_high` decisions asked for and not made, until there are no more than
    `pressure_low`; 0 means never. `ledger` is a file for one line per request (`{instance}` in it stands for
    the instance's name), empty for none.
    """

    instance: str
    http_port: int
    nats: NatsPlace
    subject: bytes
    pressure_subject: bytes
    queue: bytes
    delay_ms: int
    concurrency: int
    max_queue: int
    pressure_high: int
    pressure_low: int
    pressure_interval_ms: int
    nats_start_ms: int
    nats_ping_ms: int
    ledger: str

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "RouterSettings":
        """From an environment; raises `SettingError` at the first value that is wrong."""
        env = Environment(values)
        high = env.whole("ROUTER_PRESSURE_HIGH", 0, 0, 1_000_000)
        low = env.whole("ROUTER_PRESSURE_LOW", high // 2, 0, 1_000_000)
        if high and low >= high:
            raise SettingError(
                f"ROUTER_PRESSURE_LOW={low} must be below ROUTER_PRESSURE_HIGH={high}: else the signal flaps."
            )
        instance = env.text("INSTANCE_NAME", socket.gethostname())
        return cls(
            instance=instance,
            http_port=env.whole("HTTP_PORT", 0, 0, 65535),
            nats=parse_url("NATS_URL", env.text("NATS_URL", _NATS_URL)),
            subject=_subject(env, "ROUTER_DECIDE_SUBJECT", _SUBJECT),
            pressure_subject=_subject(env, "ROUTER_PRESSURE_SUBJECT", _PRESSURE_SUBJECT),
            queue=_subject(env, "ROUTER_QUEUE_GROUP", "beamline-router"),
            delay_ms=env.whole("ROUTER_DELAY_MS", 0, 0, _HOUR_MS),
            concurrency=env.whole("ROUTER_CONCURRENCY", 0, 0, 100_000),
            max_queue=env.whole("ROUTER_MAX_QUEUE", 10_000, 0, 1_000_000),
            pressure_high=high,
            pressure_low=low,
            pressure_interval_ms=env.whole("ROUTER_PRESSURE_INTERVAL_MS", 100, 10, _HOUR_MS),
            nats_start_ms=env.whole("NATS_START_MS", 5000, 1, _HOUR_MS),
            nats_ping_ms=env.whole("NATS_PING_MS", 1000, 10, _HOUR_MS),
            ledger=values.get("ROUTER_LEDGER", "").replace("{instance}", instance),
        )
