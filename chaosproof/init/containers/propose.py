"""From a Compose project to what would be written for it: an experiment an edge, and what Compose does not say."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.init.containers.compose_addition import addition_text
from chaosproof.init.containers.project import Project, project_of
from chaosproof.init.proposal import SCHEMA, Proposal
from chaosproof.init.sizing import UNMEASURED, sizes_of
from chaosproof.init.survey import LeftOut
from chaosproof.init.write.edge_experiment import Setting, edge_experiment, experiment_name
from chaosproof.init.write.gate_file import gate_text
from chaosproof.targets.containers.compose.choose_cli import Run, find_any_compose
from chaosproof.targets.containers.compose.cli import read_config
from chaosproof.targets.containers.compose.project_files import files_of_folder, project_files
from chaosproof.targets.containers.compose.system import system_of_config
from chaosproof.targets.system.service_names import name_of_folder

__all__ = ["proposal_of_project", "propose_for_containers"]

_ADDITION = "compose.chaosproof.yaml"
_UNMEASURED = (
    "nothing was started, so nothing was measured: that the address is served, how many requests a second are too "
    "many, and how long an answer usually takes, the first run shows; then set rate_rps, timeout_s and "
    "latency_limit_ms by its report"
)


def propose_for_containers(
    here: Path,
    *,
    files: Sequence[str],
    calls: Sequence[str],
    url: str,
    kinds: Sequence[str],
    impossible: Mapping[str, str],
    folder: PurePosixPath,
    schema: str,
    choose_url: Callable[[Sequence[str]], str],
    run: Run,
    report: Callable[[str], None],
) -> Proposal:
    """What would be written to the folder `here`; its own Compose files where `files` name none. Nothing is started.

    Raises `UsageError` with what to say or change.
    """
    names = tuple(files) or files_of_folder(here)
    if not names:
        raise UsageError("There is no Compose file here; name it: --compose FILE.")
    absolute = project_files([str(here / name) for name in names], None, None, one_mode=True)
    cli = find_any_compose(run)
    report(f"reading {', '.join(names)} by {cli.name}")
    config = read_config(cli, absolute)
    system = system_of_config(config, str(config.get("name") or name_of_folder(Path(absolute[0]))), absolute)
    project = project_of(system, config, calls)
    for edge in project.edges:
        report(f"{edge.caller} calls {edge.service} on {edge.port}")
    if not project.edges:
        raise UsageError(
            "No variable and no command of a service names another one with its port, so there is no edge to put a "
            f"fault on. Say it: --calls CALLER=SERVICE:PORT, of {', '.join(p.name for p in project.programs)}."
        )
    checks = {service.name: service.healthcheck for service in system.services}
    tested = [name for name, check in checks.items() if check and check.kind != "tcp"]
    return proposal_of_project(
        project,
        names,
        url=url or choose_url(project.pages),
        kinds=kinds,
        impossible=impossible,
        folder=folder,
        schema=schema,
        tested=tested,
    )


def proposal_of_project(
    project: Project,
    compose: Sequence[str],
    *,
    url: str,
    kinds: Sequence[str],
    impossible: Mapping[str, str],
    folder: PurePosixPath,
    schema: str,
    tested: Sequence[str] = (),
) -> Proposal:
    """One experiment for each edge and each of `kinds`, but for those that are `impossible` here, by kind, and why.

    `compose` are the project's files as a person names them here; `tested` are the services with a health test.
    """
    sizes = sizes_of(UNMEASURED)
    addition = addition_text(_on_edges(project, url), tested)
    setting = Setting(
        url=url,
        system="",
        schema=f"./{SCHEMA}",
        two_modes=False,
        copies={program.name: program.replicas for program in project.programs},
        target="containers",
        compose=(*compose, *([str(folder / _ADDITION)] if addition else [])),
    )
    experiments: dict[str, dict[str, Any]] = {}
    left_out = list(project.left_out)
    for kind in kinds:
        for edge in project.edges:
            if kind in impossible:
                what = f"{edge.caller} calls {edge.service}:{edge.port}, by {kind}"
                left_out.append(LeftOut(what, impossible[kind]))
                continue
            name = experiment_name(edge, kind, project.edges)
            experiments[name] = edge_experiment(edge, kind, sizes, setting, name=name, others=project.edges)
    files = {
        folder / f"{name}.json": json.dumps(experiment, indent=2, ensure_ascii=False) + "\n"
        for name, experiment in experiments.items()
    }
    if addition:
        files[folder / _ADDITION] = addition
    if schema:
        files[folder / SCHEMA] = schema
    if experiments:
        files[folder / "gate.yaml"] = gate_text(experiments, two_modes=False)
    questions = {name: str(experiment["title"]) for name, experiment in experiments.items()}
    return Proposal(files, questions, tuple(left_out), (*project.notes, _UNMEASURED))


def _on_edges(project: Project, url: str) -> list[Any]:
    """The services that a drill asks whether they are ready: those on an edge, and where users come in."""
    names = {name for edge in project.edges for name in (edge.caller, edge.service)}
    return [p for p in project.programs if p.name in names or f"//{p.name}:" in url]
