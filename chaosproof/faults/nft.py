"""The first backend: timed elements in a static nft table, ended by the kernel (see render_nft)."""

from collections.abc import Mapping

from chaosproof.faults.backend import End, Order, Run
from chaosproof.faults.errors import FaultError
from chaosproof.faults.model import Fault
from chaosproof.faults.read_nft import read_table
from chaosproof.faults.render_nft import (
    TABLE,
    add_script,
    chain_of,
    clear_script,
    elements,
    layout,
    prepare_script,
)
from chaosproof.faults.watch import watch_argv
from chaosproof.targets.target import Done

__all__ = ["Nft", "failure"]

_SPARE_S = 10.0


class Nft:
    """Faults as timed elements. Stateless: all there is to know is in the kernel."""

    name = "nft"

    def fidelity(self, fault: Fault) -> str:
        return "kernel expiry"

    def prepare(self, run: Run) -> None:
        # only when it is not there yet: replacing it would end the faults of another run
        script = f"nft list chain {TABLE} {layout()} >/dev/null 2>&1 || exec nft -f -"
        done = run(["sh", "-c", script], stdin=prepare_script())
        if done.exit_code != 0:
            raise failure("the nft table for faults could not be made", done)

    def release(self, run: Run) -> None:
        """Remove the static table; faults that are on end with it."""
        run(["nft", "-f", "-"], stdin=f"add table {TABLE}\ndelete table {TABLE}\n")

    def count(self, run: Run, order: Order) -> int:
        chain = chain_of(order.fault, order.shape_class)
        done = run(["nft", "list", "chain", *TABLE.split(), chain])
        if done.exit_code != 0:
            raise failure("the counter of the fault's chain could not be read", done)
        return read_table(done.stdout).chains[chain]

    def apply(self, run: Run, order: Order) -> None:
        parts = elements(order.fault, order.id, order.networks, shape_class=order.shape_class)
        done = run(["nft", "-f", "-"], stdin=add_script(parts))
        if done.exit_code == 0:
            return
        if "File exists" in done.stderr or "conflicting" in done.stderr or "overlap" in done.stderr:
            raise FaultError(f"another fault acts on the same packets already: {order.fault}")
        raise failure(f"nft did not take {order.fault}", done)

    def watch(self, run: Run, order: Order, left_s: float) -> End:
        done = run(watch_argv(order.id, left_s), timeout_s=left_s + _SPARE_S)
        if done.exit_code != 0:
            raise failure("the end of the fault could not be observed", done)
        at, last, now = done.stdout.split("\n====\n")
        seen = read_table(last).faults.get(order.id)
        chain = read_table(now).chains.get(chain_of(order.fault, order.shape_class))
        return End(seen.packets if seen else 0, chain, float(at))

    def heal(self, run: Run) -> Mapping[str, int]:
        done = run(["sh", "-c", f"nft list table {TABLE} && exec nft -f -"], stdin=clear_script())
        if done.exit_code != 0:
            if "No such file" in done.stderr:
                return {}  # never prepared, so never faulty
            raise failure("the faults could not be healed", done)
        return {fault_id: seen.packets for fault_id, seen in read_table(done.stdout).faults.items()}

    def active(self, run: Run) -> Mapping[str, float]:
        """The faults that are on, by id, with the seconds each has left."""
        done = run(["nft", "list", "table", *TABLE.split()])
        if done.exit_code != 0:
            if "No such file" in done.stderr:
                return {}
            raise failure("the faults that are on could not be listed", done)
        return {fault_id: seen.left_s for fault_id, seen in read_table(done.stdout).faults.items()}


def failure(what: str, done: Done) -> FaultError:
    """The error that says what did not work, and what the command had to say."""
    said = " ".join((done.stderr.strip() or done.stdout.strip() or "it said nothing").split())
    return FaultError(f"{what}: {done.argv[0]} ended with {done.exit_code}: {said[:300]}")
