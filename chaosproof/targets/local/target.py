"""The `Target` on this machine: a thin client of a lab that is up, found by its name.

It holds no state but the name, so any activity, probe or person may make one at any time.
"""

import os
import signal
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaosproof.targets.base import (
    Address,
    CommandResult,
    DeferredCommand,
    Inside,
    Instance,
    InstanceState,
    JobState,
    PendingCommand,
    Target,
)
from chaosproof.targets.local.control_client import ask, ask_and_hold

__all__ = ["LocalTarget", "SupervisedTarget", "command_result"]


class SupervisedTarget(Target):
    """What a supervisor does when its lab is asked; `chaosproof.targets.base.Target` says what each method promises."""

    def __init__(self, lab: str) -> None:
        self.lab = lab

    def _info(self) -> Mapping[str, Any]:
        info: Mapping[str, Any] = ask(self.lab, "info")
        return info

    def _by_name(self) -> Mapping[str, Instance]:
        return {raw["name"]: Instance(**raw) for raw in self._info()["instances"]}

    def states(self) -> Mapping[str, InstanceState]:
        return {name: InstanceState(**state) for name, state in ask(self.lab, "states").items()}

    def address(self, service: str) -> Address:
        self.instances(service)
        return Address(**self._info()["addresses"][service])

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        request = {"instance": instance, "argv": argv, "stdin": stdin}
        return command_result(self._ask_for_end("run", request, timeout_s))

    def _ask_for_end(
        self,
        operation: str,
        request: Mapping[str, Any],
        timeout_s: float,
        after: DeferredCommand | None = None,
    ) -> Any:
        """The lab's answer when a command has ended; the lab sees to what comes `after` it."""
        request = {**request, "timeout_s": timeout_s, "after": asdict(after) if after else None}
        # The lab's own clock ends the command; ours only notices a lab that hangs.
        return ask(self.lab, operation, request, patience_s=timeout_s + 5.0)

    def prestart(self, instance: str, argv: Sequence[str], *, keep_s: float) -> PendingCommand:
        """See `chaosproof.targets.base.SupportsPrestart`."""
        request = {"instance": instance, "argv": list(argv), "keep_s": keep_s}
        number, held = ask_and_hold(self.lab, "begin", request)

        def go(stdin: str, timeout_s: float, after: DeferredCommand | None = None) -> CommandResult | None:
            try:
                answer = self._ask_for_end("go", {"number": number, "stdin": stdin}, timeout_s, after)
            finally:
                release()
            return command_result(answer) if answer else None

        # also where nobody will call it any more
        release = weakref.finalize(go, os.close, held)
        return go

    def start_job(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: str | None = None,
    ) -> None:
        out_dir.mkdir(parents=True, exist_ok=True)
        ask(self.lab, "start_job", {"name": name, "argv": list(argv), "env": dict(env), "cwd": str(out_dir)})

    def job(self, name: str) -> JobState:
        return JobState(**ask(self.lab, "job", {"name": name}))

    def stop_job(self, name: str) -> None:
        ask(self.lab, "stop_job", {"name": name})

    def metrics(self, instance: str) -> str:
        return str(ask(self.lab, "metrics", {"instance": instance}))

    def logs(self, instance: str) -> str:
        return str(ask(self.lab, "logs", {"instance": instance}))

    def restart(self, instance: str) -> None:
        ask(self.lab, "restart", {"instance": instance}, patience_s=120.0)

    def kill(self, instance: str) -> None:
        ask(self.lab, "signal", {"instance": instance, "number": signal.SIGKILL})

    def terminate(self, instance: str) -> None:
        ask(self.lab, "signal", {"instance": instance, "number": signal.SIGTERM})

    def pause(self, instance: str, *, duration_s: float | None = None) -> None:
        ask(self.lab, "pause", {"instance": instance, "duration_s": duration_s})

    def resume(self, instance: str) -> None:
        ask(self.lab, "signal", {"instance": instance, "number": signal.SIGCONT})


class LocalTarget(SupervisedTarget):
    """A lab of namespaces: its first process also sees to what comes after a command."""

    kind = "local"
    _kept: Mapping[str, Any] | None = None

    def _info(self) -> Mapping[str, Any]:
        # Instances and addresses stay what they are for as long as the lab is up.
        if self._kept is None:
            self._kept = super()._info()
        return self._kept

    def run_deferring(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        after: DeferredCommand,
        stdin: str = "",
        timeout_s: float = 10.0,
    ) -> CommandResult:
        """See `chaosproof.targets.base.SupportsDeferred`."""
        request = {"instance": instance, "argv": argv, "stdin": stdin}
        return command_result(self._ask_for_end("run", request, timeout_s, after))


def command_result(answer: Mapping[str, Any]) -> CommandResult:
    """The result of a command, as the supervisor has answered it."""
    return CommandResult(**{**answer, "argv": tuple(answer["argv"])})
