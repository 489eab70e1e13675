"""A page of the cluster on this machine's loopback: GET requests go on through the API server's proxy.

For Prometheus, whose probes want a plain address. Nothing listens but on 127.0.0.1, and it ends with this process.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaosproof.errors import ChaosproofError
from chaosproof.targets.kubernetes.client.api import Cluster, Refused

__all__ = ["Forward"]


class Forward:
    """Forwards to one port of one Service while it is open; `url` is where."""

    def __init__(self, cluster: Cluster, service: str, port: int) -> None:
        root = cluster.path("services", f"{service}:{port}/proxy")

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    status, body = 200, cluster.text(root + self.path)
                except Refused as error:
                    status, body = error.status, str(error)
                except ChaosproofError as error:
                    status, body = 502, str(error)
                content = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, name=f"forward to {service}", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
