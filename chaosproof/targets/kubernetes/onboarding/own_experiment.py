"""The experiment that `chaosproof init` writes: `own_experiment.json` beside this file, filled in for a service."""

import json
from pathlib import Path
from typing import Any

from chaosproof.targets.kubernetes.onboarding.preflight import ServiceSurvey

__all__ = ["own_experiment"]

_OF_A_LOAD = {"rate_rps": 20, "connections": 10, "warmup_s": 5, "duration_s": 45, "fault_at_s": 10}


def own_experiment(
    survey: ServiceSurvey, *, namespace: str, selector: str, port: int, direction: str | None, url: str | None
) -> dict[str, Any]:
    """One pod's TCP connections on `port` are reset for 15 s; with `url` under a load of 20 requests a second."""
    direction = direction or ("ingress" if port in survey.ports else "egress")
    instances = list(survey.instances)
    template = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    experiment: dict[str, Any] = _filled(
        template,
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


def _filled(template: Any, values: dict[str, Any]) -> Any:
    """The template with every `$name` replaced: by the value itself where that is all there is, else by its text."""
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    if not isinstance(template, str) or template in values:
        return values.get(template, template) if isinstance(template, str) else template
    for name, value in values.items():
        template = template.replace(name, str(value))
    return template
