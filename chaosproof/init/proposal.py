"""What `chaosproof init` would write: every file as a text, the question of each experiment, and what is left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from chaosproof.errors import UsageError
from chaosproof.init.sizing import sizes_of
from chaosproof.init.survey import LeftOut, Program, Switch
from chaosproof.init.tryout import Trial
from chaosproof.init.write.ci_job import Job
from chaosproof.init.write.edge_experiment import Setting, edge_experiment, experiment_name
from chaosproof.init.write.gate_file import gate_text
from chaosproof.init.write.lab_file import overlays, system_text, unwritten_secrets

__all__ = ["SCHEMA", "Proposal", "proposal_of", "read_switch", "system_file_in"]

# what is there is there on most machines
_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/sbin/", "/opt/")
SCHEMA = PurePosixPath("schema/experiment.schema.json")
"""Of the folder of experiments; they name it, so that an editor knows their words."""


@dataclass(frozen=True)
class Proposal:
    """`files` by their paths from the folder that init is run in; `questions` by the names of the experiments."""

    files: Mapping[PurePosixPath, str]
    questions: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    def with_job(self, job: Job) -> "Proposal":
        """The same with the job that runs the experiments in CI; where there are none, without."""
        if not self.questions:
            return self
        return Proposal(
            {**self.files, **job.files},
            self.questions,
            (*self.left_out, *job.left_out),
            (*self.notes, *job.notes),
        )


def proposal_of(
    trial: Trial,
    *,
    name: str,
    folder: PurePosixPath,
    kinds: Sequence[str],
    impossible: Mapping[str, str],
    switches: Sequence[Switch] = (),
    schema: str = "",
    left_out: Sequence[LeftOut] = (),
    here: str = "",
) -> Proposal:
    """One experiment for each edge and each of `kinds`, but for those that are `impossible` here, by kind, and why.

    `name` is that of the system, `folder` where all files go, `schema` the text of the experiments' JSON schema,
    `left_out` what was left out before, `here` the folder that the programs are in.

    Raises `UsageError` where no service calls another: there is no question then.
    """
    if not trial.edges:
        raise UsageError(
            "No service was seen to call another, so there is no edge to put a fault on. Let --url name a page for "
            "which one has to be called, or say it yourself: --calls CALLER=SERVICE:PORT."
        )
    system = system_file_in(folder)
    setting = Setting(
        url=trial.url,
        system=str(system),
        schema=f"./{SCHEMA}",
        two_modes=bool(switches),
        copies={program.name: program.replicas for program in trial.programs},
        printing=trial.printing,
    )
    sizes = sizes_of(trial.measured)
    experiments = {}
    out = [*left_out]
    for kind in kinds:
        for edge in trial.edges:
            if kind in impossible:
                what = f"{edge.caller} calls {edge.service}:{edge.port}, by {kind}"
                out.append(LeftOut(what, impossible[kind]))
                continue
            own = experiment_name(edge, kind, trial.edges)
            experiments[own] = edge_experiment(edge, kind, sizes, setting, name=own, others=trial.edges)
    files = {system: system_text(name, trial.programs, switches, file=system)}
    files |= {folder / "values" / file: text for file, text in overlays(switches).items()}
    files |= {
        folder / f"{own}.json": json.dumps(experiment, indent=2, ensure_ascii=False) + "\n"
        for own, experiment in experiments.items()
    }
    if schema:
        files[folder / SCHEMA] = schema
    if experiments:
        files[folder / "gate.yaml"] = gate_text(experiments, two_modes=bool(switches))
    return Proposal(
        files,
        {own: str(experiment["title"]) for own, experiment in experiments.items()},
        tuple(out),
        (*trial.notes, *_notes(trial.programs, here)),
    )


def system_file_in(folder: PurePosixPath) -> PurePosixPath:
    """Where the system file goes."""
    return folder / "system.yaml"


def read_switch(text: str, names: Sequence[str]) -> Switch:
    """The switch of `SERVICE.VARIABLE=BASELINE,RESILIENT`; `UsageError` for another form."""
    variable, equals, values = text.partition("=")
    service, dot, name = variable.partition(".")
    baseline, comma, resilient = values.partition(",")
    if not (equals and dot and name and comma) or baseline == resilient:
        raise UsageError(
            "--switch takes SERVICE.VARIABLE=BASELINE,RESILIENT, the values without the protection and with it, such "
            f"as --switch shop.SHIELD=off,on, not {text!r}."
        )
    if service not in names:
        raise UsageError(f"--switch {text}: there is no service {service!r}; there are {', '.join(names)}.")
    return Switch(service, name, baseline, resilient)


def _notes(programs: Sequence[Program], here: str) -> Iterator[str]:
    if secrets := unwritten_secrets(programs):
        yield (
            f"not written down, since it may be a secret: {', '.join(secrets)}; it comes from the environment of "
            "whoever runs the lab"
        )
    for program in programs:
        texts = (*program.command, *program.environment.values())
        places = (program.working_dir, program.command[0])
        is_here = here and any(here in text for text in texts)
        if is_here or any(
            place.startswith("/") and not place.startswith(_SYSTEM_FOLDERS) for place in places
        ):
            yield (
                f"{program.name} names a folder of this machine, which is another in CI: write a path relative to "
                "this folder, where the program takes one"
            )
