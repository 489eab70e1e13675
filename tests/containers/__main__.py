"""The tests that need a container engine, with each of four: `./run test --containers`.

    ./run test --containers                                  Podman and Docker, each rootful and rootless
    ./run test --containers --only podman-rootless
    ./run test --containers -- tests/targets/containers -k inject      pytest's own arguments
    ./run test --containers --only docker-rootful --command -- python -m bench.containers.apply

Each engine comes from Debian's packages, where it is not installed, and is started on a copy-on-write view of this
machine, in a network of its own; nothing is pulled, and nothing is left behind. Needs root. Prints a table.
Exit codes: 0 all of it worked, 1 something did not, 3 an engine could not be started here.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.containers.machines import ENGINES, Engine, Impossible, Row, install, pytest_command, try_engine

_PRIVATE = "CHAOSPROOF_PRIVATE_MOUNTS"
_FOLDER = Path("/mnt")  # there on every machine; what is mounted on it is seen by this process alone
_HEAD = ("engine", "tests", "")


def main() -> None:
    """Try the engines that are asked for, one after the other."""
    arguments = _arguments()
    names = arguments.only.split(",") if arguments.only else [engine.name for engine in ENGINES]
    unknown = set(names) - {engine.name for engine in ENGINES}
    if unknown:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(e.name for e in ENGINES)}")
    engines = [engine for engine in ENGINES if engine.name in names]
    try:
        _need_root_and_tools()
        if os.environ.get(_PRIVATE) != "yes":
            _again_with_private_mounts()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(_FOLDER)], check=True)
        print("=== packages", flush=True)
        install(_FOLDER)
    except Impossible as reason:
        rows = [Row(engine.name, trouble=str(reason), impossible=True) for engine in engines]
    else:
        rows = [_try(engine, arguments) for engine in engines]
    print("\n" + "\n".join([" | ".join(_HEAD), *map(_line, rows)]))
    for row in rows:
        if row.trouble:
            print(f"\n{row.engine}: {row.trouble}")
    sys.exit(_exit_code(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run test --containers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="ENGINE,...", help="these, instead of all")
    parser.add_argument(
        "--command", action="store_true", help="what is behind -- is a command to run instead"
    )
    parser.add_argument("arguments", nargs="*", help="pytest's own arguments, behind --")
    return parser.parse_args()


def _need_root_and_tools() -> None:
    if os.geteuid() != 0:
        raise Impossible("only root can make a machine of its own: run it as root")
    for tool in ("unshare", "pivot_root", "setpriv"):
        if shutil.which(tool) is None:
            raise Impossible(f"the command {tool} is missing")


def _again_with_private_mounts() -> None:
    os.environ[_PRIVATE] = "yes"
    argv = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "tests.containers"]
    os.execvp(argv[0], [*argv, *sys.argv[1:]])


def _try(engine: Engine, arguments: argparse.Namespace) -> Row:
    print(f"\n=== {engine.name}", flush=True)
    command = arguments.arguments if arguments.command else pytest_command(arguments.arguments)
    row = try_engine(engine, _FOLDER, command)
    print(_line(row), flush=True)
    return row


def _line(row: Row) -> str:
    end = "ok" if not row.trouble else "not tried" if row.impossible else "FAILED"
    return " | ".join([row.engine, row.tests, end])


def _exit_code(rows: list[Row]) -> int:
    if any(row.trouble and not row.impossible for row in rows):
        return 1
    return 3 if any(row.impossible for row in rows) or not rows else 0


if __name__ == "__main__":
    main()
