"""The Compose file that `chaosproof init` writes beside a project's own: `x-chaosproof` of the services of which a
drill has to know more than Compose says. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from chaosproof.init.lab_services import port_name
from chaosproof.init.survey import Program

__all__ = ["addition_text"]

_HEAD = """\
# What Compose cannot say of a service; written by `chaosproof init`, and yours to change. The project's own files stay
# as they are: this one stands on top of them, and a Compose CLI leaves every key of the form x-... alone.
#
# `healthcheck` is how an instance is asked whether it is ready. An open port says little; better, where there is one:
#     healthcheck: {http: /readyz, port: port-8080}
# Where a service has a page for Prometheus:
#     metrics: {path: /metrics, port: port-8080}
"""


def addition_text(programs: Sequence[Program], with_health_test: Iterable[str]) -> str:
    """The text of the file; empty where Compose says all: services `with_health_test` are asked by that."""
    by_test = set(with_health_test)
    services: dict[str, Any] = {
        program.name: {"x-chaosproof": _ready_by_port(program)}
        for program in programs
        if program.ports and program.name not in by_test
    }
    if not services:
        return ""
    document: Mapping[str, Any] = {"services": services}
    return _HEAD + str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))


def _ready_by_port(program: Program) -> dict[str, Any]:
    ports = {port_name(port): port for port in program.ports}
    return {"ports": ports, "healthcheck": {"tcp": port_name(program.ports[0])}}
