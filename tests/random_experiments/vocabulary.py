"""Writes sensible experiments out of the whole vocabulary: all of them name a system, a load, a fault and a claim."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import yaml

from chaosproof.faults.kinds import KINDS
from tests.random_experiments.world import FRAGILE, Nature

__all__ = ["Written", "activity", "claims_of", "extension_of", "sensible"]

# of the ports that requests use: which side of which instance sees them go by
_WAYS = (
    ("shop-0", "egress", 9000, "stock"),
    ("shop-1", "egress", 9000, ""),
    ("shop-0", "ingress", 8080, ""),
    ("stock-0", "ingress", 9000, "shop"),
    ("stock-1", "ingress", 9000, ""),
)
_MAGNITUDES = {
    "loss_percent": (30, 100),
    "delay_ms": (20, 200),
    "jitter_ms": (1, 20),
    "rate_kbit": (64, 512),
    "duplicate_percent": (5, 50),
    "corrupt_percent": (5, 50),
    "reorder_percent": (5, 50),
}
_CODES = ("SUCCESS", "UNAVAILABLE")


@dataclass
class Written:
    """An experiment before it is a file. `never`: why it must not be green, where no run can show that."""

    content: dict[str, Any]
    nature: Nature
    url: str
    suffix: str = ".json"
    options: tuple[str, ...] = ()
    spoilings: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    edits: list[Callable[[str], str]] = field(default_factory=list)

    def text(self) -> str:
        if self.suffix == ".json":
            text = json.dumps(self.content, indent=1)
        else:
            text = yaml.safe_dump(self.content, sort_keys=False)
        for edit in self.edits:
            text = edit(text)
        return text

    @property
    def method(self) -> list[dict[str, Any]]:
        method: list[dict[str, Any]] = self.content["method"]
        return method

    @property
    def probes(self) -> list[dict[str, Any]]:
        probes: list[dict[str, Any]] = self.content["steady-state-hypothesis"]["probes"]
        return probes

    def calls(self, *modules: str) -> list[dict[str, Any]]:
        return [a for a in self.method if a["provider"].get("module") in modules]


def extension_of(written: Written) -> dict[str, Any]:
    extension: dict[str, Any] = written.content["extensions"][0]
    return extension


def claims_of(written: Written) -> list[dict[str, Any]]:
    claims: list[dict[str, Any]] = extension_of(written)["checks"]
    return claims


def activity(name: str, kind: str, module: str, func: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": module, "func": func}
    return {
        "type": kind,
        "name": name,
        "provider": provider | ({"arguments": arguments} if arguments else {}),
    }


def process(name: str, kind: str, path: str, arguments: str = "") -> dict[str, Any]:
    provider = {"type": "process", "path": path} | ({"arguments": arguments} if arguments else {})
    return {"type": kind, "name": name, "provider": provider}


def sensible(random: Random, system: str, url: str) -> Written:
    """An experiment that could prove something; whether its system holds is another matter."""
    configuration: dict[str, Any] = {
        "mode": "resilient",
        "system": system,
        "journals": "journals",
        "warmup_s": random.choice([1, 2]),
        "duration_s": random.choice([5, 6, 8]),
        "rate_rps": random.choice([20, 40]),
        "connections": random.choice([4, 8]),
        "fault_at_s": random.choice([1, 1.5]),
        "fault_s": random.choice([1, 2]),
        "tolerated": random.choice([0.3, 0.5, 0.1]),
        "allow_all": True,
        "seed": random.randrange(1000),
    }
    nature = Nature(fragility=random.choice([0.0, 0.0, 0.0, 0.1, FRAGILE]))
    faults = _faults(random)
    written = Written(
        content={
            "title": "Users hardly notice",
            "description": "Written by chance.",
            "tags": ["made-up"],
            "configuration": configuration,
            "controls": [_control()],
            "runtime": {"rollbacks": {"strategy": random.choice(["always", "always", "default"])}},
            "steady-state-hypothesis": {"title": "few errors", "probes": _probes(random, url)},
            "method": [],
            "rollbacks": _rollbacks(random),
            "extensions": [
                {
                    "name": "chaosproof",
                    "experiment": f"made-up-{random.randrange(100)}",
                    "load": {"url": "http://shop:8080/"},
                    "artifacts": ["load.json", "shop-0.metrics", "shop-1.log", "stock-0.metrics"],
                    "checks": [],
                }
            ],
        },
        nature=nature,
        url=url,
        suffix=random.choice([".json"] * 7 + [".yaml"]),
    )
    written.method.extend(_method(random, faults, url))
    extension = extension_of(written)
    extension["checks"] = _claims(random)
    if any("default" in claim for claim in extension["checks"]):
        extension["codes"] = ["UNAVAILABLE"]
    if not faults:
        extension["no_fault"] = True
    elif helpers := [a["name"] for a in written.method if a["type"] == "action" and not _own(a)]:
        extension["no_fault"] = helpers
    for key, value in _extras(random).items():
        if random.random() < 0.2:
            extension[key] = value
    return written


def _control() -> dict[str, Any]:
    return {"name": "session", "provider": {"type": "python", "module": "chaosproof.controls.session"}}


def _own(call: dict[str, Any]) -> bool:
    return str(call["provider"].get("module", "")).startswith("chaosproof.actions.")


def _probes(random: Random, url: str) -> list[dict[str, Any]]:
    ratio = activity("few requests fail", "probe", "chaosproof.probes.load", "error_ratio")
    latency = activity("answers are quick", "probe", "chaosproof.probes.load", "latency_ms", percentile=99)
    ready = activity(
        "both are ready", "probe", "chaosproof.probes.readiness", "ready_instances", service="shop"
    )
    page = {"type": "probe", "name": "it answers", "provider": {"type": "http", "url": f"{url}/ok"}}
    worded = {"type": "probe", "name": "it is well", "provider": {"type": "http", "url": f"{url}/ok"}}
    choices = [
        ratio | {"tolerance": {"type": "range", "range": [0, 0.4]}},
        ratio | {"tolerance": [0, 0.4]},
        latency | {"tolerance": {"type": "range", "range": [0, 500]}},
        ready | {"tolerance": 2},
        page | {"tolerance": 200},
        worded | {"tolerance": {"type": "regex", "target": "body", "pattern": "well"}},
        process("it is there", "probe", "true") | {"tolerance": 0},
    ]
    others = random.sample(choices[2:], random.randrange(3))
    return [random.choice(choices[:2]), *others]


def _rollbacks(random: Random) -> list[dict[str, Any]]:
    heal = activity("no fault is left", "action", "chaosproof.actions.network", "heal")
    others = [
        activity("it goes on", "action", "chaosproof.actions.process", "resume", instance="shop-0"),
        process("all is put back", "action", "true"),
    ]
    return [heal, *random.sample(others, random.randrange(2))]


def _faults(random: Random) -> list[dict[str, Any]]:
    if random.random() < 0.08:
        return []
    first = _fault(random, "it is disturbed")
    if random.random() < 0.15:
        second = _fault(random, "and once more")
        if first["provider"]["arguments"].get("instance") != second["provider"]["arguments"].get("instance"):
            return [first, second]
    return [first]


def _fault(random: Random, name: str) -> dict[str, Any]:
    when = {"at_s": "${fault_at_s}"}
    lasts = {"duration_s": "${fault_s}"}
    draw = random.random()
    if draw < 0.08:
        return activity(
            name, "action", "chaosproof.actions.network", "partition", a="shop", b="stock", **when, **lasts
        )
    if draw < 0.35:
        instance = random.choice(["shop-0", "shop-1", "stock-0"])
        func = random.choice(["pause", "kill", "terminate", "restart", "stress"])
        more = lasts if func in ("pause", "stress") else {}
        return activity(name, "action", "chaosproof.actions.process", func, instance=instance, **when, **more)
    kind = random.choice(sorted(KINDS))
    declared = KINDS[kind]
    ways = [way for way in _WAYS if not declared.refuses("tcp", way[1])]
    instance, direction, port, peer = random.choice(ways)
    arguments: dict[str, Any] = {"instance": instance, "port": port, **when, **lasts}
    if len(declared.directions) > 1 or direction != declared.directions[0]:
        arguments["direction"] = direction
    if peer:
        arguments["peer"] = peer
    for parameter in declared.parameters:
        if parameter.required:
            least, most = _MAGNITUDES.get(parameter.name, (max(parameter.least, 1), min(parameter.most, 100)))
            arguments[parameter.name] = random.randint(int(least), int(most))
    return activity(name, "action", "chaosproof.actions.network", kind, **arguments)


def _method(random: Random, faults: list[dict[str, Any]], url: str) -> list[dict[str, Any]]:
    start = activity(
        "users come",
        "action",
        "chaosproof.actions.load",
        "start",
        url="http://shop:8080/",
        rate_rps="${rate_rps}",
        connections="${connections}",
        duration_s="${duration_s}",
    )
    method = [start, *faults]
    if any(fault["provider"]["module"] == "chaosproof.actions.network" for fault in faults):
        method.append(activity("the fault ends", "action", "chaosproof.actions.network", "wait_until_ended"))
    for fault in faults:
        func, arguments = fault["provider"]["func"], fault["provider"]["arguments"]
        if func in ("pause", "stress"):
            method.append(
                activity("it goes on by itself", "action", "chaosproof.actions.process", "wait_until_ended")
            )
        if func in ("kill", "terminate"):
            again = {"instance": arguments["instance"]}
            method.append(
                activity("it is brought back", "action", "chaosproof.actions.process", "restart", **again)
            )
    others = [
        activity("so far", "probe", "chaosproof.probes.load", "summary"),
        activity("so far as to latency", "probe", "chaosproof.probes.load", "latency_ms", percentile=50)
        | {"tolerance": [0, 800]},
        process("something helps", "action", "true"),
        process("something else is seen", "probe", "echo", "hello"),
        {"type": "probe", "name": "a page", "provider": {"type": "http", "url": f"{url}/ok"}},
        activity(
            "shop-0 is ready", "probe", "chaosproof.probes.readiness", "wait_until_ready", instance="shop-0"
        ),
    ]
    method += random.sample(others, random.randrange(3))
    method.append(activity("users go on", "action", "chaosproof.actions.load", "finish"))
    return method


def _claims(random: Random) -> list[dict[str, Any]]:
    code = random.choice(_CODES[1:])
    choices: list[dict[str, Any]] = [
        {"figure": "load.error_ratio", "at_most": "${tolerated}"},
        {"figure": "load.error_ratio", "at_most": 0.4},
        {"figure": "load.p99_ms", "at_most": 300},
        {"figure": "load.p50_ms", "between": [1, 100]},
        {"figure": "load.max_ms", "at_most": 900},
        {"figure": "load.errors", "at_most": 60},
        {"figure": "load.ok", "at_least": 20},
        {"figure": f"load.codes.{code}", "default": 0, "at_most": 90},
        {"figure": "load.codes.SUCCESS", "at_least": 10},
        {"figure": "per_instance.shop-0.error_ratio", "at_most": 0.6},
        {"figure": "per_instance.shop-0.p99_ms", "at_most": 400},
        {"figure": "windows.fault.error_ratio", "at_most": 0.95},
        {"figure": "windows.after.error_ratio", "at_most": 0.2},
        {"figure": "load.errors", "equals": 0},
    ]
    chosen = random.sample(choices, random.choice([1, 1, 2, 3]))
    claims: list[dict[str, Any]] = [
        {"id": f"C{n}", "claim": f"it holds, number {n}", **claim} for n, claim in enumerate(chosen, start=1)
    ]
    if random.random() < 0.2:
        claims[0]["modes"] = ["resilient"]
    if random.random() < 0.1:
        claims.append({**claims[0], "id": "CB", "modes": ["baseline"]})
    return claims


def _extras(random: Random) -> dict[str, Any]:
    return {
        "scenario": "made-up",
        "on": {"kubernetes": {"tolerated": 0.6}},
        "codes": ["UNAVAILABLE"],
        "variants": {"slow": {"of": "resilient", "differs": "fewer requests", "variables": {"rate_rps": 10}}},
        "watch": [{"label": "queue", "query": "queue_length"}],
        "series": '{__name__=~"shop_.+"}',
        "compare": [
            {
                "id": "X1",
                "claim": "the resilient one is spared",
                "in_order": ["resilient.load.error_ratio", "baseline.load.error_ratio"],
            }
        ],
    }


def with_nature(written: Written, **changes: Any) -> None:
    written.nature = replace(written.nature, **changes)
