"""Imports point one way: experiments -> actions, probes, controls -> chaosproof; demo stands alone."""

import ast
from pathlib import Path

import pytest

ROOMS = ("actions", "probes", "controls", "chaosproof", "demo", "bench")
ABOVE_THE_ENGINE = ("actions", "probes", "controls", "demo", "bench", "tests")


def _rooms(*names: str) -> tuple[str, ...]:
    return tuple(f"chaosproof.{name}" for name in names)


# Folder -> prefixes of modules that nothing in it may import.
FORBIDDEN = {
    "demo": ("chaosproof", "actions", "probes", "controls", "bench", "tests"),
    "chaosproof": ABOVE_THE_ENGINE,
    "actions": ("controls", "probes", "bench", "tests"),
    "probes": ("controls", "actions", "bench", "tests"),
    "controls": ("actions", "probes", "demo", "bench", "tests"),
    "chaosproof/stats": _rooms(
        "cli", "campaign", "runner", "compare", "pack", "report", "faults", "load", "targets"
    ),
    "chaosproof/experiment": _rooms(
        "cli", "campaign", "runner", "judge", "compare", "pack", "report", "faults"
    ),
    "chaosproof/runfolder": _rooms(
        "cli", "campaign", "runner", "compare", "pack", "report", "faults", "load", "targets"
    ),
    "chaosproof/judge": _rooms(
        "cli", "campaign", "runner", "compare", "pack", "report", "faults", "load", "targets"
    ),
    "chaosproof/compare": _rooms("cli", "campaign", "runner", "pack", "report", "faults", "load", "targets"),
    "chaosproof/targets": _rooms(
        "cli", "campaign", "runner", "judge", "compare", "pack", "report", "faults", "load"
    ),
    "chaosproof/faults": _rooms("cli", "campaign", "runner", "judge", "compare", "pack", "report", "load"),
    "chaosproof/load": _rooms(
        "cli", "campaign", "runner", "judge", "compare", "pack", "report", "faults", "targets"
    ),
}


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: relative imports hide which way they point"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _is_under(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_nothing_imports_against_the_grain(folder):
    files = list(Path(folder).rglob("*.py"))
    assert files, f"{folder} has no modules, so this test would prove nothing"
    wrong = [
        f"{file} imports {module}"
        for file in files
        for module in _imports(file)
        for prefix in FORBIDDEN[folder]
        if _is_under(module, prefix)
    ]
    assert wrong == []


def test_the_engine_knows_nothing_of_chaos_toolkit():
    wrong = [
        str(file)
        for file in Path("chaosproof").rglob("*.py")
        for module in _imports(file)
        if module.split(".")[0] in ("chaoslib", "chaostoolkit", "chaosk8s", "chaosprometheus")
    ]
    assert wrong == []


def test_no_shell_is_started_from_a_string():
    wrong = [
        f"{file}:{node.lineno}"
        for room in ROOMS
        for file in Path(room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "shell"
    ]
    assert wrong == []
