"""A look at programs in a lab: where they listen, what they answer over HTTP, who of them is connected to whom."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from chaosproof.errors import TargetError, UsageError
from chaosproof.faults.backends.interpreter import python_argv
from chaosproof.init.edges import Listing, listening_ports, seen_edges
from chaosproof.init.survey import Edge, Program
from chaosproof.targets.base import Target

__all__ = ["answers_over_http", "edges_between", "health_path", "with_ports"]

_HEALTH_PATHS = ("/readyz", "/healthz", "/health", "/ready")
_NOT_THERE = "/-chaosproof-asks-for-what-is-not-there-"
_PORTS_WITHIN_S = 30.0
_NO_MORE_PORTS_S = 4.0
_POLL_S = 0.2
_LAST_LINES = 8

_ASK = """
import http.client, json, sys
statuses = {}
for path in sys.argv[3:]:
    try:
        connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=3)
        connection.request("GET", path, headers={"Connection": "close"})
        statuses[path] = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException):
        statuses[path] = 0
        if len(statuses) == 1:
            break
print(json.dumps(statuses))
"""


def with_ports(target: Target, programs: Sequence[Program]) -> tuple[Program, ...]:
    """The programs with the ports that they were seen to listen on; what was said of a port that is not open goes."""
    listed = _settled(target, programs)
    _refuse_the_dead(target, [name for name, (ports, own) in listed.items() if not ports and not own])
    if only_own := {name: own for name, (ports, own) in listed.items() if own and not ports}:
        name, own = next(iter(only_own.items()))
        raise UsageError(
            f"{name} listens on 127.0.0.1 alone (port {own[0]}), where no other program of a lab reaches it: each has "
            "an address of its own there. Let it listen on 0.0.0.0."
        )
    if not any(ports for ports, _ in listed.values()):
        raise UsageError(
            f"None of {', '.join(listed)} listens on a TCP port within {_PORTS_WITHIN_S:g} s: there is nothing to try."
        )
    return tuple(replace(p, ports=_first_said(p.ports, listed[p.name][0])) for p in programs)


def answers_over_http(target: Target, programs: Sequence[Program], url: str) -> dict[str, dict[str, int]]:
    """What each program answers over HTTP on its first port, by path; from inside of its own network, so that nobody
    seems to call it. Where it does not speak HTTP, nothing.
    """
    parts = urlsplit(url)
    statuses: dict[str, dict[str, int]] = {}
    for program in programs:
        if not program.ports:
            continue
        is_entry = parts.hostname == program.name
        port = parts.port if is_entry and parts.port else program.ports[0]
        page = (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if is_entry else "/"
        address = target.instance(f"{program.name}-0").address
        argv = python_argv(_ASK, address, str(port), page, *_HEALTH_PATHS, _NOT_THERE)
        done = target.run(f"{program.name}-0", argv, timeout_s=30.0)
        if done.exit_code == 0:
            answers: dict[str, int] = json.loads(done.stdout)
            statuses[program.name] = {path: status for path, status in answers.items() if status}
    return statuses


def health_path(statuses: Mapping[str, int]) -> str:
    """The first of the usual paths that is answered with 2xx, where not every path is."""
    if 200 <= statuses.get(_NOT_THERE, 200) < 300:
        return ""
    return next((path for path in _HEALTH_PATHS if 200 <= statuses.get(path, 0) < 300), "")


def edges_between(target: Target, programs: Sequence[Program]) -> tuple[Edge, ...]:
    """Who of them calls whom, by the sockets that all their instances have now, or had a moment ago."""
    owner_of = {i.address: i.service for i in target.instances()}
    owner_of |= {i.address6: i.service for i in target.instances() if i.address6}
    owner_of |= {target.address(program.name).ip: program.name for program in programs}
    listings = [
        Listing(i.service, _run(target, i.service, ["ss", "-Htan"], i.name)) for i in target.instances()
    ]
    return seen_edges(listings, owner_of, {program.name: program.ports for program in programs})


def _settled(
    target: Target, programs: Sequence[Program]
) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """The ports of each program, open to others and to itself alone, once no more are to be expected."""
    began = changed_at = time.monotonic()
    listed: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    while time.monotonic() - began < _PORTS_WITHIN_S:
        now = {p.name: listening_ports(_run(target, p.name, ["ss", "-Hltn"])) for p in programs}
        if now != listed:
            listed, changed_at = now, time.monotonic()
        open_ports = [ports for ports, _ in listed.values()]
        enough_s = 2 * _POLL_S if all(open_ports) else _NO_MORE_PORTS_S
        if any(open_ports) and time.monotonic() - changed_at > enough_s:
            break
        time.sleep(_POLL_S)
    return listed


def _first_said(said_before: Sequence[int], seen: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys([*(port for port in said_before if port in seen), *seen]))


def _refuse_the_dead(target: Target, silent: Sequence[str]) -> None:
    """A program that listens nowhere and has ended: those that it needs may just have come up after it."""
    states = target.states()
    for program in silent:
        state = states[f"{program}-0"]
        if not state.alive or state.deaths:
            lines = target.logs(state.name).splitlines()[-_LAST_LINES:]
            raise UsageError(
                f"{program} does not stay up in a lab, where a program runs in the foreground. "
                + ("Its last lines:\n  " + "\n  ".join(lines) if lines else "It printed nothing.")
            )


def _run(target: Target, service: str, argv: Sequence[str], instance: str = "") -> str:
    done = target.run(instance or f"{service}-0", argv, timeout_s=5.0)
    if done.exit_code != 0:
        raise TargetError(f"{argv[0]} in the lab ended with {done.exit_code}: {done.stderr.strip()[:200]}")
    return done.stdout
