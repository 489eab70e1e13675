"""The tests of the judge, collected once; then one fork of the process for each test, and for each mutant.

What a fork does, ends with it: a mutant cannot spoil the next one's tests, and nothing is imported twice. First
every test is run alone without a mutant: it has to pass, and it is seen which functions it reaches.
"""

import gc
import importlib
import json
import os
import resource
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation import switch
from tests.mutation.make import made

TESTS = (
    *("tests/stats", "tests/runfolder", "tests/judge", "tests/compare", "tests/report", "tests/pack"),
    *("tests/review", "tests/tampering", "tests/cli/test_verdicts.py", "tests/campaign/test_conclude.py"),
)
# The first looks at a process' modules, and would find the switch. The next ones run no code of the judge but their
# own simulation of seconds, or ask what others ask, too. Those of the review start a process for each question.
LEFT_OUT = (
    "tests/judge/test_truthful_run.py::test_judging_reads_files_and_nothing_else",
    "tests/stats/test_sequential.py::test_a_confidence_sequence_holds_the_median_at_every_moment",
    "tests/compare/test_pairs.py::test_a_series_ended_early_is_judged_by_what_stays_valid_then",
    *(f"tests/review/test_{name}.py" for name in ("ci", "command", "control", "page", "recorder")),
)
_MEMORY_BYTES = 8 << 30
_BROKEN = 70
_where: list[int] = []  # in a fork: the file that says which test it is at


@dataclass(frozen=True)
class Reach:
    """What one test does without a mutant: how much processor time it takes, and which functions it calls."""

    duration_s: float
    functions: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What became of a mutant: the test that failed, or did not end in ten times its time; "" where it survived."""

    killed_by: str


class Loop:
    """A plugin of pytest: `work` is called with it in place of the tests being run."""

    def __init__(self, work: Callable[["Loop"], None]) -> None:
        self._work = work
        self.items: dict[str, pytest.Item] = {}
        self.done = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed:
            return None  # pytest says what could not be collected
        self.items = {item.nodeid: item for item in session.items}
        _import_once()
        self._work(self)
        self.done = True
        return True

    def reach(self, names: Iterable[str]) -> Iterator[tuple[str, Reach | str]]:
        """For each test what it reaches, or a sentence that says why it cannot be used."""
        for name in names:
            with tempfile.TemporaryDirectory() as hits:
                os.environ[switch.HITS] = hits
                found, status, _ = _forked(partial(self._run, [name], None))
                del os.environ[switch.HITS]
                called = {word for path in Path(hits).iterdir() for word in path.read_text().split()}
            if found is None or found["by"]:
                why = found["why"] if found else f"exit status {status}"
                yield name, f"{name} fails without any mutant: {why}"
            else:
                yield name, Reach(found["durations"][name], frozenset(called | set(found["hits"])))

    def try_mutant(self, mutant: str, names: Sequence[str], durations: Mapping[str, float]) -> Answer:
        """Runs these tests in this order, until one fails."""
        switch.choose(mutant)
        found, status, last = _forked(partial(self._run, names, durations))
        switch.choose("")
        if found is None:
            return Answer(f"{last} (ended by {signal.Signals(-status).name if status < 0 else status})")
        return Answer(found["by"])

    def _run(self, names: Sequence[str], durations: Mapping[str, float] | None) -> dict[str, Any]:
        """In the fork: the first failure ends it."""
        out: dict[str, Any] = {"by": "", "why": "", "durations": {}}
        items = [self.items[name] for name in names]
        switch.hits.clear()
        for item, after in zip(items, [*items[1:], None], strict=True):
            began_s = _processor_s()
            if durations is not None:
                signal.setitimer(signal.ITIMER_PROF, 5 + 10 * durations[item.nodeid])
            _say_where(item.nodeid)
            reports = runtestprotocol(item, log=False, nextitem=after)
            out["durations"][item.nodeid] = _processor_s() - began_s
            bad = [r for r in reports if r.failed]
            if bad:
                out |= {"by": item.nodeid, "why": str(bad[0].longrepr)[-2000:]}
                signal.setitimer(signal.ITIMER_PROF, 5)
                item.session._setupstate.teardown_exact(None)
                break
        out["hits"] = sorted(switch.hits)
        return out


def _processor_s() -> float:
    """What this process and those that it waited for have used: however busy the machine is, a test takes as much."""
    return sum(os.times()[:4])


def _import_once() -> None:
    """What the tests import late, here and not in each fork: a mutated file takes up to seconds to compile."""
    for name in (*sorted({mutant.rpartition(".")[0] for mutant in made()}), "jsonpath2.path", "jsonschema"):
        importlib.import_module(name)
    gc.freeze()  # the collector of a fork would copy every object that it shares with this process


def _say_where(name: str) -> None:
    if _where:
        os.ftruncate(_where[0], 0)
        os.pwrite(_where[0], name.encode(), 0)


def _forked(work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any] | None, int, str]:
    """What `work` answered in a fork, or None where it was ended; its exit code as `subprocess` has it; its last test.

    RuntimeError where it was the loop itself that went wrong: that says nothing of a mutant.
    """
    home = tempfile.mkdtemp()
    with tempfile.TemporaryFile() as place, tempfile.TemporaryFile() as answer:
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgrp()
                resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
                _where[:] = [place.fileno()]
                tempfile.tempdir = os.environ["PYTEST_DEBUG_TEMPROOT"] = home
                os.pwrite(answer.fileno(), json.dumps(work()).encode(), 0)
            except BaseException:  # a fork must never come back into its parent's loop
                os.pwrite(answer.fileno(), traceback.format_exc().encode(), 0)
                os._exit(_BROKEN)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        _end_group(pid)
        shutil.rmtree(home, ignore_errors=True)
        last = os.pread(place.fileno(), 1 << 16, 0).decode()
        written = os.pread(answer.fileno(), os.fstat(answer.fileno()).st_size, 0).decode()
    if status == _BROKEN:
        raise RuntimeError(f"after {last}: {written}")
    return (json.loads(written) if status == 0 else None), status, last


def _end_group(pid: int) -> None:
    """What a test that was ended had started, ends with it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
