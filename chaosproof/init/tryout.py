"""A short try in a lab: which ports the programs listen on, who of them calls whom, how long users wait.

Two labs, one after the other. In the first everything runs once, as it stands: it is looked at, and each port is asked
for a page. In the second it runs as an experiment will have it, under a load that is measured. Nothing is left of
either, and nothing outside of them is touched.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chaosproof.errors import TargetError, UsageError
from chaosproof.init.edges import entries
from chaosproof.init.lab_services import bare_system, in_order, whole_system
from chaosproof.init.look import answers_over_http, edges_between, health_path, with_ports
from chaosproof.init.sizing import Measured
from chaosproof.init.survey import Edge, Program, Survey
from chaosproof.load.recording.latencies import nearest_rank
from chaosproof.runfolder.requests import REQUESTS, read_rows
from chaosproof.runner.load.job import finish_load, start_load
from chaosproof.targets.base import Target
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.system.definition import System

__all__ = ["Trial", "try_out"]

_FAILED_MAX = 0.05
_LOAD = {"model": "closed", "rate_rps": 50, "connections": 4, "timeout_s": 10}


@dataclass(frozen=True)
class Trial:
    """What was seen: the programs with all that is known of them now, who calls whom, where users come in, what they
    met, which instances print anything, and what a person should know.
    """

    programs: tuple[Program, ...]
    edges: tuple[Edge, ...]
    url: str
    measured: Measured
    printing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def try_out(
    survey: Survey,
    folder: Path,
    *,
    url: str,
    copies: int,
    measure_s: float,
    choose_url: Callable[[Sequence[str]], str],
    report: Callable[[str], None],
) -> Trial:
    """Bring the programs up, look and measure. `url` is where users come in, as the programs know it; empty: that is
    found out, and `choose_url` chooses of several. `copies` is how often each service that calls another is to run.

    Raises `UsageError` with what to change where nothing can be measured; `TargetError` where a lab cannot be had.
    """
    report("looking: every program once")
    with _lab(bare_system(survey.programs, folder)) as target:
        programs = with_ports(target, survey.programs)
        statuses = answers_over_http(target, programs, url)
        seen = edges_between(target, programs)
    programs = tuple(replace(p, health_path=health_path(statuses.get(p.name, {}))) for p in programs)
    listens = {program.name: program.ports for program in programs}
    edges = tuple(dict.fromkeys([*(e for e in survey.edges if e.port in listens[e.service]), *seen]))
    url = url or choose_url(_pages(programs, edges, statuses))
    report(f"measuring: {url} for {measure_s:g} s")
    callers = {edge.caller for edge in edges}
    wanted = tuple(replace(p, replicas=copies if p.name in callers else p.replicas) for p in programs)
    notes: tuple[str, ...] = ()
    try:
        more, measured, printing = _measured(in_order(wanted, edges), folder, url, measure_s)
    except TargetError as error:
        if copies == 1:
            raise
        notes = (f"each program runs once, for {copies} copies side by side did not get ready: {error}",)
        wanted = programs
        more, measured, printing = _measured(in_order(wanted, edges), folder, url, measure_s)
    edges = tuple(dict.fromkeys([*edges, *more]))
    return Trial(in_order(wanted, edges), edges, url, measured, printing, notes)


@contextmanager
def _lab(system: System) -> Iterator[Target]:
    running = launch_lab(system)
    try:
        yield running.target
    finally:
        running.take_down()


def _measured(
    programs: Sequence[Program], folder: Path, url: str, measure_s: float
) -> tuple[tuple[Edge, ...], Measured, tuple[str, ...]]:
    with _lab(whole_system(programs, folder)) as target, tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "trial"
        start_load(target, rows, {"name": "trial", "url": url, "duration_s": measure_s, **_LOAD})
        finish_load(target, rows)
        edges = edges_between(target, programs)
        printing = tuple(i.name for i in target.instances() if target.logs(i.name).strip())
        return edges, _figures(rows, url), printing


def _figures(folder: Path, url: str) -> Measured:
    rows = list(read_rows(folder / REQUESTS))
    failed = Counter(row.code for row in rows if not row.ok)
    if not rows or failed.total() > _FAILED_MAX * len(rows):
        codes = ", ".join(f"{count} x {code}" for code, count in failed.most_common(3)) or "none was answered"
        raise UsageError(
            f"Of {len(rows)} requests to {url} {failed.total()} failed before there was any fault ({codes}): name a "
            "page that is served, --url http://SERVICE:PORT/PATH."
        )
    latencies_ms = sorted(row.latency_s("closed") * 1000 for row in rows)
    return Measured(len(rows), failed.total(), nearest_rank(latencies_ms, 50), nearest_rank(latencies_ms, 99))


def _pages(
    programs: Sequence[Program], edges: Sequence[Edge], statuses: Mapping[str, Mapping[str, int]]
) -> tuple[str, ...]:
    """Where users may come in: first pages of services that speak HTTP, and that no other calls."""
    port_of = {program.name: program.ports[0] for program in programs if program.ports}
    speaking = [name for name in entries(programs, edges) if statuses.get(name)]
    return tuple(f"http://{name}:{port_of[name]}/" for name in speaking)
