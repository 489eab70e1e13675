"""What a process holds is measured as a level and a slope, and compared by label."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.errors import ChaosproofError
from chaosproof.runner.resources import Sample, growth, level_of, measure, read_proc, slope_per_s
from chaosproof.targets.base import Instance
from tests.support.fake_target import FakeTarget

PROC = """Name:\tpython
VmRSS:\t   20480 kB
Threads:\t3
total 0
lrwx------ 1 root root 64 Nov 21 10:00 0 -> /dev/null
lrwx------ 1 root root 64 Nov 21 10:00 4 -> socket:[123]
lrwx------ 1 root root 64 Nov 21 10:00 5 -> anon_inode:[eventpoll]
"""


def samples(*rss: int) -> list[Sample]:
    return [Sample(float(at), bytes_, 10, 3, 1, pending=0.0) for at, bytes_ in enumerate(rss)]


def test_a_sample_has_what_proc_says_and_the_tables_that_are_known():
    sample = read_proc(PROC, 1.0, {"pending": 7.0})
    assert (sample.rss_bytes, sample.threads, sample.fds, sample.sockets) == (20480 * 1024, 3, 3, 1)
    assert (sample.pending, sample.asyncio_tasks) == (7.0, None)


def test_a_process_that_is_a_zombie_has_nothing_to_measure():
    with pytest.raises(ChaosproofError, match="has ended"):
        read_proc("Name:\tpython\nThreads:\t1\n", 1.0, {})


def test_the_level_is_the_settled_half_and_not_the_peak():
    level = level_of("gateway-0", samples(100, 900, 200, 200, 200, 200))
    assert (level.rss_bytes, level.rss_max_bytes) == (200, 900)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e9), st.integers(2, 50))
def test_the_slope_of_a_line_is_its_slope(slope, start, count):
    points = [(float(at), start + slope * at) for at in range(count)]
    assert slope_per_s(points) == pytest.approx(slope, abs=1e-3 + abs(start) * 1e-9)


def test_one_sample_has_no_slope():
    assert slope_per_s([(1.0, 5.0)]) == 0.0


def test_what_one_side_does_not_know_is_not_said_to_have_stayed():
    grown = growth({"rss_bytes": 10, "fds": 3, "pending": None}, {"rss_bytes": 30, "fds": 3, "pending": 0})
    assert (grown["rss_bytes"], grown["fds"], grown["pending"]) == (20, 0, None)


class Clock:
    """Time that passes only while somebody sleeps."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, duration_s: float) -> None:
        self.now += duration_s


def test_an_instance_is_looked_at_until_it_stands_still_then_for_as_long_as_asked(monkeypatch):
    target = FakeTarget([Instance("gateway-0", "gateway", "10.0.0.1", metrics_port=80)])
    target.answer(["sh"], PROC)
    target.set_pages("gateway-0", metrics="# TYPE gateway_pending gauge\ngateway_pending 4\n")
    monkeypatch.setattr("chaosproof.runner.resources.time", clock := Clock())
    level = measure(target, "gateway-0", over_s=1.0, interval_s=0.25, settle_s=8.0)
    assert (level.samples, level.over_s) == (5, 1.0)
    assert 1.0 < clock.now - 100.0 < 8.0, "it did not wait until all stood still, or for longer"
    assert level.pending == 4.0
    assert level.connections is None


def test_an_instance_that_cannot_be_looked_at_is_an_error_with_its_words():
    target = FakeTarget([Instance("gateway-0", "gateway", "10.0.0.1")])
    target.answer(["sh"], exit_code=1, stderr="cat: /proc/100/status: No such file or directory")
    with pytest.raises(ChaosproofError, match="gateway-0 could not be looked at: cat"):
        measure(target, "gateway-0", over_s=0.01)


def test_a_process_is_seen_with_the_descriptors_that_it_holds(tmp_path):
    import subprocess

    from chaosproof.runner.resources import _SCRIPT

    def fds(pid: int) -> int:
        done = subprocess.run(
            ["sh", "-c", _SCRIPT, "sh", str(pid)], capture_output=True, text=True, check=True
        )
        return read_proc(done.stdout, 0.0, {}).fds

    # A process of this test's own: the threads of a test worker open files of theirs meanwhile.
    script = 'read -r _; exec 8>"$1" 9>"$1"; echo held; read -r _; exec 8>&- 9>&-; echo closed; read -r _'
    argv = ["sh", "-c", script, "sh", str(tmp_path / "held")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as own:
        assert own.stdin is not None and own.stdout is not None

        def tell() -> str:
            own.stdin.write("go on\n")
            return own.stdout.readline().strip()

        before = fds(own.pid)
        assert (tell(), fds(own.pid)) == ("held", before + 2)
        assert (tell(), fds(own.pid)) == ("closed", before)
        own.stdin.close()


def test_rows_are_plain_json():
    from chaosproof.runner.resources import as_row

    row = as_row(level_of("gateway-0", samples(1, 2)), "before")
    assert json.loads(json.dumps(row))["label"] == "before"
