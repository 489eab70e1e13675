"""The job that runs every experiment in CI, and is as red as the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from chaosproof.init.survey import LeftOut, Program

__all__ = ["Job", "job_files"]

_GITHUB = PurePosixPath(".github/workflows/chaos.yml")
_GITLAB = PurePosixPath(".gitlab-ci.yml")
# GitLab reads one file; where that is there, it is to include this one
_INCLUDED = PurePosixPath("experiments/gitlab-ci.yml")
_ASKED_FOLDER = PurePosixPath("experiments")


@dataclass(frozen=True)
class Job:
    """The files of the job, what a person should know of it, or why there is none."""

    files: Mapping[PurePosixPath, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def job_files(
    ci: str | None, here: Path, folder: PurePosixPath, programs: Sequence[Program], version: str
) -> Job:
    """The job for `ci` (`github`, `gitlab`, `none`, or by what is in `here`) over the gate file in `folder`."""
    if ci == "none":
        return Job()
    if folder != _ASKED_FOLDER:
        why = f"chaosproof all asks {_ASKED_FOLDER}/gate.yaml, and the files go to {folder}"
        return Job(left_out=(LeftOut("the job for CI", why),))
    has_gitlab = (here / _GITLAB).exists()
    if (ci or ("gitlab" if has_gitlab and not (here / ".github").exists() else "github")) == "github":
        return Job({_GITHUB: _text("github", programs, version)})
    note = f"add to {_GITLAB}:  include: [{{local: {_INCLUDED}}}]"
    return Job(
        {(_INCLUDED if has_gitlab else _GITLAB): _text("gitlab", programs, version)},
        (note,) if has_gitlab else (),
    )


def _text(ci: str, programs: Sequence[Program], version: str) -> str:
    template = Path(__file__).with_name(f"{ci}_job.yaml").read_text(encoding="utf-8")
    names = ", ".join(dict.fromkeys(program.command[0] for program in programs))
    return template.replace("$version", version).replace("$programs", names)
