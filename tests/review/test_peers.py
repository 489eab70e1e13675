"""The control beside other extensions of Chaos Toolkit, with the toolkit and the extensions of today."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.review.recording.venvs import TOOLKITS, Unavailable, venv, with_review

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).parents[2]
VERDICT = {"name": "verdict", "provider": {"type": "python", "module": "chaosproof.controls.verdict"}}
TRACING = {"name": "tracing", "provider": {"type": "python", "module": "chaostracing.oltp"}}
# the bytes of an attribute that is true, by opentelemetry-proto 1: a KeyValue with an AnyValue of a bool
DEVIATED = b"chaostoolkit.experiment.deviated\x12\x02\x10\x01"
NOT_DEVIATED = b"chaostoolkit.experiment.deviated\x12\x02\x10\x00"


def activity(kind: str, name: str, code: str, **more: Any) -> dict[str, Any]:
    provider = {"type": "process", "path": sys.executable, "arguments": ["-c", code]}
    return {"type": kind, "name": name, "provider": provider, **more}


def experiment(*method: dict[str, Any], controls: list[dict[str, Any]]) -> dict[str, Any]:
    asks = activity(
        "probe", "answers", "print(20)", tolerance={"type": "regex", "target": "stdout", "pattern": "20"}
    )
    return {
        "title": "t", "description": "d", "steady-state-hypothesis": {"title": "h", "probes": [asks]},
        "method": list(method), "rollbacks": [activity("action", "back", "open('back', 'w').close()")],
        "controls": controls,
    }  # fmt: skip


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with all of them."""
    try:
        made = venv(
            with_review(TOOLKITS["1.21"], "chaostoolkit-addons==0.12.0"), tmp_path_factory.mktemp("venvs")
        )
    except Unavailable as error:
        pytest.fail(str(error))
    # an older pip looks for minutes which of its many dependencies fit each other
    for package in ("pip==26.3", "chaostoolkit-opentracing==0.18.1"):
        subprocess.run([str(made / "bin/python"), "-m", "pip", "install", "--quiet", package], check=True)
    return made


@pytest.fixture
def received() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a collector of traces on the loopback, and what it was sent."""
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


def run(
    environment: Path, folder: Path, content: dict[str, Any], **env: str
) -> subprocess.CompletedProcess[str]:
    (folder / "e.json").write_text(json.dumps(content), encoding="utf-8")
    command = [f"{environment}/bin/chaos", "--no-version-check", "--no-log-file", "run"]
    return subprocess.run(
        [*command, "--rollback-strategy", "always", "e.json"], cwd=folder, text=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **env},
    )  # fmt: skip


@pytest.mark.parametrize("first", ["verdict", "safeguards"])
def test_a_safeguard_ends_the_run_and_the_verdict_names_it(
    first: str, environment: Path, tmp_path: Path
) -> None:
    """Its rollbacks are played, whichever of the two is listed first."""
    disk = {
        "type": "probe", "name": "disk is full", "tolerance": True, "frequency": 0.2,
        "provider": {"type": "python", "module": "os.path", "func": "isdir", "arguments": {"s": "/no/such/folder"}},
    }  # fmt: skip
    arguments = {"probes": [disk]}
    provider = {"type": "python", "module": "chaosaddons.controls.safeguards", "arguments": arguments}
    controls = sorted(
        [VERDICT, {"name": "safeguards", "provider": provider}], key=lambda c: c["name"] != first
    )
    waits = activity("action", "waits", "import time; time.sleep(100)")
    done = run(environment, tmp_path, experiment(waits, controls=controls))
    assert done.returncode == 1
    assert (tmp_path / "back").exists()
    assert "was interrupted by the safeguard 'disk is full'" in done.stdout


@pytest.mark.parametrize(
    ("controls", "deviated"),
    [([VERDICT, TRACING], DEVIATED), ([TRACING, VERDICT], NOT_DEVIATED)],
    ids=["verdict", "tracing"],
)
def test_a_trace_is_exported_and_has_the_verdict_of_what_is_listed_before_it(
    controls: list[dict[str, Any]],
    deviated: bytes,
    environment: Path,
    received: tuple[str, list[bytes]],
    tmp_path: Path,
) -> None:
    """The toolkit calls them in the order in which they are listed."""
    address, bodies = received
    fails = activity("action", "acts", "raise SystemExit(3)")
    done = run(
        environment, tmp_path, experiment(fails, controls=controls), OTEL_EXPORTER_OTLP_ENDPOINT=address
    )
    assert done.returncode == 1
    assert done.stdout.startswith("journal.json: t: fail")
    trace = b"".join(bodies)
    assert b"activity: acts" in trace
    assert deviated in trace
