"""The two commands of the README from nothing, on systems that are made for it: `./run test --systems`.

    ./run test --systems                        Debian 12, 13 and forky, as root and as an ordinary user
    ./run test --systems --only forky
    ./run test --systems --roots FOLDER         keep the systems as they are before anything is done in them

Each is made by mmdebstrap and entered by pivot_root; packages come from where this machine gets them. Prints a table.
Exit codes: 0 all of it worked, 1 something did not, 3 something could not be tried here.
"""

import argparse
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.systems.roots import Impossible, Root, build
from tests.systems.trials import SYSTEMS, Row, System, trials

_HEAD = ("system", "user", "Python", "Prometheus", "command", "s", "")


def main() -> None:
    """Try the systems that are asked for, one after the other."""
    arguments = _arguments()
    names = arguments.only.split(",") if arguments.only else [system.suite for system in SYSTEMS]
    unknown = set(names) - {system.suite for system in SYSTEMS}
    if unknown:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(s.suite for s in SYSTEMS)}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="chaosproof-systems-") as scratch:
        roots = arguments.roots or Path(scratch) / "roots"
        roots.mkdir(parents=True, exist_ok=True)
        logs = arguments.log or Path(scratch) / "log"
        for system in SYSTEMS:
            if system.suite in names:
                rows += _try(system, roots, Path(scratch), arguments, logs)
    print(f"\n{_table(rows)}")
    for row in rows:
        if row.trouble:
            print(f"\n{row.system}, {row.user}, {row.command}: {row.trouble}")
    sys.exit(_exit_code(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run test --systems", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="SUITE,...", help="these, instead of all")
    parser.add_argument("--roots", type=Path, metavar="FOLDER", help="where the systems are kept")
    parser.add_argument("--mirror", metavar="URL", help="Debian's mirror; default: mmdebstrap's own")
    parser.add_argument("--python", metavar="FILE", help="a Python 3.12 for Debian 12; default: python3.12")
    parser.add_argument("--log", type=Path, metavar="FILE", help="what all commands printed")
    return parser.parse_args()


def _try(
    system: System, roots: Path, scratch: Path, arguments: argparse.Namespace, log_file: Path
) -> list[Row]:
    rows: list[Row] = []
    folder = scratch / system.suite
    try:
        _need_root_and_tools()
        print(f"=== {system.suite}", flush=True)
        build(system.suite, roots / f"{system.suite}.tar", arguments.mirror)
        root = Root(roots / f"{system.suite}.tar", folder)
        with log_file.open("a") as log:
            printing = partial(print, file=log, flush=True)
            for row in trials(system, root, arguments.python, printing):
                print(f"{_line(row)}", flush=True)
                rows.append(row)
    except Impossible as reason:
        rows.append(Row(system.suite, "", "", "", "all", trouble=str(reason), impossible=True))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def _need_root_and_tools() -> None:
    if os.geteuid() != 0:
        raise Impossible("only root can enter a system of its own: run it as root")
    for tool in ("mmdebstrap", "unshare", "pivot_root", "git", "tar"):
        if shutil.which(tool) is None:
            raise Impossible(f"the command {tool} is missing")


def _line(row: Row) -> str:
    end = "ok" if not row.trouble else "not tried" if row.impossible else "FAILED"
    took = f"{row.duration_s:.0f}" if row.duration_s else ""
    return " | ".join([row.system, row.user, row.python, row.prometheus, row.command, took, end])


def _table(rows: list[Row]) -> str:
    return "\n".join([" | ".join(_HEAD).rstrip(), *(_line(row) for row in rows)])


def _exit_code(rows: list[Row]) -> int:
    if any(row.trouble and not row.impossible for row in rows):
        return 1
    return 3 if any(row.impossible for row in rows) or not rows else 0


if __name__ == "__main__":
    main()
