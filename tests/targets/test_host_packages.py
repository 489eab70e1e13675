"""A missing command is named with the package that brings it, in the words of the system that lacks it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.targets.host_packages import INSTALL, how_to_install, manager_of_host, package_names


@pytest.mark.parametrize(
    ("manager", "command", "sentence"),
    [
        ("apt-get", "nft", "install it with: apt-get install nftables"),
        ("dnf", "tc", "install it with: dnf install iproute-tc"),
        ("dnf", "prometheus", "install it with: dnf install golang-github-prometheus (or prometheus2)"),
        ("pacman", "unshare", "install it with: pacman -S --needed util-linux"),
        ("", "ip", "install the package that has it, which Debian calls iproute2"),
        ("dnf", "nothing-known", "install the package that has nothing-known"),
    ],
)
def test_the_sentence_fits_the_system(manager, command, sentence):
    """By apt-get, dnf and pacman, and where there is none of them."""
    assert how_to_install(command, manager) == sentence


def test_every_command_has_a_package_in_every_system():
    """A name that is missing for one system would be a sentence with a hole in it."""
    for command, names in package_names().items():
        assert list(names) == list(INSTALL), command
        assert all(names.values()), command


@pytest.mark.parametrize("present", [["dnf"], ["pacman"], ["pacman", "apt-get"], []])
def test_the_manager_is_the_first_that_is_there(present, tmp_path):
    """In the order of the table; none where there is none."""
    for name in present:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    first = next((name for name in INSTALL if name in present), "")
    assert manager_of_host(str(tmp_path)) == first


def test_the_table_is_written_a_command_a_line():
    """A shell reads it with sed."""
    import chaosproof.targets.host_packages as module

    lines = module.files("chaosproof.targets").joinpath(module.NAMES).read_text(encoding="utf-8").splitlines()
    rows = [line.strip().rstrip(",") for line in lines[1:-1]]
    assert [next(iter(json.loads(f"{{{row}}}"))) for row in rows] == list(package_names())


def test_the_page_of_the_systems_is_written_from_the_table():
    """After a change: python docs/reference/generate_systems.py > docs/reference/systems.md"""
    argv = [sys.executable, "docs/reference/generate_systems.py"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert Path("docs/reference/systems.md").read_text(encoding="utf-8") == done.stdout
