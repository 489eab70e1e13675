"""session.json: what was run, where, with which versions and settings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosproof.runfolder.record import Record, about

__all__ = [
    "BOUND_KEYS",
    "IDENTITY",
    "Cluster",
    "ContainerEngine",
    "InstanceRecord",
    "InstanceState",
    "SessionRecord",
    "begun_data",
    "identity_sha256",
]

BOUND_KEYS = ("experiment", "mode", "target", "started_at", "experiment_sha256", "seed", "commit", "dirty")
"""What the log says of the session word for word."""

IDENTITY = "identity_sha256"
"""The key of the row `session_begun` that has the hash of `_FIXED`."""

# what the log binds by one hash: overlays may be too large for a row
_FIXED = (
    *BOUND_KEYS,
    *("title", "experiment_file", "variables", "values", "values_files", "expected_artifacts"),
    *("versions", "kernel", "hostname"),
)


@dataclass(frozen=True, kw_only=True)
class InstanceRecord(Record):
    """An instance as it was when the session began."""

    name: str = about("its name, such as `orders-0`")
    service: str = about("the service that it is a copy of")
    address: str = about("its address inside the target")


@dataclass(frozen=True, kw_only=True)
class InstanceState(Record):
    """What had become of an instance when the session ended."""

    name: str = about("its name", default="")
    alive: bool | None = about("whether its program ran")
    ready: bool | None = about("whether it said that it was ready")
    paused: bool | None = about("whether it was stopped by a signal", default=None)
    pid: int | None = about("the number of its process, inside the target", default=None)
    restarts: int | None = about("how often it was started anew")
    deaths: int | None = about("how often it exited without being asked to")
    stops: int | None = about("how often it was ended on purpose")


@dataclass(frozen=True, kw_only=True)
class Cluster(Record):
    """The cluster that a run was done in."""

    kubernetes: str | None = about("its version")
    namespace: str | None = about("the namespace of the system")
    deployed: bool | None = about("the system was there before the session, which did not start it")
    clock_offset_s: float | None = about("how far the pods' clock is ahead of the runner's, in seconds")


@dataclass(frozen=True, kw_only=True)
class ContainerEngine(Record):
    """The container engine that a run was done on."""

    kind: str | None = about("`podman` or `docker`")
    version: str | None = about("its version")
    rootless: bool | None = about("it runs as an ordinary user")
    project: str | None = about("the Compose project of the system")
    deployed: bool | None = about("the project was there before the session, which did not start it")


@dataclass(frozen=True, kw_only=True)
class SessionRecord(Record):
    """What was run, where, with which versions and settings: written when the session begins, and at its end."""

    FILE: ClassVar[str] = "session.json"

    schema_version: int | None = about("1", default=1)
    experiment: str | None = about("the short name of the experiment")
    title: str | None = about("its title: the belief that was tested")
    experiment_file: str | None = about("the file that it was read from, as given on the command line")
    experiment_sha256: str | None = about("the hash of its meaning (canonical JSON)")
    mode: str | None = about("`resilient`, `baseline`, or the name of a variant")
    target: str | None = about("the kind of target, such as `local` or `kubernetes`")
    lab: str | None = about("the lab's name, or the cluster's namespace", default=None)
    started_at: float | None = about("when the session began")
    ready_at: float | None = about("when the target was ready", default=None)
    ended_at: float | None = about("when everything was saved; `null` until then", default=None)
    complete: bool | None = about("`true` only when the session wrote its own end", default=False)
    interrupted: Any = about("the sentence that ended the run early, or `null`", default=None)
    clock_moved_s: float | None = about(
        "how much further the clock went during the run than time did; absent in runs of before it was measured",
        default=None,
        omit=True,
    )
    not_saved: Any = about("what could not be saved: such a run is `unknown` at best", default=None)
    variables: Mapping[str, Any] = about("the configuration as resolved, numbers as numbers")
    seed: Any = about("what every choice by chance follows from")
    values: Mapping[str, Any] = about("the merged values overlays of the mode")
    values_files: tuple[str, ...] = about("the files that they came from")
    expected_artifacts: tuple[str, ...] = about("the file names that `artifacts/` must hold")
    events: str | None = about("the file of the log of events; absent in runs of before there was one")
    versions: Mapping[str, Any] = about("the versions of this project, of packages and of tools, by name")
    kernel: str | None = about("the kernel's release")
    hostname: str | None = about("the machine that ran it")
    commit: str | None = about("the commit that was checked out, or `null`")
    dirty: bool | None = about("whether there were changes beyond the commit, or `null`")
    endpoints: Mapping[str, Any] = about(
        "where services are reached from outside, by name", default_factory=dict
    )
    timings: Mapping[str, Any] = about(
        "how long parts of the start took, in seconds, by name", default_factory=dict
    )
    cluster: Cluster | None = about("the cluster, or `null`", default=None)
    engine: ContainerEngine | None = about("the engine of its containers, or `null`", default=None)
    instances: tuple[InstanceRecord, ...] = about("the instances at the start", default=())
    states: Mapping[str, InstanceState] = about("their states at the end, by name", default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The names of the instances."""
        return {instance.name for instance in self.instances}

    @property
    def deployed(self) -> bool:
        """Whether the system ran before the session began, which then did not start it."""
        return any(place is not None and place.deployed for place in (self.cluster, self.engine))


def begun_data(session: Mapping[str, Any]) -> dict[str, Any]:
    """What the row `session_begun` says of session.json as it was written."""
    return {**{key: session.get(key) for key in BOUND_KEYS}, IDENTITY: identity_sha256(session)}


def identity_sha256(session: Mapping[str, Any]) -> str:
    """The hash of what a session.json states of the run's identity."""
    stated = {key: session.get(key) for key in _FIXED}
    canonical = json.dumps(stated, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
