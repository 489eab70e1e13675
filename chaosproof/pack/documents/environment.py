"""meta/: where a pack was made. Facts that help to make it again; of the environment's variables only those that name
a CI run, for anything else may be a secret.
"""

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.runfolder.provenance import git_commit, versions

__all__ = ["CI_VARIABLES", "environment", "environment_text", "packages"]

CI_VARIABLES = (
    "CI",
    "GITHUB_REPOSITORY",
    "GITHUB_REF",
    "GITHUB_SHA",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_WORKFLOW",
    "RUNNER_OS",
    "RUNNER_ARCH",
    "CI_PROJECT_PATH",
    "CI_COMMIT_SHA",
    "CI_PIPELINE_ID",
    "CI_JOB_ID",
)


def environment(variables: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Versions, machine and code of who makes the pack; `variables` are those of its process."""
    commit, dirty = git_commit(folder)
    return {
        "chaosproof": __version__,
        "python": sys.version.split()[0],
        "kernel": platform.release(),
        "machine": platform.machine(),
        "system": _distribution(),
        "processors": os.cpu_count(),
        "commit": commit,
        "dirty": dirty,
        "versions": versions(variables.get("PATH", "")),
        "ci": {name: variables[name] for name in CI_VARIABLES if name in variables},
    }


def environment_text(facts: Mapping[str, Any]) -> str:
    """meta/environment.json."""
    return json.dumps(facts, indent=2) + "\n"


def packages() -> str:
    """The installed Python packages as `NAME==VERSION`, one a line, sorted; from where is not said."""
    names = {
        f"{distribution.metadata['Name']}=={distribution.version}"
        for distribution in importlib.metadata.distributions()
        if distribution.metadata["Name"]
    }
    return "".join(f"{line}\n" for line in sorted(names, key=str.lower))


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
