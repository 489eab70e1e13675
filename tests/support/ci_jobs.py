"""What a runner of CI does for a test: a wheel to install, a repository to drill, steps in bash, an API to comment."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

from chaosproof.init.proposal import proposal_of
from chaosproof.init.sizing import Measured
from chaosproof.init.survey import Edge, Program
from chaosproof.init.tryout import Trial
from chaosproof.init.write.to_disk import write_files
from tests.support.chaos import REPOSITORY
from tests.support.two_servers import shop_and_web

__all__ = ["SHORT_ARGS", "Comments", "build_wheel", "comments_api", "own_repository", "run_step"]

SHORT_ARGS = "--var warmup_s=2 --var fault_at_s=3 --var 'fault_s=4' --var duration_s=14"
NAME = "shop-web-reset"


def build_wheel(folder: Path) -> Path:
    """The wheel of this repository as it is."""
    argv = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--wheel",
        "--outdir",
        str(folder),
        str(REPOSITORY),
    ]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def own_repository(folder: Path, *, shielded: bool) -> Path:
    """A repository with two servers and the experiment that `chaosproof init` writes for them, in one mode.

    With `shielded` the shop has its fallback on, and its users notice nothing.
    """
    folder.mkdir()
    shop_and_web(folder)
    page = ("python", "-u", "-m", "http.server", "8080", "--directory", "page")
    environment = {"UPSTREAM": "http://web:8080/", "FALLBACK": "on" if shielded else "off"}
    programs = (
        Program("web", page, "x", ports=(8080,)),
        Program(
            "shop",
            ("python", "-u", "shop.py"),
            "x",
            environment=environment,
            ports=(9000,),
            needs=("web",),
            replicas=2,
        ),
    )
    trial = Trial(programs, (Edge("shop", "web", 8080),), "http://shop:9000/", Measured(300, 0, 5.0, 15.0))
    proposal = proposal_of(
        trial, name="mine", folder=PurePosixPath("experiments"), kinds=("reset",), impossible={}
    )
    write_files(proposal.files, folder, force=False)
    return folder


def run_step(
    script: str, folder: Path, variables: Mapping[str, str], *, timeout_s: float = 300
) -> subprocess.CompletedProcess[str]:
    """A script as a runner does it: bash, with errors ending it, and `variables` in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**environment, "NO_COLOR": "1", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class Comments:
    """Where an API was asked to write a comment, by whom, and what."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []
        self.url = ""


@contextmanager
def comments_api(status: int = 201) -> Iterator[Comments]:
    """An API that takes comments on 127.0.0.1, and answers with `status`."""
    comments = Comments()

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            comments.written.append({"path": self.path, "headers": dict(self.headers), "body": body})
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(json.dumps({}).encode())

        def log_message(self, format: str, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    comments.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield comments
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
