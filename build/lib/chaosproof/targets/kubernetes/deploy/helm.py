"""Helm, by the command where it is on PATH, else by the library (extra `helm`), in a process of its own either way.

The library, too, gets a process of its own: it is a program in Go, with threads and signal handlers, which have no
place in the process that conducts an experiment.

Try: python -m chaosproof.targets.kubernetes.deploy.helm < request.json
"""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from chaosproof.errors import TargetError, UsageError

__all__ = ["Release", "call_helm", "helm_argv", "need_helm"]

_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Release:
    """What is installed where: a chart with its values, under a name, with labels that say whose it is."""

    name: str
    namespace: str
    chart: str = ""
    context: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def need_helm() -> None:
    """Raises `UsageError` where there is neither the command nor the library."""
    if not shutil.which("helm") and importlib.util.find_spec("helm_python") is None:
        raise UsageError(
            "To install a chart, Helm is needed: put the command helm on PATH (https://helm.sh), or install it as a "
            "library: .venv/bin/python -m pip install -e '.[helm]'"
        )


def helm_argv(what: str, release: Release, values: str) -> list[str]:
    """The `helm` command for it. Pure."""
    where = ["--namespace", release.namespace]
    where += ["--kube-context", release.context] if release.context else []
    if what == "uninstall":
        return ["helm", "uninstall", release.name, "--ignore-not-found", *where]
    labels = ",".join(f"{key}={value}" for key, value in release.labels.items())
    labelled = ["--labels", labels] if labels else []
    return [
        "helm",
        "upgrade",
        "--install",
        release.name,
        release.chart,
        "--values",
        values,
        *labelled,
        *where,
    ]


def call_helm(what: Literal["install", "uninstall"], release: Release) -> None:
    """Install or upgrade, or uninstall; returns when the cluster has taken it. Raises `TargetError` with Helm's words.

    To uninstall a release that is not there is no error.
    """
    with tempfile.TemporaryDirectory(prefix="chaosproof-helm-") as scratch:
        values = Path(scratch) / "values.json"
        values.write_text(json.dumps(release.values), encoding="utf-8")
        if shutil.which("helm"):
            argv, stdin = helm_argv(what, release, str(values)), ""
        else:
            argv = [sys.executable, "-m", "chaosproof.targets.kubernetes.deploy.helm"]
            stdin = json.dumps({"what": what, "release": asdict(release)})
        try:
            done = subprocess.run(
                argv, input=stdin, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
            )
        except subprocess.TimeoutExpired as error:
            raise TargetError(f"Helm did not {what} {release.name} within {_TIMEOUT_S:g} s.") from error
    if done.returncode != 0:
        printed = (done.stderr or done.stdout).strip().splitlines()
        why = printed[-1] if printed else "it said nothing"
        raise TargetError(f"Helm could not {what} {release.name} in {release.namespace}: {why}")


def main() -> int:
    """Do by the library what stdin asks for; an error is one line on stderr."""
    request = json.loads(sys.stdin.read())
    release = Release(**request["release"])
    import helm_python

    # The credentials are found as kubectl finds them: KUBECONFIG, ~/.kube/config, or the pod's own account.
    try:
        with helm_python.Config(namespace=release.namespace, kube_context=release.context) as helm:
            if request["what"] == "uninstall":
                helm.uninstall(release.name, ignore_not_found=True)
            elif any(release_known["name"] == release.name for release_known in helm.list(all_states=True)):
                helm.upgrade(release.chart, release.name, dict(release.values), labels=dict(release.labels))
            else:
                helm.install(release.chart, release.name, dict(release.values), labels=dict(release.labels))
    except helm_python.HelmError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
