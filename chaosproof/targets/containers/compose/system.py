"""A `System` made of what the Compose CLI says of the user's files (`read_config`). Pure.

Compose says of a service nearly all that a system file does. What it cannot say stands in `x-chaosproof` of the
service, which every Compose CLI leaves alone:

    x-chaosproof:
      ports: {http: 8080}
      healthcheck: {http: /readyz, port: http}
      metrics: {port: http}
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.json_access import mapping, mappings, sequence, text, whole
from chaosproof.targets.containers.compose.service_extension import Extension, read_extension
from chaosproof.targets.system.compose_durations import duration_s
from chaosproof.targets.system.definition import HealthCheck, Service, System

__all__ = ["environment_of", "ports_of", "replicas_of", "system_of_config", "words_of"]

_DONE = "service_completed_successfully"
# Compose's own defaults, but for the interval: by its 30 s an instance would be back half a minute before it is seen.
_INTERVAL_S = 1.0
_ANSWER_S = 30.0
_PORT_INTERVAL_S = 0.1
_RETRIES = 3
_STOP_GRACE_S = 10.0
_READY_WITHIN_S = 60.0
_POLICIES = {"any": "always", "none": "no", "": "no"}


def system_of_config(config: Mapping[str, Any], name: str, files: Sequence[str] = ()) -> System:
    """The services of `config` as a system called `name`, of the Compose files `files` (absolute paths).

    Raises `UsageError` with every mistake in `x-chaosproof`.
    """
    bodies = {str(each): mapping(body) for each, body in mapping(config.get("services")).items()}
    if unresolved := [each for each, body in bodies.items() if "extends" in body]:
        raise UsageError(
            f"podman-compose does not say what `extends` of {', '.join(unresolved)} brings; install Docker Compose 2, "
            "which works with Podman as well, or name a system file (system)."
        )
    bodies = {each: body for each, body in bodies.items() if replicas_of(body) > 0}
    if not bodies:
        raise UsageError(f"{', '.join(files) or name}: no service of these Compose files is started.")
    extensions, mistakes = {}, []
    for each, body in bodies.items():
        extensions[each], wrong = read_extension(f"services.{each}", body.get("x-chaosproof"))
        mistakes += wrong
    if mistakes:
        raise UsageError(
            "\n  ".join([f"{', '.join(files) or name} has {len(mistakes)} mistakes:", *mistakes])
            if len(mistakes) > 1
            else f"{', '.join(files) or name}: {mistakes[0]}"
        )
    one_shots = {
        other
        for body in bodies.values()
        for other, how in _needs(body).items()
        if mapping(how).get("condition") == _DONE
    }
    services = tuple(
        _service(each, body, extensions[each], bodies, one_shot=each in one_shots)
        for each, body in bodies.items()
    )
    return System(name, services, compose=tuple(files))


def replicas_of(body: Mapping[str, Any]) -> int:
    """How many containers of the service Compose starts."""
    for number in (body.get("scale"), mapping(body.get("deploy")).get("replicas")):
        if (copies := whole(number)) is not None:
            return copies
    return 1


def ports_of(body: Mapping[str, Any]) -> tuple[int, ...]:
    """The TCP ports inside, those that are published and those that are only exposed."""
    targets = [whole(port.get("target")) for port in mappings(body.get("ports")) if _is_tcp(port)]
    exposed = [port for entry in sequence(body.get("expose")) for port in _exposed(str(entry))]
    return tuple(dict.fromkeys(port for port in (*targets, *exposed) if port))


def environment_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The variables that it gives to the program."""
    settings = mapping(body.get("environment"))
    return {str(name): _plain(value) for name, value in settings.items() if value is not None}


def words_of(value: Any) -> tuple[str, ...]:
    """A command's words."""
    return tuple(_plain(word) for word in (value.split() if isinstance(value, str) else sequence(value)))


def _service(
    name: str, body: Mapping[str, Any], extension: Extension, all_: Mapping[str, Any], *, one_shot: bool
) -> Service:
    named = set(extension.ports.values())
    ports = {**extension.ports, **{str(port): port for port in ports_of(body) if port not in named}}
    return Service(
        name=name,
        command=(*words_of(body.get("entrypoint")), *words_of(body.get("command"))),
        replicas=replicas_of(body),
        working_dir=text(body.get("working_dir")) or "/",
        environment=environment_of(body),
        ports=ports,
        healthcheck=extension.healthcheck
        or _health_check(mapping(body.get("healthcheck")))
        or (None if one_shot else _open_port(ports)),
        metrics_path=extension.metrics_path,
        metrics_port=extension.metrics_port,
        depends_on=tuple(other for other in _needs(body) if other in all_),
        stop_grace_period_s=_seconds(body.get("stop_grace_period"), _STOP_GRACE_S),
        one_shot=one_shot,
        restart=_restart(body),
        user=str(body.get("user") or ""),
    )


def _health_check(check: Mapping[str, Any]) -> HealthCheck | None:
    test = words_of(check.get("test"))
    if check.get("disable") is True or test[:1] in ((), ("NONE",)):
        return None
    command = ("sh", "-c", *test[1:]) if test[0] == "CMD-SHELL" else test[1:]
    interval_s = _seconds(check.get("interval"), _INTERVAL_S)
    answer_s = _seconds(check.get("timeout"), _ANSWER_S)
    retries = whole(check.get("retries")) or _RETRIES
    needed_s = _seconds(check.get("start_period"), 0.0) + retries * (interval_s + answer_s)
    return HealthCheck(
        kind="test",
        target=" ".join(command),
        port=0,
        interval_s=interval_s,
        timeout_s=max(_READY_WITHIN_S, needed_s),
        command=command,
        answer_timeout_s=answer_s,
        retries=retries,
    )


def _open_port(ports: Mapping[str, int]) -> HealthCheck | None:
    """Where nothing says how a service is asked, it is ready while its first port is open."""
    for name, port in ports.items():
        return HealthCheck("tcp", name, port, _PORT_INTERVAL_S, _READY_WITHIN_S)
    return None


def _restart(body: Mapping[str, Any]) -> str:
    if restart := text(body.get("restart")):
        return restart
    policy = mapping(mapping(body.get("deploy")).get("restart_policy"))
    condition = text(policy.get("condition")) or ("any" if policy else "")
    attempts = whole(policy.get("max_attempts"))
    restart = _POLICIES.get(condition, condition)
    return f"{restart}:{attempts}" if restart == "on-failure" and attempts else restart


def _needs(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(body.get("depends_on"))


def _is_tcp(port: Mapping[str, Any]) -> bool:
    return bool(port.get("protocol", "tcp") == "tcp")


def _exposed(entry: str) -> Iterator[int]:
    """`8080`, `8080/tcp`, `8000-8002`; nothing of UDP."""
    numbers, _, protocol = entry.partition("/")
    first, dash, last = numbers.partition("-")
    if protocol in ("", "tcp") and first.isdigit() and (last.isdigit() or not dash):
        yield from range(int(first), int(last or first) + 1)


def _seconds(value: Any, default_s: float) -> float:
    seconds = duration_s(text(value))
    return default_s if seconds is None else seconds


def _plain(value: Any) -> str:
    """Compose writes a dollar that is meant for the program twice."""
    return str(value).replace("$$", "$")
