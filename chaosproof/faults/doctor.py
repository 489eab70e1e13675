"""What faults this kernel and its tools can make, found by making them where it does not matter.

    chaosproof doctor

Everything is tried in a network namespace of its own that ends with the one command that made it, so what is
outside is not touched and nothing is left. Where none can be made, as in a pod's sidecar, it is tried on a link and in
chains of its own.
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chaosproof.faults.backends import choose_backend, make_backends, noticed
from chaosproof.faults.backends.base import NOTICED, Backend, Capabilities, CommandRunner
from chaosproof.faults.backends.nfqueue import holder
from chaosproof.faults.backends.nfqueue import trial as nfqueue_try
from chaosproof.faults.backends.nft.activation import open_script
from chaosproof.faults.backends.nft.render import TABLE, add_script, elements, static_table
from chaosproof.faults.backends.tc.render import ROOT
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE
from chaosproof.targets.host_packages import how_to_install, package_names
from chaosproof.targets.namespaces import FACTS, Situation, forbidden_by, read_facts

__all__ = ["ABILITIES", "Finding", "capabilities", "findings"]

# ability -> what the kernel needs for it
ABILITIES = {
    "nft": "CONFIG_NF_TABLES_INET and CONFIG_NFT_REJECT_INET",
    "iptables": "CONFIG_IP_NF_TARGET_REJECT and CONFIG_NETFILTER_XT_MATCH_STATISTIC",
    "htb": "sch_htb and sch_tbf (CONFIG_NET_SCH_HTB, CONFIG_NET_SCH_TBF)",
    "netem": "sch_netem (CONFIG_NET_SCH_NETEM)",
    "nfqueue": "CONFIG_NETFILTER_NETLINK_QUEUE and CONFIG_NETFILTER_XT_TARGET_NFQUEUE",
    "end-idle": "CONFIG_INET_DIAG_DESTROY",
}
# where a command says that it may not, and where it says that the kernel does not know a thing
_DENIED = ("operation not permitted", "permission denied")
_NO_NETEM = {
    "dnf": "install the package kernel-modules-extra",
    "": "boot one with it, such as Debian's linux-image-amd64",
}
_MARK = "doctor"
# it takes as long as some 300 commands that do nothing: who is slow, as an emulated processor is, gets the time
_PATIENCE_S = 60.0
_PATIENCE_COMMANDS = 1000
_PATIENCE_MAX_S = 600.0

_IDLE = """
import socket, subprocess
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port), 1)
argv = ["ss", "-HKtn", "state", "established", f"dport = :{port}"]
subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
client.settimeout(0.2)
try:
    client.recv(1)
except TimeoutError:
    raise SystemExit("ss -K ended no connection")
except OSError:
    pass
"""
# $1 and $2: the nft scripts, $3: the Python program that tries ss -K, $4: the one that tries to hold packets by $5
# $here: a link of our own, where there is no room
_TRY = f"""
[ -n "$here" ] || {{ mount -t tmpfs tmpfs /run && ip link set lo up; }}
dev=${{here:-lo}}
attempt() {{
  case " $only " in *" $2 "*) ;; *) return ;; esac
  if said=$($1 2>&1); then printf '%s\\n' "$2"; return; fi
  # of a traceback the last line says what was the matter
  case $said in *Traceback*) said=${{said##*
}} ;; esac
  printf '%s\\t%s\\n' "$2" "$(echo $said)"
}}
try_nft() {{
  [ -z "$here" ] || {{ nft list tables >/dev/null; return; }}
  # in two transactions, as a fault is prepared and switched on
  for script in "$nft_static" "$nft_elements"; do printf %s "$script" | nft -f - || return; done
  sleep 0.15
  nft list table {TABLE} | grep -q elements || return 0
  echo an element outlived its timeout
  return 1
}}
try_iptables() {{
  for program in iptables ip6tables; do
    $program -w -N chaosproof-{_MARK} || return
    $program -w -A chaosproof-{_MARK} -p tcp --dport 1 -m comment --comment {_MARK} -j REJECT --reject-with tcp-reset &&
    $program -w -A chaosproof-{_MARK} -m statistic --mode random --probability 0.5 -j DROP
    code=$?
    $program -w -F chaosproof-{_MARK}; $program -w -X chaosproof-{_MARK}
    [ $code = 0 ] || return
  done
}}
try_htb() {{
  tc qdisc add dev $dev root handle {ROOT} htb default 0 &&
  tc class add dev $dev parent {ROOT} classid {ROOT}1 htb rate 10gbit quantum 200000 &&
  tc qdisc add dev $dev parent {ROOT}1 tbf rate 1mbit burst 10kb limit 20kb || return
  tc qdisc del dev $dev root handle {ROOT}
}}
try_netem() {{
  tc qdisc add dev $dev root netem delay 1ms 1ms loss 1% duplicate 1% corrupt 1% reorder 25%
}}
try_nfqueue() {{
  if [ -z "$here" ]; then chain=OUTPUT; else chain=chaosproof-{_MARK}; fi
  $python -I -S -c "$queue_try" "$queue_program" $chain
}}
try_end_idle() {{
  $python -I -S -c "$idle_program"
}}
nft_static=$1 nft_elements=$2 idle_program=$3 queue_try=$4 queue_program=$5 only=$6
python=/usr/bin/python3; [ -x $python ] || python=python3
attempt try_end_idle end-idle
attempt try_nft nft
attempt try_htb htb
attempt try_netem netem
attempt try_nfqueue nfqueue
attempt try_iptables iptables
"""
# Namespaces can be had and all that is done in them be denied (AppArmor, on Ubuntu): so something is done in them.
_ROOM = f"""
PATH=$PATH:/usr/sbin:/sbin
{FACTS}
for room in 'unshare --user --map-root-user --net --mount' 'unshare --net --mount'; do
  said=$($room sh -c 'mount -t tmpfs tmpfs /run && ip link set lo up' 2>&1) && exec $room sh -c "$@"
  first=${{first:-$said}}
done
# A sidecar may not make a room, but a link of its own: nothing passes over it, and it goes again.
here=cproof$$
if ip link add $here type veth peer name ${{here}}p 2>/dev/null; then
  export here
  sh -c "$@"
  ip link del $here
  exit
fi
printf 'room\\t%s\\n' "$(echo $first)"
"""


@dataclass(frozen=True)
class Finding:
    """Whether a kind of fault is possible: by which backend, and why by that one, or why not."""

    kind: str
    does: str
    backend: str | None
    why: str = ""


def capabilities(run: CommandRunner, abilities: Iterable[str] = tuple(ABILITIES)) -> Capabilities:
    """Try every one of `abilities` once, through `run`. What cannot be tried is missing, and says why."""
    abilities = tuple(abilities)
    sample = elements(_sample("reset", duration_s=0.1), _MARK, ANYONE)
    sample += elements(_sample("loss", duration_s=0.1, port=2), _MARK, ANYONE)
    scripts = [static_table(), open_script("egress", _MARK, 0.1) + add_script(sample)]
    programs = [_IDLE, inspect.getsource(nfqueue_try), inspect.getsource(holder)]
    slow_s = _PATIENCE_COMMANDS * run(["true"]).duration_s
    patience_s = max(_PATIENCE_S, min(slow_s, _PATIENCE_MAX_S))
    done = run(
        ["sh", "-c", _ROOM, "sh", _TRY, "doctor", *scripts, *programs, " ".join(abilities)],
        timeout_s=patience_s,
    )
    lines = done.stdout.splitlines()
    answers = dict(line.partition("\t")[::2] for line in lines if not line.startswith("fact\t"))
    here = read_facts(lines)
    if "room" in answers:
        return Capabilities(dict.fromkeys(abilities, _no_room(answers["room"], here)))
    if not answers:
        message = " ".join(done.stderr.split()) or f"exit code {done.exit_code}"
        return Capabilities(dict.fromkeys(abilities, f"it could not be tried: {message}"))
    return Capabilities(
        {ability: _sentence(ability, answers.get(ability, "it was not tried"), here) for ability in abilities}
    )


def findings(known: Capabilities) -> tuple[Finding, ...]:
    """Per kind of fault, whether and how it is possible with what is `known`."""
    backends = make_backends()
    rows = []
    for kind in KINDS.values():
        try:
            sample = _sample(kind.name)
            backend = choose_backend(known, sample)
            rows.append(Finding(kind.name, kind.does, backend, _note(known, backends[backend], sample)))
        except FaultRefused as refusal:
            rows.append(Finding(kind.name, kind.does, None, str(refusal)))
    return tuple(rows)


def _note(known: Capabilities, backend: Backend, fault: Fault) -> str:
    why = noticed(known, backend, fault)
    return "; ".join(filter(None, [backend.note, NOTICED.format(why=why) if why else ""]))


def _sample(kind: str, duration_s: float = 1.0, port: int = 1) -> Fault:
    declared = KINDS[kind]
    magnitudes: dict[str, Any] = {
        p.name: min(max(p.least, 50.0), p.most) for p in declared.parameters if p.required
    }
    protocol, direction = declared.protocols[0], declared.directions[0]
    return Fault(
        kind=kind, port=port, duration_s=duration_s, protocol=protocol, direction=direction, **magnitudes
    )


def _no_room(message: str, here: Situation) -> str:
    if missing := _missing(message, here):
        return missing
    what_to_do = forbidden_by(message, here) or (
        "Run as root, or, in a container, with the right to make namespaces (CAP_SYS_ADMIN) or to change its own "
        "network (CAP_NET_ADMIN)."
    )
    return f"no network namespace could be made to try it in ({message}). {what_to_do}".removesuffix(".")


def _sentence(ability: str, message: str, here: Situation) -> str:
    """Why an ability is missing, given the message when it was tried; empty when there was none."""
    if not message:
        return ""
    if missing := _missing(message, here):
        return missing
    if ability == "netem" and ("unknown" in message or "No such file" in message):
        return f"this kernel has no {ABILITIES[ability]}: {_NO_NETEM.get(here.manager, _NO_NETEM[''])}"
    if any(denied in message.lower() for denied in _DENIED) and (cause := forbidden_by(message, here)):
        return f"it is not permitted here ({message}). {cause}".removesuffix(".")
    return f"it does not work here ({message}): the kernel needs {ABILITIES[ability]}"


def _missing(message: str, here: Situation) -> str:
    """Which program is missing, where the message says so; else empty."""
    for tool in package_names():
        if any(sign in message for sign in (f"{tool}: not found", f"{tool}: command not found", f"'{tool}'")):
            return f"{tool} is not installed: {how_to_install(tool, here.manager)}"
    return ""
