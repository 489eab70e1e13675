"""The rules of the house, held by reading the source. docs/architecture.md says them in prose.

A rule that is not kept everywhere yet has its places in KNOWN, which can only shrink: a place that is not in it
fails the test, and so does an entry that is mended. Where it is empty, the rule holds without exception.
"""

import ast
import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

TOP = ("chaosproof", "actions", "probes", "controls")
_BOTTOM = {"errors", "json_access", "shipped", "wording", "__init__"}
_JUDGED = {"judge", "review", "stats", "runfolder", "experiment"}
_RUN = {"faults", "load", "targets", "runfolder", "experiment"}

# What an experiment names, and the systems to practise on: they stand on the rest, and the rest knows none of them.
OUTER = ("actions", "probes", "controls", "demo")

# Room of chaosproof/ without OUTER -> the rooms that it may import, beside itself and the bottom.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "json_access": set(),
    "shipped": set(),
    "wording": set(),
    "experiment": set(),
    "stats": set(),
    "runfolder": {"experiment"},
    "targets": set(),
    "images": set(),
    "faults": {"targets", "runfolder", "experiment"},
    "load": {"targets", "runfolder", "experiment"},
    "runner": _RUN,
    "review": {"runfolder", "experiment"},
    "judge": _JUDGED,
    "compare": _JUDGED,
    "report": {"compare", *_JUDGED},
    "pack": {"report", "compare", *_JUDGED},
    "campaign": {"runner", "pack", "report", "compare", *_JUDGED, *_RUN},
    "testing": {*_RUN, "runner", *_JUDGED},
    "toolkit": {"campaign", "runner", "pack", "report", "compare", *_JUDGED, *_RUN},
    "init": {"runner", *_RUN},
    "cli": {
        "init", "campaign", "runner", "pack", "report", "compare", "images", "toolkit", *_JUDGED, *_RUN,
    },
}  # fmt: skip

# Folder -> the packages that it may not import; the folder that is named more closely counts.
CLOSED_TO = {
    "chaosproof/demo": {
        *(f"chaosproof.{room}" for room in (*ARROWS, *OUTER[:3], "demo.plugin")),
        "tests",
        "chaoslib",
    },
    "chaosproof/demo/plugin": {*(f"chaosproof.{room}" for room in OUTER[:3]), "tests", "chaoslib"},
    "chaosproof": {*(f"chaosproof.{room}" for room in OUTER), *OUTER, "tests"},
    "chaosproof/actions": {"chaosproof.controls", "chaosproof.probes", "tests"},
    "chaosproof/probes": {"chaosproof.controls", "chaosproof.actions", "tests"},
    "chaosproof/controls": {"chaosproof.actions", "chaosproof.probes", "chaosproof.demo", "tests"},
    # short names, each for one module
    "actions": {"tests"},
    "probes": {"tests"},
    "controls": {"tests"},
}

_TOOLKIT = {"chaoslib", "chaostoolkit", "chaosk8s", "chaosprometheus"}
_PRIVATE = {"said", "words", "asked", "told", "amiss", "found", "one", "say", "Say", "whoever"}
_DEMO = re.compile(
    r"\bdemo[./][a-z]\w*|\bapp-[ab]\b|\ba_breaker_state\b|\bB_DELAY_MS\b|\bbeamline\b|\b(?:s[1-4]|r[1-6])\b"
)
_TEXTS = {".json", ".yaml", ".j2", ".html", ".css", ".js"}
_FILES_MAX = 14
# Where the folder says what a name is: the contract and the registry of an extension point, a record of the file
# of a run (runfolder/), a command (cli/).
_SHARED_NAMES = {"__init__.py", "base.py", "registry.py"}
_NAMING_FOLDERS = {
    Path("chaosproof/runfolder"),
    Path("chaosproof/cli"),
    Path("chaosproof/cli/cluster"),
    Path("chaosproof/cli/packs"),
    Path("chaosproof/cli/start"),
}

KNOWN: dict[str, set[str]] = {
    "full_folders": set(),
    "namesakes": {
        "claims.py", "errors.py",
    },
}  # fmt: skip

Place = tuple[str, str]
"""A place that breaks a rule: its key in KNOWN, and where it is exactly."""


@cache
def _sources(*folders: str) -> dict[Path, str]:
    files = [file for folder in folders for file in Path(folder).rglob("*.py")]
    assert files, f"{folders} have no modules, so this test would prove nothing"
    return {
        file: file.read_text(encoding="utf-8") for file in files if not file.stem.endswith(("_pb2", "_grpc"))
    }


def _core() -> dict[Path, str]:
    """The modules of chaosproof/ without what stands on them."""
    return {file: source for file, source in _sources("chaosproof").items() if _room(file) not in OUTER}


@cache
def _imports(file: Path) -> frozenset[str]:
    """Every module that the file may mean; for `from a import b` both `a` and `a.b`."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or file.parts[0] == "tests", (
                f"{file}: a relative import hides its direction"
            )
            above = file.parts[: -node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            modules |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return frozenset(modules)


def _module(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _room(file: Path) -> str:
    """`judge` of chaosproof/judge/checks/load.py; the stem of a file that is loose in chaosproof/."""
    return file.parts[1].removesuffix(".py")


def _folder(file: Path) -> str:
    return "/".join(file.parts[:2]) if file.parts[0] == "chaosproof" else file.parts[0]


@cache
def _graph() -> dict[Path, frozenset[Path]]:
    """File of chaosproof/ -> the files that it imports."""
    by_module = {_module(file): file for file in _core()}
    graph = {}
    for file in by_module.values():
        imported = {by_module[module] for module in _imports(file) if module in by_module}
        # `from package import module` needs the module; the package itself is there anyway.
        packages = {
            package
            for package in imported
            if package.name == "__init__.py"
            and any(package.parent in other.parents for other in imported - {package})
        }
        graph[file] = frozenset(imported - packages - {file})
    return graph


def arrows() -> Iterator[Place]:
    """In chaosproof/ a room imports only rooms below it."""
    for file, imported in _graph().items():
        room = _room(file)
        if room == "__init__":
            continue
        for other in map(_room, imported):
            if other not in {room, *_BOTTOM, *ARROWS.get(room, set())}:
                yield f"{room} -> {other}", str(file)


def closed_rooms() -> Iterator[Place]:
    """The demo's systems stand alone, and nothing in chaosproof/ imports what stands on it."""
    for file in _sources(*TOP):
        folder = max((folder for folder in CLOSED_TO if Path(folder) in file.parents), key=len)
        for module in _imports(file):
            for closed in CLOSED_TO[folder]:
                if module == closed or module.startswith(f"{closed}."):
                    yield f"{folder} imports {closed}", str(file)


def chaos_toolkit() -> Iterator[Place]:
    """In chaosproof/ only toolkit/ meets Chaos Toolkit."""
    for file in _core():
        if _room(file) != "toolkit" and any(module.split(".")[0] in _TOOLKIT for module in _imports(file)):
            yield _folder(file), str(file)


def cycles() -> Iterator[Place]:
    """No file of chaosproof/ imports itself over others."""
    graph = _graph()
    above: dict[Path, set[Path]] = {}
    for start in graph:
        reached: set[Path] = set()
        waiting = list(graph[start])
        while waiting:
            file = waiting.pop()
            if file not in reached:
                reached.add(file)
                waiting += graph[file]
        above[start] = reached
    for file, reached in above.items():
        if file in reached:
            ring = sorted(str(other) for other in reached if file in above[other])
            yield " ".join(sorted({_folder(Path(other)) for other in ring})), " ".join(ring)


def strings() -> Iterator[Place]:
    """No string, docstring or comment in chaosproof/ names the demo."""
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for file, source in _core().items():
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in kinds:
                for name in _DEMO.findall(token.string):
                    yield f"{_folder(file)}: {name}", f"{file}:{token.start[0]}"
    for file in Path("chaosproof").rglob("*.*"):
        if file.suffix in _TEXTS and _room(file) not in OUTER:
            for name in _DEMO.findall(file.read_text(encoding="utf-8")):
                yield f"{_folder(file)}: {name}", str(file)


def private_words() -> Iterator[Place]:
    """No identifier is a word of a private English: the noun itself says what a thing is."""
    for file, source in _sources(*TOP).items():
        for node in ast.walk(ast.parse(source)):
            for field in ("id", "attr", "arg", "name", "asname"):
                name = getattr(node, field, None)
                if isinstance(name, str) and name.strip("_") in _PRIVATE:
                    yield f"{_folder(file)}: {name.strip('_')}", f"{file}:{getattr(node, 'lineno', 0)}"


def full_folders() -> Iterator[Place]:
    """No folder of chaosproof/ holds more files than one takes in at a glance."""
    counts = Counter(file.parent for file in _core() if file.name != "__init__.py")
    for folder, files in counts.items():
        if files > _FILES_MAX:
            yield str(folder), f"{files} files"


def namesakes() -> Iterator[Place]:
    """Two files have one name only where their folders are siblings, as `nft/render.py` and `iptables/render.py`."""
    by_name = defaultdict(list)
    for file in _core():
        if file.name not in _SHARED_NAMES and file.parent not in _NAMING_FOLDERS:
            by_name[file.name].append(file)
    for name, files in by_name.items():
        for left, right in combinations(files, 2):
            if left.parent.parent != right.parent.parent or left.parent.parent == Path("chaosproof"):
                yield name, f"{left} {right}"


def shells() -> Iterator[Place]:
    """No shell is started from a string."""
    for file, source in _sources(*TOP).items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                yield _folder(file), f"{file}:{node.value.lineno}"


def imported_tests() -> Iterator[Place]:
    """No test module imports another: what they share is in tests/support or a conftest."""
    modules = {_module(file) for file in _sources("tests") if file.name.startswith("test_")}
    for file in _sources("tests"):
        for module in _imports(file) & modules:
            yield str(file), module


RULES: tuple[Callable[[], Iterator[Place]], ...] = (
    arrows, closed_rooms, chaos_toolkit, cycles, strings, private_words, full_folders, namesakes, shells,
    imported_tests,
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_of_the_house_is_kept(rule):
    """No place breaks the rule but those in KNOWN, and those in KNOWN still do."""
    known = KNOWN.get(rule.__name__, set())
    places = list(rule())
    new = sorted({f"{key}  ({where})" for key, where in places if key not in known})
    mended = sorted(known - {key for key, _ in places})
    assert new == [], f"{rule.__doc__} New: {new}"
    assert mended == [], f"{rule.__doc__} No longer broken there: take these out of KNOWN."


def test_every_room_has_its_arrows():
    """A new folder of chaosproof/ says in ARROWS what it stands on."""
    assert {_room(file) for file in _core()} - {"__init__"} <= set(ARROWS)
