"""A process that puts a fault on and stands still at one of its steps, to be killed there.

    python -m tests.faults.victim ROOM_PID CLIENTS INSTANCE BACKEND FAULT_JSON STEP MOMENT

A step is one command in the instance. It says "here" when it has come to it: MOMENT `before` the command
was started, or `during`, as it runs. A step that is never reached is said, too: "done" after the last.
"""

import json
import sys
import threading

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.base import CommandResult

from .netns_target import NetnsTarget


class Stepping:
    """The target, but its n-th command is where this process stands still."""

    def __init__(self, target: NetnsTarget, step: int, moment: str) -> None:
        self._target = target
        self._step = step
        self._moment = moment
        self._count = 0

    def __getattr__(self, name: str):
        return getattr(self._target, name)

    def run(self, instance, argv, *, stdin="", timeout_s=10.0) -> CommandResult:
        here = self._count == self._step
        self._count += 1
        if here:
            print("here", flush=True)
            if self._moment == "before":
                threading.Event().wait()
        return self._target.run(instance, argv, stdin=stdin, timeout_s=timeout_s)


def main(room: str, clients: str, instance: str, backend: str, fault: str, step: str, moment: str) -> None:
    target = Stepping(NetnsTarget.of(int(room), int(clients)), int(step), moment)
    engine = FaultEngine(target, limits=Limits(allow_all=True), backend=backend)
    engine.wait_until_ended(engine.apply(Fault(**json.loads(fault)), instance))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
