"""Where a run comes from: versions, commit, kernel, and the experiment's own file. Read only, and never
fatal.
"""

import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.experiment.text import SUFFIXES, parse_experiment
from chaosproof.json_access import text as text_of

__all__ = [
    "experiment_file",
    "experiment_sha256",
    "experiment_text",
    "git_commit",
    "means_the_same",
    "versions",
]

_PACKAGES = ("chaostoolkit", "chaostoolkit-lib", "chaostoolkit-prometheus", "grpcio")
_TOOLS = {
    "nft": "--version",
    "ip": "-V",
    "iptables": "--version",
    "prometheus": "--version",
    "unshare": "--version",
}


def versions(path: str) -> dict[str, str]:
    """The versions of what took part: this project, Python, packages, and the tools on `path`."""
    versions_by_name = {"chaosproof": __version__, "python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            versions_by_name[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    for tool, flag in _TOOLS.items():
        if version := re.search(r"\d+(\.\d+)+", _output([tool, flag], path=path)):
            versions_by_name[tool] = version.group()
    return versions_by_name


def git_commit(folder: Path) -> tuple[str | None, bool | None]:
    """The commit that `folder` has checked out, and whether it has changes; `None` twice outside of git."""
    commit = _output(["git", "-C", str(folder), "rev-parse", "HEAD"]).strip()
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return None, None
    return commit, bool(_output(["git", "-C", str(folder), "status", "--porcelain"]).strip())


def experiment_sha256(experiment: Mapping[str, Any]) -> str:
    """The hash of an experiment's meaning: canonical JSON, so that white space does not matter.

    `dry` is left out: Chaos Toolkit adds it to the experiment it was given.
    """
    meant = {key: value for key, value in experiment.items() if key != "dry"}
    canonical = json.dumps(_with_text_keys(meant), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def means_the_same(written: Mapping[str, Any], experiment: Mapping[str, Any]) -> bool:
    """Whether what is `written` in a file is the `experiment` that Chaos Toolkit ran, which has filled in its title."""
    if "${" in text_of(written.get("title")):
        written = {**written, "title": experiment.get("title")}
    return experiment_sha256(written) == experiment_sha256(experiment)


def experiment_file(experiment: Mapping[str, Any], arguments: Sequence[str]) -> str | None:
    """Which of the command's `arguments` is the experiment's file; Chaos Toolkit does not say."""
    for argument in arguments:
        path = Path(argument)
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        try:
            content = parse_experiment(path.read_text(encoding="utf-8"), path.suffix)
        except (OSError, ValueError):
            continue
        if content.get("title") == experiment.get("title") or means_the_same(content, experiment):
            return argument
    return None


def experiment_text(experiment: Mapping[str, Any], file: str | None) -> str | None:
    """The text of `file`, if it means what `experiment` means; None when it is not to be had."""
    if file is None:
        return None
    try:
        text = Path(file).read_text(encoding="utf-8")
        content = parse_experiment(text, Path(file).suffix)
    except (OSError, ValueError):
        return None
    return text if means_the_same(content, experiment) else None


def _with_text_keys(value: Any) -> Any:
    """The value with every key as text: YAML takes `on` and `8080` for others, which JSON cannot put in order."""
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text_keys(item) for item in value]
    return value


def _output(argv: list[str], *, path: str | None = None) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=5, check=False, env={"PATH": path} if path else None
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout or done.stderr
