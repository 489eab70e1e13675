"""The experiment that `chaosproof init` writes: pure, from what was seen of a service to Chaos Toolkit's JSON."""

from typing import Any

from chaosproof.targets.kubernetes.onboarding.preflight import ServiceSurvey

__all__ = ["own_experiment"]

_READY_AGAIN_S = 5


def own_experiment(
    survey: ServiceSurvey, *, namespace: str, selector: str, port: int, direction: str | None, url: str | None
) -> dict[str, Any]:
    """One pod's TCP connections on `port` are reset for 15 s; with `url` under a load of 20 requests a second."""
    way = direction or ("ingress" if port in survey.ports else "egress")
    to = "to" if way == "ingress" else "from"
    name = f"{namespace}-{survey.service}"
    instances = list(survey.instances)
    extension: dict[str, Any] = {
        "name": "chaosproof",
        "experiment": name,
        "modes": ["resilient"],
        "artifacts": [f"{instance}.log" for instance in instances] + (["load.json"] if url else []),
        "checks": [
            {
                "id": "READY_AGAIN",
                "claim": f"the hit pod is ready within {_READY_AGAIN_S} s of the end of the fault",
                "figure": "recovery.ready_s",
                "at_most": _READY_AGAIN_S,
            }
        ],
    }
    configuration: dict[str, Any] = {
        "mode": "resilient",
        "target": {"type": "env", "key": "CHAOS_TARGET", "default": "kubernetes"},
        "namespace": namespace,
        "service": survey.service,
        "selector": selector,
        "journals": "journals",
        "fault_instance": instances[0],
        "fault_port": port,
        "fault_s": 15,
        "instances": len(instances),
    }
    if len(instances) == 1:
        configuration["allow_all"] = True
    fault: dict[str, Any] = {
        "instance": "${fault_instance}",
        "port": "${fault_port}",
        "direction": way,
        "duration_s": "${fault_s}",
    }
    method = [_action(f"connections {to} one pod are reset", "actions.network", "reset", fault)]
    hypothesis = [
        _probe(
            "all pods are ready",
            len(instances),
            "probes.readiness",
            "ready_instances",
            {"service": survey.service},
        )
    ]
    if url:
        configuration |= {
            "rate_rps": 20,
            "connections": 10,
            "warmup_s": 5,
            "duration_s": 45,
            "fault_at_s": 10,
        }
        fault["at_s"] = "${fault_at_s}"
        extension["load"] = {"url": url}
        extension["checks"].append(
            {
                "id": "USERS",
                "claim": "at most 5 % of the requests fail",
                "figure": "load.error_ratio",
                "at_most": 0.05,
            }
        )
        load = {"url": url, **{key: f"${{{key}}}" for key in ("rate_rps", "connections", "duration_s")}}
        method.insert(0, _action("users send requests", "actions.load", "start", load))
        tolerance = {"type": "range", "range": [0, 0.05]}
        hypothesis.append(
            _probe("at most 5 % of the requests fail", tolerance, "probes.load", "error_ratio", {})
        )
    method.append(_action("the kernel ends the fault", "actions.network", "wait_until_ended", {}))
    back = {"instance": "${fault_instance}", "timeout_s": 30}
    method.append(_probe("the hit pod is ready again", None, "probes.readiness", "wait_until_ready", back))
    if url:
        method.append(_action("users go on", "actions.load", "finish", {}))
    return {
        "version": "1.0.0",
        "title": f"{survey.service} does not mind when the connections {to} one of its pods are reset",
        "description": f"TCP connections {to} one pod of {survey.service} on port {port} are reset for 15 s.",
        "tags": ["kubernetes", "tcp-reset"],
        "configuration": configuration,
        "controls": [{"name": "session", "provider": {"type": "python", "module": "controls.session"}}],
        "runtime": {"rollbacks": {"strategy": "always"}},
        "steady-state-hypothesis": {"title": f"{survey.service} is well", "probes": hypothesis},
        "method": method,
        "rollbacks": [_action("no fault is left", "actions.network", "heal", {})],
        "extensions": [extension],
    }


def _action(name: str, module: str, func: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "action", "name": name, "provider": _provider(module, func, arguments)}


def _probe(name: str, tolerance: Any, module: str, func: str, arguments: dict[str, Any]) -> dict[str, Any]:
    checked = {} if tolerance is None else {"tolerance": tolerance}
    return {"type": "probe", "name": name, **checked, "provider": _provider(module, func, arguments)}


def _provider(module: str, func: str, arguments: dict[str, Any]) -> dict[str, Any]:
    given = {"arguments": arguments} if arguments else {}
    return {"type": "python", "module": module, "func": func, **given}
