"""The first backend: timed elements in a static nft table, ended by the kernel (see render_nft).

A fault that shapes needs a queue besides, and so does one that loses packets on egress as the network would: a watchdog
puts it up before the element goes in, and takes it down a moment after the element has gone. Traffic is whole by the
kernel alone, tidiness needs the watchdog. Where the target begins commands ahead, the queue is up when the fault is
armed, and the fault is the element alone; else the watchdog puts in both, one after the other.
"""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from chaosproof.faults.backends.base import (
    TURN_S,
    Cleanup,
    CommandRunner,
    ObservedEnd,
    ResolvedFault,
    StandbyCommand,
    output_of,
)
from chaosproof.faults.backends.listings import Seen, read_queue, read_table
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
    chains_of,
    elements,
    hold_script,
    hooks_of,
    layout,
    prepare_script,
)
from chaosproof.faults.backends.tc.qdisc import with_queue
from chaosproof.faults.backends.tc.render import leaf_handle, shape_check, shape_down, shape_up, shape_wait
from chaosproof.faults.backends.watchdog import (
    READ_ORDER,
    WORD,
    Step,
    clean,
    clean_argv,
    put_on,
    standby_argv,
    watchdog_argv,
)
from chaosproof.faults.errors import FaultCutShort, FaultError, failure
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Direction, Fault
from chaosproof.faults.observer import watch
from chaosproof.targets.base import CommandResult

__all__ = ["BACKEND", "Nft"]

_NFT = ("nft", "-f", "-")
# what is in the queue at the deadline may still leave it; the rest is dropped with the queue
_DRAIN_S = 0.1
# how long a queue may take to come up
_UP_S = 0.5
_DONE = "done"
_SURE_S = 0.03
# each is lost to a fault that somebody else put on in those milliseconds
_GATE_TRIES = 200

_FoundGates = Mapping[Direction, Gate | None]


class Nft:
    """Faults as timed elements. All there is to know is in the kernel; `gates` only saves a look."""

    name = "nft"
    rank = 1
    layers: tuple[Layer, ...] = ("cut", "shape")
    note = ""

    def __init__(self, gates: Gates | None = None) -> None:
        self._gates = gates or Gates()

    def fidelity(self, order: ResolvedFault, *, kept: bool = False) -> str:
        who = "a watchdog or the target" if kept else "a watchdog"
        # the kernel puts a device out of action while its root queue is changed
        queue = f"; {who} removes its queue; as that comes and goes, nothing is sent for some ms"
        return f"kernel expiry{queue if order.queued else ''}{order.differs()}"

    def refusal(self, fault: Fault) -> str:
        able = (
            fault.declared.qdisc
            if fault.layer == "shape"
            else fault.declared.nft_rules or fault.declared.back
        )
        return "" if able else f"its table has no {fault.kind}"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("nft", *fault.declared.qdisc_needs) if fault.layer == "shape" else ("nft",)

    def wants(self, fault: Fault) -> Sequence[str]:
        return fault.declared.sink_needs if fault.sinks else ()

    def place(self, run: CommandRunner, order: ResolvedFault, taken: Collection[int]) -> ResolvedFault:
        if order.fault.layer == "shape":
            return with_queue(order, run, taken)
        if not order.silent:
            return order
        try:
            return with_queue(order, run, taken)
        except FaultError as error:
            return replace(order, noticed=str(error))

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
        # one listing each: nft 1.0.6 finds but the last of several chains that one command lists
        return sum(_counted(run, chain) for chain in chains_of(order.fault, order.shape_class))

    def standby(self, order: ResolvedFault) -> StandbyCommand | None:
        if not order.queued:
            return None
        up, down = shape_up(order, order.devices), shape_down(order, order.devices)
        argv = standby_argv(order.id, order.fault.duration_s + _DRAIN_S, up, down)
        return StandbyCommand(argv, WORD, ["sh", "-c", shape_check(order, order.devices, _UP_S)])

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        if not order.queued or order.stands_by:
            return _NFT
        # nft is silent about what it has done
        element = Step(f"{shlex.join(_NFT)} && echo {_DONE}", READ_ORDER, done=f"* {_DONE}")
        up = [replace(shape_up(order, order.devices), ahead=True), element]
        down = shape_down(order, order.devices)
        return watchdog_argv(order.id, order.fault.duration_s + _DRAIN_S, up, down)

    def apply(self, run: CommandRunner, order: ResolvedFault) -> None:
        fault = order.fault
        hooks = [direction for direction, _ in hooks_of(fault)]
        gates: _FoundGates = {hook: self._gates.known(order.instance, hook) for hook in hooks}
        for left in reversed(range(_GATE_TRIES)):
            tried_at = self._gates.clock()
            done = self._switch_on(run, order, gates)
            if done is None:
                for hook, gate in gates.items():
                    gate_left_s = gate.left_s - (self._gates.clock() - tried_at) if gate else 0.0
                    lasts_s = max(fault.duration_s, gate_left_s)
                    self._gates.opened(order.instance, hook, order.id, lasts_s)
                return
            message = done.stdout + done.stderr
            if not has_moved(message) or not left:
                raise _refused(order, done, message)
            gates = self._look(run, order, hooks)

    def undo(self, order: ResolvedFault) -> Cleanup | None:
        if not order.queued:
            return None
        down = shape_down(order, order.devices)
        return Cleanup(clean_argv(down), order.fault.duration_s + _DRAIN_S + TURN_S)

    def tidy(self, run: CommandRunner, order: ResolvedFault) -> None:
        if order.queued:
            clean(run, [shape_wait(order, _DRAIN_S + TURN_S), *shape_down(order, order.devices)])

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        counters = order.fault.declared.effect_counters
        listing = f"nft list table {TABLE}{' && tc -s qdisc show' if counters else ''}"
        seen = watch(run, listing, f'"{order.id}"', left_s)
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
        chains = sum(now.chains.get(chain, 0) for chain in chains_of(order.fault, order.shape_class))
        # the queue outlives the element a little: mostly the last look still has it
        queued = [read_queue(look, leaf_handle(order), counters) for look in (*seen.looks, seen.now)]
        affected = max((count for count in queued if count is not None), default=None) if counters else None
        return ObservedEnd(packets, chains if alone else None, seen.at, on_at=seen.on_at, affected=affected)

    def _switch_on(
        self, run: CommandRunner, order: ResolvedFault, gates: _FoundGates
    ) -> CommandResult | None:
        """One try: `None` when the fault is on, else what became of it."""
        script = self._script(order, gates)
        if order.queued and not order.stands_by:
            return put_on(run, self.argv(order), shape_down(order, order.devices), order=script)
        done = run(_NFT, stdin=script)
        return done if done.exit_code else None

    def _script(self, order: ResolvedFault, gates: _FoundGates) -> str:
        fault = order.fault
        changeable = self._gates.changeable(order.instance)
        opened = [
            open_script(hook, order.id, fault.duration_s, gates.get(hook), changeable=changeable)
            for hook, _ in hooks_of(fault)
        ]
        parts = elements(fault, order.id, order.networks, shape_class=order.shape_class)
        return "".join(opened) + hold_script(fault) + add_script(parts)

    def _look(self, run: CommandRunner, order: ResolvedFault, hooks: Sequence[Direction]) -> _FoundGates:
        argv = ["nft", "list", "table", *TABLE.split()]
        listed = output_of(run, argv, "the faults that are on could not be listed")
        return {hook: read_gate(listed, hook) for hook in hooks}


def _counted(run: CommandRunner, chain: str) -> int:
    argv = ["nft", "list", "chain", *TABLE.split(), chain]
    listed = output_of(run, argv, "the counter of the fault's chain could not be read")
    return read_table(listed).chains[chain]


def _is_shut_out(order: ResolvedFault, looks: Sequence[Mapping[str, Seen]], listings: Sequence[str]) -> bool:
    """Whether both of the last looks that found the fault on say that packets did not always get to it."""
    # a listing takes a moment, in which both may end: hence two, and one that is not at the very end
    return all(order.id in look for look in looks) and (
        looks[0][order.id].left_s > _SURE_S
        and not any(
            all(lets_in(listing, hook, order.id) for hook, _ in hooks_of(order.fault)) for listing in listings
        )
    )


def _refused(order: ResolvedFault, done: CommandResult, message: str) -> FaultError:
    if any(word in message for word in ("File exists", "conflicting", "overlap")) and not has_moved(message):
        return FaultError(f"another fault acts on the same packets already: {order.fault}")
    return failure(f"the kernel did not take {order.fault}", done)


BACKEND = Nft
