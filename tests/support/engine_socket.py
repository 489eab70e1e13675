"""A Unix socket behind which something answers as a container engine does when it is asked for its version."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

__all__ = ["DOCKER", "PODMAN", "answering_at"]

# parts of what Docker 20.10.24 and Podman 4.3.1 answer to GET /version
DOCKER = {
    "Version": "20.10.24+dfsg1",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.12",
    "Components": [{"Name": "Engine", "Version": "20.10.24+dfsg1"}],
}
PODMAN = {
    "Version": "4.3.1",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.24",
    "Components": [{"Name": "Podman Engine", "Version": "4.3.1"}],
}


@contextmanager
def answering_at(path: Path, version: Any) -> Iterator[list[str]]:
    """Answer every GET at that socket with `version`; gives the paths that are asked for, as they come."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            body = json.dumps(version).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

        def address_string(self) -> str:
            return "unix"

    path.parent.mkdir(parents=True, exist_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield requests
        server.shutdown()
    path.unlink()
