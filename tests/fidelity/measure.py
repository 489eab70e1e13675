"""Measures one fault, or one real cause, in a room of its own."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from tests.faults.netns_target import PORT

from .causes import RealCause
from .observe import Logs, failed_rows, rows_of
from .record import Row
from .room import CLIENT, SERVER, Pace, Room, Scene, open_room
from .trials import Trial

__all__ = ["measure_cause", "measure_trial"]


class _Engine(FaultEngine):
    """An engine that is told what the kernel can do: to find out takes longer than a trial."""

    known = Capabilities()

    def capabilities(self, instance: str) -> Capabilities:
        return self.known


def measure_trial(trial: Trial, known: Capabilities, pace: Pace) -> list[Row]:
    """Its rows. What stops it half-way is their `problem`."""
    empty = Row(trial.subject, trial.protocol, "", "", trial.backend, trial.place, trial.strength)

    def work(room: Room) -> tuple[float, float, float, int | None]:
        engine = _Engine(room.target, limits=Limits(allow_all=True), backend=trial.backend, canary=False)
        engine.known = known
        armed = engine.arm(trial.fault(PORT, pace.fault_s), trial.instance)
        called_at = time.time()
        receipt = armed.apply()
        assert receipt.applied_at and receipt.expires_at
        room.client.tell("go")
        time.sleep(max(0.0, receipt.expires_at - pace.look_s - time.time()))
        room.look(server=True)
        looked_at = time.time()
        final = engine.wait_until_ended(receipt)
        # what was looked at after the end says nothing of the fault
        if looked_at > receipt.expires_at:
            raise ChaosproofError(
                "the machine was too slow: the fault had ended before its sockets were looked at"
            )
        return called_at, receipt.applied_at, receipt.expires_at, final.packets

    return _measured(empty, pace, work, Scene())


def measure_cause(cause: RealCause, protocol: str, pace: Pace) -> list[Row]:
    """The rows of a real cause."""

    def work(room: Room) -> tuple[float, float, float, int | None]:
        called_at = time.time()
        room.step(cause.begin)
        on_at = time.time()
        room.client.tell("go")
        time.sleep(pace.fault_s - pace.look_s)
        room.look(server=not cause.silenced)
        off_at = time.time()
        if cause.end:
            room.step(cause.end)
        if cause.restart:
            room.start_server()
        return called_at, on_at, off_at, None

    scene = Scene(cause.prepare, cause.called_port or PORT, cause.receive_buffer_bytes)
    return _measured(Row(cause.name, protocol, "", ""), pace, work, scene)


def _measured(
    empty: Row, pace: Pace, work: Callable[[Room], tuple[float, float, float, int | None]], scene: Scene
) -> list[Row]:
    try:
        with open_room(empty.protocol, pace, scene) as room:
            *instants, packets = work(room)
            tracked = [room.conntrack(instance) for instance in (CLIENT, SERVER)]
            room.client.tell("after")
            room.client.wait("done")
            at_client, at_server = room.packets()
            logs = Logs(*instants, room.client.events, room.server_events, at_client, at_server, *tracked)
    except (ChaosproofError, OSError, subprocess.SubprocessError) as error:
        return failed_rows(empty, " ".join(str(error).split())[-300:])
    return rows_of(replace(empty, packets=packets), logs)
