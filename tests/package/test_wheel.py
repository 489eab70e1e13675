"""What `pip install chaosproof` brings: everything that it needs, and nothing at the top level but itself."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.chaos import REPOSITORY

SIZE_MAX = 2_000_000


def project() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def test_those_who_look_at_wheels_have_nothing_to_say(distributions: Path, wheel: Path):
    files = list(map(str, distributions.iterdir()))
    assert len(files) == 2
    for argv in (["-m", "twine", "check", "--strict", *files], ["-m", "check_wheel_contents", str(wheel)]):
        done = subprocess.run(
            [sys.executable, *argv], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_at_the_top_level_but_chaosproof(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "chaosproof",
        f"chaosproof-{project()['version']}.dist-info",
    }
    assert len(names) == len(set(names))
    assert wheel.stat().st_size < SIZE_MAX


def test_it_has_every_file_of_the_package_that_the_repository_has(installed: Path):
    listed = subprocess.run(
        ["git", "ls-files", "chaosproof", "charts", "experiments"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    wanted = {path for path in listed if path.startswith("chaosproof/") and (REPOSITORY / path).is_file()}
    wanted |= {f"chaosproof/demo/{path}" for path in listed if not path.startswith("chaosproof/")}
    wanted.remove("chaosproof/toolkit/command/top_level.txt")  # it is beside the metadata there
    assert len(wanted) > 400
    assert {path for path in wanted if not (installed / path).is_file()} == set()


def test_its_dependencies_are_those_of_the_project_and_its_commands_are_there(installed: Path):
    (info,) = installed.glob("*.dist-info")
    metadata = Parser().parsestr((info / "METADATA").read_text())
    stated = {Requirement(line).name for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert stated == {Requirement(line).name for line in project()["dependencies"]}
    assert {"demo", "helm", "kubernetes"} <= set(metadata.get_all("Provides-Extra"))
    assert "chaosproof = chaosproof.cli.main:main" in (info / "entry_points.txt").read_text()


def test_every_dependency_is_pinned_in_what_is_tried():
    """requirements.txt has a version of each, within the bounds that the package states."""
    pins = {}
    for line in (REPOSITORY / "requirements.txt").read_text().splitlines():
        if match := re.match(r"([\w.-]+)==([\w.]+)", line):
            pins.setdefault(match[1].lower(), []).append(match[2])
    extras = [line for name in ("demo", "kubernetes") for line in project()["optional-dependencies"][name]]
    for line in (*project()["dependencies"], *extras):
        requirement = Requirement(line)
        assert pins.get(requirement.name.lower()), f"{requirement.name} is not pinned in requirements.txt"
        assert all(requirement.specifier.contains(pin) for pin in pins[requirement.name.lower()]), line


def test_in_an_empty_folder_it_knows_its_drills_and_its_gate(environment: dict[str, str], tmp_path: Path):
    def chaosproof(*arguments: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-m", "chaosproof.cli.main", *arguments]
        return subprocess.run(
            argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = chaosproof("drill", "s99")
    assert done.returncode == 64
    assert "experiments here: r1, r2, r3, r4, r5, r6, s1, s2, s3, s4, s4-idle" in done.stderr
    read = "from chaosproof.pack.gate.rules import read_rules"
    program = f"import json; {read}; print(json.dumps(read_rules().required('all')))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(done.stdout)) > 200
