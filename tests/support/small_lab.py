"""Small systems for labs in tests: Python's own HTTP server, and programs that misbehave."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaosproof.targets.base import Running
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.system.system_file import load_system

WEB = """\
name: small
services:
  web:
    command: [python, -u, -m, http.server, "8000"]
    replicas: 2
    working_dir: .
    ports: {http: 8000}
    healthcheck: {http: /, port: http, interval_s: 0.05, timeout_s: 10}
    metrics: {port: http, path: /page.prom}
  client:
    command: [python, -c, "import signal; signal.pause()"]
"""


TWO_SERVERS = """\
services:
  web:
    command: [python, -m, http.server, "8000"]
    replicas: 2
    ports: {http: 8000}
    healthcheck: {tcp: http, interval_s: 0.05, timeout_s: 10}
"""


def system_file(folder: Path, text: str = WEB) -> Path:
    """Write a system file, and a metrics page for the HTTP server, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.prom").write_text("# TYPE things_total counter\nthings_total 3\n")
    file = folder / "system.yaml"
    file.write_text(text)
    return file


@contextmanager
def running_lab(folder: Path, text: str = WEB, **options: object) -> Iterator[Running]:
    """A lab that is up inside the `with`."""
    lab = launch_lab(load_system(system_file(folder, text)), **options)  # type: ignore[arg-type]
    try:
        yield lab
    finally:
        take_down(lab.name)
