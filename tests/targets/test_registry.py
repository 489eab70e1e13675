"""The targets are found by themselves, and each says what is wrong with a call in its own sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.registry import find_launchers, launcher_of, open_running, target_names
from chaosproof.targets.system.definition import System


def test_the_default_comes_first_and_a_stand_in_is_no_choice():
    """A run of the fake would pass without a system."""
    assert target_names() == ("local", "attached", "containers", "kubernetes")


def test_every_target_is_called_as_its_file():
    for name, launcher in find_launchers().items():
        module = sys.modules[type(launcher).__module__]
        assert module.__name__ == f"chaosproof.targets.{name}"
        assert launcher_of(name) is launcher


def test_looking_for_targets_does_not_load_the_client_of_a_cluster():
    program = "import sys; from chaosproof.targets.registry import target_names; target_names(); "
    program += "sys.exit('kubernetes' in sys.modules or 'jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_target_that_is_not_there_is_said_in_a_sentence(tmp_path: Path):
    with pytest.raises(UsageError, match="Unknown target 'mars'; known targets: local, attached"):
        launcher_of("mars")
    with pytest.raises(TargetError, match="Lab no-such-lab is not up"):
        open_running({"lab": "no-such-lab"}).target.states()
    with pytest.raises(UsageError, match="Name the process"):
        open_running({"target": "attached"})
    with pytest.raises(UsageError, match="is for a process that runs already"):
        launcher_of("attached").launch(
            System(name="shop", services=()), {}, name="a", events_file=tmp_path / "events"
        )
