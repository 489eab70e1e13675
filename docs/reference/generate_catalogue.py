"""The fault catalogue as a page, from the experiments that show each fault, and what their kinds declare.

python docs/reference/generate_catalogue.py > docs/reference/catalogue.md
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaosproof.faults.kinds import KINDS

__all__ = ["page"]

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "experiments/catalogue"

HEAD = """\
# The fault catalogue

<!-- Written by docs/reference/generate_catalogue.py from
experiments/catalogue/*.json: change those, then run it again. -->

One experiment per fault. Each shows with probes, not by the word of whoever made the fault, that it bites and that it
is gone afterwards; most show as well that it bites nobody else. Each takes a few seconds, on a small system of its own
([chaosproof/demo/catalogue](../../chaosproof/demo/catalogue/system.yaml)):
two copies of an echo, and two clients that call it all the time.

    ./run chaos run experiments/catalogue/reset.json     # exit code 0: it was shown

Which of them imitates what happened to you, such as a killed process or a firewall: [causes.md](causes.md).

All faults but `kill` and `terminate` end by themselves, whoever of ours is still alive. `./run chaosproof doctor` says
which of them this machine can do; the experiment of one that it cannot do ends `unknown` and says what is missing.
`./run chaos discover chaosproof` lists the arguments of each. `--var backend=iptables` makes a network
fault by that way and no other; else the best that there is, nft before iptables before tc. A delay needs netem; where
the kernel has none it is made by `nfqueue`, a queue in a program inside the instance. The receipt says which.

## Who ends a fault

| made by | at its deadline it is ended by | should that watchdog be killed |
|---|---|---|
| nft: reset, reject, half_open, slow_drain; drop, loss, stall on ingress | the kernel | there is none |
| nft and a queue: rate, delay, duplicate, corrupt, reorder; drop, loss, stall on egress; \
blackhole_after_handshake | the kernel, for traffic; a watchdog takes the queue, which then holds nothing back, 0.1 s \
later | a lab takes the queue another 0.1 s \
later; on Kubernetes it stays until somebody heals |
| iptables | a watchdog in the instance | a lab takes the rules out 0.1 s later; on Kubernetes the kernel does, which \
for this counts whole seconds, so up to a second later, and the rules stay without effect until somebody heals |
| nfqueue: delay | the program that holds the packets, its own watchdog; what it holds goes out then | packets \
pass from then on, those that it held are lost; a lab takes the rules out 0.1 s after the deadline, on Kubernetes they \
stay, without effect, until somebody heals |
| tc | a watchdog in the instance | a lab takes the queue 0.1 s later; on Kubernetes it stays, and drops packets, \
until somebody heals |
| pause | the lab, whose own end would end everything in it | |
| stress | stress-ng's own clock, and its workers end with it | |

All of this holds when everything else of ours is killed as well. `python -m bench.faults.kill_matrix` tries it: every
fault, every way that the kernel has, whoever is killed, at four moments. While a queue comes and goes, the kernel puts
the device out of action, so for some milliseconds the instance sends nothing at all. In a lab the queue is put up when
the fault is armed, before its moment.

## Where packets are lost

What drop, loss and stall lose on egress goes into a queue that swallows it (`blackhole` below `htb`), behind the
stack of its sender: a TCP socket sends each lost segment again and counts it, a UDP call succeeds, as when the
network loses it. Where there can be no such queue (no `htb`, a root queue of somebody else) the packets are dropped
in the sender's output hook. The sending TCP is told at once then, keeps the segment and counts hardly a
retransmission; the fault's `fidelity` says so, `doctor` too, and UDP is refused, because its call would fail.
iptables has the same by a queue for programs that no program reads (NFQUEUE). On ingress the packets are lost before
the receiver's stack, which is as in the network everywhere. A packet is what the stack hands over: of bulk data that
is a train of segments, lost together.

What an instance says to itself, over `lo`, is met as well by a fault that names no peer, or an address of its own.

nfqueue carries 10,000 small packets a second within 5 % of the delay asked for, at the median and at the 99th
percentile, on two shared processors; beyond what it can carry packets wait longer, and those that do not fit into its
buffer pass at once, counted in the receipt. `python -m bench.faults.held` measures it.

"""

SIDES = """\
## Which end is told

A connection has two ends, and either may be told that it is over, or both. `reset` has a word for that:

    "arguments": {"instance": "app-0", "port": 50051, "duration_s": 15, "sides": "client"}

"""

CANARY = """
Nobody has to believe that. Beside each fault that decides on whole TCP connections one of our own is tried, the canary:
before it, while it is on, and once it has ended. And of the connections that the fault found open, those whose other
end is an instance of the system are looked for there, in that kernel's own list, by their addresses and ports: before
it, and once they were ended. The receipt (`faults.jsonl`) has what both saw as `canary`, what they had to see as
`expects`, and `SYS_FAULT_CANARY` compares the two. `canary.peer` is

| it says | when | the check |
|---|---|---|
| `closed` | none of them is left at its other end | passes, where they are to be ended there too |
| `open` | some are still there a second after the fault went on | passes for a fault that tells one end only |
| `none` | none was open, or none whose other end could be seen: outside of the system, over loopback, behind a \
translated address | passes: there was nobody to be told |
| `unknown` | those on the fault's own instance could not be ended (no `ss`, or it was refused) | unknown |
| nothing at all | nobody looked, as when the runner was killed in between | unknown |

Where more than 16 instances could have the other ends, 16 are asked.

## The faults
"""

BOUNDS = {
    "equals": "is {}",
    "at_least": "at least {}",
    "at_most": "at most {}",
    "between": "from {} to {}",
}


def page(repository: Path = REPOSITORY) -> str:
    """The whole page, in Markdown. Raises KeyError or ValueError for a file that is no such experiment."""
    experiments = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in (repository / FOLDER).glob("*.json")
    }
    ordered = sorted(experiments.items(), key=lambda item: (item[1]["tags"][0], item[0]))
    head = "".join([HEAD, SIDES, *_sides(), CANARY])
    return "\n".join([head, *_overview(ordered), *(line for item in ordered for line in _section(*item))])


def _sides() -> Iterator[str]:
    """A row for each word of each choice of a kind."""
    yield "| `sides` | open connections are ended | a new connection is | at their other end the open ones are |\n"
    yield "|---|---|---|---|\n"
    for kind in KINDS.values():
        for value in kind.choice.values if kind.choice else ():
            chosen = kind.chosen(value)
            default = " (where nothing is said)" if kind.choice and value == kind.choice.values[0] else ""
            ends = " or ".join(chosen.ends_open)
            yield (
                f"| `{value}`{default} | with a fault on {ends} | {' or '.join(chosen.canary)} | "
                f"{chosen.canary_peer} |\n"
            )


def _overview(experiments: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    yield "| fault | kind | what is claimed |"
    yield "|---|---|---|"
    for name, experiment in experiments:
        yield f"| [{name}](#{name}) | {', '.join(experiment['tags'])} | {experiment['title']} |"
    yield ""


def _section(name: str, experiment: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{experiment['title']}. {experiment['description']}\n"
    yield f"    {_call(_fault(experiment), experiment['configuration'])}\n"
    yield "| it is so when | measured by | must be |"
    yield "|---|---|---|"
    calls = {one["name"]: one["provider"] for one in experiment["method"]}
    for check in _extension(experiment)["checks"]:
        activity, _, figure = check["figure"].removeprefix("activities.").rpartition(".")
        asked = _call(calls[activity], experiment["configuration"])
        yield f"| {check['claim']} | `{figure}` of `{asked}` | {_bound(check, experiment['configuration'])} |"
    yield f"\n[{FOLDER}/{name}.json](../../{FOLDER}/{name}.json)\n"


def _fault(experiment: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the first action of the method does: that is the fault."""
    return next(one["provider"] for one in experiment["method"] if one["type"] == "action")


def _extension(experiment: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(one for one in experiment["extensions"] if one["name"] == "chaosproof")


def _call(provider: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    """A provider as a call in one line, with its variables in place."""
    arguments = provider.get("arguments", {})
    words = (f"{name}={_shown(_resolved(value, configuration))}" for name, value in arguments.items())
    return f"{provider['module']}.{provider['func']}({', '.join(words)})"


def _bound(check: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    kind = next(kind for kind in BOUNDS if kind in check)
    ends = check[kind] if isinstance(check[kind], list) else [check[kind]]
    return BOUNDS[kind].format(*(f"`{_shown(_resolved(end, configuration))}`" for end in ends))


def _resolved(value: Any, configuration: Mapping[str, Any]) -> Any:
    name = re.fullmatch(r"\$\{(\w+)\}", value) if isinstance(value, str) else None
    return configuration[name.group(1)] if name else value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    print(page(), end="")
