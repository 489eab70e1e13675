"""One experiment for one edge: a fault on the calls from one instance to another service, and the question it asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosproof.init.sizing import Sizes
from chaosproof.init.survey import Edge

__all__ = ["FAULTS", "Setting", "edge_experiment", "experiment_name", "question_of"]

FAULTS: Mapping[str, str] = {
    "reset": "are reset",
    "drop": "are lost without a word",
    "delay": "are held back for {delay_ms:g} ms",
}
"""The kinds of fault that an edge can be drilled with, and what becomes of the packets of its calls."""


@dataclass(frozen=True)
class Setting:
    """What all experiments of one system share. `url` is where users come in; `system`, `compose` and `schema` are
    paths as the experiment writes them, of the first two the one that its `target` has; `copies` is how often each
    service runs; `printing` are the instances that have a log.
    """

    url: str
    system: str
    schema: str
    two_modes: bool
    copies: Mapping[str, int]
    printing: Sequence[str] = ()
    target: str = "local"
    compose: Sequence[str] = ()


def experiment_name(edge: Edge, kind: str, edges: Sequence[Edge]) -> str:
    """`shop-stock-reset`; with the port where one calls the other on more than one."""
    ports = {other.port for other in edges if (other.caller, other.service) == (edge.caller, edge.service)}
    port = f"-{edge.port}" if len(ports) > 1 else ""
    return f"{edge.caller}-{edge.service}{port}-{kind}"


def question_of(edge: Edge, kind: str, sizes: Sizes, setting: Setting) -> str:
    """The one sentence that the experiment asks."""
    return (
        f"When the calls of {_who(edge, setting)} to {edge.service} (port {edge.port}) {_what(kind, sizes)} for "
        f"{sizes.fault_s:g} s, do users of {setting.url} notice?"
    )


def edge_experiment(
    edge: Edge, kind: str, sizes: Sizes, setting: Setting, *, name: str, others: Sequence[Edge] = ()
) -> dict[str, Any]:
    """The experiment; `others` are the edges of the system, by which a port may need to be told from another's."""
    copies = setting.copies.get(edge.caller, 1)
    return {
        "$schema": setting.schema,
        "version": "1.0.0",
        "title": question_of(edge, kind, sizes, setting),
        "description": f"{edge.caller} calls {edge.service} on port {edge.port}; {sizes.why}.",
        "tags": [kind, edge.caller, edge.service],
        "configuration": _configuration(edge, kind, sizes, setting, copies),
        "controls": [
            {"name": "session", "provider": {"type": "python", "module": "chaosproof.controls.session"}}
        ],
        "runtime": {"rollbacks": {"strategy": "always"}},
        "steady-state-hypothesis": _hypothesis(edge, setting, copies),
        "method": [
            _activity("action", "users send requests", "actions.load", "start", {
                "url": setting.url, "rate_rps": "${rate_rps}", "connections": "${connections}",
                "duration_s": "${duration_s}", "timeout_s": "${timeout_s}", "seed": "${seed}",
            }),
            _activity("action", _fault_title(edge, kind, sizes, setting), "actions.network", kind,
                      _fault_arguments(edge, kind, others)),
            _activity("action", "the kernel ends the fault", "actions.network", "wait_until_ended"),
            _activity("action", "users go on", "actions.load", "finish"),
        ],
        "rollbacks": [_activity("action", "no fault is left", "actions.network", "heal")],
        "extensions": [_extension(edge, setting, name, copies)],
    }  # fmt: skip


def _configuration(edge: Edge, kind: str, sizes: Sizes, setting: Setting, copies: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "mode": {"type": "env", "key": "CHAOS_MODE", "default": "resilient"},
        "target": {"type": "env", "key": "CHAOS_TARGET", "default": setting.target},
        **({"compose": list(setting.compose)} if setting.compose else {"system": setting.system}),
        "journals": "journals",
        "warmup_s": _plain(sizes.warmup_s),
        "duration_s": _plain(sizes.duration_s),
        "rate_rps": _plain(sizes.rate_rps),
        "connections": sizes.connections,
        "timeout_s": _plain(sizes.timeout_s),
        "fault_instance": f"{edge.caller}-0",
        "fault_port": edge.port,
        "fault_at_s": _plain(sizes.fault_at_s),
        "fault_s": _plain(sizes.fault_s),
        "latency_limit_ms": _plain(sizes.latency_limit_ms),
        "tolerated_error_ratio": sizes.tolerated_error_ratio,
        "back_within_s": _plain(sizes.back_within_s),
        "seed": 7,
    }
    if kind == "delay":
        settings["delay_ms"] = _plain(sizes.delay_ms)
    if copies == 1:
        # no instance of it is left whole: there is none but the one that is hit
        settings["allow_all"] = True
    return settings


def _hypothesis(edge: Edge, setting: Setting, copies: int) -> dict[str, Any]:
    probes = [
        _activity("probe", "at most 5 % of the requests fail", "probes.load", "error_ratio",
                  tolerance={"type": "range", "range": [0, 0.05]}),
        _activity("probe", f"{'all copies' if copies > 1 else 'the one copy'} of {edge.caller} "
                  f"{'are' if copies > 1 else 'is'} ready", "probes.readiness", "ready_instances",
                  {"service": edge.caller}, tolerance=copies),
    ]  # fmt: skip
    return {"title": f"Users of {setting.url} are served", "probes": probes}


def _extension(edge: Edge, setting: Setting, name: str, copies: int) -> dict[str, Any]:
    prefix = edge.caller.upper().replace("-", "_")
    only = {"modes": ["resilient"]} if setting.two_modes else {}
    extension: dict[str, Any] = {"name": "chaosproof", "experiment": name}
    if not setting.two_modes:
        extension["modes"] = ["resilient"]
    extension["load"] = {"url": setting.url, "timeout_s": "${timeout_s}"}
    extension["artifacts"] = ["load.json", *(f"{instance}.log" for instance in setting.printing)]
    extension["checks"] = [
        {
            "id": f"{prefix}_USERS", "claim": "users hardly notice: no more of their requests fail than is tolerated",
            "figure": "load.error_ratio", "at_most": "${tolerated_error_ratio}", **only,
        },
        {
            "id": f"{prefix}_LATENCY", "claim": "and 99 % of the answers come in time",
            "figure": "load.p99_ms", "at_most": "${latency_limit_ms}", **only,
        },
        {
            "id": f"{prefix}_BACK", "claim": "whatever failed, it is over soon after the end of the fault",
            "figure": "recovery.errors_s", "at_most": "${back_within_s}", **only,
        },
    ]  # fmt: skip
    if setting.two_modes:
        extension["compare"] = [
            {
                "id": f"{prefix}_SPARED", "claim": "with the protection fewer users notice than without it",
                "in_order": ["resilient.load.error_ratio", "baseline.load.error_ratio"],
            }
        ]  # fmt: skip
    return extension


def _fault_arguments(edge: Edge, kind: str, others: Sequence[Edge]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"instance": "${fault_instance}", "port": "${fault_port}"}
    if kind == "delay":
        arguments["delay_ms"] = "${delay_ms}"
    if any(other.caller == edge.caller and other.port == edge.port and other != edge for other in others):
        # it calls somebody else on a port of the same number
        arguments["peer"] = edge.service
    return {**arguments, "at_s": "${fault_at_s}", "duration_s": "${fault_s}"}


def _fault_title(edge: Edge, kind: str, sizes: Sizes, setting: Setting) -> str:
    return f"the calls of {_who(edge, setting)} to {edge.service} {_what(kind, sizes)}"


def _who(edge: Edge, setting: Setting) -> str:
    copies = setting.copies.get(edge.caller, 1)
    return edge.caller if copies == 1 else f"one of {copies} copies of {edge.caller}"


def _what(kind: str, sizes: Sizes) -> str:
    return FAULTS[kind].format(delay_ms=sizes.delay_ms)


def _activity(
    kind: str, name: str, module: str, func: str, arguments: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    provider: dict[str, Any] = {"type": "python", "module": f"chaosproof.{module}", "func": func}
    if arguments:
        provider["arguments"] = dict(arguments)
    return {"type": kind, "name": name, **more, "provider": provider}


def _plain(value: float) -> float:
    """A whole number is written without a point."""
    return int(value) if value == int(value) else round(value, 3)
