"""Helm, asked once for all cases; a few seconds for the whole session."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.cases import run_cases, version_cases

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What Helm made of one case: its files as text, and every object in them."""

    files: dict[str, str]
    lint: list[str]

    @property
    def objects(self) -> list[Manifest]:
        texts = [text for name, text in self.files.items() if name.endswith(".yaml")]
        # The loader in C: the one in Python takes most of a minute for all cases.
        return [found for text in texts for found in yaml.load_all(text, yaml.CSafeLoader) if found]

    def of(self, kind: str) -> dict[str, Manifest]:
        return {one["metadata"]["name"]: one for one in self.objects if one["kind"] == kind}

    def pods(self) -> dict[str, Manifest]:
        """The specification of every pod that comes of it, by the name of what makes it."""
        found = {name: one["spec"]["template"]["spec"] for name, one in self.of("StatefulSet").items()}
        found |= {name: one["spec"] for name, one in self.of("Pod").items()}
        for name, one in self.of("CronJob").items():
            found[name] = one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        return found

    def containers(self) -> dict[str, Manifest]:
        """Every container, as `pod/container`."""
        return {
            f"{pod}/{container['name']}": container
            for pod, spec in self.pods().items()
            for container in [*spec.get("initContainers", []), *spec["containers"]]
        }


def ask_helm(cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chart.helm"],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="session")
def rendered() -> dict[str, Rendered]:
    """All cases that have to render, by name."""
    answers = ask_helm({"plain": {}, **run_cases(), **version_cases()})
    refused = {name: one["refused"] for name, one in answers.items() if "refused" in one}
    assert not refused, refused
    return {name: Rendered(one["files"], one["lint"]) for name, one in answers.items()}


@pytest.fixture(scope="session")
def all_of_it(rendered: dict[str, Rendered]) -> Rendered:
    """Everything that the chart has, as of the newest Kubernetes."""
    return rendered[list(version_cases())[-1]]


@pytest.fixture(scope="session")
def helm() -> Callable[[dict[str, dict[str, Any]]], dict[str, Any]]:
    return ask_helm
