"""An API server made of data, over real HTTP: what is asked of it is noted, what it answers was put there."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeApi:
    """`objects` maps a path to what GET answers; `refuse` maps (method, path) to (status, message)."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {"/version": {"gitVersion": "v1.20.2"}}
        self.refuse: dict[tuple[str, str], tuple[int, str]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.watch: list[dict[str, Any]] = []
        self.after: dict[tuple[str, str], Callable[[], None]] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

            def _answer(self) -> None:
                words = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                api.asked.append((self.command, words.path, body))
                if (self.command, words.path) in api.refuse:
                    status, message = api.refuse[self.command, words.path]
                    return self._send(status, {"kind": "Status", "message": message, "reason": "Refused"})
                if "watch" in parse_qs(words.query):
                    return self._send(200, *api.watch)
                api.after.get((self.command, words.path), lambda: None)()
                if self.command != "GET":
                    return self._send(200, body or {})
                if words.path in api.objects:
                    return self._send(200, api.objects[words.path])
                return self._send(
                    404, {"message": f'"{words.path.rsplit("/", 1)[1]}" not found', "reason": "NotFound"}
                )

            do_GET = do_POST = do_PATCH = do_DELETE = _answer

            def _send(self, status: int, *bodies: Any) -> None:
                content = b"\n".join(
                    one.encode() if isinstance(one, str) else json.dumps(one).encode() for one in bodies
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def list_of(self, path: str, *items: dict[str, Any]) -> None:
        """From now on, GET of `path` answers a list of these."""
        self.objects[path] = {"metadata": {"resourceVersion": "1"}, "items": list(items)}

    def kubeconfig(self, folder: Path) -> Path:
        """A kubeconfig that names this server."""
        file = folder / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "fake", "user": {"token": "secret"}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
        }
        file.write_text(json.dumps(config), encoding="utf-8")
        return file

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def pod(
    name: str, *, labels: dict[str, str] | None = None, uid: str = "", ready: bool = True, **more: Any
) -> dict[str, Any]:
    """A pod as the API has it: one container `app`, and the sidecar `chaos`."""
    restarts = more.pop("restarts", 0)
    state = more.pop("state", {"running": {}})
    containers = more.pop("containers", ["app", "chaos"])
    owner = more.pop("owner", "StatefulSet")
    meta = {
        "name": name,
        "uid": uid or f"uid-{name}",
        "creationTimestamp": more.pop("created", "2026-11-22T00:00:00Z"),
        "labels": labels or {"app.kubernetes.io/name": name.rsplit("-", 1)[0]},
        "ownerReferences": [{"kind": owner, "controller": True}],
        **more.pop("metadata", {}),
    }
    return {
        "metadata": meta,
        "spec": {
            "containers": [
                {
                    "name": one,
                    "image": "demo:1",
                    "ports": [{"name": "http", "containerPort": 8080}] if one == "app" else [],
                }
                for one in containers
            ],
            "nodeName": "node",
            **more.pop("spec", {}),
        },
        "status": {
            "phase": "Running",
            "podIP": "10.1.0.1",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {"name": containers[0], "state": state, "restartCount": restarts, "lastState": {}}
            ],
            **more.pop("status", {}),
        },
    }


def service(name: str, selector: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Service as the API has it."""
    ports = [{"name": "http", "port": 8080, "targetPort": "http"}]
    selected = {"app.kubernetes.io/name": name} if selector is None else selector
    return {
        "metadata": {"name": name},
        "spec": {"selector": selected, "clusterIP": "10.0.0.9", "ports": ports, **spec},
    }
