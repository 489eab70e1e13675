"""One contract for all targets, the stand-ins and the real ones (a cluster's is in tests/cluster)."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import chaosproof.targets
from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance, Target
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.registry import find_launchers, launcher_of, open_running
from chaosproof.targets.system.system_file import load_system
from tests.support.fake_target import FakeTarget
from tests.support.small_lab import running_lab
from tests.support.target_contract import ServicesContract, TargetContract

SYSTEM = """\
name: contract
services:
  server:
    command: [sleep, infinity]
    replicas: 2
    ports: {grpc: 50051}
  client:
    command: [sleep, infinity]
"""


class TestFake(ServicesContract):
    @pytest.fixture
    def target(self) -> Target:
        target = FakeTarget(
            [
                Instance("server-1", "server", "10.0.0.2", ports={"grpc": 50051}),
                Instance("server-0", "server", "10.0.0.1", ports={"grpc": 50051}),
                Instance("client-0", "client", "10.0.0.3"),
            ]
        )
        target.answer(["sh", "-c"], "hello", exit_code=3, stderr="oops\n")
        target.answer(["no-such-command"], exit_code=127)
        target.answer(["sleep"], exit_code=124)
        return target


@pytest.mark.lab
class TestLocal(ServicesContract):
    @pytest.fixture(scope="class")
    def lab_name(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with running_lab(tmp_path_factory.mktemp("contract"), SYSTEM) as lab:
            yield lab.name

    @pytest.fixture
    def target(self, lab_name: str) -> Target:
        return LocalTarget(lab_name)


@pytest.mark.lab
class TestAttached(TargetContract):
    @pytest.fixture(scope="class")
    def target(self) -> Iterator[Target]:
        argv = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", "echo up; exec sleep infinity"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stdout.readline() == "up\n"
            yield open_running({"target": "attached", "pid": process.pid}).target
            process.kill()


@pytest.mark.lab
class TestRecipe(ServicesContract):
    """The target `nothing` of docs/extending.md, as a reader would add it: by its file, and nothing else."""

    @pytest.fixture(scope="class")
    def launched(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
        page = Path("docs/extending.md").read_text(encoding="utf-8")
        (code,) = re.findall(r"`chaosproof/targets/nothing\.py`.*?```python\n(.*?)```", page, re.DOTALL)
        folder = tmp_path_factory.mktemp("targets")
        (folder / "nothing.py").write_text(code, encoding="utf-8")
        system = folder / "system.yaml"
        system.write_text(SYSTEM, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chaosproof.targets, "__path__", [*chaosproof.targets.__path__, str(folder)])
            assert "nothing" in find_launchers()
            launcher = launcher_of("nothing")
            running = launcher.launch(load_system(system), {}, name="try", events_file=folder / "events")
            yield running.target
            running.take_down()
        del sys.modules["chaosproof.targets.nothing"]
        assert "nothing" not in find_launchers()

    @pytest.fixture
    def target(self, launched: Target) -> Target:
        return launched

    def test_what_it_cannot_do_is_said(self, target: Target):
        with pytest.raises(TargetError, match="The target nothing cannot kill an instance"):
            target.kill("server-0")
