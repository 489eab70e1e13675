"""The load generators side by side: each sends the same load to the same server, and gives like figures."""

import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load.server_process import Server, on_core
from chaosproof.load.recording.latencies import nearest_rank
from chaosproof.runfolder.requests import RequestRow, read_rows

__all__ = ["PERCENTILES", "TOOLS", "Figures", "Tool", "Unavailable", "run_worker"]

PERCENTILES = (50.0, 90.0, 99.0, 100.0)
_LOCUST = "locust==2.47.0"
_LOCUSTFILE = """
from locust import FastHttpUser, constant_throughput, task


class User(FastHttpUser):
    wait_time = constant_throughput({each}) if {each} else lambda self: 0

    @task
    def work(self):
        self.client.get("/work")
"""
_WRK_SCRIPT = "function delay() return {delay_ms} end\n"


class Unavailable(Exception):
    """The tool is not on this machine and could not be put there; `str()` says why."""


@dataclass(frozen=True)
class Figures:
    """What a tool says of its load: requests that were answered, and its percentiles in seconds."""

    answered: int
    seconds: float
    latency_s: dict[float, float]


Tool = Callable[[Server, float | None, float, int, Path], Figures]


def run_worker(
    plan: dict[str, object], folder: Path, *, core: int | None = 0
) -> tuple[list[RequestRow], float]:
    """Run our worker to its end; its records, and the CPU seconds of its process, start-up included."""
    out = folder / "load"
    (folder / "plan.json").write_text(json.dumps(plan))
    argv = [
        sys.executable,
        "-m",
        "chaosproof.load.generator",
        "--plan",
        str(folder / "plan.json"),
        "--out",
        str(out),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv if core is None else on_core(argv, core), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return list(read_rows(out / "requests.csv.gz")), cpu_s


def run_chaosproof(
    server: Server, rate_rps: float | None, duration_s: float, connections: int, folder: Path
) -> Figures:
    """Our generator: the open model at a rate, the closed one without."""
    plan = {"url": server.url, "rate_rps": rate_rps, "duration_s": duration_s, "connections": connections}
    model = "closed" if rate_rps is None else "open"
    records, _ = run_worker({**plan, "model": model}, folder)
    seconds = max(record.done_at for record in records) - min(record.due_at for record in records)
    return _figures([record.latency_s(model) for record in records if record.ok], seconds)


def run_hey(
    server: Server, rate_rps: float | None, duration_s: float, connections: int, folder: Path
) -> Figures:
    argv = [_program("hey"), "-o", "csv", "-z", f"{duration_s:g}s", "-c", str(connections), "-cpus", "1"]
    if rate_rps is not None:
        argv += ["-q", f"{rate_rps / connections:g}"]
    rows = csv.DictReader(_output([*argv, server.url]).splitlines())
    times = [
        (float(row["response-time"]), float(row["offset"])) for row in rows if row["status-code"] == "200"
    ]
    return _figures([time for time, _ in times], max(time + offset for time, offset in times))


def run_wrk(
    server: Server, rate_rps: float | None, duration_s: float, connections: int, folder: Path
) -> Figures:
    argv = [_program("wrk"), "-t1", f"-c{connections}", f"-d{duration_s:g}s", "--latency", "--timeout", "10s"]
    if rate_rps is not None:
        # wrk knows no rate: a pause between the requests of each connection comes nearest.
        script = folder / "wrk.lua"
        script.write_text(_WRK_SCRIPT.format(delay_ms=round(1000 * connections / rate_rps - 1)))
        argv += ["-s", str(script)]
    text = _output([*argv, server.url])
    latency = {
        float(percent): _wrk_s(time) for percent, time in re.findall(r"^\s+(\d+)%\s+(\S+)\s*$", text, re.M)
    }
    maximum = re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", text)
    total = re.search(r"(\d+) requests in (\S+),", text)
    assert maximum and total, text
    latency[100.0] = _wrk_s(maximum[1])
    return Figures(int(total[1]), _wrk_s(total[2]), {percent: latency[percent] for percent in PERCENTILES})


def run_locust(
    server: Server, rate_rps: float | None, duration_s: float, connections: int, folder: Path
) -> Figures:
    (folder / "locustfile.py").write_text(
        _LOCUSTFILE.format(each=0 if rate_rps is None else rate_rps / connections)
    )
    argv = [str(_locust()), "-f", str(folder / "locustfile.py"), "--headless", "-u", str(connections)]
    argv += ["-r", str(connections), "-t", f"{duration_s:g}s", "--csv", str(folder / "locust"), "-L", "ERROR"]
    _output([*argv, "--only-summary", "-H", server.url.removesuffix("/work")])
    with (folder / "locust_stats.csv").open() as file:
        total = list(csv.DictReader(file))[-1]
    answered = int(total["Request Count"]) - int(total["Failure Count"])
    latency = {percent: float(total[f"{percent:g}%"]) / 1000 for percent in PERCENTILES}
    return Figures(answered, answered / float(total["Requests/s"]), latency)


TOOLS: dict[str, Tool] = {
    "chaosproof": run_chaosproof,
    "hey": run_hey,
    "wrk": run_wrk,
    "locust": run_locust,
}


def _figures(times_s: Sequence[float], seconds: float) -> Figures:
    ordered = sorted(times_s)
    return Figures(
        len(ordered), seconds, {percent: nearest_rank(ordered, percent) for percent in PERCENTILES}
    )


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"{name} is not on the PATH: apt-get install {name}")
    return path


def _locust() -> Path:
    """Locust in a virtual environment of its own, which is made at its first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "chaosproof" / _LOCUST
    program = cache / "bin" / "locust"
    if not program.exists():
        venv.create(cache, with_pip=True)
        argv = [str(cache / "bin" / "pip"), "install", "--quiet", _LOCUST]
        installed = subprocess.run(argv, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            shutil.rmtree(cache)
            raise Unavailable(f"{_LOCUST} cannot be installed: {installed.stderr.strip().splitlines()[-1]}")
    return program


def _output(argv: list[str]) -> str:
    ended = subprocess.run(on_core(argv), capture_output=True, text=True, check=False)
    # locust exits with 1 when a request failed, which its figures say as well.
    if ended.returncode not in (0, 1):
        raise Unavailable(f"{argv[0]} ended with exit code {ended.returncode}: {ended.stderr.strip()[-200:]}")
    return ended.stdout


def _wrk_s(text: str) -> float:
    for unit, seconds in (("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * seconds
    raise ValueError(f"{text!r} is no time of wrk")
