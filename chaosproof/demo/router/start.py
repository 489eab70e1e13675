"""Start one part of the stack in a lab: the demo's, or a program of your own that stands in for it.

    ROUTER_CMD="/opt/router/bin/router foreground" ./run r1

NATS_SERVER_CMD, ROUTER_CMD and GATEWAY_CMD replace the demo's programs (`.env.example`). `$NATS_URL` and
`$IPC_SOCKET_PATH` in them are where the lab has NATS and expects the socket; the program finds both in its
environment, too. A gateway that cannot be told where its socket goes is told of by IPC_SOCKET_PATH, and the
lab's path is made to lead there. No shell is involved: for one, write `sh -c "..."`.
"""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import NoReturn

__all__ = ["PARTS", "Start", "StartError", "main", "plan_start"]

_HERE = Path(__file__).parent

PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "nats": ("NATS_SERVER_CMD", ("nats-server", "-c", str(_HERE / "nats.conf"))),
    "router": ("ROUTER_CMD", (sys.executable, "-m", "chaosproof.demo.router.router")),
    "gateway": ("GATEWAY_CMD", (sys.executable, "-m", "chaosproof.demo.router.gateway")),
}
"""Name of a part -> the setting that replaces it, and the demo's own command."""


def _subject() -> str:
    return os.environ.get("ROUTER_DECIDE_SUBJECT", "beamline.router.v1.decide")


class StartError(Exception):
    """The part cannot be started; `str()` is one sentence."""


@dataclass(frozen=True)
class Start:
    """What to run, in which environment, and which link has to lead to its socket."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    link: tuple[str, str] | None = None


def plan_start(part: str, values: Mapping[str, str]) -> Start:
    """How `part` is started in the environment `values`. Pure; raises `StartError` for a wrong command.

    LAB_NATS_URL and LAB_SOCKET_PATH say where the lab has both; only a program of your own may have another
    socket.
    """
    setting, argv = PARTS[part]
    lab_socket = values.get("LAB_SOCKET_PATH", "/run/gateway.sock")
    own = setting in values
    socket = values.get("IPC_SOCKET_PATH", lab_socket) if own and part == "gateway" else lab_socket
    environment = {
        **values,
        "NATS_URL": values.get("LAB_NATS_URL", "nats://nats:4222"),
        "IPC_SOCKET_PATH": socket,
    }
    if own:
        argv = _command(setting, values[setting], environment)
    return Start(argv, environment, (lab_socket, socket) if socket != lab_socket else None)


def _command(setting: str, text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    try:
        argv = shlex.split(text)
    except ValueError as error:
        raise StartError(f"{setting}={text!r} is not a command: {error}.") from None
    if not argv:
        raise StartError(f"{setting} is empty: leave it out, or give it a command.")
    return tuple(Template(word).safe_substitute(environment) for word in argv)


def main(arguments: list[str] | None = None) -> int:
    """Becomes the program; returns 64 after one sentence when that cannot be."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if len(given) != 1 or given[0] not in PARTS:
            raise StartError(f"python -m chaosproof.demo.router.start takes one of: {', '.join(PARTS)}.")
        start = plan_start(given[0], os.environ)
        if shutil.which(start.argv[0]) is None:
            setting = PARTS[given[0]][0]
            raise StartError(
                f"There is no program {start.argv[0]!r}: install it, or name another in {setting}."
            )
        _become(given[0], start)
    except StartError as error:
        print(error, file=sys.stderr)
    return 64


def _become(part: str, start: Start) -> NoReturn:
    if start.link is not None:
        path, leads_to = start.link
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()
        Path(path).symlink_to(leads_to)
    line = {
        "at": round(time.time(), 6),
        "instance": os.environ.get("INSTANCE_NAME", part),
        "event": "starting",
    }
    print(json.dumps({**line, "argv": start.argv}), flush=True)
    if part == "router" and (ready := os.environ.get("LAB_READY_PATH")):
        # A child, not a parent: the process that the lab knows, signals and measures is the router's own.
        watch = [
            sys.executable,
            "-m",
            "chaosproof.demo.router.watch",
            start.environment["NATS_URL"],
            _subject(),
            ready,
        ]
        subprocess.Popen(watch, stdin=subprocess.DEVNULL)
    os.execvpe(start.argv[0], start.argv, start.environment)


if __name__ == "__main__":
    sys.exit(main())
