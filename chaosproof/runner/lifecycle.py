"""The begin of a run: everything checked, the run folder made, the target up, and what is static prepared on it."""

import platform
import secrets
import socket
import time
from collections import ChainMap
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.cannot_miss import claims_that_cannot_miss
from chaosproof.experiment.experiment import Experiment, checked_experiment
from chaosproof.experiment.modes import overlays_of
from chaosproof.experiment.text import read_experiment_file
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.foreign import ForeignWatch
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.events import EVENTS, FOREIGN_ENTRY, fault_listener, record_event
from chaosproof.runfolder.faults import FaultLedger, FaultRecord
from chaosproof.runfolder.paths import (
    EXPERIMENT,
    EXPERIMENT_YAML,
    new_run_folder,
    read_json,
    write_json,
    write_whole,
)
from chaosproof.runfolder.provenance import (
    experiment_file,
    experiment_sha256,
    experiment_text,
    git_commit,
    versions,
)
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.session import Cluster, ContainerEngine, InstanceRecord, SessionRecord, begun_data
from chaosproof.runner.endpoints import endpoint_mistakes, endpoint_variables
from chaosproof.runner.fault_words import fault_word_mistakes
from chaosproof.runner.load.words import filled_load
from chaosproof.runner.overrides import place_variables, variables_there
from chaosproof.runner.secrecy import secrecy_of, without_secrets
from chaosproof.runner.session import Session, limits_of
from chaosproof.runner.settings import Settings, read_settings
from chaosproof.targets.base import Running
from chaosproof.targets.host_command import command_path
from chaosproof.targets.registry import DEFAULT_TARGET, launcher_of, target_names
from chaosproof.targets.system.chosen_system import system_to_run
from chaosproof.targets.system.definition import System

__all__ = ["begin"]


def begin(
    content: Mapping[str, Any],
    configuration: Mapping[str, Any],
    arguments: Sequence[str] = (),
    secrets_by_group: Mapping[str, Mapping[str, Any]] | None = None,
) -> Session:
    """Check everything, make the run folder, bring the target up; returns the session.

    `content` is the experiment's file, `configuration` its variables as resolved, `arguments` the command line,
    `secrets_by_group` the toolkit's secrets. Raises `ChaosproofError` with a sentence; then no lab is left, and a run
    folder only when it has something to tell.
    """
    if file := experiment_file(content, arguments):
        # the toolkit has read it, and does not know of a key that was written twice
        read_experiment_file(Path(file))
    experiment = checked_experiment(content, target_names())
    there = variables_there(experiment.on, str(configuration.get("target", DEFAULT_TARGET)), arguments)
    variables = {**place_variables(arguments), **configuration, **there}
    settings = read_settings(variables, target_names())
    load = filled_load(
        experiment.load, ChainMap(dict(settings.variables), *map(dict, (secrets_by_group or {}).values()))
    )
    _refuse_claims_that_cannot_miss(experiment, settings)
    overlays = overlays_of(content, settings.mode, experiment.scenario)
    system = system_to_run(settings.variables, *overlays, one_mode=len(experiment.modes) == 1)
    faults = fault_word_mistakes(content, settings.variables)
    if mistakes := [*endpoint_mistakes(content, system, settings.target), *faults]:
        raise UsageError(f"{'; '.join(mistakes)}{'' if mistakes[-1].endswith('?') else '.'}")
    now = time.time()
    journals = Path(str(configuration.get("journals", "journals"))).resolve()
    run_dir = new_run_folder(journals, experiment.name, settings.mode, now)
    secrecy = secrecy_of(content, settings.variables, secrets_by_group or {}, system)
    record = without_secrets(_record(experiment, settings, system, now, content, arguments), secrecy)
    _write(run_dir, record)
    record_event(run_dir, "session_begun", begun_data(read_json(run_dir / SessionRecord.FILE)))
    # the file as its author wrote it, so that a claim can be shown at its line
    text = experiment_text(content, record.experiment_file)
    if text is not None:
        is_json = str(record.experiment_file).endswith(".json")
        write_whole(run_dir / (EXPERIMENT if is_json else EXPERIMENT_YAML), text)
    try:
        running = launcher_of(settings.target).launch(
            system,
            settings.variables,
            name=f"{experiment.name}-{settings.mode}-{secrets.token_hex(3)}",
            events_file=run_dir / ReadinessRow.FILE,
        )
    except ChaosproofError as error:
        _write(run_dir, replace(record, ended_at=time.time(), interrupted=str(error)))
        record_event(run_dir, "target_failed", {"error": str(error)})
        raise
    try:
        session = _session(run_dir, running, settings.variables)
        _prepare(session)
        session = replace(
            session,
            record=_started(record, running),
            load=load,
            secrets=secrecy.texts,
            variables={**settings.variables, **endpoint_variables(system, running.endpoints)},
        )
        assert session.record is not None
        _write(run_dir, session.record)
        names = [instance.name for instance in session.record.instances]
        record_event(run_dir, "target_ready", {"lab": running.name, "instances": names})
    except BaseException:
        running.take_down()
        raise
    return session


def _refuse_claims_that_cannot_miss(experiment: Experiment, settings: Settings) -> None:
    """A bound may be a variable, and the command line may have loosened it."""
    claims = (*experiment.checks, *experiment.compare)
    if vacuous := list(claims_that_cannot_miss(claims, settings.variables)):
        raise UsageError(f"{'; '.join(vacuous)}.")


def _record(
    experiment: Experiment,
    settings: Settings,
    system: System,
    now: float,
    content: Mapping[str, Any],
    arguments: Sequence[str],
) -> SessionRecord:
    """session.json as it is before the target is started."""
    commit, dirty = git_commit(Path.cwd())
    return SessionRecord(
        experiment=experiment.name,
        title=experiment.title,
        experiment_file=experiment_file(content, arguments),
        experiment_sha256=experiment_sha256(content),
        mode=settings.mode,
        target=settings.target,
        started_at=now,
        variables=dict(settings.variables),
        seed=settings.variables.get("seed"),
        values=dict(system.values),
        values_files=tuple(system.values_files),
        expected_artifacts=experiment.artifacts,
        events=EVENTS,
        versions=versions(command_path()),
        kernel=platform.release(),
        hostname=socket.gethostname(),
        commit=commit,
        dirty=dirty,
    )


def _session(run_dir: Path, running: Running, variables: Mapping[str, Any]) -> Session:
    target, limits = running.target, limits_of(variables)
    ledger = FaultLedger(run_dir / FaultRecord.FILE, listener=fault_listener(run_dir))
    foreign = ForeignWatch(target, lambda entry: record_event(run_dir, FOREIGN_ENTRY, entry.to_json()))
    engine = FaultEngine(target, ledger, limits, backend=variables.get("backend") or None, foreign=foreign)
    processes = ProcessFaults(target, ledger, limits, foreign=foreign)
    return Session(
        run_dir, target, running.name, engine, processes, running.take_down, running.is_up, foreign=foreign
    )


def _prepare(session: Session) -> None:
    """What is static on every instance, at one time: a command costs a tenth of a second in a cluster."""
    names = [instance.name for instance in session.target.instances()]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(session.faults.prepare, names))
    if session.foreign:
        session.foreign.look_at_all("as the run began")


def _started(record: SessionRecord, running: Running) -> SessionRecord:
    return replace(
        record,
        lab=running.name,
        ready_at=time.time(),
        endpoints=dict(running.endpoints),
        timings=dict(running.timings),
        cluster=Cluster(**running.facts["cluster"]) if "cluster" in running.facts else None,
        engine=ContainerEngine(**running.facts["engine"]) if "engine" in running.facts else None,
        instances=tuple(
            InstanceRecord(name=instance.name, service=instance.service, address=instance.address)
            for instance in running.target.instances()
        ),
    )


def _write(run_dir: Path, record: SessionRecord) -> None:
    write_json(run_dir / SessionRecord.FILE, record.to_json())
