"""`chaosproof load` as a person calls it: its words, its files and its exit codes."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from chaosproof.cli.load import load
from chaosproof.load.output.fortio_driver import fortio_argv
from chaosproof.load.output.progress_view import ProgressView
from chaosproof.load.recording.tally import Tally
from tests.support.load_client import plan_for

COMMAND = [sys.executable, "-m", "chaosproof.cli.load"]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30)


def test_a_load_prints_its_summary_and_exits_0(url):
    ended = call(url, "--rate", "50", "--duration", "1s", "--connections", "2")
    assert (ended.returncode, ended.stderr) == (0, "")
    # how many a second it came to is this machine's; that none was left out is not
    assert re.search(r": 50 calls, [\d.]+ sent per second \(of 50\), 2 connections", ended.stdout)
    assert "Code SUCCESS : 50 (100.0 %)" in ended.stdout


def test_json_is_fortios_format_and_nothing_else_is_printed(url, tmp_path):
    out = tmp_path / "out"
    ended = call(url, "--rate", "50", "--duration", "1s", "--json", "--out", str(out))
    result = json.loads(ended.stdout)
    assert result["DurationHistogram"]["Count"] == 50
    assert json.loads((out / "artifacts" / "load.json").read_text()) == result
    assert (out / "requests.csv.gz").exists()


def test_too_many_errors_exit_1_only_when_asked():
    refused = ("http://127.0.0.1:1/", "--rate", "20", "--duration", "1s")
    with ThreadPoolExecutor() as pool:  # both at once: each takes a second
        plain = pool.submit(call, *refused)
        limited = pool.submit(call, *refused, "--max-error-ratio", "0.05").result()
    assert plain.result().returncode == 0
    assert limited.returncode == 1
    assert "error ratio 1.0000 is above 0.05" in limited.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("http://a/", "--rate", "0"), "rate_rps 0 is out of range"),
        (("http://a/", "--rate", "5", "--duration", "60"), "--duration '60' is no duration with a unit"),
        (("http://a/", "--rate", "5", "--duration", "2h"), "out of range: from 1 s to 3600 s"),
        (("a", "--rate", "5"), "has no scheme"),
        (("http://a/",), "needs a rate_rps"),
        (("http://a/", "--rate", "max"), "needs a rate_rps"),
        (("http://a/", "--rate", "5", "--driver", "k6"), "--driver 'k6' is unknown"),
        (("http://a/", "--rate", "5", "--header", "X"), "must read NAME:VALUE"),
        (("http://a/", "--stage", "5"), "must read FROM:TO:DURATION"),
        (("http://a/", "--rate", "5", "--driver", "fortio"), "add --model closed"),
        (("https://a/", "--rate", "5", "--cacert", "/nowhere.pem"), "cannot use the certificate authorities"),
    ],
)
def test_a_wrong_call_exits_64_with_one_sentence(arguments, sentence):
    ended = CliRunner().invoke(load, arguments)
    assert ended.exit_code == 64
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_written_exits_2_with_one_sentence(url, tmp_path):
    (tmp_path / "file").write_text("")
    ended = call(url, "--rate", "5", "--duration", "1s", "--out", str(tmp_path / "file" / "out"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("chaosproof load: cannot write ") and ended.stderr.count("\n") == 1


def test_ctrl_c_ends_the_load_truthfully(url, tmp_path):
    argv = [*COMMAND, url, "--rate", "100", "--duration", "60s", "--out", str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        progress = tmp_path / "load-progress.ndjson"
        while not (progress.exists() and progress.read_text()):
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "Stopped by SIGINT" in said and "of 6000 requests" in said
    assert "Traceback" not in wrong
    assert json.loads((tmp_path / "load-done.json").read_text())["complete"] is False


def on_terminal(url: str, **environment: str) -> str:
    """What the command writes to a terminal in one second."""
    controller, terminal = pty.openpty()
    argv = [*COMMAND, url, "--rate", "50", "--duration", "1s"]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", **environment}
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=terminal, env=env) as process:
        os.close(terminal)
        written = b""
        while True:
            try:
                data = os.read(controller, 65536)
            except OSError:
                break  # the terminal's last user has gone
            written += data
        process.wait()
    os.close(controller)
    return written.decode()


def test_a_terminal_gets_a_line_that_renews_itself(url):
    written = on_terminal(url)
    assert "of 1 s: sent " in written
    assert "\x1b[2K" in written


def test_no_color_is_heeded():
    with ThreadPoolExecutor() as pool:
        coloured = pool.submit(on_terminal, "http://127.0.0.1:1/")
        assert "\x1b[31m" not in on_terminal("http://127.0.0.1:1/", NO_COLOR="1")
        assert "\x1b[31m" in coloured.result()


def test_elsewhere_a_plain_line_appears_every_5_seconds():
    text = io.StringIO()
    tally = Tally()
    with ProgressView(plan_for("http://a/", duration_s=12), Console(file=text)) as view:
        for half_second in range(1, 25):
            for _ in range(10):
                tally.add(200, "SUCCESS", 0.002)
            t_s = half_second / 2
            view.show(tally.interval(at=t_s, t_s=t_s, due=tally.done, sent=tally.done + 1, inflight=1), tally)
    lines = text.getvalue().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["5.0 of 12 s", "10.0 of 12 s"]
    assert re.match(
        r"5\.0 of 12 s: sent 101, ok 100, errors 0, in flight 1, p50 2\.0 ms, p99 2\.0 ms$", lines[0]
    )
    assert "\x1b" not in text.getvalue()


def test_a_missing_fortio_is_one_clear_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = CliRunner().invoke(load, ["http://a/", "--rate", "5", "--model", "closed", "--driver", "fortio"])
    assert ended.exit_code == 2
    assert "needs the program fortio on the PATH" in ended.stderr


def test_fortio_is_called_with_the_plan_and_its_result_is_read(monkeypatch, tmp_path):
    program = tmp_path / "bin" / "fortio"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = -json ] && out=$2; shift; done\n'
        'echo \'{"DurationHistogram":{"Count":10},"RetCodes":{"200":8,"503":2}}\' > "$out"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    arguments = ["http://a/", "--rate", "5", "--model", "closed", "--driver", "fortio"]
    ended = CliRunner().invoke(load, [*arguments, "--max-error-ratio", "0.1", "--out", str(tmp_path / "out")])
    assert ended.exit_code == 1
    assert "error ratio 0.2000 is above 0.1" in ended.stderr
    assert (tmp_path / "out" / "artifacts" / "load.json").exists()


def test_fortios_command_line_says_what_the_plan_says():
    plan = plan_for("http://a/x", model="closed", rate_rps=200, connections=80, duration_s=60, timeout_s=2)
    argv = fortio_argv(plan, Path("load.json"))
    assert argv[:2] == ["fortio", "load"]
    assert argv[-1] == "http://a/x"
    options = dict(zip(argv[2:-1:2], argv[3:-1:2], strict=False))
    assert (options["-qps"], options["-c"], options["-t"], options["-timeout"]) == ("200", "80", "60s", "2s")
