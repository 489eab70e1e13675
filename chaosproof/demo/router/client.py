"""A client of the gateway's socket, as a command. As a library: `chaosproof.demo.router.connection`.

python -m chaosproof.demo.router.client ask -s /tmp/gateway.sock --task '{"type": "text.generate"}'
python -m chaosproof.demo.router.client ping | load ... | conform ...        see --help
"""

import argparse
import json
import os
import sys
import time
import uuid
from dataclasses import asdict
from pathlib import Path

import uvloop

from chaosproof.demo.grpc.program import EX_USAGE
from chaosproof.demo.router.conformance import conform
from chaosproof.demo.router.connection import ASK_S, Client, ClientError, new_request
from chaosproof.demo.router.load import LoadPlan, run_load, stage
from chaosproof.demo.router.program import Parser
from chaosproof.demo.router.settings import SettingError, socket_path

__all__ = ["main"]


async def _ask(options: argparse.Namespace) -> int:
    task = json.loads(options.task)
    client = await Client.connect(options.path)
    request = new_request(
        options.id or uuid.uuid4().hex, task, **({"policy_id": options.policy} if options.policy else {})
    )
    answer = await client.ask(request, options.timeout)
    client.close()
    print(json.dumps(asdict(answer)))
    return 0 if answer.code == "ok" else 1


async def _ping(options: argparse.Namespace) -> int:
    client = await Client.connect(options.path)
    begun_at = time.perf_counter()
    echoed = await client.ping(b"ping", options.timeout)
    client.close()
    print(json.dumps({"ok": echoed == b"ping", "seconds": round(time.perf_counter() - begun_at, 6)}))
    return 0 if echoed == b"ping" else 1


async def _load(options: argparse.Namespace) -> int:
    stages = tuple(stage(text) for text in options.stage)
    plan = LoadPlan(
        name=options.name,
        path=options.path,
        connections=options.connections,
        timeout_s=options.timeout,
        stages=stages,
        task=json.loads(options.task),
    )
    return await run_load(plan, Path(options.out))


async def _conform(options: argparse.Namespace) -> int:
    report = await conform(options.path, options.timeout)
    text = json.dumps(report, indent=2) + "\n"
    if options.out:
        Path(options.out).write_text(text, encoding="utf-8")
    print(text, end="")
    return 0 if report["wrong"] == 0 else 1


def _parser() -> Parser:
    parser = Parser(
        prog="python -m chaosproof.demo.router.client", description="A client of the gateway's socket."
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    described = {
        "ask": (_ask, "send one request and print its answer"),
        "ping": (_ping, "send one PING"),
        "load": (_load, "send requests at a rate and write every event of every one of them"),
        "conform": (_conform, "check every error's code and status, and many kinds of malformed frames"),
    }
    for name, (function, help_text) in described.items():
        command = commands.add_parser(name, help=help_text)
        command.set_defaults(function=function)
        command.add_argument("-s", "--socket", help="the gateway's socket (default: IPC_SOCKET_PATH)")
        command.add_argument("--timeout", type=float, default=ASK_S, help="seconds to wait for an answer")
        if name in ("ask", "load"):
            command.add_argument("--task", default='{"type": "text.generate"}', help="the task, in JSON")
        if name == "ask":
            command.add_argument("--id", help="the request's id")
            command.add_argument("--policy", help="the policy's id")
        if name == "load":
            command.add_argument(
                "--stage", action="append", required=True, metavar="RPS:SECONDS", help="a rate and how long"
            )
            command.add_argument("--connections", type=int, default=10)
            command.add_argument("--name", default="load", help="what the requests' ids begin with")
        if name in ("load", "conform"):
            command.add_argument("--out", required=name == "load", help="where to write what was found")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 all well, 1 the gateway said no, 2 no answer, 64 a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        options.path = socket_path(options.socket, os.environ)
        exit_code: int = uvloop.run(options.function(options))
        return exit_code
    except (SettingError, ValueError) as error:
        print(error, file=sys.stderr)
        return EX_USAGE
    except (ClientError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
