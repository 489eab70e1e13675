"""The experiment that `chaosproof init` writes: `own_experiment.json` beside this file, filled in for a service."""

from pathlib import Path
from typing import Any

from chaosproof.targets.kubernetes.onboarding.preflight import ServiceSurvey
from chaosproof.targets.kubernetes.templates import filled

__all__ = ["default_direction", "own_experiment"]

_OF_A_LOAD = {"rate_rps": 20, "connections": 10, "warmup_s": 5, "duration_s": 45, "fault_at_s": 10}


def default_direction(survey: ServiceSurvey, port: int) -> str:
    """Connections to the pods where the port is the service's own, else those from them to others."""
    return "ingress" if port in survey.ports else "egress"


def own_experiment(
    survey: ServiceSurvey, *, namespace: str, selector: str, port: int, direction: str, url: str | None
) -> dict[str, Any]:
    """One pod's TCP connections on `port` are reset for 15 s; with `url` under a load of 20 requests a second."""
    instances = list(survey.instances)
    experiment: dict[str, Any] = filled(
        Path(__file__).with_suffix(".json"),
        {
            "$namespace": namespace,
            "$service": survey.service,
            "$selector": selector,
            "$instances": len(instances),
            "$instance": instances[0],
            "$port": port,
            "$direction": direction,
            "$to": "to" if direction == "ingress" else "from",
            "$url": url,
        },
    )
    configuration, (extension,) = experiment["configuration"], experiment["extensions"]
    extension["artifacts"] = [f"{instance}.log" for instance in instances]
    if len(instances) == 1:
        configuration["allow_all"] = True
    if url:
        configuration.update(_OF_A_LOAD)
        experiment["method"][1]["provider"]["arguments"]["at_s"] = "${fault_at_s}"
        extension["artifacts"].append("load.json")
        extension["load"] = {"url": url}
    else:
        del experiment["method"][-1], experiment["method"][0]
        del experiment["steady-state-hypothesis"]["probes"][1], extension["checks"][1]
    return experiment
