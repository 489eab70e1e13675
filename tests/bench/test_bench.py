"""The benchmarks, against servers that speak the frame and were not written here, and against the demo's."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chaosproof.demo.router.bench import benchmarks, closed_loop
from chaosproof.demo.router.bench import server_socket as socket_place
from chaosproof.demo.router.bench.command import bench
from chaosproof.demo.router.bench.frames import PING, BenchError, frame
from chaosproof.demo.router.bench.outcome import Limit, Outcome, percentile_us, text_of
from chaosproof.demo.router.bench.results import summary_of
from tests.bench.strange_server import strange_server
from tests.support.router_stack import stack


def call(*arguments: str) -> Result:
    return CliRunner().invoke(bench, list(arguments))


@pytest.fixture
def strange(tmp_path):
    with strange_server(tmp_path) as path:
        yield path


# --- any server ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["good", "dribble"])
def test_a_server_not_written_here_is_measured_whole_answers_or_pieces(tmp_path, behaviour):
    with strange_server(tmp_path, behaviour) as path:
        latency = call("ipc-latency", "300", "-p", "256", "-s", path)
        throughput = call("ipc-throughput", "-d", "0.2", "-c", "3", "-p", "64", "-s", path)
    assert latency.exit_code == 0, latency.output
    assert "requests             300" in latency.output
    assert throughput.exit_code == 0, throughput.output
    assert "p99_us" in throughput.output


def test_frames_larger_than_a_sockets_buffer_are_sent_whole(strange):
    outcome = benchmarks.ipc_throughput(strange, duration_s=0.2, connections=2, payload_bytes=2_000_000)
    assert outcome.figures["requests"] >= 2


def test_the_memory_measured_is_that_of_the_process_behind_the_socket(strange):
    outcome = benchmarks.ipc_memory(strange, requests=2000, connections=2, payload_bytes=8)
    assert f"process {os.getpid()}" in outcome.workload
    assert outcome.figures["requests"] == 2000
    assert 5 < outcome.figures["rss_mb"] < 2000


def test_a_growth_in_the_second_half_is_seen_and_fails_its_limit(strange):
    read = iter(range(0, 1_000_000_000, 100_000))
    outcome = benchmarks.ipc_memory(
        strange,
        requests=5000,
        connections=1,
        payload_bytes=8,
        limits=benchmarks.LIMITS["ipc-memory"],
        read_rss=lambda pid: next(read) * 10,
    )
    assert outcome.figures["second_half_growth_mb"] > 1
    assert outcome.figures["rss_max_mb"] == outcome.figures["rss_mb"]


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("wrong", "does not answer a PING with its PONG but with type 0x10"),
        ("garbage", "does not speak the frame: its answer begins 485454502f31"),
        ("twice", "sent more than the one answer"),
    ],
)
def test_a_server_that_does_not_speak_the_frame_is_said_to_not_do_so(tmp_path, behaviour, says):
    with strange_server(tmp_path, behaviour) as path:
        result = call("ipc-latency", "10", "-s", path)
    assert says in result.output
    assert result.exit_code == 2


def test_a_server_that_closes_in_the_middle_is_not_waited_for(tmp_path):
    with strange_server(tmp_path, "closes") as path:
        result = call("ipc-latency", "1000", "-s", path)
    assert "closed the connection instead of answering" in result.output


def test_a_server_that_never_answers_is_given_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(socket_place, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(closed_loop, "TIMEOUT_S", 0.2)
    with strange_server(tmp_path, "deaf") as path:
        with socket_place.connect(path, 0.2) as connection:
            with pytest.raises(BenchError, match=r"did not answer within 0\.2 s"):
                socket_place.exchange(connection, frame(PING, b"x"))
        with pytest.raises(BenchError, match=r"unanswered for 0\.2 s"):
            closed_loop.closed_loop(path, lambda _: frame(PING, b""), connections=2, requests=5, warmup=0)


def test_no_server_is_one_sentence_that_says_what_to_do(tmp_path):
    result = call("ipc-latency", "-s", str(tmp_path / "none.sock"))
    assert result.output == (
        f"Error: No server listens on {tmp_path}/none.sock (No such file or directory): "
        "start one, or name its socket with -s or IPC_SOCKET_PATH.\n"
    )


def test_the_socket_of_the_environment_is_used_when_no_option_names_one(strange, monkeypatch):
    monkeypatch.setenv("IPC_SOCKET_PATH", strange)
    assert call("ipc-latency", "10").exit_code == 0
    assert socket_place.resolve_path("/other") == "/other"
    monkeypatch.delenv("IPC_SOCKET_PATH")
    assert socket_place.resolve_path(None) == "/tmp/beamline-gateway.sock"


def test_a_signal_in_the_middle_changes_nothing(strange):
    hits = 0

    def hit(*_: object) -> None:
        nonlocal hits
        hits += 1

    before = signal.signal(signal.SIGALRM, hit)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        measured = closed_loop.closed_loop(
            strange, lambda _: frame(PING, b"x"), connections=3, duration_s=0.3
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert hits > 20
    assert measured.requests > 100


@pytest.mark.parametrize(
    "arguments",
    [
        ["ipc-latency", "0"],
        ["ipc-latency", "ten"],
        ["ipc-throughput", "-c", "0"],
        ["ipc-throughput", "-d", "-1"],
        ["ipc-latency", "-p", "5000000"],
        ["no-such-benchmark"],
    ],
)
def test_a_wrong_call_is_refused(arguments):
    assert call(*arguments).exit_code == 2  # click's own; the command line as a whole says 64


# --- figures ------------------------------------------------------------------------------------------------


def test_percentiles_are_by_nearest_rank():
    assert [percentile_us([1000, 2000, 3000, 4000], p) for p in (0, 25, 50, 75, 99, 100)] == [
        1.0, 1.0, 2.0, 3.0, 4.0, 4.0,
    ]  # fmt: skip


def test_a_limit_that_is_missed_fails_the_gate_and_a_benchmark_that_could_not_run_does_too():
    good = Outcome("a", "", {"rate_rps": 10.0}, [Limit("rate_rps", at_least=10)])
    slow = Outcome("b", "", {"p99_us": 10.1}, [Limit("p99_us", at_most=10)])
    dead = Outcome("c", "", error="gone")
    assert [one.exit_code for one in (good, slow, dead)] == [0, 1, 2]
    assert "FAIL  p99_us at most 10" in text_of(slow)
    assert summary_of([good], started_at=0, ended_at=1)["gate_pass"] is True
    assert summary_of([good, slow], started_at=0, ended_at=1)["gate_pass"] is False
    assert summary_of([good, dead], started_at=0, ended_at=1)["gate_pass"] is False
    assert summary_of([], started_at=0, ended_at=1)["gate_pass"] is False


def test_a_limit_that_is_missed_is_exit_code_1_only_when_asked_to_gate(strange, monkeypatch):
    monkeypatch.setitem(benchmarks.LIMITS, "ipc-latency", (Limit("p50_us", at_most=0.001),))
    assert call("ipc-latency", "20", "-s", strange).exit_code == 0
    assert call("ipc-latency", "20", "-s", strange, "--gate").exit_code == 1


# --- all ----------------------------------------------------------------------------------------------------

FILES = {
    *(f"ipc-{kind}-{size}.txt" for kind in ("latency", "throughput") for size in (64, 256, 1024)),
    "ipc-memory.txt", "load-test.txt", "summary.json", "summary.md", "exit_codes.tsv", "meta.env", "meta.git",
}  # fmt: skip


def test_all_leaves_the_whole_folder_and_its_exit_code_is_the_worst(tmp_path):
    with strange_server(tmp_path) as path:
        result = call("all", "-d", "0.1", "-n", "1000", "-s", path, "--journals", str(tmp_path / "journals"))
    (folder,) = (tmp_path / "journals/bench").iterdir()
    assert {file.name for file in folder.iterdir()} == FILES
    summary = json.loads((folder / "summary.json").read_text())
    # This server answers every request with an error, so the load test must not pass.
    load_test = next(row for row in summary["thresholds"] if row["figure"] == "error_ratio")
    assert (load_test["value"], load_test["pass"], summary["gate_pass"]) == (1.0, False, False)
    assert result.exit_code == 1
    rows = [line.split("\t") for line in (folder / "exit_codes.tsv").read_text().splitlines()]
    assert rows[0] == ["benchmark", "exit_code"]
    assert {name for name, _ in rows[1:]} == set(summary["benchmarks"])
    assert all("=" in line for line in (folder / "meta.env").read_text().splitlines())
    assert (folder / "meta.git").read_text().startswith("commit=")
    assert "| load-test | error_ratio | <= 0 | 1 | fail |" in (folder / "summary.md").read_text()


def test_a_server_that_dies_in_the_middle_of_all_is_written_down_as_not_measured(tmp_path):
    program = (
        "import sys, pathlib; sys.path.insert(0, '.');"
        "from tests.bench.strange_server import strange_server\n"
        "with strange_server(pathlib.Path(sys.argv[1])) as path: print(path, flush=True); sys.stdin.read()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    path = server.stdout.readline().strip()
    killer = threading.Timer(0.6, server.kill)
    killer.start()
    try:
        result = call("all", "-d", "0.5", "-n", "1000", "-s", path, "--journals", str(tmp_path / "journals"))
    finally:
        killer.join()
        server.wait()
        server.stdin.close()
        server.stdout.close()
    assert result.exit_code == 2
    (folder,) = (tmp_path / "journals/bench").iterdir()
    assert "\t2\n" in (folder / "exit_codes.tsv").read_text()
    assert json.loads((folder / "summary.json").read_text())["gate_pass"] is False


def test_the_demos_own_stack_answers_every_request_of_the_load_test(tmp_path):
    with stack(tmp_path) as one:
        outcome = benchmarks.load_test(one.socket, duration_s=0.5, connections=16, payload_bytes=64)
        pid = socket_place.find_server(one.socket)
        assert pid == one.gateway.process.pid
    assert outcome.figures["error_ratio"] == 0
    assert outcome.figures["requests"] > 100
