"""What an instance's network is made of, without what changes by itself: two snapshots compare with `==`.

Before and after a run they must be equal, whatever faults there were and whoever was killed meanwhile.
"""

import json
from functools import partial
from typing import Any

from chaosproof.faults.backends.base import CommandRunner, output_of
from chaosproof.targets.base import Target

__all__ = ["snapshot", "snapshot_of"]

_RULE = "\n====\n"
# an address that the kernel is still trying brings routes with it a moment later
_SETTLED = (
    "n=0; while [ $n -lt 100 ] && ip -6 address show tentative | grep -q .; do sleep 0.05; n=$((n+1)); done; "
)
_COMMANDS = (
    "nft -j list ruleset",
    "tc -j qdisc show",
    "for dev in $(ip -o link | cut -d: -f2 | cut -d@ -f1); do tc class show dev $dev; done",
    "ip -j address show",
    "ip -j route show table all",
    "ip -j -6 route show table all",
)
# counters, and what the kernel numbers or counts down
_FLEETING = frozenset(
    {"packets", "bytes", "expires", "used", "refcnt", "tentative", "metainfo"}
    | {"valid_life_time", "preferred_life_time"}
)


def snapshot(run: CommandRunner) -> dict[str, Any]:
    """The instance's nft rules, queues, addresses and routes, by the command that lists them."""
    argv = ["sh", "-c", _SETTLED + "; echo; echo ====; ".join(_COMMANDS)]
    parts = output_of(run, argv, "the network could not be listed", timeout_s=20.0).split(_RULE)
    return {command: _canonical(part) for command, part in zip(_COMMANDS, parts, strict=True)}


def snapshot_of(target: Target, instance: str) -> dict[str, Any]:
    """The same, of an instance of `target`."""
    return snapshot(partial(target.run, instance))


def _canonical(text: str) -> Any:
    """A listing in JSON without what changes by itself; lines, where the tool knows no JSON for it."""
    try:
        return _without_fleeting(json.loads(text or "[]"))
    except ValueError:
        return text.splitlines()


def _without_fleeting(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_fleeting(member)
            for key, member in value.items()
            # nft numbers its rules; tc's handles are names that somebody chose
            if key not in _FLEETING and not (key == "handle" and isinstance(member, int))
        }
    if isinstance(value, list):
        return [_without_fleeting(member) for member in value]
    return value
