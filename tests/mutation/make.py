"""The mutated copy of the work tree: `mutants/`, made by mutmut's operators, with a switch in every function.

mutmut changes the bodies of plain functions and of the methods of undecorated classes. It leaves alone what is
decorated (a dataclass' methods, a click command, a context manager), what stands at the top of a module, docstrings
and f-strings.
"""

import hashlib
import shutil
from functools import cache
from pathlib import Path

from tests.support.tree import files_of

PLACE = Path("mutants")
ROOMS = ("runfolder", "experiment", "stats", "judge", "compare", "report", "pack", "review")
OTHERS = (
    "json_access.py",
    "cli/judge.py",
    "cli/packs/gate.py",
    "cli/packs/ci_summary.py",
    "campaign/conclude.py",
    "campaign/comparison.py",
)
MUTATED = tuple(Path("chaosproof", name) for name in (*ROOMS, *OTHERS))
_THEIR_SWITCH = "from mutmut.mutation.trampoline import"
_OUR_SWITCH = "from tests.mutation.switch import"


def make() -> None:
    """Copies what git knows or would add, with the rooms above mutated."""
    names = files_of(Path())
    for stale in {p.relative_to(PLACE) for p in PLACE.rglob("*.py")} - set(names):
        (PLACE / stale).unlink()
        (PLACE / stale).with_suffix(".mutants").unlink(missing_ok=True)
    for name in names:
        (PLACE / name).parent.mkdir(parents=True, exist_ok=True)
        if name.suffix == ".py" and any(name.is_relative_to(path) for path in MUTATED):
            _mutate(name)
        else:
            shutil.copy2(name, PLACE / name)


def made() -> list[str]:
    """Inside the copy: the names of all mutants, `chaosproof.MODULE.x_FUNCTION__mutmut_N`."""
    return [
        name
        for path in sorted(Path("chaosproof").rglob("*.mutants"))
        for name in path.read_text().split()[1:]
    ]


@cache
def digest(test: Path) -> str:
    """Inside the copy, of what a test's result depends on: its file, what tests compare with, and all programs."""
    return hashlib.sha256(_of_programs() + test.read_bytes()).hexdigest()


@cache
def _of_programs() -> bytes:
    found = hashlib.sha256()
    for path in sorted({*Path().rglob("*.py"), *(p for p in Path("tests").rglob("*.*") if p.is_file())}):
        own = path.suffix == ".pyc" or path.parts[:2] == ("tests", "mutation")
        if not own and not (path.name.startswith("test_") and path.suffix == ".py"):
            found.update(f"{path}\n".encode() + path.read_bytes())
    return found.digest()


def _mutate(name: Path) -> None:
    source = name.read_text()
    out, names = PLACE / name, PLACE / name.with_suffix(".mutants")
    mark = hashlib.sha256(source.encode()).hexdigest()
    if names.exists() and names.read_text().startswith(mark):
        return
    from mutmut.mutation.file_mutation import mutate_file_contents  # takes a second, and is only needed here

    changed = mutate_file_contents(str(name), source)
    out.write_text(changed.code.replace(_THEIR_SWITCH, _OUR_SWITCH))
    module = ".".join(name.with_suffix("").parts)
    names.write_text("\n".join([mark, *(f"{module}.{mutant}" for mutant in changed.mutant_names)]) + "\n")
