"""What is installed is what the requirements ask for, and every file of it has its hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from tests.support.chaos import REPOSITORY

_LISTS = {
    "run": ("requirements.txt", "setup/installer.txt"),
    "helm": ("requirements.txt", "setup/installer.txt", "setup/helm.txt"),
    "dev": ("requirements.txt", "requirements-dev.txt", "setup/installer.txt"),
    "uv": ("setup/uv.txt",),
}
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def _project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def _asked(file):
    """The requirements of a file, with those of this project and its extras where the file names them."""
    for line in Path(REPOSITORY / file).read_text().splitlines():
        extras = re.fullmatch(r"-e \.\[(.*)\]", line)
        if extras:
            project = _project()["project"]
            yield from map(Requirement, project.get("dependencies", []))
            for extra in extras[1].split(","):
                yield from map(Requirement, project["optional-dependencies"][extra])
        elif line and line[0] not in "#-":
            yield Requirement(line)


def _locked(name):
    """Name -> the requirements of the list, and the number of their hashes."""
    entries = {}
    text = (REPOSITORY / f"setup/{name}.lock").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line and line[0] not in "# ":
            entry, *hashes = re.split(r"\s+--hash=sha256:", line)
            requirement = Requirement(entry.strip())
            entries.setdefault(_normal(requirement.name), []).append((requirement, len(hashes)))
    return entries


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _holds(marker: Marker | None, python: str) -> bool:
    machine = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    return marker is None or marker.evaluate({**machine, "extra": ""})


@pytest.mark.parametrize("name", _LISTS)
def test_what_is_locked_is_what_is_asked_for(name):
    """On every Python: the version that a requirement pins, or one that it takes. After a change: setup/lock."""
    locked = _locked(name)
    asked = [requirement for file in _LISTS[name] for requirement in _asked(file)]
    assert asked
    for requirement in asked:
        for python in _PYTHONS:
            entries = [
                entry
                for entry, _ in locked.get(_normal(requirement.name), [])
                if _holds(entry.marker, python)
            ]
            if _holds(requirement.marker, python) and requirement.name != "chaosproof":
                assert len(entries) == 1, f"{requirement} on {python}: {entries}; run setup/lock"
                (pin,) = entries[0].specifier
                assert requirement.specifier.contains(pin.version, prereleases=True), f"{requirement}: {pin}"


@pytest.mark.parametrize("name", _LISTS)
def test_every_locked_file_has_its_hash(name):
    """One version each, and at least one file of it."""
    for entries in _locked(name).values():
        for requirement, hashes in entries:
            assert [pin.operator for pin in requirement.specifier] == ["=="], requirement
            assert hashes >= 1, requirement


def test_the_tests_run_with_the_versions_that_users_get():
    """What the list of the tests adds, changes nothing of the others."""
    users, tests = _locked("run"), _locked("dev")
    for name, entries in users.items():
        versions = [[str(entry.specifier) for entry, _ in listed] for listed in (entries, tests[name])]
        assert versions[0] == versions[1], name


def test_what_builds_this_project_is_locked_too():
    """It is installed without a build environment of its own, which nothing would hold to hashes."""
    locked = _locked("run")
    for text in _project()["build-system"]["requires"]:
        requirement = Requirement(text)
        ((entry, _),) = locked[_normal(requirement.name)]
        (pin,) = entry.specifier
        assert requirement.specifier.contains(pin.version)
