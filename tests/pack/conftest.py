"""One true pack for all tests; each that changes something gets a copy of its own."""

import shutil
from pathlib import Path

import pytest

from tests.support.packs import NOW, true_pack


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack that nobody may change."""
    return true_pack(tmp_path_factory.mktemp("honest")).path


@pytest.fixture
def pack(honest: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(honest, tmp_path / "pack")
    return tmp_path / "pack"


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the day on which the runs of the tests were made."""
    monkeypatch.setattr("chaosproof.cli.packs.gate.time.time", lambda: NOW)
