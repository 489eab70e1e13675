"""A target without a system, for unit tests: it records every call and gives the answers that a test sets.

It has no launcher, so no experiment can name it: what never ran shall not pass.

target = FakeTarget([Instance("app-0", "app", "10.0.0.1")])
target.answer(["nft", "list"], exit_code=1, stderr="No such file or directory")
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import Address, CommandResult, Inside, Instance, InstanceState, JobState
from chaosproof.targets.limited import LimitedTarget

__all__ = ["Call", "FakeTarget"]


@dataclass(frozen=True)
class Call:
    """One call of a method: `what` is the method's name, `name` that of the instance or job."""

    what: str
    name: str
    argv: tuple[str, ...] = ()
    stdin: str = ""


class FakeTarget(LimitedTarget):
    """A `Target` made of data. `calls` are the calls of its methods, in order; thread-safe.

    `run` answers with the latest `answer` whose arguments begin the command, else with exit code 0 and nothing.
    """

    kind = "fake"

    def __init__(
        self, instances: Sequence[Instance] = (), addresses: Mapping[str, Address] | None = None
    ) -> None:
        self.calls: list[Call] = []
        self._lock = threading.Lock()
        super().__init__(instances)
        self._addresses = dict(addresses or {})
        self._answers: list[tuple[str | None, CommandResult]] = []
        self._states = {
            name: InstanceState(name, alive=True, ready=True, pid=100 + number)
            for number, name in enumerate(self._instances)
        }
        self._jobs: dict[str, JobState] = {}
        self._pages: dict[tuple[str, str], str] = {}

    def answer(
        self,
        argv: Sequence[str],
        stdout: str = "",
        *,
        exit_code: int = 0,
        stderr: str = "",
        instance: str | None = None,
    ) -> None:
        """From now on, commands that begin with `argv` end like this, on that instance or on all."""
        done = CommandResult(tuple(argv), exit_code, stdout, stderr, 0.0)
        with self._lock:
            self._answers.insert(0, (instance, done))

    def set_pages(self, instance: str, *, metrics: str | None = None, logs: str | None = None) -> None:
        """From now on, the instance's metrics page or its log is this."""
        for what, text in (("metrics", metrics), ("logs", logs)):
            if text is not None:
                self._pages[what, self.instance(instance).name] = text

    def set_state(self, instance: str, **changes: object) -> None:
        """Change fields of the instance's state, as if it had happened by itself."""
        name = self.instance(instance).name
        with self._lock:
            self._states[name] = replace(self._states[name], **changes)  # type: ignore[arg-type]

    def set_job(self, state: JobState) -> None:
        """Put a job into this state."""
        with self._lock:
            self._jobs[state.name] = state

    def commands(self, instance: str | None = None) -> list[tuple[str, ...]]:
        """The commands that were run, in order; those of one instance when it is named."""
        with self._lock:
            return [call.argv for call in self.calls if call.what == "run" and instance in (None, call.name)]

    def states(self) -> Mapping[str, InstanceState]:
        with self._lock:
            return dict(self._states)

    def address(self, service: str) -> Address:
        if service in self._addresses:
            return self._addresses[service]
        return super().address(service)

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        self._note("run", self.instance(instance).name, tuple(argv), stdin)
        with self._lock:
            for where, done in self._answers:
                if where in (None, instance) and tuple(argv[: len(done.argv)]) == done.argv:
                    return replace(done, argv=tuple(argv))
        return CommandResult(tuple(argv), 0, "", "", 0.0)

    def start_job(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: str | None = None,
    ) -> None:
        self._note("start_job", name, tuple(argv))
        self.set_job(JobState(name, True, None, ""))

    def job(self, name: str) -> JobState:
        with self._lock:
            if name not in self._jobs:
                raise TargetError(f"unknown job {name}: known are {', '.join(self._jobs) or 'none'}")
            return self._jobs[name]

    def stop_job(self, name: str) -> None:
        state = self.job(name)
        self._note("stop_job", name)
        if state.running:
            self.set_job(replace(state, running=False, exit_code=-15))

    def metrics(self, instance: str) -> str:
        return self._page("metrics", instance)

    def logs(self, instance: str) -> str:
        return self._page("logs", instance)

    def restart(self, instance: str) -> None:
        self._signal("restart", instance)
        before = self.states()[instance]
        self.set_state(instance, alive=True, ready=True, paused=False, restarts=before.restarts + 1)

    def kill(self, instance: str) -> None:
        self._end("kill", instance)

    def terminate(self, instance: str) -> None:
        self._end("terminate", instance)

    def pause(self, instance: str, *, duration_s: float | None = None) -> None:
        self._signal("pause", instance)
        self.set_state(instance, paused=True)

    def resume(self, instance: str) -> None:
        self._signal("resume", instance)
        self.set_state(instance, paused=False)

    def _end(self, what: str, instance: str) -> None:
        self._signal(what, instance)
        self.set_state(instance, alive=False, ready=False, stops=self.states()[instance].stops + 1)

    def _signal(self, what: str, instance: str) -> None:
        self._note(what, self.instance(instance).name)

    def _page(self, what: str, instance: str) -> str:
        self._note(what, self.instance(instance).name)
        return self._pages.get((what, instance), "")

    def _note(self, what: str, name: str, argv: tuple[str, ...] = (), stdin: str = "") -> None:
        with self._lock:
            self.calls.append(Call(what, name, argv, stdin))
