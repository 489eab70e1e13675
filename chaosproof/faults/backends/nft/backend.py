"""The first backend: timed elements in a static nft table, ended by the kernel (see render_nft).

A fault that shapes needs a queue besides, which a watchdog puts up before the element goes in, and takes down
a moment after the element has gone: traffic is whole by the kernel alone, tidiness needs the watchdog.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import get_args

from chaosproof.faults.backends.base import (
    TURN_S,
    Cleanup,
    CommandRunner,
    ObservedEnd,
    ResolvedFault,
    output_of,
)
from chaosproof.faults.backends.listings import Seen, read_table
from chaosproof.faults.backends.nft.activation import (
    Gate,
    Gates,
    has_moved,
    is_open,
    lets_in,
    open_script,
    read_gate,
    shut_wait,
)
from chaosproof.faults.backends.nft.render import (
    TABLE,
    add_script,
    chain_of,
    elements,
    layout,
    prepare_script,
)
from chaosproof.faults.backends.tc.render import shape_down, shape_up, shape_wait
from chaosproof.faults.backends.watchdog import Step, clean, clean_argv, put_on, watchdog_argv
from chaosproof.faults.errors import FaultCutShort, FaultError, failure
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Direction, Fault
from chaosproof.faults.observer import watch
from chaosproof.targets.base import CommandResult

__all__ = ["BACKEND", "Nft"]

_NFT = ("nft", "-f", "-")
# what is in the queue at the deadline may still leave it; the rest is dropped with the queue
_DRAIN_S = 0.1
_DONE = "done"
_SURE_S = 0.03
# each is lost to a fault that somebody else put on in those milliseconds
_GATE_TRIES = 200


class Nft:
    """Faults as timed elements. All there is to know is in the kernel; `gates` only saves a look."""

    name = "nft"
    rank = 1
    layers: tuple[Layer, ...] = ("cut", "shape")
    note = ""

    def __init__(self, gates: Gates | None = None) -> None:
        self._gates = gates or Gates()

    def fidelity(self, fault: Fault, *, kept: bool = False) -> str:
        if fault.layer == "shape":
            who = "a watchdog or the target" if kept else "a watchdog"
            # the kernel puts a device out of action while its root queue is changed
            return (
                f"kernel expiry; {who} removes its queue; as that comes and goes, nothing is sent for some ms"
            )
        if fault.share is not None and fault.direction == "egress":
            return (
                "kernel expiry; the sending TCP notices a loss on egress at once, unlike one in the network"
            )
        return "kernel expiry"

    def refusal(self, fault: Fault) -> str:
        able = fault.declared.qdisc if fault.layer == "shape" else fault.declared.nft_verdict
        return "" if able else f"its table has no {fault.kind}"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("nft", *fault.declared.qdisc_needs) if fault.layer == "shape" else ("nft",)

    def forget(self, instance: str) -> None:
        self._gates.forget(instance)

    def prepare(self, run: CommandRunner) -> None:
        # only when it is not there yet: replacing it would end the faults of another run
        script = f"nft list chain {TABLE} {layout()} >/dev/null 2>&1 || exec nft -f -"
        failing = "the nft table for faults could not be made"
        output_of(run, ["sh", "-c", script], failing, stdin=prepare_script())

    def release(self, run: CommandRunner) -> None:
        run(["nft", "-f", "-"], stdin=f"add table {TABLE}\ndelete table {TABLE}\n")

    def count(self, run: CommandRunner, order: ResolvedFault) -> int:
        self._gates.meet(order.instance, lambda: run(["uname", "-r"]).stdout)
        chain = chain_of(order.fault, order.shape_class)
        argv = ["nft", "list", "chain", *TABLE.split(), chain]
        listed = output_of(run, argv, "the counter of the fault's chain could not be read")
        return read_table(listed).chains[chain]

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        # one that waits for its word cannot know whose faults will be on by then
        return self._argv(order, None)

    def apply(self, run: CommandRunner, order: ResolvedFault) -> None:
        fault = order.fault
        gate = None if fault.layer == "shape" else self._gates.known(order.instance, fault.direction)
        for left in reversed(range(_GATE_TRIES)):
            tried_at = self._gates.clock()
            done = self._switch_on(run, order, gate)
            if done is None:
                gate_left_s = gate.left_s - (self._gates.clock() - tried_at) if gate else 0.0
                self._gates.opened(
                    order.instance, fault.direction, order.id, max(fault.duration_s, gate_left_s)
                )
                return
            message = done.stdout + done.stderr
            if not has_moved(message) or not left:
                raise _refused(order, done, message)
            gate = self._look(run, order)

    def undo(self, order: ResolvedFault) -> Cleanup | None:
        if order.fault.layer == "cut":
            return None
        down = shape_down(order, order.devices)
        return Cleanup(clean_argv(down), order.fault.duration_s + _DRAIN_S + TURN_S)

    def tidy(self, run: CommandRunner, order: ResolvedFault) -> None:
        if order.fault.layer == "shape":
            clean(run, [shape_wait(order, _DRAIN_S + TURN_S), *shape_down(order, order.devices)])

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        seen = watch(run, f"nft list table {TABLE}", f'"{order.id}"', left_s)
        looks = [read_table(look).faults for look in seen.looks]
        if _is_shut_out(order, looks, seen.looks):
            raise FaultCutShort(
                f"the gate before {order.fault} was shut before its time, by another process that puts faults on "
                f"{order.instance}: until when it acted is not known"
            )
        packets = max(faults.get(order.id, Seen(0, 0.0)).packets for faults in looks)
        # another fault, perhaps of another process, may have counted in the same chain
        alone = all({*faults} <= {order.id} for faults in looks)
        now = read_table(seen.now)
        if not now.faults and any(is_open(seen.now, direction) for direction in get_args(Direction)):
            run(["sh", "-c", shut_wait()])
        chain = now.chains.get(chain_of(order.fault, order.shape_class))
        return ObservedEnd(packets, chain if alone else None, seen.at, on_at=seen.on_at)

    def _argv(self, order: ResolvedFault, gate: Gate | None) -> Sequence[str]:
        if order.fault.layer == "cut":
            return _NFT
        script = f"printf %s {shlex.quote(self._script(order, gate))}"
        # nft is silent about what it has done
        element = Step(f"{shlex.join(_NFT)} && echo {_DONE}", script, done=f"* {_DONE}")
        up = [shape_up(order, order.devices), element]
        down = shape_down(order, order.devices)
        return watchdog_argv(order.id, order.fault.duration_s + _DRAIN_S, up, down)

    def _switch_on(self, run: CommandRunner, order: ResolvedFault, gate: Gate | None) -> CommandResult | None:
        """One try: `None` when the fault is on, else what became of it."""
        if order.fault.layer == "shape":
            return put_on(run, self._argv(order, gate), shape_down(order, order.devices))
        done = run(_NFT, stdin=self._script(order, gate))
        return done if done.exit_code else None

    def _script(self, order: ResolvedFault, gate: Gate | None) -> str:
        fault = order.fault
        changeable = self._gates.changeable(order.instance)
        parts = elements(fault, order.id, order.networks, shape_class=order.shape_class)
        return open_script(
            fault.direction, order.id, fault.duration_s, gate, changeable=changeable
        ) + add_script(parts)

    def _look(self, run: CommandRunner, order: ResolvedFault) -> Gate | None:
        argv = ["nft", "list", "table", *TABLE.split()]
        listed = output_of(run, argv, "the faults that are on could not be listed")
        return read_gate(listed, order.fault.direction)


def _is_shut_out(order: ResolvedFault, looks: Sequence[Mapping[str, Seen]], listings: Sequence[str]) -> bool:
    """Whether both of the last looks that found the fault on say that packets did not always get to it."""
    # a listing takes a moment, in which both may end: hence two, and one that is not at the very end
    return all(order.id in look for look in looks) and (
        looks[0][order.id].left_s > _SURE_S
        and not any(lets_in(listing, order.fault.direction, order.id) for listing in listings)
    )


def _refused(order: ResolvedFault, done: CommandResult, message: str) -> FaultError:
    if any(word in message for word in ("File exists", "conflicting", "overlap")) and not has_moved(message):
        return FaultError(f"another fault acts on the same packets already: {order.fault}")
    return failure(f"the kernel did not take {order.fault}", done)


BACKEND = Nft
