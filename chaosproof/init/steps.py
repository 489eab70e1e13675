"""The steps of `chaosproof init`, from what a person said to what would be written: gather, try, propose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from chaosproof import __version__
from chaosproof.faults.doctor import capabilities, findings
from chaosproof.init.gather import gather
from chaosproof.init.proposal import Proposal, proposal_of, read_switch, system_file_in
from chaosproof.init.tryout import Trial, try_out
from chaosproof.init.write.ci_job import job_files
from chaosproof.init.write.to_disk import refuse_to_overwrite
from chaosproof.targets.host_command import run_to_end
from chaosproof.targets.system.service_names import name_of_folder

__all__ = ["Answers", "Wishes", "impossible_kinds", "propose"]


@dataclass(frozen=True)
class Wishes:
    """What a person said: see the options of `chaosproof init`. `overwrite`: files that are there do not matter."""

    services: tuple[str, ...]
    processes: tuple[str, ...]
    calls: tuple[str, ...]
    url: str
    switches: tuple[str, ...]
    kinds: tuple[str, ...]
    copies: int
    measure_s: float
    folder: PurePosixPath
    ci: str | None
    overwrite: bool


class Answers(Protocol):
    """What may be asked on the way; without a terminal each answers by itself."""

    def switches(self, names: Sequence[str]) -> Sequence[str]:
        """`SERVICE.VARIABLE=BASELINE,RESILIENT`, of these services."""

    def url(self, pages: Sequence[str]) -> str:
        """Where users come in, of these; `UsageError` where that is not known."""


def propose(
    wishes: Wishes, here: Path, answers: Answers, *, schema: str, report: Callable[[str], None]
) -> tuple[Proposal, Trial]:
    """What would be written to the folder `here`, and the try that it follows from; `schema` is that of experiments.

    Raises `UsageError` with what to say or change, `TargetError` where a lab cannot be had.
    """
    survey = gather(
        here, services=wishes.services, processes=wishes.processes, calls=wishes.calls, run=run_to_end
    )
    names = [program.name for program in survey.programs]
    switches = [read_switch(text, names) for text in wishes.switches or answers.switches(names)]
    if not wishes.overwrite:
        refuse_to_overwrite([system_file_in(wishes.folder), wishes.folder / "gate.yaml"], here)
    for program in survey.programs:
        report(f"{program.name} ({program.source}): {' '.join(program.command)}")
    trial = try_out(
        survey,
        here,
        url=wishes.url,
        copies=wishes.copies,
        measure_s=wishes.measure_s,
        choose_url=answers.url,
        report=lambda step: report(f"... {step}"),
    )
    proposal = proposal_of(
        trial,
        name=name_of_folder(here / "system.yaml"),
        folder=wishes.folder,
        kinds=wishes.kinds,
        impossible=impossible_kinds(wishes.kinds),
        switches=switches,
        schema=schema,
        left_out=survey.left_out,
        here=str(here),
    )
    return proposal.with_job(job_files(wishes.ci, here, wishes.folder, trial.programs, __version__)), trial


def impossible_kinds(kinds: Sequence[str]) -> Mapping[str, str]:
    """Of `kinds` those that this kernel cannot do, and why, as doctor says it."""
    rows = findings(capabilities(run_to_end))
    return {row.kind: row.why for row in rows if row.kind in kinds and row.backend is None}
