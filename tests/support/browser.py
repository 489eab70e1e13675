"""A headless Chromium, driven over the WebDriver protocol by chromedriver: just enough to open a page and ask it."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Browser", "headless"]

_PROGRAMS = ("chromium", "chromedriver")


class Browser:
    """One window. Every method raises what the browser said when it cannot."""

    def __init__(self, driver: str, session: str) -> None:
        self._base = f"{driver}/session/{session}"

    def open(self, path: Path) -> None:
        _ask("POST", f"{self._base}/url", {"url": path.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function returns in the page."""
        return _ask("POST", f"{self._base}/execute/sync", {"script": script, "args": list(arguments)})

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the page, not of the window, and whether the person likes it dark."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._devtools("Emulation.setDeviceMetricsOverride", metrics)
        light = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [light]})

    def press(self, key: str, code: str) -> None:
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, "code": code}
            self._devtools("Input.dispatchKeyEvent", event)

    def console(self) -> list[str]:
        """What the page, or the browser about it, wrote to the console since it was last asked."""
        return [entry["message"] for entry in _ask("POST", f"{self._base}/se/log", {"type": "browser"})]

    def _devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        return _ask("POST", f"{self._base}/goog/cdp/execute", {"cmd": command, "params": parameters})


@contextmanager
def headless(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own; it and its driver are ended by their session and pid."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: apt-get install chromium chromium-driver")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        ["chromedriver", f"--port={port}"],
        # what the browser leaves behind goes with the test's own folder
        env={**os.environ, "TMPDIR": str(profile)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        driver = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(driver, process)
            opened = _ask("POST", f"{driver}/session", {"capabilities": {"alwaysMatch": _wanted(profile)}})
            try:
                yield Browser(driver, opened["sessionId"])
            finally:
                _ask("DELETE", f"{driver}/session/{opened['sessionId']}")
        finally:
            process.terminate()


def _wanted(profile: Path) -> dict[str, Any]:
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    return {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": [*arguments, "--disable-dev-shm-usage", "--no-first-run"]},
        "goog:loggingPrefs": {"browser": "ALL"},
    }


def _wait_until_ready(driver: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if _ask("GET", f"{driver}/status")["ready"]:
                return
        time.sleep(0.02)
    raise AssertionError("chromedriver did not become ready within 20 s")


def _ask(method: str, url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.read().decode()[:600]}") from error
