"""Small services for the experiments of strangers: a shop, its stock, a cluster's API, and what restarts a service.

    python services.py KIND --name NAME --port PORT --pid-file FILE [options of the kind]
    python services.py control SERVICES.JSON NAME start|stop|kill|term|freeze|thaw|restart|status|pid

They stand alone (standard library, loopback only), so that they run beside a Chaos Toolkit of any Python. `control` is
what an init script would be: it writes the pid file at the start, and leaves it there at a kill.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["control", "main"]

Answer = tuple[int, Any]
Route = Callable[[str, dict[str, str]], Answer]
"""From the method and its arguments (of the query, of the form or of the JSON) to a status and a body."""

NOT_FOUND: Answer = (404, {"error": "not found"})
_SIGNALS = {
    "stop": signal.SIGTERM, "term": signal.SIGTERM, "kill": signal.SIGKILL,
    "freeze": signal.SIGSTOP, "thaw": signal.SIGCONT,
}  # fmt: skip


class Stock:
    """The dependency: items, and a fault that can be ordered over HTTP (a delay, a status)."""

    def __init__(self, name: str, base_delay_s: float, armed_refused: bool) -> None:
        self._name, self._base_delay_s, self._refused = name, base_delay_s, armed_refused
        self._fault: dict[str, float] = {}

    def route(self, path: str) -> Route | None:
        return {"/items": self._items, "/fault": self._order}.get(path)

    def _items(self, method: str, arguments: dict[str, str]) -> Answer:
        time.sleep(self._base_delay_s + self._fault.get("delay_s", 0.0))
        status = int(self._fault.get("status", 200))
        if status != 200:
            return status, {"error": "out of order"}
        return 200, {"items": 3, "served_by": self._name}

    def _order(self, method: str, arguments: dict[str, str]) -> Answer:
        if method == "GET":
            return 200, {"fault": self._fault or "none"}
        if self._refused:
            return 500, {"error": "the injector has no licence"}
        self._fault = {} if method == "DELETE" else {name: float(value) for name, value in arguments.items()}
        return 200, {"fault": self._fault or "none"}


class Shop:
    """The app: asks its dependencies in turn; may fall back on the last answer, and may cache its own health."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._dependencies: list[str] = options.dependency
        self._timeout_s, self._attempts = options.timeout_s, options.attempts
        self._fallback, self._health_cache_s = options.fallback, options.health_cache_s
        self._last: Any = None
        self._health: Answer | None = None
        self._health_at = 0.0
        self._counts = {"fresh": 0, "stale": 0, "failed": 0}
        self._lock = threading.Lock()

    def route(self, path: str) -> Route | None:
        return {
            "/": self._front, "/health": self._cached_health, "/live": self._live, "/metrics": self._metrics,
        }.get(path)  # fmt: skip

    def _ask(self) -> Answer:
        """The first good answer of the dependencies, one after the other, or the last failure."""
        answer: Answer = (500, {"error": "no dependency"})
        for attempt in range(self._attempts):
            url = self._dependencies[attempt % len(self._dependencies)]
            try:
                with urllib.request.urlopen(f"{url}/items", timeout=self._timeout_s) as reply:
                    return 200, json.load(reply)
            except urllib.error.HTTPError as error:
                answer = (500, {"error": f"stock answered {error.code}"})
            except OSError as error:
                answer = (503, {"error": f"stock: {type(error).__name__}"})
        return answer

    def _front(self, method: str, arguments: dict[str, str]) -> Answer:
        status, body = self._ask()
        if status == 200:
            self._last = body
            self._count("fresh")
            return 200, {**body, "stale": False}
        if self._fallback and self._last is not None:
            self._count("stale")
            return 200, {**self._last, "stale": True}
        self._count("failed")
        return status, body

    def _count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def _cached_health(self, method: str, arguments: dict[str, str]) -> Answer:
        if self._health is None or time.monotonic() - self._health_at >= self._health_cache_s:
            status, _ = self._ask()
            state = "UP" if status == 200 else "DOWN"
            checked_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._health = (200 if state == "UP" else 503, {"status": state, "checked_at": checked_at})
            self._health_at = time.monotonic()
        return self._health

    def _live(self, method: str, arguments: dict[str, str]) -> Answer:
        return 200, "alive"

    def _metrics(self, method: str, arguments: dict[str, str]) -> Answer:
        return 200, {"requests": dict(self._counts)}


class Cluster:
    """The part of a Kubernetes API that lists and deletes pods of a namespace; a pod is a process with a pid file."""

    def __init__(self, pods: list[str]) -> None:
        self._pid_files = {name: Path(file) for name, file in (pod.split("=") for pod in pods)}

    def route(self, path: str) -> Route | None:
        if path == "/api/v1/namespaces/default/pods":
            return self._list
        name = path.removeprefix("/api/v1/namespaces/default/pods/")
        return (lambda method, arguments: self._delete(name, method)) if name in self._pid_files else None

    def _pod(self, name: str) -> dict[str, Any]:
        running = _alive(_pid(self._pid_files[name]))
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"app": name.rsplit("-", 1)[0]}},
            "spec": {"containers": [{"name": "main", "image": "shop/stock:1"}]},
            "status": {
                "phase": "Running" if running else "Pending",
                "conditions": [{"type": "Ready", "status": "True" if running else "False"}],
            },
        }  # fmt: skip

    def _list(self, method: str, arguments: dict[str, str]) -> Answer:
        pods = [self._pod(name) for name in self._pid_files]
        label, _, wanted = arguments.get("labelSelector", "").partition("=")
        items = [pod for pod in pods if not label or pod["metadata"]["labels"].get(label) == wanted]
        return 200, {
            "apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": items,
        }  # fmt: skip

    def _delete(self, name: str, method: str) -> Answer:
        pod = self._pod(name)
        if method == "DELETE":
            os.kill(_pid(self._pid_files[name]), signal.SIGKILL)
        return 200, pod


def _handler(application: Stock | Shop | Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "shop"
        sys_version = ""

        def _serve(self) -> None:
            target = urllib.parse.urlsplit(self.path)
            arguments = dict(urllib.parse.parse_qsl(target.query))
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if content.startswith("{"):
                arguments |= {name: str(value) for name, value in json.loads(content).items()}
            else:
                arguments |= dict(urllib.parse.parse_qsl(content))
            route = application.route(target.path)
            status, body = route(self.command, arguments) if route else NOT_FOUND
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            kind = "text/plain" if isinstance(body, str) else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def _serve(application: Stock | Shop | Cluster, port: int, drain_s: float) -> None:
    """Serves until SIGTERM, and `drain_s` longer, as a service that ends gracefully does."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(application))
    server.daemon_threads = True

    def drain(*_: object) -> None:
        threading.Timer(drain_s, server.shutdown).start()

    signal.signal(signal.SIGTERM, drain)
    server.serve_forever()


def _pid(file: Path) -> int:
    return int(file.read_text()) if file.exists() else 0


def _alive(pid: int) -> bool:
    """Whether the process is there and is more than a zombie."""
    try:
        return pid > 0 and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _supervise(argv: Sequence[str], restart_after_s: float) -> None:
    """Starts the service again whenever it has ended, as systemd or a Deployment would."""
    while True:
        subprocess.run(argv, check=False)
        time.sleep(restart_after_s)


def _start(argv: Sequence[str], pid_file: Path) -> None:
    subprocess.Popen(
        argv,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{argv[argv.index('--port') + 1]}/nothing"
    for _ in range(500):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{pid_file.stem} does not answer")


def control(services: Path, name: str, verb: str) -> int:
    """What the verb says; `status` and `pid` print a line. 0, or 3 for `status` of a service that is not running."""
    entry = json.loads(services.read_text())[name]
    pid_file = Path(entry["pid_file"])
    pid = _pid(pid_file)
    if verb == "pid":
        print(pid)
    elif verb == "status":
        print(f"{name} is running" if _alive(pid) else f"{name} is not running")
        return 0 if _alive(pid) else 3
    elif verb == "start":
        _start(entry["argv"], pid_file)
        print(f"{name} started")
    else:
        if _alive(pid):
            os.kill(pid, _SIGNALS["stop" if verb == "restart" else verb])
        if verb in {"stop", "restart"}:
            while _alive(pid):
                time.sleep(0.02)
            pid_file.unlink(missing_ok=True)
        if verb == "restart":
            _start(entry["argv"], pid_file)
        print(f"{name}: {verb} done")
    return 0


def main(arguments: Sequence[str]) -> int:
    if arguments[0] == "control":
        return control(Path(arguments[1]), *arguments[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("stock", "shop", "cluster"))
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid-file", type=Path, required=True)
    parser.add_argument("--restart-after-s", type=float, help="restart the service whenever it ends")
    parser.add_argument("--drain-s", type=float, default=0.0)
    parser.add_argument("--base-delay-s", type=float, default=0.0)
    parser.add_argument("--refuse-faults", action="store_true")
    parser.add_argument("--dependency", action="append", default=[])
    parser.add_argument("--timeout-s", type=float, default=5.0)
    parser.add_argument("--attempts", type=int, default=1)
    parser.add_argument("--fallback", action="store_true")
    parser.add_argument("--health-cache-s", type=float, default=0.0)
    parser.add_argument("--pod", action="append", default=[])
    options = parser.parse_args(arguments)
    if options.restart_after_s is not None:
        at = list(arguments).index("--restart-after-s")
        _supervise([sys.executable, __file__, *arguments[:at], *arguments[at + 2 :]], options.restart_after_s)
    options.pid_file.write_text(str(os.getpid()))
    application: Stock | Shop | Cluster
    if options.kind == "stock":
        application = Stock(options.name, options.base_delay_s, options.refuse_faults)
    elif options.kind == "shop":
        application = Shop(options)
    else:
        application = Cluster(options.pod)
    _serve(application, options.port, options.drain_s)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
