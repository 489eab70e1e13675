"""The session of one run: its folder, its settings and its target.

`begin` makes it before the experiment; activities and probes find it again through Chaos Toolkit's
configuration (`Session.of`); `chaosproof.runner.finish` closes it.
"""

import platform
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.experiment.experiment import Experiment, checked_experiment
from chaosproof.experiment.modes import overlays_of
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import PROTECTED_PORTS, Limits
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.events import EVENTS, fault_listener, record_event
from chaosproof.runfolder.faults import FaultLedger
from chaosproof.runfolder.paths import (
    EXPERIMENT,
    FAULTS,
    READINESS,
    SESSION,
    new_run_folder,
    write_json,
    write_text,
)
from chaosproof.runfolder.provenance import (
    experiment_file,
    experiment_sha256,
    experiment_text,
    git_commit,
    versions,
)
from chaosproof.runner.overrides import place_variables, variables_there
from chaosproof.runner.settings import DEFAULT_CEILING_S, count, flag, number, port, read_settings
from chaosproof.targets import Target
from chaosproof.targets.base import Running
from chaosproof.targets.host_command import command_path
from chaosproof.targets.registry import launcher_of, open_running, target_names
from chaosproof.targets.system.system_file import system_to_run

__all__ = ["Session", "begin"]

# The key under which the session travels in Chaos Toolkit's configuration, which every activity gets.
_KEY = "chaosproof_session"


@dataclass(frozen=True)
class Session:
    """Where this run writes, the system that it acts on, and those who know this run's faults.

    `run_dir` is None outside of a run. `lab` is the lab's name, or the cluster's namespace; `take_down` ends the
    system, where this run started it.
    """

    run_dir: Path | None
    target: Target
    lab: str
    faults: FaultEngine
    processes: ProcessFaults
    take_down: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, configuration: Mapping[str, Any] | None) -> "Session":
        """The session of the run whose configuration this is; without one, the only lab that is up.

        Raises `TargetError` when there is neither.
        """
        known = configuration or {}
        session = known.get(_KEY)
        if isinstance(session, Session):
            return session
        running = open_running(known)
        target, lab = running.target, running.name
        limits = _limits(known)
        return cls(
            None, target, lab, FaultEngine(target, limits=limits), ProcessFaults(target, limits=limits)
        )

    @classmethod
    def has_begun(cls, configuration: Mapping[str, Any] | None) -> bool:
        """Whether a run with a folder of its own was begun with this configuration."""
        return _KEY in (configuration or {})

    @property
    def folder(self) -> Path:
        """The run folder; `ChaosproofError` when this is not a run."""
        if self.run_dir is None:
            raise ChaosproofError(
                "There is no run folder: the experiment has no session "
                '(add {"name": "session", "provider": {"type": "python", "module": "controls.session"}} '
                "to its controls)."
            )
        return self.run_dir


def begin(content: Mapping[str, Any], configuration: MutableMapping[str, Any]) -> Session:
    """Check everything, make the run folder, bring the target up, and put the session into `configuration`.

    Raises `ChaosproofError` with a sentence; then no lab is left, and a run folder only when it tells
    something.
    """
    experiment = checked_experiment(content, target_names())
    settings = read_settings(_where(experiment, configuration), target_names())
    name = experiment.name
    overlays = overlays_of(content, settings.mode, experiment.scenario)
    system = system_to_run(settings.variables, *overlays)
    now = time.time()
    journals = Path(str(configuration.get("journals", "journals"))).resolve()
    run_dir = new_run_folder(journals, name, settings.mode, now)
    record: dict[str, Any] = {
        "schema_version": 1,
        "experiment": name,
        "title": experiment.title,
        "experiment_file": experiment_file(content, sys.argv[1:]),
        "experiment_sha256": experiment_sha256(content),
        "mode": settings.mode,
        "target": settings.target,
        "lab": None,
        "started_at": now,
        "ready_at": None,
        "ended_at": None,
        "complete": False,
        "interrupted": None,
        "variables": dict(settings.variables),
        "seed": settings.variables.get("seed"),
        "values": dict(system.values),
        "values_files": list(system.values_files),
        "expected_artifacts": list(experiment.artifacts),
        "events": EVENTS,
        **_surroundings(),
    }
    write_json(run_dir / SESSION, record)
    record_event(
        run_dir,
        "session_begun",
        {
            key: record[key]
            for key in ("experiment", "mode", "target", "started_at", "experiment_sha256", "seed")
        },
    )
    # the file as its author wrote it, so that a claim can be shown at its line
    text = experiment_text(content, record["experiment_file"])
    if text is not None:
        write_text(run_dir / EXPERIMENT, text)
    try:
        running = launcher_of(settings.target).launch(
            system,
            settings.variables,
            name=f"{name}-{settings.mode}-{secrets.token_hex(3)}",
            events_file=run_dir / READINESS,
        )
    except ChaosproofError as error:
        write_json(run_dir / SESSION, {**record, "ended_at": time.time(), "interrupted": str(error)})
        record_event(run_dir, "target_failed", {"error": str(error)})
        raise
    try:
        target = running.target
        ledger = FaultLedger(run_dir / FAULTS, listener=fault_listener(run_dir))
        limits = _limits(settings.variables)
        engine = FaultEngine(target, ledger, limits, backend=settings.variables.get("backend") or None)
        processes = ProcessFaults(target, ledger, limits)
        session = Session(run_dir, target, running.name, engine, processes, running.take_down)
        _prepare(engine, target)
        started = _started(running)
        write_json(run_dir / SESSION, {**record, **started})
        record_event(
            run_dir,
            "target_ready",
            {"lab": running.name, "instances": [one["name"] for one in started["instances"]]},
        )
    except BaseException:
        running.take_down()
        raise
    configuration.update(settings.variables)
    configuration[_KEY] = session
    if "prometheus" in running.endpoints:
        configuration["prometheus_base_url"] = running.endpoints["prometheus"]
    return session


def _where(experiment: Experiment, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration, with what depends on where it runs."""
    arguments = sys.argv[1:]
    there = variables_there(experiment.on, str(configuration.get("target", "local")), arguments)
    return {**place_variables(arguments), **configuration, **there}


def _limits(variables: Mapping[str, Any]) -> Limits:
    instances_max = variables.get("instances_max")
    return Limits(
        ceiling_s=number("ceiling_s", variables.get("ceiling_s", DEFAULT_CEILING_S)),
        instances_max=count("instances_max", instances_max) if instances_max else None,
        allow_all=flag("allow_all", variables.get("allow_all", False)),
        protected_ports=PROTECTED_PORTS
        | {port("protected_ports", one) for one in variables.get("protected_ports", ())},
    )


def _prepare(engine: FaultEngine, target: Target) -> None:
    """What is static on every instance, at one time: a command costs a tenth of a second in a cluster."""
    names = [instance.name for instance in target.instances()]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(engine.prepare, names))


def _started(running: Running) -> dict[str, Any]:
    return {
        "lab": running.name,
        "ready_at": time.time(),
        "endpoints": dict(running.endpoints),
        "timings": dict(running.timings),
        "cluster": dict(running.facts) or None,
        "instances": [
            {key: value for key, value in asdict(instance).items() if key in ("name", "service", "address")}
            for instance in running.target.instances()
        ],
    }


def _surroundings() -> dict[str, Any]:
    commit, dirty = git_commit(Path.cwd())
    return {
        "versions": versions(command_path()),
        "kernel": platform.release(),
        "hostname": socket.gethostname(),
        "commit": commit,
        "dirty": dirty,
    }
