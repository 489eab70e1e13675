"""The room of a trial: two network namespaces and a cable in between, a client and a server, two captures.

What a trial does, it does to both address families and to a new, an established and an idle connection at once.
"""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.host_command import run_to_end
from tests.faults.netns_target import PORT, NetnsTarget

from .causes import Step
from .observe import conntrack_states
from .program import Program

__all__ = ["CLIENT", "PORT", "SERVER", "Pace", "Room", "Scene", "open_room"]

_PROGRAMS = Path(__file__).parent / "programs"
_PYTHON = "/usr/bin/python3"
CLIENT, SERVER = "client-0", "server-0"
# without a rule that asks for it, a network tracks no connections
_TRACKED = (
    "table inet observer { chain in { type filter hook input priority 300; ct state established counter; }; "
    "chain out { type filter hook output priority 300; ct state established counter; }; }"
)
_CONNTRACK = "cat /proc/net/nf_conntrack 2>/dev/null || { conntrack -L; conntrack -L -f ipv6; } 2>/dev/null"


@dataclass(frozen=True)
class Pace:
    """How long it all may take, in s: a fault lasts `fault_s`, and is looked at `look_s` before its end.

    Before it, nothing is sent for `quiet_s`, so that no acknowledgement is left to come. `pause_s` is between
    messages. `patience_s` is for what is tried after the fault, `bound_s` for everything else: a room that exceeds it
    fails.
    """

    fault_s: float = 4.0
    look_s: float = 0.5
    quiet_s: float = 0.3
    pause_s: float = 0.1
    patience_s: float = 15.0
    bound_s: float = 60.0


@dataclass(frozen=True)
class Scene:
    """How a room is set up: a step before its programs, the port that the client calls, the server's receive buffer."""

    prepare: Step | None = None
    port: int = PORT
    receive_buffer_bytes: int = 0


class Room:
    """The room while it is open."""

    def __init__(self, target: NetnsTarget, protocol: str, pace: Pace, scene: Scene) -> None:
        self.target = target
        self.pace = pace
        self._protocol = protocol
        self._scene = scene
        self.server_events: list[dict[str, Any]] = []
        self._connect()
        for instance in (CLIENT, SERVER):
            self.run(instance, ["nft", _TRACKED])
        if scene.prepare:
            self.step(scene.prepare)
        self._captures = [self._capture(instance) for instance in (CLIENT, SERVER)]
        self.start_server()
        addresses = target.instance(SERVER)
        settings = {
            "protocol": protocol,
            "port": scene.port,
            "addresses": {"4": addresses.address, "6": addresses.address6},
            "patience_s": pace.patience_s,
            "pause_s": pace.pause_s,
        }
        self.client = self._program(CLIENT, "client.py", json.dumps(settings))
        self.client.wait("ready")
        time.sleep(pace.quiet_s)
        self.server.tell("before")
        self.server.wait("sampled")

    def _connect(self) -> None:
        """Put the cable in the place of the bridge."""
        for instance in (CLIENT, SERVER):
            self._on_the_wire(["ip", "link", "set", instance, "nomaster"])
        argv = [*self._wire, _PYTHON, "-E", "-s", "-S", str(_PROGRAMS / "cable.py"), CLIENT, SERVER]
        self._cable = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._cable.stdout
        if self._cable.stdout.readline() != "ready\n":
            raise ChaosproofError("the cable between both ends could not be made")

    @property
    def _wire(self) -> list[str]:
        """The command that runs what follows it between both ends."""
        return [
            *("nsenter", "-t", str(self.target.pid), "--user", "--preserve-credentials"),
            *("--mount", "--pid", "--net"),
        ]

    def _on_the_wire(self, argv: list[str]) -> None:
        _output(argv, run_to_end([*self._wire, *argv], timeout_s=self.pace.bound_s))

    def start_server(self) -> None:
        self.server = self._program(
            SERVER, "server.py", self._protocol, str(PORT), str(self._scene.receive_buffer_bytes)
        )
        self.server.events = self.server_events
        self.server.wait("ready")

    def run(self, instance: str, argv: list[str]) -> str:
        """What the command printed in the instance. Raises `ChaosproofError` where it failed."""
        return _output(argv, self.target.run(instance, argv, timeout_s=self.pace.bound_s))

    def step(self, step: Step) -> None:
        """One step of a real cause."""
        where, script = step
        if where == "program":
            if script == "continue":
                self.server.go_on()
            else:
                self.server.tell(script)
                self.server.wait("done")
            return
        pids = [event["pid"] for event in self.server_events if event["event"] == "ready"]
        for name, number in {"port": PORT, "called_port": self._scene.port, "pid": pids[-1:] or ""}.items():
            script = script.replace(f"{{{name}}}", str(number).strip("[]"))
        argv = ["sh", "-c", script]
        if where == "server":
            self.run(SERVER, argv)
            return
        self._on_the_wire(argv)

    def look(self, *, server: bool) -> None:
        """Let the ends say how their sockets are."""
        self.client.tell("sample")
        if server:
            self.server.tell("sample")
        self.client.wait("sampled")
        if server:
            self.server.wait("sampled")

    def disconnect(self) -> None:
        self._cable.communicate()

    def conntrack(self, instance: str) -> Mapping[str, str]:
        done = self.target.run(instance, ["sh", "-c", _CONNTRACK], timeout_s=self.pace.bound_s)
        return conntrack_states(done.stdout)

    def packets(self) -> list[list[Any]]:
        """What was captured at the client, and at the server; the captures end."""
        return [json.loads(process.communicate(timeout=self.pace.bound_s)[0]) for process in self._captures]

    def _capture(self, instance: str) -> "subprocess.Popen[str]":
        capture = self._start(instance, "capture.py", "eth0", str(self._scene.port))
        assert capture.stdout
        if capture.stdout.readline() != "ready\n":
            raise ChaosproofError(f"nothing can be captured at {instance}")
        return capture

    def _program(self, instance: str, name: str, *arguments: str) -> Program:
        return Program(self._start(instance, name, *arguments), self.pace.bound_s)

    def _start(self, instance: str, name: str, *arguments: str) -> "subprocess.Popen[str]":
        return self.target.start(instance, [_PYTHON, "-E", "-s", "-S", str(_PROGRAMS / name), *arguments])


class _Patient(NetnsTarget):
    """A target that gives a command the time that the pace gives it: an emulated processor is slow."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(clients=1, servers=1, ends_within_s=pace.bound_s)
        self._bound_s = pace.bound_s

    def run(
        self, instance: str, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0
    ) -> CommandResult:
        return super().run(instance, argv, stdin=stdin, timeout_s=max(timeout_s, self._bound_s))


@contextmanager
def open_room(protocol: str, pace: Pace, scene: Scene) -> Iterator[Room]:
    with _Patient(pace) as target:
        room = Room(target, protocol, pace, scene)
        try:
            yield room
        finally:
            # a room with a stopped program in it would never end
            room.server.go_on()
            room.disconnect()


def _output(argv: list[str], done: Any) -> str:
    if done.exit_code:
        raise ChaosproofError(
            f"{' '.join(argv)[:80]} ended with {done.exit_code}: {done.stderr.strip()[:200]}"
        )
    return done.stdout
