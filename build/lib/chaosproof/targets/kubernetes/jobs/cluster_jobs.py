"""Programs beside the services, in the cluster: a Job with a pod of its own, or a process in the pod of an instance.

A Job is for what reaches the system over the network, as its users do. What must reach an instance's files or Unix
sockets runs in that instance's pod, as its user. Either way the files arrive here as they grow (`fetch`), and a
program does not depend on us: a connection that breaks is made again, and goes on where it was.
"""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.targets.base import CommandResult, JobState
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound, Refused
from chaosproof.targets.kubernetes.client.execute import NOT_FOUND, Exec, execute
from chaosproof.targets.kubernetes.jobs.fetch import Folder
from chaosproof.targets.kubernetes.jobs.manifests import FILES, FOLDER, load_job, load_plan, object_name
from chaosproof.targets.kubernetes.jobs.pod_scripts import KEEP, SEND, WRAP
from chaosproof.targets.kubernetes.pods.pod_warnings import last_warning
from chaosproof.targets.kubernetes.pods.pods import read_pod, troubles

__all__ = ["Jobs", "translate"]

_BATCH = "batch/v1"
_POLL_S = 0.1
_PENDING_S = 30.0
_SILENT_S = 30.0
_DAY_S = 86_400.0


@dataclass(frozen=True)
class _Location:
    """Where a job runs: a container, and the folder of its files there."""

    pod: str
    container: str
    folder: str


class Jobs:
    """The jobs of one target, by name. Thread-safe."""

    def __init__(self, cluster: Cluster, image: str) -> None:
        self._cluster = cluster
        self._image = image
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: tuple[str, str] | None = None,
    ) -> None:
        """Start `argv`; `beside` is the pod and the container it is to run in, else it gets a pod of its own.

        Raises `TargetError` for a name whose job still runs, and when the cluster does not take it.
        """
        with self._lock:
            if name in self._jobs and self._jobs[name].state.running:
                raise TargetError(f"A job named {name!r} runs already.")
            job = _Job(self._cluster, name, out_dir)
            self._jobs[name] = job
        if beside is None:
            job.start_apart(argv, env, self._image)
        else:
            job.start_beside(argv, env, *beside)

    def state(self, name: str) -> JobState:
        """Whether the job runs, its exit code, and the end of what it printed."""
        return self._known(name).state

    def stop(self, name: str) -> None:
        """SIGTERM, if it still runs."""
        self._known(name).stop()

    def close(self) -> None:
        """End what still runs, and leave nothing of any job in the cluster."""
        for job in list(self._jobs.values()):
            with contextlib.suppress(ChaosproofError):
                job.stop()
            job.clean()

    def _known(self, name: str) -> "_Job":
        with self._lock:
            if name not in self._jobs:
                raise TargetError(
                    f"There is no job {name!r} (jobs so far: {', '.join(self._jobs) or 'none'})."
                )
            return self._jobs[name]


class _Job:
    def __init__(self, cluster: Cluster, name: str, out_dir: Path) -> None:
        self._cluster = cluster
        self._name = name
        self._object = object_name(name, secrets.token_hex(2))
        self._out_dir = out_dir
        self._folder = Folder(out_dir)
        self._location: _Location | None = None
        self._apart = False
        self._stopping = threading.Event()
        self.state = JobState(name, True, None, "")

    def start_apart(self, argv: Sequence[str], env: Mapping[str, str], image: str) -> None:
        command, inputs = translate(argv, self._out_dir, FOLDER, FILES)
        self._apart = True
        plan = load_plan(
            self._object, {name: file.read_text(encoding="utf-8") for name, file in inputs.items()}
        )
        self._cluster.post(self._cluster.path("configmaps"), plan)
        command = ["sh", "-c", WRAP + KEEP, "job", FOLDER, *command]
        self._cluster.post(
            self._cluster.path("jobs", group=_BATCH), load_job(self._object, image, command, env)
        )
        self._follow()

    def start_beside(self, argv: Sequence[str], env: Mapping[str, str], pod: str, container: str) -> None:
        folder = f"/tmp/{self._object}"
        command, inputs = translate(argv, self._out_dir, folder, f"{folder}-files")
        self._location = _Location(pod, container, folder)
        for name, file in inputs.items():
            self._must(
                ["sh", "-c", f'mkdir -p {folder}-files && cat >{folder}-files/"$1"', "put", name],
                file.read_bytes(),
            )
        settings = [f"{key}={value}" for key, value in env.items()]
        # A session of its own: it lives on when the connection that started it ends.
        apart = 'setsid sh -c "$@" </dev/null >/dev/null 2>&1 &'
        self._must(["sh", "-c", apart, "start", WRAP, "job", folder, "env", *settings, *command])
        self._follow()

    def stop(self) -> None:
        self._stopping.set()
        if self.state.running and self._location is not None:
            self._terminate(self._location)

    def _terminate(self, location: _Location) -> None:
        terminate = f'kill -TERM "$(cat {location.folder}/.pid)"'
        self._execute(location, ["sh", "-c", terminate])

    def _execute(self, location: _Location, argv: Sequence[str], stdin: bytes = b"") -> CommandResult:
        return execute(self._cluster, location.pod, location.container, argv, stdin=stdin)

    def clean(self) -> None:
        """Take away what this job put into the cluster; harmless when it is gone."""
        with contextlib.suppress(ChaosproofError):
            if self._apart:
                self._cluster.delete(
                    self._cluster.path("jobs", self._object, group=_BATCH),
                    propagationPolicy="Background",
                    gracePeriodSeconds=0,
                )
                self._cluster.delete(self._cluster.path("configmaps", self._object))
            elif self._location is not None:
                folder = self._location.folder
                self._execute(self._location, ["rm", "-rf", folder, f"{folder}-files"])

    def _must(self, argv: Sequence[str], stdin: bytes = b"") -> None:
        assert self._location is not None
        done = self._execute(self._location, argv, stdin)
        if done.exit_code != 0:
            raise TargetError(
                f"The job {self._name} could not be started in {self._location.pod}: {done.stderr.strip()}."
            )

    def _follow(self) -> None:
        threading.Thread(target=self._watch, name=f"job {self._name}", daemon=True).start()

    def _watch(self) -> None:
        try:
            if self._location is None:
                self._location = self._placed()
            ending = self._receive(self._location)
            self._folder.check()
            self.state = JobState(self._name, False, int(ending["end"]), str(ending["said"]))
        except (ChaosproofError, OSError) as error:
            self.state = JobState(self._name, False, None, str(error))
        self.clean()

    def _placed(self) -> _Location:
        """The Job's pod, once it runs. Raises `TargetError` with the pod's own words when it does not."""
        given_up_at = time.monotonic() + _PENDING_S
        why, silent = "no pod was made for it", self._object
        while time.monotonic() < given_up_at:
            pods = self._cluster.get(self._cluster.path("pods"), labelSelector=f"job-name={self._object}")[
                "items"
            ]
            for raw in pods:
                pod = read_pod(raw)
                if pod.running:
                    location = _Location(pod.name, pod.program, FOLDER)
                    if self._stopping.is_set():
                        self._terminate(location)
                    return location
                silent = pod.name
                why = troubles(raw) or f"it is {raw.get('status', {}).get('phase', 'not there yet')}"
                if pod.finished:
                    raise TargetError(
                        f"The pod {pod.name} of the job {self._name} ended before it ran: {pod.exit_detail}"
                        f"{last_warning(self._cluster, pod.name)}."
                    )
            time.sleep(_POLL_S)
        why += last_warning(self._cluster, silent)
        raise TargetError(f"The pod of the job {self._name} did not start within {_PENDING_S:g} s: {why}.")

    def _receive(self, location: _Location) -> dict[str, Any]:
        """Receive files until the program has ended; a connection that breaks is made again."""
        heard_at = time.monotonic()
        while True:
            try:
                argv = ["python", "-I", "-S", "-c", SEND, location.folder, json.dumps(self._folder.known())]
                with Exec(self._cluster, location.pod, location.container, argv, stdin=False) as sender:
                    self._folder.begin_again()
                    for channel, data in sender.messages(_DAY_S):
                        heard_at = time.monotonic()
                        if channel == 1:
                            self._folder.feed(data)
                if sender.exit_code == NOT_FOUND:
                    raise TargetError(
                        f"The container {location.container} of {location.pod} has no Python, which fetches the files "
                        f"of the job {self._name}: run it in an image like chaosproof/load ({_text(sender.message)})."
                    )
            except (ConnectionError, TimeoutError):
                pass
            except NotFound as error:
                raise TargetError(f"The pod {location.pod} of the job {self._name} was deleted.") from error
            except Refused as error:
                if time.monotonic() - heard_at > _SILENT_S or self._is_over(location):
                    raise TargetError(
                        f"The pod {location.pod} of the job {self._name} ended: {error}"
                    ) from error
            if self._folder.ending is not None:
                return self._folder.ending
            if self._is_over(location):
                event = last_warning(self._cluster, location.pod)
                raise TargetError(
                    f"The pod {location.pod} of the job {self._name} ended before the job did{event}."
                )
            if time.monotonic() - heard_at > _SILENT_S:
                raise TargetError(f"Nothing was heard of the job {self._name} for {_SILENT_S:g} s.")
            time.sleep(_POLL_S)

    def _is_over(self, location: _Location) -> bool:
        try:
            pod = read_pod(self._cluster.get(self._cluster.path("pods", location.pod)))
        except NotFound:
            return True
        return pod.leaving or pod.finished


def _text(message: bytes) -> str:
    return message.decode(errors="replace").strip()


def translate(
    argv: Sequence[str], out_dir: Path, folder: str, files: str
) -> tuple[list[str], dict[str, Path]]:
    """The command as it reads in a pod, and the files that it is given: pure but for looking whether they are there.

    What lies in `out_dir` is below `folder` there; a file that exists already is an input, and lies in `files`.
    """
    inputs: dict[str, Path] = {}
    command = []
    for argument in argv:
        path = Path(argument)
        if path.is_absolute() and path.is_relative_to(out_dir) and out_dir != Path("/"):
            if path.is_file():
                inputs[path.name] = path
                command.append(f"{files}/{path.name}")
            else:
                command.append(folder if path == out_dir else f"{folder}/{path.relative_to(out_dir)}")
        else:
            command.append(argument)
    return command, inputs
