"""What is tried in each system: the two commands of the README from nothing, as root and as an ordinary user."""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.chaos import SHORT
from tests.systems.roots import USER, Impossible, Outcome, Root

__all__ = ["SYSTEMS", "Row", "System", "trials"]

# S4, short: that the commands work is what is shown. The gate binds the share of failures to what the experiment says.
_SHORT = {**SHORT, "tolerated_error_ratio": 0.005, "rate_rps": 200, "duration_s": 22, "fault_s": 12}
_VARIABLES = [word for name, value in _SHORT.items() for word in ("--var", f"{name}={value}")]
_COMMANDS = {
    "./run s4": ["./run", "s4", *_VARIABLES],
    "./run all": ["./run", "all", "--only", "s4", "--out", "journals/all/systems", *_VARIABLES],
}
_LIMIT_S = 900.0
_SHOWN_LINES = 40


@dataclass(frozen=True)
class System:
    """A suite of Debian, and what it brings: the versions that the table has to show."""

    suite: str
    python: str
    prometheus: str
    other_python: str = ""


SYSTEMS = (
    System("bookworm", "3.11", "2.42", other_python="3.12"),
    System("trixie", "3.13", "2.53"),
    System("forky", "3.14", "3.5"),
)


@dataclass(frozen=True)
class Row:
    """A line of the table. `trouble` says what is wrong; `impossible` that it could not be tried."""

    system: str
    user: str
    python: str
    prometheus: str
    command: str
    duration_s: float = 0.0
    trouble: str = ""
    impossible: bool = False


def trials(system: System, root: Root, other_python: str | None, log: Callable[[str], None]) -> Iterator[Row]:
    """Try one after the other; a row for each, as soon as it has ended. `other_python` is copied into the root."""
    yield _refused(system, root, log)
    for uid in (0, USER):
        yield from _readme(system, root, uid, system.python, {}, log)
    if system.other_python:
        try:
            place = _bring_python(root, system.other_python, other_python or f"python{system.other_python}")
        except Impossible as reason:
            yield Row(
                *(system.suite, "user", system.other_python, "", "./run s4"),
                trouble=str(reason),
                impossible=True,
            )
            return
        yield from _readme(system, root, USER, system.other_python, {"PYTHON": place}, log)


def _refused(system: System, root: Root, log: Callable[[str], None]) -> Row:
    """Without packages an ordinary user is told which to ask for."""
    outcome = root.run(USER, ["./run", "setup"], cwd=root.clone(USER, "refused"), timeout_s=60)
    log(outcome.printed)
    told = "ask for: sudo apt-get install --no-install-recommends " in outcome.printed
    trouble = (
        "" if outcome.exit_code == 2 and told else f"exit {outcome.exit_code}, not 2 with what to ask for"
    )
    return Row(system.suite, "user", "", "", "./run setup, packages missing", outcome.duration_s, trouble)


def _readme(
    system: System,
    root: Root,
    uid: int,
    python: str,
    environment: dict[str, str],
    log: Callable[[str], None],
) -> Iterator[Row]:
    tree = root.clone(uid, f"chaosproof-{python}")
    user = "root" if uid == 0 else "user"
    for name, argv in _COMMANDS.items():
        outcome = root.run(uid, argv, cwd=tree, timeout_s=_LIMIT_S, environment=environment)
        log(f"--- {system.suite}, {user}: {' '.join(argv)}\n{outcome.printed}")
        has = [
            _version(root, uid, tree, [".venv/bin/python", "-V"]),
            _version(root, uid, tree, ["prometheus", "--version"]),
        ]
        expected = [python, system.prometheus]
        yield Row(system.suite, user, *has, name, outcome.duration_s, _trouble(outcome, has, expected))


def _trouble(outcome: Outcome, has: list[str], expected: list[str]) -> str:
    if outcome.exit_code != 0:
        lines = outcome.printed.strip().splitlines()[-_SHOWN_LINES:]
        return "\n".join([f"exit {outcome.exit_code}", *lines])
    wrong = [
        version
        for version, start in zip(has, expected, strict=True)
        if not f"{version}.".startswith(f"{start}.")
    ]
    return f"{', '.join(wrong)} is not what this row is to show ({', '.join(expected)})" if wrong else ""


def _version(root: Root, uid: int, tree: str, argv: list[str]) -> str:
    """The first number with a point in it that the command prints; empty when it prints none."""
    match = re.search(r"\d+\.\d+(\.\d+)?", root.run(uid, argv, cwd=tree, timeout_s=30).printed)
    return match[0] if match else ""


def _bring_python(root: Root, version: str, program: str) -> str:
    """Copy this machine's Python of that version into the root; the path of it there. Raises `Impossible`."""
    asks = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.base_prefix)"
    try:
        done = subprocess.run([program, "-c", asks], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise Impossible(f"there is no {program} to copy into the root; --python names one") from None
    has, prefix = done.stdout.splitlines()
    if has != version or prefix == "/usr":
        raise Impossible(
            f"{program} is Python {has} in {prefix}: this needs a {version} in a folder of its own"
        )
    root.add_folder(Path(prefix), f"/opt/python{version}")
    # one that was built with a shared library looks for it where it was built
    known = root.folder / f"etc/ld.so.conf.d/python{version}.conf"
    known.write_text(f"/opt/python{version}/lib\n", encoding="ascii")
    root.run(0, ["ldconfig"], cwd="/", timeout_s=60)
    return f"/opt/python{version}/bin/python{version}"
