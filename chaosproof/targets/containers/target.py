"""The `Target` for a project of containers: a thin client of the supervisor beside it, found by its name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from chaosproof.targets.base import CommandResult, Inside
from chaosproof.targets.local.control_client import ask
from chaosproof.targets.local.target import SupervisedTarget, command_result

__all__ = ["ContainersTarget"]


class ContainersTarget(SupervisedTarget):
    """See `chaosproof.targets.base.Target` for what each method promises.

    It keeps no watch over what comes after a command: the containers, and a fault in their networks, outlive it.
    """

    kind = "containers"

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        if inside == "network":
            return super().run(instance, argv, stdin=stdin, timeout_s=timeout_s)
        self.instance(instance)
        request = {"instance": instance, "argv": list(argv), "stdin": stdin, "timeout_s": timeout_s}
        return command_result(ask(self.lab, "run_program", request, patience_s=timeout_s + 5.0))

    def start_job(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: str | None = None,
    ) -> None:
        if beside is not None:
            self.instance(beside)
        out_dir.mkdir(parents=True, exist_ok=True)
        job = {"name": name, "argv": list(argv), "env": dict(env), "cwd": str(out_dir), "beside": beside}
        ask(self.lab, "start_job", job)
