"""Who calls whom, as far as commands and settings say so: `STOCK=http://stock:7000` of shop is an edge to stock."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from chaosproof.init.survey import Edge, Program

__all__ = ["mentioned_edges"]

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "redis": 6379, "nats": 4222, "amqp": 5672}
_DEFAULT_PORTS |= {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mongodb": 27017}
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\",]+")


def mentioned_edges(programs: Sequence[Program]) -> tuple[Edge, ...]:
    """The edges that the commands and variables of `programs` name, in order, each once."""
    return tuple(dict.fromkeys(_mentioned(programs)))


def _mentioned(programs: Sequence[Program]) -> Iterator[Edge]:
    for caller in programs:
        texts = (*caller.command, *caller.environment.values())
        for other in programs:
            if other.name != caller.name:
                for text in texts:
                    yield from (Edge(caller.name, other.name, port) for port in _ports_in(text, other))


def _ports_in(text: str, other: Program) -> Iterator[int]:
    """The ports of `other` that `text` names."""
    for number in re.findall(rf"(?<![\w.-]){re.escape(other.name)}:(\d{{1,5}})\b", text):
        if 1 <= int(number) <= 65535:
            yield int(number)
    for url in _URL.findall(text):
        try:
            parts = urlsplit(url)
            named, port = parts.hostname == other.name, parts.port
        except ValueError:
            continue
        if named and port is None:
            # a port that it does not listen on is none of its own; which it is may not be known yet
            default = _DEFAULT_PORTS.get(parts.scheme.partition("+")[0])
            if default and (not other.ports or default in other.ports):
                yield default
    if text == other.name and len(other.ports) == 1:
        yield other.ports[0]
